"""The records that carry DNSSEC, read from their presentation form (RFC 4034, RFC 5155)."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime

RSA = {1: "RSAMD5", 5: "RSASHA1", 7: "RSASHA1-NSEC3-SHA1", 8: "RSASHA256", 10: "RSASHA512"}
OUTDATED = {
    1: "RSAMD5", 3: "DSA", 5: "RSASHA1", 6: "DSA-NSEC3-SHA1", 7: "RSASHA1-NSEC3-SHA1",
    12: "ECC-GOST",
}  # fmt: skip
"""Algorithms that must not sign any more (RFC 8624 §3.1, carried on by RFC 9904; RFC 9905 §2)."""
WEAK_DIGESTS = {1: "SHA-1", 3: "GOST R 34.11-94"}
"""Digests of a DS record that must not vouch any more (RFC 9905 §2, RFC 9558)."""
_ZONE, _REVOKED = 0x0100, 0x0080


class ParseError(ValueError):
    """This is not such a record."""


@dataclass(frozen=True, slots=True)
class Key:
    """A DNSKEY record (RFC 4034 §2)."""

    flags: int
    algorithm: int
    bits: int
    """Length of an RSA modulus; 0 for every other kind of key."""

    @property
    def signs(self) -> bool:
        """It is for the zone and not revoked (RFC 4034 §2.1.1, RFC 5011 §2.1)."""
        return self.flags & (_ZONE | _REVOKED) == _ZONE


@dataclass(frozen=True, slots=True)
class Signature:
    """An RRSIG record (RFC 4034 §3)."""

    algorithm: int
    inception: datetime
    expiration: datetime


def delegation_signer(text: str) -> tuple[int, int]:
    """Return algorithm and digest type of a DS record; raises ``ParseError``."""
    _, algorithm, digest, *_ = _numbers(text, 3)
    return algorithm, digest


def key(text: str) -> Key:
    """Read a DNSKEY record; raises ``ParseError``."""
    flags, _, algorithm = _numbers(text, 3)
    return Key(flags, algorithm, _modulus(text) if algorithm in RSA else 0)


def iterations(text: str) -> int:
    """Return the additional iterations of an NSEC3PARAM record; raises ``ParseError``."""
    return _numbers(text, 3)[2]


def signature(text: str) -> Signature:
    """Read an RRSIG record; raises ``ParseError``."""
    fields = text.split(" ")
    if len(fields) < 9:
        raise ParseError(f"{text[:100]!r} is not a signature")
    algorithm = _numbers(fields[1], 1)[0]
    return Signature(algorithm, inception=_moment(fields[5]), expiration=_moment(fields[4]))


def _numbers(text: str, count: int) -> list[int]:
    """The first fields of a record, all of them numbers of two octets at most."""
    fields = text.split(" ")[:count]
    if len(fields) < count or not all(one.isascii() and one.isdecimal() for one in fields):
        raise ParseError(f"{text[:100]!r} does not begin with {count} numbers")
    found = [int(one[:6]) for one in fields]
    if max(found) > 0xFFFF:
        raise ParseError(f"{text[:100]!r} holds a number that is too large")
    return found


def _modulus(text: str) -> int:
    """Measure an RSA key: length of the exponent, exponent, modulus (RFC 3110 §2)."""
    try:
        data = base64.b64decode("".join(text.split(" ")[3:]), validate=True)
    except (binascii.Error, ValueError):
        raise ParseError(f"{text[:100]!r} holds no key") from None
    start = 1 + data[0] if data[:1].strip(b"\0") else 3 + int.from_bytes(data[1:3])
    modulus = int.from_bytes(data[start:])
    if not modulus:
        raise ParseError(f"{text[:100]!r} holds no RSA key")
    return modulus.bit_length()


def _moment(text: str) -> datetime:
    """Read a time in the form of RFC 4034 §3.2."""
    if len(text) == 14 and text.isascii() and text.isdecimal():
        parts = text[:4], text[4:6], text[6:8], text[8:10], text[10:12], text[12:]
        try:
            year, month, day, hour, minute, second = map(int, parts)
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            pass
    raise ParseError(f"{text[:100]!r} is not a time")
