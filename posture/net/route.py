"""Where a host of a subject is dialled: by the client's map, or at its permitted addresses."""

from dataclasses import dataclass

from posture.model import CollectError, Reason
from posture.net.dns import Resolver, addresses
from posture.net.scope import Scope, Territory, literal


@dataclass(frozen=True, slots=True)
class Target:
    """One place to dial."""

    address: str
    port: int
    host: str
    """Whose connection limit counts."""
    peer: str
    """The address it is known by: that of the DNS, where the map has a way to each address."""


async def targets(
    territory: Territory, resolver: Resolver, scope: Scope, host: str, port: int
) -> list[Target]:
    """Return where ``host`` is dialled, in the order of the tries. ``host`` is normal.

    Raises ``CollectError`` OUT_OF_SCOPE, UNREACHABLE (no address), or what the resolver raised.
    """
    scope.check(host, port)
    if territory.redirects:
        return await _mapped(territory, resolver, scope.name_of(host), host, port)
    found = await addresses(resolver, host)
    if not found:
        raise CollectError(Reason.UNREACHABLE, f"{host} has no address")
    permitted = [item for item in found if territory.permits(item)]
    if not permitted:
        detail = f"{host} is at {found[0]}, which is neither public nor declared"
        raise CollectError(Reason.OUT_OF_SCOPE, detail)
    return [Target(address, port, address, address) for address in permitted]


async def _mapped(
    territory: Territory, resolver: Resolver, name: str, host: str, port: int
) -> list[Target]:
    """A way to an address goes before one to the name that it was found under."""
    if host != name and (way := territory.way(host, port)):
        return [Target(*way, host, host)]
    if way := territory.way(name, port):
        return [Target(*way, name, way[0])]
    found = () if literal(host) else await addresses(resolver, host)
    ways = {address: way for address in found if (way := territory.way(address, port))}
    if not ways:
        raise CollectError(Reason.OUT_OF_SCOPE, f"{name}:{port} is not in the connect map")
    return [Target(*way, address, address) for address, way in ways.items()]
