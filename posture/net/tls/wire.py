"""The TLS record layer and handshake framing, without I/O: bytes in, messages or ParseError out.

Only what is sent in clear is understood: the answer to a ClientHello (RFC 5246 §6.2, RFC 8446 §5).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum

MAX_FRAGMENT = 1 << 14
"""Largest plaintext fragment of a record, octets (RFC 8446 §5.1)."""

MAX_FLIGHT = 1 << 17
"""Octets accepted from a peer before it has answered a ClientHello; real answers need 1 % of it."""


MAX_RECORDS = 512
"""Records accepted in that time, against a flood of tiny ones."""


class ParseError(ValueError):
    """What the peer sent is not TLS, or not TLS that may stand here."""


class NotTlsError(ParseError):
    """The very first octet is not TLS: another protocol is spoken here."""


class Version(IntEnum):
    """Protocol versions by their number on the wire."""

    SSL3 = 0x0300
    TLS10 = 0x0301
    TLS11 = 0x0302
    TLS12 = 0x0303
    TLS13 = 0x0304

    @property
    def label(self) -> str:
        """The name in the standards, e.g. ``TLS 1.2``."""
        return "SSL 3.0" if self is Version.SSL3 else f"TLS 1.{self - Version.TLS10}"


class ContentType(IntEnum):
    """What a record carries (RFC 8446 §5.1)."""

    CHANGE_CIPHER_SPEC = 20
    ALERT = 21
    HANDSHAKE = 22
    APPLICATION_DATA = 23


class Refusal(StrEnum):
    """The alerts that say 'not with what you offered' and nothing else (RFC 8446 §6.2)."""

    HANDSHAKE_FAILURE = "handshake_failure"
    PROTOCOL_VERSION = "protocol_version"
    INSUFFICIENT_SECURITY = "insufficient_security"


_REFUSALS = {
    40: Refusal.HANDSHAKE_FAILURE,
    70: Refusal.PROTOCOL_VERSION,
    71: Refusal.INSUFFICIENT_SECURITY,
}
_CONTENT_TYPES = frozenset(ContentType)
_WARNING = 1
_CLOSE_NOTIFY = 0


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as sent."""

    level: int
    code: int

    @property
    def refusal(self) -> Refusal | None:
        """Which refusal it is; None for an alert that says nothing about what is supported."""
        return _REFUSALS.get(self.code)

    @property
    def passing(self) -> bool:
        """A remark after which the handshake goes on, such as unrecognized_name."""
        return self.level == _WARNING and self.code != _CLOSE_NOTIFY and self.code not in _REFUSALS

    def __str__(self) -> str:
        """Describe it by number and, for a refusal, by name."""
        return f"alert {self.code} {self.refusal}" if self.refusal else f"alert {self.code}"


@dataclass(frozen=True, slots=True)
class Handshake:
    """One whole handshake message: its type number and its body."""

    kind: int
    body: bytes


class Reader:
    """A cursor over bytes that raises ParseError instead of reading past the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """Octets not yet taken."""
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        """Take exactly ``count`` octets."""
        if count > self.left:
            raise ParseError(f"{count} octets announced, {self.left} present")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, width: int) -> int:
        """Take a big-endian number of ``width`` octets."""
        return int.from_bytes(self.take(width))

    def vector(self, width: int) -> bytes:
        """Take a vector whose length stands before it in ``width`` octets (RFC 8446 §3.4)."""
        return self.take(self.number(width))


class Deframer:
    """Collects what a peer sends and yields whole alerts and handshake messages, in order."""

    def __init__(self, limit: int = MAX_FLIGHT) -> None:
        self._limit = limit
        self._count = 0
        self._records = bytearray()
        self._handshake = bytearray()

    def feed(self, data: bytes) -> Iterator[Alert | Handshake]:
        """Take the next bytes from the peer. ParseError when they cannot be clear-text TLS.

        Lazily: behind the message that settles a question, records may be encrypted.
        """
        self._limit -= len(data)
        if self._limit < 0:
            raise ParseError("more data than any answer to a hello needs")
        self._records += data
        while (record := self._record()) is not None:
            yield from self._messages(*record)

    def _record(self) -> tuple[int, bytes] | None:
        head = self._records
        if head and head[0] not in _CONTENT_TYPES:
            error = ParseError if self._count else NotTlsError
            raise error(f"{bytes(head[:60])!r} is no TLS record")
        if len(head) >= 2 and head[1] != 3:
            raise ParseError(f"record version {head[1]}.x")
        if len(head) < 5:
            return None
        length = int.from_bytes(head[3:5])
        if length > MAX_FRAGMENT:
            raise ParseError(f"record of {length} octets")
        if len(head) < 5 + length:
            return None
        self._count += 1
        if self._count > MAX_RECORDS:
            raise ParseError(f"more than {MAX_RECORDS} records")
        kind, payload = head[0], bytes(head[5 : 5 + length])
        del head[: 5 + length]
        return kind, payload

    def _messages(self, kind: int, payload: bytes) -> list[Alert | Handshake]:
        if kind == ContentType.HANDSHAKE:
            return self._handshakes(payload)
        if kind == ContentType.ALERT:
            return [_alert(payload)]
        if kind == ContentType.CHANGE_CIPHER_SPEC:
            return []  # RFC 8446 §D.4: sent for middleboxes, means nothing
        raise ParseError("application data before the handshake")

    def _handshakes(self, payload: bytes) -> list[Alert | Handshake]:
        if not payload:
            raise ParseError("empty handshake fragment")  # RFC 8446 §5.1
        self._handshake += payload
        found: list[Alert | Handshake] = []
        while len(self._handshake) >= 4:
            end = 4 + int.from_bytes(self._handshake[1:4])
            if end > MAX_FLIGHT:
                raise ParseError(f"handshake message of {end} octets")
            if len(self._handshake) < end:
                break
            found.append(Handshake(self._handshake[0], bytes(self._handshake[4:end])))
            del self._handshake[:end]
        return found


def _alert(payload: bytes) -> Alert:
    if len(payload) != 2:
        raise ParseError(f"alert of {len(payload)} octets")
    return Alert(payload[0], payload[1])
