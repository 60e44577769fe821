"""Finds a domain's name servers, and in how many networks they are."""

import asyncio
from collections.abc import Iterable

from posture.model import CollectError, Domain, Reason, collector
from posture.net import Net
from posture.net.dns import Answer
from posture.net.vantage import as_the_world_sees_it, is_inside

from .facts import Delegation, NameServer
from .networks import networks

SERVER_LIMIT = 32
"""Name servers of one zone; one with more is not understood, so nothing is said."""
ADDRESS_LIMIT = 16
ENOUGH = 2
"""Servers looked up first: nearly always they are in different networks, which settles it."""


@collector(traffic="NS and A {name}, A and AAAA of its name servers")
async def delegation(domain: Domain, net: Net) -> Delegation:
    """Read the NS records of the domain and find the servers they name."""
    await as_the_world_sees_it(net.dns, domain.name)
    answer = await net.dns.query(domain.name, "NS")
    # Behind an alias there are the servers of somebody else's zone.
    own = isinstance(answer, Answer) and not answer.chain
    names = [text.rstrip(".") for text in answer.records] if isinstance(answer, Answer) else []
    if len(names) > SERVER_LIMIT:
        raise CollectError(Reason.TOO_LARGE, f"{domain.name} has {len(names)} name servers")
    servers = await _located(net, sorted(names)) if own else ()
    for server in servers:
        if any(map(is_inside, (*server.ipv4, *server.ipv6))):
            detail = f"{server.name} has an address inside an office: the world asks other servers"
            raise CollectError(Reason.WRONG_VANTAGE, detail)
    return Delegation(domain=domain.name, servers=tuple(servers))


async def _located(net: Net, names: list[str]) -> list[NameServer]:
    first = await asyncio.gather(*(_families(net, name, ("A",)) for name in names[:ENOUGH]))
    if networks(first).several:
        return [*first, *(NameServer(name=name, asked=False) for name in names[ENOUGH:])]
    return list(await asyncio.gather(*(_families(net, name, ("A", "AAAA")) for name in names)))


async def _families(net: Net, name: str, rdtypes: Iterable[str]) -> NameServer:
    seen = await asyncio.gather(*(_addresses(net, name, rdtype) for rdtype in rdtypes))
    failures = [found.reason for found in seen if isinstance(found, CollectError)]
    known = [() if isinstance(found, CollectError) else found for found in seen]
    ipv4, ipv6 = (*known, ())[:2]
    return NameServer(name=name, ipv4=ipv4, ipv6=ipv6, reason=failures[0] if failures else None)


async def _addresses(net: Net, name: str, rdtype: str) -> tuple[str, ...] | CollectError:
    try:
        found = await net.dns.query(name, rdtype)
    except CollectError as error:
        return error
    return found.records[:ADDRESS_LIMIT] if isinstance(found, Answer) else ()
