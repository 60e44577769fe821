"""The security.txt file (RFC 9116): a value or ParseError."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

MAX_TEXT = 32_768
MAX_FIELDS = 50
_FIELD = re.compile(r"([!-9;-~]+):[ \t]*(\S.*)")
_BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*", re.IGNORECASE)


class ParseError(ValueError):
    """No file that somebody with a weakness to report could rely on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the file says."""

    contacts: tuple[str, ...]
    """In order of preference, each as a URI."""
    expires: str
    """As written; empty if it is missing."""
    signed: bool


def parse(text: str) -> Notice:
    """Read a file; raises ParseError."""
    if len(text) > MAX_TEXT:
        raise ParseError(f"{len(text)} characters")
    signed = text.lstrip().startswith(_BEGIN)
    fields = _fields(_signed_part(text) if signed else text)
    expires = [value for name, value in fields if name == "expires"]
    if len(expires) > 1:
        raise ParseError("Expires stands there twice")  # §2.5.5
    return Notice(
        contacts=tuple(value for name, value in fields if name == "contact"),
        expires=expires[0] if expires else "",
        signed=signed,
    )


def _fields(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _FIELD.fullmatch(line.rstrip())
        if match is None or not line.replace("\t", " ").isprintable():
            raise ParseError(f"line {number} is no field")
        found.append((match[1].lower(), match[2]))
        if len(found) > MAX_FIELDS:
            raise ParseError(f"more than {MAX_FIELDS} fields")
    return found


def _signed_part(text: str) -> str:
    """Between the armour headers and the signature, without its dash escapes (RFC 9580 §7)."""
    body = text.replace("\r\n", "\n").partition("\n\n")[2].partition(_SIGNATURE)[0]
    return "\n".join(line.removeprefix("- ") for line in body.split("\n"))


def place(contact: str) -> str:
    """Say what kind of contact it is and at whose host, without the person."""
    try:
        parts = urlsplit(contact)
        host = parts.hostname or ""
    except ValueError:
        return "unreadable"
    if parts.scheme == "mailto":
        _, at, host = parts.path.rpartition("@")
        return f"mailto:…@{host}" if at and _HOST.fullmatch(host) else "mailto:"
    return f"{parts.scheme[:20]}:{host if _HOST.fullmatch(host) else ''}"
