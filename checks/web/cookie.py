"""Reads Set-Cookie headers as browsers do (RFC 6265 §5.2), and forgets the values."""

import hashlib
import re

from .page_facts import Cookie

MAX_NAME = 64
MAX_PATH = 200
MAX_HEADER = 8192
_SESSION = re.compile(
    r"sess|^(connect\.)?s?sid$|[._-]s?id$|auth|login|logged|jwt|identity|passport|"
    r"^(access|refresh|id|bearer|user|api)?[._-]?token$|^cfid$|^cftoken$|^frontend$|^prestashop-",
    re.IGNORECASE,
)
_PUBLIC = re.compile(r"csrf|xsrf|^_ga|^_gid$|^_fb|consent|^cookieyes|analytic", re.IGNORECASE)
"""What pages themselves read, though its name may look like that of a session."""


class ParseError(ValueError):
    """Browsers ignore such a header."""


def parse(header: str) -> Cookie:
    """Read one header; raises ParseError."""
    if len(header) > MAX_HEADER:
        raise ParseError(f"{len(header)} characters")
    pair, *attributes = header.split(";")
    name, equals, value = pair.partition("=")
    name, value = (name, value) if equals else ("", name)
    name = name.strip(" \t")
    if not name and not value.strip(" \t"):
        raise ParseError("neither a name nor a value")
    said = _said(attributes)
    same_site = said.get("samesite", "").lower()
    return Cookie(
        name=_short(name),
        secure="secure" in said,
        http_only="httponly" in said,
        same_site=same_site if same_site in {"strict", "lax", "none"} else "",
        path=said.get("path", "")[:MAX_PATH],
        domain=bool(said.get("domain")),
        session=bool(_SESSION.search(name)) and not _PUBLIC.search(name),
    )


def _said(attributes: list[str]) -> dict[str, str]:
    """Attributes in lower case; the last of equals counts."""
    pairs = (item.partition("=") for item in attributes)
    return {name.strip(" \t").lower(): value.strip(" \t") for name, _, value in pairs}


def _short(name: str) -> str:
    if len(name) <= MAX_NAME:
        return name
    return f"sha256:{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:16]}"
