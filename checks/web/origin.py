"""Scheme, host and port of a URL (RFC 6454 §4)."""

from typing import NamedTuple
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Who a URL belongs to, in lower case, without a final dot."""

    scheme: str
    host: str
    port: int


def origin(url: str) -> Origin | None:
    """Return the origin of an absolute http or https URL; None for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    host = parts.hostname.lower().removesuffix(".")
    return Origin(parts.scheme, host, _PORTS[parts.scheme] if port is None else port)
