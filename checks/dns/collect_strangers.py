"""Finds out what name servers do for strangers. Each of these is a test that needs consent."""

from dataclasses import replace

from posture.model import ACTIVE, CollectError, NameServer, Reason, View, collector
from posture.net import Net, Query, Statement
from posture.net.wire import CHAOS

from .server_facts import Authority, Recursion, ServerVersion, Service, ZoneTransfer

NEUTRAL = "example.com"
"""A name that is there for such purposes (RFC 2606 §3) and that no customer holds."""
ADDRESS_LIMIT = 8
VERSION_LIMIT = 200


@collector(
    traffic="asks {host} for a copy of {zone}, hangs up when it begins: 53/tcp", consent=ACTIVE
)
async def transfer(server: NameServer, authority: Authority, net: Net) -> ZoneTransfer:
    """Ask for a copy of the zone (AXFR, RFC 5936), and keep nothing of it but how much came."""
    address = await _serving(net, authority)
    found = ZoneTransfer(
        host=server.host, zone=server.zone, address=address, inside=_may_be_inside(net)
    )
    if not address:
        return found
    try:
        came = await net.transfer(address, server.zone)
    except CollectError as error:
        if error.reason is not Reason.REFUSED:
            raise
        return replace(found, said="no connection")
    return replace(
        found, said=came.rcode, records=came.records, octets=came.octets, begun=came.begun
    )


@collector(traffic=f"asks {{host}} for A {NEUTRAL}, with recursion: 53/udp", consent=ACTIVE)
async def recursion(server: NameServer, authority: Authority, net: Net) -> Recursion:
    """Ask for the address of a name that is nobody's business here."""
    address = await _serving(net, authority)
    found = Recursion(
        host=server.host,
        zone=server.zone,
        address=address,
        name=NEUTRAL,
        inside=_may_be_inside(net),
    )
    if not address:
        return found
    said = await net.ask(address, Query(name=NEUTRAL, rdtype="A"))
    return replace(
        found,
        said=said.rcode,
        offered=said.recursive,
        authoritative=said.authoritative,
        records=said.records[:ADDRESS_LIMIT],
    )


@collector(traffic="asks {host} for TXT version.bind, class CH: 53/udp", consent=ACTIVE)
async def version(server: NameServer, authority: Authority, net: Net) -> ServerVersion:
    """Ask for the version of its software, in the way that BIND brought up."""
    address = await _serving(net, authority)
    found = ServerVersion(host=server.host, zone=server.zone, address=address)
    if not address:
        return found
    query = Query(name="version.bind", rdtype="TXT", rdclass=CHAOS, recursion=False)
    said = await net.ask(address, query)
    return replace(found, said=said.rcode, text=_text(said))


def _text(said: Statement) -> str:
    return said.records[0][:VERSION_LIMIT] if said.records else ""


async def _serving(net: Net, authority: Authority) -> str:
    """The first address that was seen to have the zone; empty where all were seen not to.

    What answers without authority may stand between us and the server, and be asked instead of it.
    """
    for answer in authority.answers:
        if answer.service is Service.SERVES:
            await net.addresses(authority.host, either=True)  # or it would not be known as its own
            return answer.address
    for answer in authority.answers:
        if answer.reason:
            detail = f"{authority.host} was not seen to answer for {authority.zone}"
            raise CollectError(answer.reason, detail)
    return ""


def _may_be_inside(net: Net) -> bool:
    return net.vantage is not View.EXTERNAL
