"""Asks the name servers of a zone themselves what they have."""

import asyncio
from dataclasses import replace

from posture.model import CollectError, NameServer, Reason, collector
from posture.net import Net, Query, Statement
from posture.net.scope import literal

from .facts import TEXT_LIMIT
from .server_facts import Authority, Service, ZoneAnswer

ADDRESSES = 2
"""Addresses of one server that are asked. More of them are the same machines more often."""
SERVER_LIMIT = 32
_BY_CODE = {"REFUSED": Service.REFUSES, "NOTAUTH": Service.REFUSES, "SERVFAIL": Service.FAILS}


@collector(traffic="SOA and NS {zone}, without recursion, to {host} itself: 53/udp, seldom 53/tcp")
async def authority(server: NameServer, net: Net) -> Authority:
    """Ask each address of the server for the zone, as a resolver on its way down does.

    IPv6 addresses are asked only where there is no IPv4: it is the same server, and many offices
    have no way there.
    """
    # An address in the place of a name is none: resolvers look for a name that reads so.
    found = () if literal(server.host) else await net.addresses(server.host, either=True)
    asked = (_answer(net, address, server.zone) for address in found[:ADDRESSES])
    return Authority(
        host=server.host, zone=server.zone, answers=tuple(await asyncio.gather(*asked))
    )


async def _answer(net: Net, address: str, zone: str) -> ZoneAnswer:
    try:
        said = await _settled(net, address, zone)
    except CollectError as error:
        return ZoneAnswer(address=address, service=Service.UNSEEN, reason=error.reason)
    service = service_of(said)
    found = ZoneAnswer(address=address, service=service, said=said.rcode)
    if service is Service.UNSEEN:
        return replace(found, reason=Reason.INCONCLUSIVE)
    if service is not Service.SERVES:
        return found
    primary, _, serial = said.records[0].split(" ")[:3]
    found = replace(found, primary=primary.rstrip("."), serial=int(serial))
    return await _with_servers(net, found, zone)


async def _settled(net: Net, address: str, zone: str) -> Statement:
    """Ask again where the answer is no good: overload and the moment of a reload pass."""
    query = Query(name=zone, rdtype="SOA", recursion=False)
    said = await net.ask(address, query)
    if service_of(said) is Service.SERVES:
        return said
    again = await net.ask(address, query)
    if service_of(again) not in {Service.SERVES, service_of(said)}:
        raise CollectError(Reason.INCONCLUSIVE, f"{address} says one thing, then another")
    return again


def service_of(said: Statement) -> Service:
    """Say what an answer to the question for the zone's SOA means (RFC 1912 §2.8, lame)."""
    if said.rcode not in {"NOERROR", "NXDOMAIN"}:
        return _BY_CODE.get(said.rcode, Service.UNSEEN)
    if said.authoritative:
        return Service.SERVES if said.records else Service.DENIES
    if said.records:
        return Service.BORROWS
    return Service.REFERS if said.referral else Service.UNSEEN


async def _with_servers(net: Net, found: ZoneAnswer, zone: str) -> ZoneAnswer:
    try:
        said = await net.ask(found.address, Query(name=zone, rdtype="NS", recursion=False))
    except CollectError as error:
        return replace(found, reason=error.reason)
    if not (said.authoritative and said.records) or len(said.records) > SERVER_LIMIT:
        return replace(found, reason=Reason.INCONCLUSIVE)
    names = sorted(record.rstrip(".")[:TEXT_LIMIT] for record in said.records)
    return replace(found, servers=tuple(names))
