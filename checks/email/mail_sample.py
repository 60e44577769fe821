"""Reads which keys signed a sample mail, from its head (RFC 6376 §3.5). Pure.

Nothing is verified: what a signature names is only where to look for a key.
"""

import re

from .dkim import ParseError as TagError
from .dkim import tags
from .names import is_host_name, normal

HEAD = 1 << 16
"""Octets of a mail's head."""
SIGNATURES = 20
"""Signatures of one mail; a mail that passed some lists has a few."""
_FIELD = re.compile(rb"dkim-signature[ \t]*:", re.IGNORECASE)
_END = re.compile(rb"\r?\n\r?\n")


class ParseError(ValueError):
    """A mail whose head is not to be had."""


def signers(data: bytes) -> tuple[tuple[str, str], ...]:
    """Return domain and selector of each signature that can be read; raises ParseError."""
    end = _END.search(data, 0, HEAD)
    if end is None and len(data) > HEAD:
        raise ParseError("a head beyond all measure")
    head = data[: end.start() if end else len(data)]
    found = (_signer(field) for field in _fields(head)[:SIGNATURES])
    return tuple(dict.fromkeys(pair for pair in found if pair))


def _fields(head: bytes) -> list[str]:
    """Unfold the head (RFC 5322 §2.2.3) and return what its signature fields hold."""
    lines = re.sub(rb"\r?\n(?=[ \t])", b"", head).splitlines()
    begun = ((line, _FIELD.match(line)) for line in lines)
    return [line[match.end() :].decode("latin-1") for line, match in begun if match]


def _signer(field: str) -> tuple[str, str] | None:
    """Read one signature; None where it names no key that could be asked for."""
    try:
        found = tags(field)
    except TagError:
        return None
    domain, selector = normal(found.get("d", "")), normal(found.get("s", ""))
    return (domain, selector) if is_host_name(domain) and is_host_name(selector) else None
