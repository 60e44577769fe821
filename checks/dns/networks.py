"""What counts as another network: one that does not fail together with the first."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from .facts import NameServer

Network = IPv4Network | IPv6Network

# Addresses only an inside sees: RFC 1918, 6598, 1122, 3927, 4193 and 4291. Those reserved for
# documentation are left out, because examples and demonstrations use them.
_INSIDE = tuple(
    map(
        ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
            *("169.254.0.0/16", "fc00::/7", "fe80::/10", "::1/128"),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Networks:
    """Where name servers are: /24 and /48, the smallest blocks that are routed on their own."""

    ipv4: frozenset[Network]
    ipv6: frozenset[Network]

    @property
    def several(self) -> bool:
        """One network can fail, and those who only speak one protocol still reach a server."""
        return len(self.ipv4) > 1 or len(self.ipv6) > 1


def networks(servers: Iterable[NameServer]) -> Networks:
    """Collect the networks that the addresses of these servers lie in."""
    known = tuple(servers)
    return Networks(
        frozenset(_around(address, 24) for server in known for address in server.ipv4),
        frozenset(_around(address, 48) for server in known for address in server.ipv6),
    )


def inside(address: str) -> bool:
    """Whether only somebody in the same network can have been given this address."""
    found = ip_address(address)
    return any(found in block for block in _INSIDE if block.version == found.version)


def _around(address: str, prefix: int) -> Network:
    return ip_network(f"{address}/{prefix}", strict=False)
