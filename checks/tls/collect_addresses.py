"""Looks at the further addresses of a web site or a mail server: a visitor may be sent to any."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import TypeVar

from posture.model import Clock, CollectError, Failed, MailServer, Reason, WebSite, collector
from posture.net import Net
from posture.net.tls.chain import RawChain, raw_chain
from posture.net.tls.exchange import Dial
from posture.net.tls.starttls import smtp_dial

from .address_facts import Elsewhere, MailAddresses, MailElsewhere, WebAddresses
from .collect_certificate import examine
from .collect_mail import ask
from .collect_survey import owner
from .collect_versions import probed
from .facts import MailCertificate, Presented, StartTls, WebCertificate

OF_EACH = 4
"""Addresses looked at of IPv4, and as many of IPv6."""
AT_ONCE = 2
"""Addresses looked at side by side; of mail servers one."""

T = TypeVar("T")


@collector(
    traffic="one TLS handshake and the first message of four more at each further address of "
    "{host}, port {port}, up to eight; none when it is a large provider's",
    deadline=150,
)
async def web(site: WebSite, certificate: WebCertificate, net: Net, clock: Clock) -> WebAddresses:
    """See what each address beside the one that answered first presents."""
    known = certificate.presented
    if provider := await owner(net, site.host):
        return WebAddresses(others=(), more=0, provider=provider)
    chosen, more = await _others(net, site.host, site.port, known.address)
    at_once = asyncio.Semaphore(AT_ONCE)

    async def look(address: str) -> Elsewhere:
        async with at_once:
            dial = partial(net.connect, address, site.port)
            return await _tls(dial, address, partial(_presented, net, clock, site.host, known))

    return WebAddresses(others=await _each(look, chosen), more=more)


@collector(
    traffic="STARTTLS, one TLS handshake and the first message of four more at each further "
    "address of {host}, port {port}, up to eight; none when it is a large provider's",
    deadline=180,
)
async def mail(
    server: MailServer, starttls: StartTls, certificate: MailCertificate, net: Net, clock: Clock
) -> MailAddresses:
    """See what each address beside the one that answered first says and presents.

    One after the other, and none after one that asked to be left alone.
    """
    if provider := await owner(net, server.host):
        return MailAddresses(others=(), more=0, provider=provider)
    chosen, more = await _others(net, server.host, server.port, starttls.address)
    present = partial(_presented, net, clock, server.host, certificate.presented)
    others: list[MailElsewhere] = []
    busy: Failed | None = None
    for address in chosen:
        if busy:
            others.append(MailElsewhere(start=None, tls=_unseen(address, busy)))
            continue
        found = await _mail(net, server, address, present)
        failure = found.tls.failure
        busy = failure if failure and failure.reason is Reason.RATE_LIMITED else None
        others.append(found)
    return MailAddresses(others=tuple(others), more=more)


Present = Callable[[Dial, str], Awaitable[Presented]]
"""Shakes hands by a dial and reads what an address presents."""


async def _mail(net: Net, server: MailServer, address: str, present: Present) -> MailElsewhere:
    dial = partial(net.connect, address, server.port)
    try:
        start = await ask(dial, server.host)
    except CollectError as error:
        return MailElsewhere(start=None, tls=_unseen(address, error.failed))
    if start.accepted:
        return MailElsewhere(start=start, tls=await _tls(smtp_dial(dial), address, present))
    hidden = Failed(reason=Reason.INCONCLUSIVE, detail="STARTTLS is not accepted there")
    failure = hidden if start.offered or start.stripped else None
    nothing = Elsewhere(address=address, presented=None, probes=(), failure=failure)
    return MailElsewhere(start=start, tls=nothing)


async def _others(net: Net, host: str, port: int, seen: str) -> tuple[list[str], int]:
    """The addresses to look at, and how many more there are."""
    others = [address for address in await net.places(host, port) if address != seen]
    old = [address for address in others if ":" not in address][:OF_EACH]
    new = [address for address in others if ":" in address][:OF_EACH]
    return [*old, *new], len(others) - len(old) - len(new)


async def _each(look: Callable[[str], Awaitable[T]], chosen: Sequence[str]) -> tuple[T, ...]:
    return tuple(await asyncio.gather(*map(look, chosen)))


async def _tls(dial: Dial, address: str, present: Present) -> Elsewhere:
    try:
        presented = await present(dial, address)
    except CollectError as error:
        return _unseen(address, error.failed)
    try:
        probes = await probed(dial, presented.host)
    except CollectError:
        probes = ()
    return Elsewhere(address=address, presented=presented, probes=probes, failure=None)


async def _presented(
    net: Net, clock: Clock, host: str, known: Presented | None, dial: Dial, address: str
) -> Presented:
    async with await dial() as stream:
        raw = await raw_chain(stream, host)
    if known and _same(raw, known):  # what was verified a moment ago need not be verified again
        return replace(known, address=address, version=raw.version, suite=raw.suite)
    return await examine(net.run, raw, net.anchors, host=host, address=address, at=clock.now())


def _same(raw: RawChain, known: Presented) -> bool:
    digests = [sha256(der).hexdigest() for der in raw.certificates]
    return raw.sent == known.sent and digests == [found.sha256 for found in known.chain]


def _unseen(address: str, failure: Failed) -> Elsewhere:
    return Elsewhere(address=address, presented=None, probes=(), failure=failure)
