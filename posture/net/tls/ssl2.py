"""SSL 2.0: one question that shows everything, for its server lists what it can (Hickman 1995)."""

import os
from dataclasses import dataclass

from posture.net.tcp import Stream
from posture.net.tls.iana import ssl2_ciphers
from posture.net.tls.wire import Alert, ContentType, Deframer, ParseError, Reader

VERSION = 0x0002
LABEL = "SSL 2.0"
MAX_ANSWER = 1 << 15
_ERROR, _CLIENT_HELLO, _SERVER_HELLO = 0, 1, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Ssl2Hello:
    """A SERVER-HELLO."""

    ciphers: tuple[int, ...]
    """Cipher kinds, three octets each, in the server's order; may be empty."""
    certificate: bytes
    """X.509, DER."""


@dataclass(frozen=True, slots=True)
class Ssl2Error:
    """An ERROR message of SSL 2.0 itself."""

    code: int


def client_hello() -> bytes:
    """Return a CLIENT-HELLO that offers every cipher kind."""
    kinds = b"".join(kind.to_bytes(3) for kind in ssl2_ciphers())
    body = (
        bytes([_CLIENT_HELLO])
        + VERSION.to_bytes(2)
        + len(kinds).to_bytes(2)
        + (0).to_bytes(2)
        + (16).to_bytes(2)
        + kinds
        + os.urandom(16)
    )
    return (0x8000 | len(body)).to_bytes(2) + body


def parse_answer(data: bytes) -> Ssl2Hello | Ssl2Error | Alert | None:
    """Read what a server made of it; None: more octets are needed. ParseError: neither protocol."""
    if not data:
        return None
    if data[0] == ContentType.ALERT:
        return _alert(data)
    if not data[0] & 0x80:
        raise ParseError(f"{data[:60]!r} is no SSL 2.0 record")
    if len(data) < 2:
        return None
    length = int.from_bytes(data[:2]) & 0x7FFF
    if len(data) < 2 + length:
        return None
    return _message(Reader(data[2 : 2 + length]))


async def ask(stream: Stream) -> Ssl2Hello | Ssl2Error | Alert | None:
    """Ask on ``stream``; None: it hung up. Raises ParseError and what the stream raises."""
    await stream.write(client_hello())
    received = b""
    while data := await stream.read(1 << 14):
        received += data
        if (answer := parse_answer(received)) is not None:
            return answer
        if len(received) > MAX_ANSWER:
            raise ParseError("an SSL 2.0 answer without end")
    return None


def _alert(data: bytes) -> Alert | None:
    for message in Deframer().feed(data):
        if isinstance(message, Alert):
            return message
    return None


def _message(reader: Reader) -> Ssl2Hello | Ssl2Error:
    kind = reader.number(1)
    if kind == _ERROR:
        return Ssl2Error(reader.number(2))
    if kind != _SERVER_HELLO:
        raise ParseError(f"SSL 2.0 message {kind} where SERVER-HELLO belongs")
    reader.take(2)  # whether a session is resumed, and the kind of certificate: X.509 is the only
    if (version := reader.number(2)) != VERSION:
        raise ParseError(f"SSL 2.0 answer of version {version:#06x}")
    sizes = [reader.number(2) for _ in range(3)]
    certificate, kinds = reader.take(sizes[0]), reader.take(sizes[1])
    if len(kinds) % 3:
        raise ParseError(f"cipher kinds of {len(kinds)} octets")
    ciphers = (int.from_bytes(kinds[at : at + 3]) for at in range(0, len(kinds), 3))
    return Ssl2Hello(ciphers=tuple(dict.fromkeys(ciphers)), certificate=certificate)
