"""The Strict-Transport-Security header (RFC 6797 §6.1): a value or ParseError."""

import re
from dataclasses import dataclass

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - RFC 9110 §5.6.2 calls it so
_QUOTED = r'"((?:[^"\\]|\\.)*+)"'
_DIRECTIVE = re.compile(
    rf"[ \t]*+(?:({_TOKEN})[ \t]*+(?:=[ \t]*+(?:({_TOKEN})|{_QUOTED}))?+)?+[ \t]*+(?:;|$)"
)
MAX_HEADER = 4096


class ParseError(ValueError):
    """Browsers ignore such a header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the header asks of a browser."""

    max_age: int
    """Seconds to remember it; 0 makes browsers forget."""
    include_subdomains: bool
    preload: bool
    """Not in RFC 6797: the owner agrees to be put on the browsers' built-in list."""


def parse(header: str) -> Policy:
    """Read one header; raises ParseError."""
    found = _directives(header)
    age = found.get("max-age")
    if age is None or not re.fullmatch("[0-9]{1,20}", age):
        raise ParseError("max-age is missing" if age is None else f"max-age={age[:40]}")
    if found.get("includesubdomains"):
        raise ParseError("includeSubDomains takes no value")
    return Policy(
        max_age=int(age),
        include_subdomains="includesubdomains" in found,
        preload="preload" in found,
    )


def _directives(header: str) -> dict[str, str]:
    """Split into directives: names in lower case, each at most once, unknown ones kept."""
    if len(header) > MAX_HEADER:
        raise ParseError(f"{len(header)} characters")
    found: dict[str, str] = {}
    at = 0
    while at < len(header):
        match = _DIRECTIVE.match(header, at)
        if match is None:
            raise ParseError(f"unreadable from {header[at : at + 40]!r} on")
        at = match.end()
        name, token, quoted = match.groups()
        if name is None:
            continue
        if name.lower() in found:
            raise ParseError(f"{name} stands there twice")
        found[name.lower()] = token or re.sub(r"\\(.)", r"\1", quoted or "")
    return found
