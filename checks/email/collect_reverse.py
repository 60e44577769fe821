"""Asks which names the addresses of a domain's own mail servers lead back to."""

import asyncio
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from itertools import islice

from posture.model import CollectError, Domain, Reason, collector
from posture.net import Net
from posture.net.dns import Answer

from . import spf as grammar
from .facts import Mx, MxHost, Outcome, SpfDiscovery, SpfLookup
from .names import is_askable, is_private, is_within, normal
from .reverse_facts import ReverseName, ReverseNames
from .spf_tree import refers

ADDRESSES = 4
NAMES = 3
"""Names of one address that are followed; one is usual."""


@collector(
    traffic="PTR of at most 4 addresses from which {name}'s own mail servers send, then A or AAAA "
    "of names of theirs that are not those of the servers"
)
async def reverse(domain: Domain, mx: Mx, spf: SpfDiscovery, net: Net) -> ReverseNames:
    """Follow the address to its name and the name back to the address."""
    own = [server for server in mx.hosts if is_within(server.host, domain.name)]
    senders = islice(_sending(own, spf), ADDRESSES)
    found = await asyncio.gather(*(_named(net, host, address) for host, address in senders))
    return ReverseNames(domain=domain.name, addresses=(*found, *_unseen(own, spf)))


def _sending(own: Iterable[MxHost], spf: SpfDiscovery) -> Iterator[tuple[str, str]]:
    """Pair servers with the addresses of theirs that the SPF record lets send.

    Nobody asks for the name of an address that only receives.
    """
    for server in own:
        if server.reason is not Reason.WRONG_VANTAGE:
            for address in server.addresses:
                if not is_private(address) and may_send(spf, address):
                    yield server.host, address


def _unseen(own: Iterable[MxHost], spf: SpfDiscovery) -> list[ReverseName]:
    """Note the servers of which an address may be missing that the record lets send."""
    if not _lets_somebody(spf):
        return []
    hidden = next((seen.reason for seen in spf.lookups if _is_hidden(seen)), None)
    return [
        ReverseName(host=server.host, address="", reason=reason)
        for server in own
        if (reason := server.reason or hidden)
    ]


def _is_hidden(seen: SpfLookup) -> bool:
    return seen.depth == 0 and seen.outcome is Outcome.UNSEEN and not refers(seen)


def _lets_somebody(spf: SpfDiscovery) -> bool:
    if len(spf.records) != 1 or grammar.faults(spf.records[0]):
        return False
    mechanisms = grammar.parse(spf.records[0]).mechanisms
    return any(one.qualifier == "+" and one.name in _NAMING for one in mechanisms)


_NAMING = {"ip4", "ip6", "a", "mx"}
"""The mechanisms that name addresses in the record itself."""


def may_send(spf: SpfDiscovery, address: str) -> bool:
    """Whether the domain's own record names an address of one of its mail servers as a sender."""
    if not _lets_somebody(spf):
        return False
    for mechanism in grammar.parse(spf.records[0]).mechanisms:
        if _names(spf, mechanism, address):
            return mechanism.qualifier == "+"
    return False


def _names(spf: SpfDiscovery, mechanism: grammar.Mechanism, address: str) -> bool:
    if mechanism.network:
        parsed = ip_address(address)
        return parsed.version == mechanism.network.version and parsed in mechanism.network
    if mechanism.name == "mx" and normal(mechanism.domain) in {"", spf.domain}:
        return True
    seen = (one for one in spf.lookups if one.depth == 0 and one.term == mechanism.text)
    found = next(seen, None)
    return mechanism.name == "a" and found is not None and address in found.addresses


async def _named(net: Net, host: str, address: str) -> ReverseName:
    try:
        seen = await net.dns.query(ip_address(address).reverse_pointer, "PTR")
    except CollectError as error:
        return ReverseName(host=host, address=address, reason=error.reason)
    names = [normal(text) for text in seen.records] if isinstance(seen, Answer) else []
    names = [name for name in names if is_askable(name)]
    # The server's own name is known to lead here.
    ordered = sorted(names, key=lambda name: name != host)[:NAMES]
    confirmed, reason = await _leads_back(net, host, address, ordered)
    return ReverseName(
        host=host, address=address, names=tuple(ordered), confirmed=confirmed, reason=reason
    )


async def _leads_back(
    net: Net, host: str, address: str, names: list[str]
) -> tuple[bool, Reason | None]:
    """Whether one of the names leads to the address; else why that was not seen of one."""
    if host in names:
        return True, None
    rdtype = "AAAA" if ":" in address else "A"
    reason = None
    for name in names:
        try:
            seen = await net.dns.query(name, rdtype)
        except CollectError as error:
            reason = error.reason
            continue
        found = seen.records if isinstance(seen, Answer) else ()
        if ip_address(address) in map(ip_address, found):
            return True, None
    return False, reason
