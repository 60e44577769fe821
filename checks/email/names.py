"""What a name or an address in a mail record may be."""

import re
from functools import lru_cache
from ipaddress import ip_address, ip_network

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# Never reachable from another company: RFC 1918, 6598, 1122, 3927, 4193, 4291 and 1112.
# The ranges for documentation are left out on purpose: examples and demonstrations use them.
_PRIVATE = tuple(
    map(
        ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
            *("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"),
            *("fc00::/7", "fe80::/10", "ff00::/8", "::1/128", "::/128"),
        ),
    )
)


def normal(name: str) -> str:
    """Return a name in lower case, without the final dot."""
    return name.lower().removesuffix(".")


@lru_cache(maxsize=4096)  # each judge reads the same few names again
def is_askable(name: str) -> bool:
    """Whether a DNS query can be made of a name (RFC 1035 §2.3.4)."""
    if not name.isascii() or "\\" in name or len(name) > 253:
        return False
    return all(0 < len(label) <= 63 for label in name.split("."))


@lru_cache(maxsize=4096)
def is_host_name(host: str) -> bool:
    """Whether a host may bear this name (RFC 1123 §2.1; underscores are tolerated)."""
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in host.split("."))


@lru_cache(maxsize=4096)
def is_literal(host: str) -> bool:
    """Whether an address stands where a name must (RFC 5321 §5.1)."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_within(name: str, domain: str) -> bool:
    """Whether a name is the domain or stands beneath it."""
    return name == domain or name.endswith(f".{domain}")


@lru_cache(maxsize=4096)  # many services are looked for among few names
def above(name: str) -> frozenset[str]:
    """Return a name and every name it stands beneath."""
    labels = name.split(".")
    return frozenset(".".join(labels[depth:]) for depth in range(len(labels)))


@lru_cache(maxsize=4096)
def is_private(address: str) -> bool:
    """Whether no other company can reach this address."""
    parsed = ip_address(address)
    return any(parsed in network for network in _PRIVATE if network.version == parsed.version)
