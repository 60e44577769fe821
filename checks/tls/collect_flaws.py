"""Tests web servers for known flaws of TLS, where the owner has agreed to it."""

from functools import partial

from posture.model import ACTIVE, WebSite, collector
from posture.net import Net
from posture.net.tls import flaws

from .collect_survey import owner
from .flaw_facts import Flaw, Shows, WebFlaws

MAX_HEARD = 200


@collector(
    traffic="at most 24 unfinished TLS handshakes with {host}, port {port}: a heartbeat that asks"
    " for 16 bytes too many, an early change of keys, SSL 3.0, compression; nothing when it is a"
    " large provider's",
    consent=ACTIVE,
    deadline=240,
)
async def web(site: WebSite, net: Net) -> WebFlaws:
    """Test for one flaw after the other, each on connections of its own."""
    if provider := await owner(net, site.host):
        none = Flaw(shows=Shows.UNSETTLED, heard="not tested")
        return WebFlaws(
            host=site.host,
            port=site.port,
            provider=provider,
            heartbleed=none,
            injection=none,
            poodle=none,
            crime=none,
        )
    dial = partial(net.connect, site.host, site.port)
    heartbleed = await flaws.heartbleed(dial, site.host)
    injection = await flaws.injection(dial, site.host)
    poodle = await flaws.ssl3_cbc(dial, site.host)
    crime = await flaws.compression(dial, site.host)
    return WebFlaws(
        host=site.host,
        port=site.port,
        heartbleed=_flaw(heartbleed),
        injection=_flaw(injection),
        poodle=_flaw(poodle),
        crime=_flaw(crime),
    )


def _flaw(shown: flaws.Shown) -> Flaw:
    return Flaw(shows=Shows(shown.shows.value), heard=shown.heard[:MAX_HEARD])
