"""The grammar of DKIM key records (RFC 6376 §3.6.1, RFC 8301, RFC 8463), without any I/O."""

import re
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass

from .der import DerError, rsa_bits

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_VALUE = re.compile(r"[\x21-\x3a\x3c-\x7e \t\r\n]*")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_FOLDING = " \t\r\n"
_STRIP = str.maketrans("", "", _FOLDING)


class ParseError(ValueError):
    """A text that is no DKIM key record."""


@dataclass(frozen=True, slots=True)
class DkimKey:
    """One key record, as far as a receiver uses it."""

    kind: str
    """``rsa``, ``ed25519``, or what stands in ``k=``; receivers skip kinds they do not know."""
    bits: int
    """Of an RSA modulus; 256 for Ed25519; 0 for a withdrawn key or a kind that is not known."""
    revoked: bool = False
    """The key is empty: whoever signed with it no longer does (§3.6.1, ``p=``)."""
    hashes: tuple[str, ...] = ()
    """What ``h=`` allows, lower case; none means all."""
    services: tuple[str, ...] = ("*",)
    flags: tuple[str, ...] = ()
    granularity: str = "*"
    """``g=`` of RFC 4871, which RFC 6376 dropped: which mailboxes the key speaks for."""

    @property
    def testing(self) -> bool:
        """Receivers treat a message that it signs as if it were not signed (§3.6.1, ``t=y``)."""
        return "y" in self.flags

    @property
    def sha256(self) -> bool:
        """It allows the one hash that receivers accept (RFC 8301 §3.1)."""
        return not self.hashes or "sha256" in self.hashes

    @property
    def for_mail(self) -> bool:
        """It may sign mail at all (§3.6.1, ``s=``)."""
        return bool({"*", "email"} & set(self.services))

    @property
    def known(self) -> bool:
        """Receivers know this kind of key."""
        return self.kind in {"rsa", "ed25519"}


def parse(text: str) -> DkimKey:
    """Read the TXT record of a selector; raises ParseError."""
    found = tags(text)
    if "v" in found and (next(iter(found)) != "v" or found["v"] != "DKIM1"):
        raise ParseError("v= is not DKIM1, or not the first tag")
    if "p" not in found:
        raise ParseError("there is no key: p= is missing")
    kind = found.get("k", "rsa").lower()
    key = found["p"].translate(_STRIP)
    return DkimKey(
        kind=kind,
        bits=_bits(kind, key) if key else 0,
        revoked=not key,
        hashes=_list(found.get("h", "")),
        services=_list(found.get("s", "*")) or ("*",),
        flags=_list(found.get("t", "")),
        granularity=found.get("g", "*"),
    )


def withdraw_all(texts: Sequence[str]) -> bool:
    """Whether these records of a wildcard say of every key that it is withdrawn."""
    try:
        keys = [parse(text) for text in texts]
    except ParseError:
        return False
    return bool(keys) and all(key.revoked for key in keys)


def tags(text: str) -> dict[str, str]:
    """Split a tag list (§3.2): no tag twice, their order kept; raises ParseError."""
    parts = text.split(";")
    if not parts[-1].strip(_FOLDING):
        parts.pop()
    found: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        name, value = name.strip(_FOLDING), value.strip(_FOLDING)
        if not equals or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ParseError(f"{part[:60]!r} is not a tag and its value")
        if name in found:
            raise ParseError(f"the tag {name[:60]}= stands there twice")
        found[name] = value
    return found


def _list(value: str) -> tuple[str, ...]:
    items = (item.strip(_FOLDING).lower() for item in value.split(":"))
    return tuple(item for item in items if item)


def _bits(kind: str, key: str) -> int:
    if kind not in {"rsa", "ed25519"}:
        return 0
    digits = key.rstrip("=")
    if len(digits) % 4 == 1 or not _BASE64.fullmatch(key):
        raise ParseError("p= is not base64")
    octets = b64decode(digits + "=" * (-len(digits) % 4))  # the padding may be missing
    if kind == "rsa":
        try:
            return rsa_bits(octets)
        except DerError as error:
            raise ParseError(f"p= is not an RSA key: {error}") from None
    if len(octets) != 32:  # RFC 8463 §4
        raise ParseError(f"p= has {len(octets)} octets; an Ed25519 key has 32")
    return 256
