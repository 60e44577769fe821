"""Does a certificate name a host? RFC 9525 §6, which replaced RFC 6125."""

import ipaddress
from collections.abc import Iterable


def names_host(host: str, dns_names: Iterable[str], addresses: Iterable[str]) -> bool:
    """Whether a certificate with these subject alternative names is valid for ``host``.

    The common name is not looked at. An address matches only an address.
    """
    try:
        wanted = ipaddress.ip_address(host)
    except ValueError:
        return any(_matches(name, host) for name in dns_names)
    return any(_same_address(address, wanted) for address in addresses)


def _matches(pattern: str, host: str) -> bool:
    """RFC 9525 §6.3: a wildcard is the whole left-most label and stands for exactly one."""
    name, presented = _labels(host), _labels(pattern)
    if presented[0] != "*":
        return presented == name
    return len(presented) > 2 and bool(name[0]) and presented[1:] == name[1:]


def _labels(name: str) -> list[str]:
    return name.lower().removesuffix(".").split(".")


def _same_address(presented: str, wanted: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return ipaddress.ip_address(presented) == wanted
    except ValueError:
        return False
