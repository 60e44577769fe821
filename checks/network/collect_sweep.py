"""Finds addresses in use, and the state of every curated port, by connecting and nothing more."""

import asyncio
import ipaddress
from collections.abc import Sequence
from dataclasses import replace

from posture.model import CollectError, Host, Network, Reason, View, collector, discoverer
from posture.net import Net, PortState

from .facts import AliveHosts, PortScan
from .ports import CURATED, DISCOVERY

MAX_ADDRESSES = 4096
"""A /20: far above a small office, and still a matter of minutes."""

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

Look = PortState | CollectError
"""What one try showed, or why it could not be made."""

ANSWERS = (PortState.OPEN, PortState.CLOSED)


@collector(
    traffic=f"{{cidr}}: a TCP connection to ports {', '.join(map(str, DISCOVERY))} of each "
    "address, closed at once, nothing sent",
    deadline=600,
)
async def sweep(network: Network, net: Net) -> AliveHosts:
    """See which addresses accept or refuse a connection; the round of a port ends before the next.

    Raises CollectError: TOO_LARGE above a /20, WRONG_VANTAGE, MALFORMED for what is no range, and
    TIMEOUT or UNREACHABLE when nobody answers: that may be an empty network, or a blocked way.
    """
    addresses = members(network.cidr)
    require_vantage(network.view, net.vantage)
    alive: set[IPAddress] = set()
    last: Look = PortState.SILENT
    for port in DISCOVERY:
        waiting = [one for one in addresses if one not in alive]
        looks = await _look(net, [(str(one), port) for one in waiting])
        alive |= {one for one, look in zip(waiting, looks, strict=True) if look in ANSWERS}
        last = next((look for look in looks if look not in ANSWERS), last)
    if not alive:
        raise _nobody(last, f"none of the {len(addresses)} addresses answered")
    answered = tuple(str(one) for one in addresses if one in alive)
    return AliveHosts(addresses=answered, tried=len(addresses))


@discoverer("each address of {cidr} that answers")
def hosts(network: Network, alive: AliveHosts) -> list[Host]:
    """Every address in use, with the view, owner and site of its network."""
    return [
        Host(address=address, view=network.view, owned=network.owned, site=network.site)
        for address in alive.addresses
    ]


@collector(
    traffic=f"{{address}}: a TCP connection to each of {len(CURATED)} ports, closed at once, "
    "nothing sent",
    deadline=300,
)
async def ports(host: Host, net: Net) -> PortScan:
    """See the state of every curated port, and whether the host still answers after that.

    Raises CollectError: WRONG_VANTAGE, MALFORMED for what is no address, UNREACHABLE or
    OUT_OF_SCOPE when that holds for every port.
    """
    address = str(checked_address(host.address))
    require_vantage(host.view, net.vantage)
    looks = await _look(net, [(address, port) for port in CURATED])
    if all(isinstance(look, CollectError) for look in looks):
        raise _nobody(looks[0], "no port could be tried")
    seen = list(zip(CURATED, looks, strict=True))
    found = PortScan(
        open=tuple(port for port, look in seen if look is PortState.OPEN),
        closed=tuple(port for port, look in seen if look is PortState.CLOSED),
        silent=tuple(port for port, look in seen if _kept_quiet(look)),
    )
    return replace(found, blocked=await _fell_silent(net, address, found))


async def _fell_silent(net: Net, address: str, found: PortScan) -> bool:
    """Ask an answering port again: some firewalls shut a scanner out in the middle of its round."""
    answered = (*found.open, *found.closed)
    if not answered or not found.silent:
        return False
    return await _one(net, address, answered[0]) not in ANSWERS


def require_vantage(view: View, vantage: View | None) -> None:
    """Refuse to look from the wrong side: what the office sees says nothing of the internet.

    Where nobody said where the scan stands, it stands in the office.
    """
    standing = vantage or View.INTERNAL
    if view is not standing:
        raise CollectError(
            Reason.WRONG_VANTAGE, f"this is an {view} address and the scan stands {standing}"
        )


def checked_address(text: str) -> IPAddress:
    """Read one address; nothing else ever gets near a program or a socket.

    An IPv6 zone is refused with the rest: it may hold any character.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise CollectError(Reason.MALFORMED, f"{text!r} is not an IP address") from None
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise CollectError(Reason.MALFORMED, f"{text!r} has an IPv6 zone")
    return address


def members(cidr: str) -> tuple[IPAddress, ...]:
    """Every address of a range that a host may have."""
    try:
        network = ipaddress.ip_network(cidr)
    except ValueError:
        raise CollectError(Reason.MALFORMED, f"{cidr!r} is not an address range") from None
    if network.num_addresses > MAX_ADDRESSES:
        raise CollectError(
            Reason.TOO_LARGE, f"{cidr} has more than {MAX_ADDRESSES} addresses; declare the parts"
        )
    return tuple(network.hosts())


async def _look(net: Net, targets: Sequence[tuple[str, int]]) -> list[Look]:
    """Try all targets side by side; one that breaks the scan ends the others too."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_one(net, *target)) for target in targets]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


async def _one(net: Net, address: str, port: int) -> Look:
    try:
        return await net.probe(address, port)
    except CollectError as error:
        if error.reason in {Reason.UNREACHABLE, Reason.OUT_OF_SCOPE}:
            return error
        raise


def _kept_quiet(look: Look) -> bool:
    """Whether a port neither accepted nor refused. A firewall may say so by 'unreachable'.

    What is out of scope was not tried at all, so it is not silent.
    """
    if isinstance(look, CollectError):
        return look.reason is Reason.UNREACHABLE
    return look is PortState.SILENT


def _nobody(look: Look, detail: str) -> CollectError:
    if isinstance(look, CollectError):
        return CollectError(look.reason, f"{detail}: {look.detail}")
    return CollectError(Reason.TIMEOUT, detail)
