"""What counts as another network: one that does not fail together with the first."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from .facts import NameServer

Network = IPv4Network | IPv6Network


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


@lru_cache(maxsize=1024)  # few servers answer for many domains
def _around(address: str, prefix: int) -> Network:
    return ip_network(f"{address}/{prefix}", strict=False)
