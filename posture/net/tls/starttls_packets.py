"""LDAP, PostgreSQL, MySQL and RDP up to the point where TLS begins. Nobody signs in."""

from dataclasses import dataclass

from posture.net.tcp import Stream
from posture.net.tls.starttls_outcome import MAX_SAID, Begun, Outcome, read_exactly
from posture.net.tls.wire import ParseError, Reader

MAX_PACKET = 1 << 14
"""Octets accepted of one packet; real ones have a hundred or two."""

# LDAP, RFC 4511
_SEQUENCE, _INTEGER, _ENUMERATED = 0x30, 0x02, 0x0A
_EXTENDED_RESPONSE = 0x78
_SUCCESS, _PROTOCOL_ERROR, _BUSY, _UNAVAILABLE = 0, 2, 51, 52
START_TLS = b"1.3.6.1.4.1.1466.20037"
_LDAP_REQUEST = (
    b"\x30\x1d\x02\x01\x01"  # LDAPMessage, messageID 1
    b"\x77\x18\x80\x16" + START_TLS  # [APPLICATION 23] ExtendedRequest, [0] requestName
)

# PostgreSQL, "Message Formats", SSLRequest
_PG_REQUEST = (8).to_bytes(4) + (80877103).to_bytes(4)

# MySQL, Protocol::HandshakeV10 and Protocol::SSLRequest
_CLIENT_PROTOCOL_41, _CLIENT_SSL, _CLIENT_SECURE_CONNECTION = 0x200, 0x800, 0x8000
_MYSQL_LATER = {1040, 1053, 1203, 1226}
"""ER_CON_COUNT_ERROR, ER_SERVER_SHUTDOWN, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED."""

# RDP, [MS-RDPBCGR] 2.2.1.1 and 2.2.1.2: a connection request that asks for TLS or CredSSP
_RDP_REQUEST = bytes.fromhex("03000013 0ee00000000000 0100080003000000")
_NEGOTIATED, _NOT_NEGOTIATED = 2, 3
_CONFIRM, _DISCONNECT = 0xD0, 0x80
_RDP_FAILURES = {
    1: "SSL_REQUIRED_BY_SERVER",
    2: "SSL_NOT_ALLOWED_BY_SERVER",
    3: "SSL_CERT_NOT_ON_SERVER",
    4: "INCONSISTENT_FLAGS",
    5: "HYBRID_REQUIRED_BY_SERVER",
    6: "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER",
}


def parse_ber(reader: Reader) -> tuple[int, bytes]:
    """Read one BER element with a definite length, as LDAP wants it (RFC 4511 §5.1); ParseError."""
    tag, length = reader.number(1), reader.number(1)
    if length >= 0x80:
        width = length & 0x7F
        if not 1 <= width <= 4:
            raise ParseError(f"a BER length of {width} octets")
        length = reader.number(width)
    return tag, reader.take(length)


def _expect(reader: Reader, tag: int) -> bytes:
    found, content = parse_ber(reader)
    if found != tag:
        raise ParseError(f"BER element {found:#x} where {tag:#x} belongs")
    return content


def parse_ldap(message: bytes) -> tuple[int, int, str]:
    """Read message number, result code and diagnostics of an ExtendedResponse; ParseError."""
    reader = Reader(_expect(Reader(message), _SEQUENCE))
    number = int.from_bytes(_expect(reader, _INTEGER))
    reader = Reader(_expect(reader, _EXTENDED_RESPONSE))
    code = int.from_bytes(_expect(reader, _ENUMERATED))
    parse_ber(reader)  # matchedDN
    _, text = parse_ber(reader)
    return number, code, text.decode("utf-8", "replace")[:MAX_SAID]


async def _ldap_message(stream: Stream) -> bytes:
    head = await read_exactly(stream, 2)
    if head[0] != _SEQUENCE:
        raise ParseError(f"no LDAP message: it starts with {head!r}")
    width = head[1] & 0x7F if head[1] >= 0x80 else 0
    if head[1] == 0x80 or width > 4:
        raise ParseError(f"a BER length of {width} octets")
    more = await read_exactly(stream, width)
    length = int.from_bytes(more) if width else head[1]
    if length > MAX_PACKET:
        raise ParseError(f"an LDAP message of {length} octets")
    return head + more + await read_exactly(stream, length)


async def ldap(stream: Stream, _host: str) -> Begun:
    """Ask an LDAP server for TLS (RFC 4511 §4.14)."""
    await stream.write(_LDAP_REQUEST)
    number, code, text = parse_ldap(await _ldap_message(stream))
    said = f"result {code} {text}".rstrip()
    if code in {_BUSY, _UNAVAILABLE}:
        return Begun(outcome=Outcome.BUSY, said=said)
    if number != 1:  # RFC 4511 §4.4.1: notice of disconnection
        return Begun(outcome=Outcome.UNWILLING, said=said)
    answers = {_SUCCESS: Outcome.READY, _PROTOCOL_ERROR: Outcome.NOT_OFFERED}
    return Begun(outcome=answers.get(code, Outcome.REFUSED), said=said)


def parse_postgres_error(body: bytes) -> tuple[str, str]:
    """Read SQLSTATE and message of an ErrorResponse, empty where they are not; ParseError."""
    fields: dict[bytes, str] = {}
    for item in body.split(b"\0"):
        if item[:1] and item[:1] not in fields:
            fields[item[:1]] = item[1:].decode("utf-8", "replace")[:MAX_SAID]
    if not fields:
        raise ParseError("an empty PostgreSQL error")
    return fields.get(b"C", ""), fields.get(b"M", "")


async def postgres(stream: Stream, _host: str) -> Begun:
    """Ask a PostgreSQL server for TLS ("Frontend/Backend Protocol", SSL Session Encryption)."""
    await stream.write(_PG_REQUEST)
    answer = await read_exactly(stream, 1)
    if answer == b"S":
        return Begun(outcome=Outcome.READY, said="S")
    if answer == b"N":
        return Begun(outcome=Outcome.NOT_OFFERED, said="N")
    if answer != b"E":
        raise ParseError(f"no PostgreSQL answer: {answer!r}")
    length = int.from_bytes(await read_exactly(stream, 4))
    if not 4 < length <= MAX_PACKET:
        raise ParseError(f"a PostgreSQL error of {length} octets")
    state, text = parse_postgres_error(await read_exactly(stream, length - 4))
    return Begun(outcome=_postgres_outcome(state), said=f"{state} {text}".strip())


def _postgres_outcome(state: str) -> Outcome:
    # Classes of SQLSTATE: 53 insufficient resources, 57P0x shutting down or starting up,
    # 28 authorisation.
    if state.startswith(("53", "57P")):
        return Outcome.BUSY
    return Outcome.UNWILLING if state.startswith("28") else Outcome.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class MysqlGreeting:
    """How a MySQL server opens a conversation."""

    version: str = ""
    tls: bool = False
    """It offers TLS."""
    error: int = 0
    """It sent an error instead, of this number; ``text`` says more."""
    text: str = ""


def parse_mysql(payload: bytes) -> MysqlGreeting:
    """Read an initial handshake or error packet; ParseError."""
    reader = Reader(payload)
    kind = reader.number(1)
    if kind == 0xFF:
        error = int.from_bytes(reader.take(2), "little")
        text = reader.take(reader.left).decode("utf-8", "replace")[:MAX_SAID]
        return MysqlGreeting(error=error, text=text)
    if kind not in {9, 10}:
        raise ParseError(f"a MySQL greeting of version {kind}")
    version, end, _ = reader.take(reader.left).partition(b"\0")
    if not end:
        raise ParseError("a MySQL greeting whose version has no end")
    reader = Reader(payload[1 + len(version) + 1 :])
    reader.take(4 + 8)  # thread, first part of the challenge
    if kind == 9:  # before 4.1 there was no TLS
        return MysqlGreeting(version=version.decode("utf-8", "replace")[:MAX_SAID])
    reader.take(1)
    able = int.from_bytes(reader.take(2), "little")
    text = version.decode("utf-8", "replace")[:MAX_SAID]
    return MysqlGreeting(version=text, tls=bool(able & _CLIENT_SSL))


async def mysql(stream: Stream, _host: str) -> Begun:
    """Ask a MySQL or MariaDB server for TLS. It does not answer: TLS simply begins."""
    head = await read_exactly(stream, 4)
    length = int.from_bytes(head[:3], "little")
    if not 0 < length <= MAX_PACKET:
        raise ParseError(f"a MySQL greeting of {length} octets")
    greeting = parse_mysql(await read_exactly(stream, length))
    if greeting.error:
        later = greeting.error in _MYSQL_LATER
        said = f"error {greeting.error} {greeting.text}".rstrip()
        return Begun(outcome=Outcome.BUSY if later else Outcome.UNWILLING, said=said)
    if not greeting.tls:
        return Begun(outcome=Outcome.NOT_OFFERED, said=greeting.version)
    able = _CLIENT_PROTOCOL_41 | _CLIENT_SSL | _CLIENT_SECURE_CONNECTION
    request = able.to_bytes(4, "little") + (1 << 24).to_bytes(4, "little") + b"\x21" + bytes(23)
    await stream.write(len(request).to_bytes(3, "little") + b"\x01" + request)
    return Begun(outcome=Outcome.READY, said=greeting.version)


def parse_rdp(body: bytes) -> Begun:
    """Read what follows the TPKT header of a connection confirm; ParseError."""
    reader = Reader(body)
    reader = Reader(reader.vector(1))
    kind = reader.number(1) & 0xF0
    if kind == _DISCONNECT:
        return Begun(outcome=Outcome.UNWILLING, said="disconnected")
    if kind != _CONFIRM:
        raise ParseError(f"X.224 unit {kind:#x} where a confirm belongs")
    reader.take(5)
    if not reader.left:  # a server from before the negotiation
        return Begun(outcome=Outcome.NOT_OFFERED, said="no negotiation")
    kind, _ = reader.number(1), reader.take(3)
    value = int.from_bytes(reader.take(4), "little")
    if kind == _NOT_NEGOTIATED:
        name = _RDP_FAILURES.get(value, "unknown failure")
        return Begun(outcome=Outcome.REFUSED, said=f"{value} {name}")
    if kind != _NEGOTIATED:
        raise ParseError(f"RDP negotiation of type {kind}")
    outcome = Outcome.READY if value else Outcome.NOT_OFFERED
    return Begun(outcome=outcome, said=f"protocol {value}")


async def rdp(stream: Stream, _host: str) -> Begun:
    """Ask a Remote Desktop server for TLS, alone or under CredSSP."""
    await stream.write(_RDP_REQUEST)
    head = await read_exactly(stream, 4)
    length = int.from_bytes(head[2:])
    if head[0] != 3 or not 4 < length <= MAX_PACKET:
        raise ParseError(f"no RDP packet: it starts with {head!r}")
    return parse_rdp(await read_exactly(stream, length - 4))
