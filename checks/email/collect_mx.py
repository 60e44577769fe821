"""Finds the servers that receive a domain's mail."""

from posture.model import CollectError, Domain, Reason, View, collector
from posture.net import Net
from posture.net.dns import Answer, every
from posture.net.vantage import as_the_world_sees_it, is_inside, without_invention

from . import mx as grammar
from .facts import Mx, MxHost
from .names import is_host_name, is_literal

FAMILIES = ("A", "AAAA")
HOST_LIMIT = 50
"""MX records of one domain; one with more is not understood, so nothing is said."""


@collector(traffic="MX and A {name}, then A and AAAA of each server it names, A of a made-up name")
async def mx(domain: Domain, net: Net) -> Mx:
    """Read the MX records and find where each of them leads."""
    net.dns.begin((domain.name, "MX"))
    await as_the_world_sees_it(net.dns, domain.name)
    await without_invention(net.dns)
    answer = await net.dns.query(domain.name, "MX")
    records = answer.records if isinstance(answer, Answer) else ()
    if len(records) > HOST_LIMIT:
        raise CollectError(Reason.TOO_LARGE, f"{domain.name} has {len(records)} MX records")
    try:
        pairs = sorted(grammar.parse(text) for text in records)
    except grammar.ParseError as error:
        raise CollectError(Reason.MALFORMED, f"MX {str(error)[:200]}") from error
    net.dns.begin(*((host, rdtype) for _, host in pairs if _is_name(host) for rdtype in FAMILIES))
    hosts = [await _host(net, preference, host) for preference, host in pairs]
    return Mx(domain=domain.name, hosts=tuple(hosts))


async def _host(net: Net, preference: int, host: str) -> MxHost:
    if not _is_name(host):
        return MxHost(preference=preference, host=host)
    seen = await every(net.dns, ((host, rdtype) for rdtype in FAMILIES))
    answers = [item for item in seen if not isinstance(item, CollectError)]
    addresses = tuple(a for item in answers if isinstance(item, Answer) for a in item.records)
    failures = [item.reason for item in seen if isinstance(item, CollectError)]
    if net.vantage is not View.EXTERNAL and any(map(is_inside, addresses)):
        # An office's DNS server may say so inside only, and something else to the world.
        failures = [Reason.WRONG_VANTAGE]
    return MxHost(
        preference=preference,
        host=host,
        chain=next((item.chain for item in answers if item.chain), ()),
        addresses=addresses[:HOST_LIMIT],
        reason=failures[0] if failures else None,
    )


def _is_name(host: str) -> bool:
    return is_host_name(host) and not is_literal(host)
