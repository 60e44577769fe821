"""Finds a domain's name servers, and in how many networks they are."""

from posture.model import CollectError, Domain, Reason, collector
from posture.net import Net
from posture.net.dns import Absent, Answer, every
from posture.net.vantage import as_the_world_sees_it, is_inside, without_invention

from .facts import Delegation, NameServer
from .networks import networks

SERVER_LIMIT = 32
"""Name servers of one zone; one with more is not understood, so nothing is said."""
ADDRESS_LIMIT = 16
ENOUGH = 2
"""Servers looked up first: nearly always they are in different networks, which settles it."""


@collector(traffic="NS and A {name}, A and AAAA of its name servers, A of a made-up name")
async def delegation(domain: Domain, net: Net) -> Delegation:
    """Read the NS records of the domain and find the servers they name."""
    net.dns.begin((domain.name, "NS"))
    await as_the_world_sees_it(net.dns, domain.name)
    await without_invention(net.dns)
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
    first = await _families(net, names[:ENOUGH], ("A",))
    if networks(first).several:
        return [*first, *(NameServer(name=name, asked=False) for name in names[ENOUGH:])]
    return await _families(net, names, ("A", "AAAA"))


async def _families(net: Net, names: list[str], rdtypes: tuple[str, ...]) -> list[NameServer]:
    net.dns.begin(*((name, rdtype) for name in names for rdtype in rdtypes))
    return [await _server(net, name, rdtypes) for name in names]


async def _server(net: Net, name: str, rdtypes: tuple[str, ...]) -> NameServer:
    seen = await every(net.dns, ((name, rdtype) for rdtype in rdtypes))
    failures = [found.reason for found in seen if isinstance(found, CollectError)]
    ipv4, ipv6 = (*map(_addresses, seen), ())[:2]
    return NameServer(name=name, ipv4=ipv4, ipv6=ipv6, reason=failures[0] if failures else None)


def _addresses(found: Answer | Absent | CollectError) -> tuple[str, ...]:
    return found.records[:ADDRESS_LIMIT] if isinstance(found, Answer) else ()
