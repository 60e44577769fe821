"""Whose server is this? Large providers are known by name, or by the address that answers."""

import ipaddress
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody whose servers are shared by many companies."""

    name: str
    names: tuple[str, ...]
    """The host names it has are these or lie below them."""
    networks: tuple[IpNetwork, ...]

    def has(self, names: Iterable[str], addresses: Iterable[str]) -> bool:
        """Whether one of the names or of the IP addresses is its own."""
        return any(self._named(name) for name in names) or any(map(self._holds, addresses))

    def _named(self, name: str) -> bool:
        host = name.lower().removesuffix(".")
        return any(host == known or host.endswith(f".{known}") for known in self.names)

    def _holds(self, address: str) -> bool:
        found = ipaddress.ip_address(address)
        return any(found in network for network in self.networks)


def provider_of(names: Iterable[str], addresses: Iterable[str]) -> str:
    """Return the provider's name, empty for everybody else's server.

    ``names``: the host and what it is an alias of; ``addresses``: where it is.
    """
    known, places = tuple(names), tuple(addresses)
    return next((found.name for found in shipped() if found.has(known, places)), "")


@cache
def shipped() -> tuple[Provider, ...]:
    """The providers that come with posture."""
    text = files(__package__).joinpath("providers.toml").read_text(encoding="utf-8")
    return tuple(
        Provider(
            name,
            tuple(row["names"]),
            tuple(ipaddress.ip_network(network) for network in row.get("networks", ())),
        )
        for name, row in tomllib.loads(text)["providers"].items()
    )
