"""ClientHello out, ServerHello in, without I/O and without cryptography.

A server shows what it supports by what it chooses from a hello, and by the alert with which it
refuses one (RFC 8446 §4.1, RFC 5246 §7.4.1). Nothing is ever completed: one answer is the probe.
"""

import ipaddress
import os
from dataclasses import dataclass, field

from posture.net.tls.suites import broad
from posture.net.tls.wire import Alert, Deframer, Handshake, ParseError, Reader, Version

X25519 = 0x001D
GROUPS = (X25519, 0x0017, 0x0018, 0x0019, 0x001E, 0x0100, 0x0101, 0x0016, 0x000E, 0x000D)
"""X25519, P-256, P-384, P-521, X448, ffdhe2048 and 3072, and three curves of older servers."""

_SIGNATURES = (
    *(0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806),
    *(0x0401, 0x0501, 0x0601, 0x0203, 0x0201, 0x0402, 0x0202, 0x0301, 0x0303),
)
_RENEGOTIATION_SCSV = 0x00FF  # RFC 5746 §3.3: understood by servers that choke on extensions
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random that makes a ServerHello a HelloRetryRequest (RFC 8446 §4.1.3)."""

_SERVER_NAME, _GROUPS, _POINT_FORMATS, _SIGNATURE_ALGORITHMS = 0, 10, 11, 13
_PADDING, _EXTENDED_MASTER_SECRET, _TICKET, _SUPPORTED_VERSIONS = 21, 23, 35, 43
_KEY_EXCHANGE_MODES, _KEY_SHARE = 45, 51
_MAX_WARNINGS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientHello:
    """One question: exactly ``version``, for ``host``, with these suites and groups.

    For TLS 1.0 to 1.2 ``version`` is the highest the server may choose; for 1.3 the only one.
    """

    host: str
    version: Version
    suites: tuple[int, ...] = ()
    """Empty: every suite known for that version."""
    groups: tuple[int, ...] = GROUPS
    random: bytes = field(default_factory=lambda: os.urandom(32))
    share: bytes = field(default_factory=lambda: os.urandom(32))
    """An X25519 public key: any 32 octets are one, and its secret is never needed."""
    shares: tuple[tuple[int, bytes], ...] | None = None
    """TLS 1.3 key shares by group; None: ``share``; empty: have the server name its group."""
    signatures: tuple[int, ...] = _SIGNATURES
    compressions: bytes = b"\x00"
    """Null only by default: TLS 1.3 servers reject any other."""
    more: tuple[tuple[int, bytes], ...] = ()
    """Further extensions, number and content."""

    def record(self) -> bytes:
        """The hello as the one record to send."""
        message = self.message()
        # RFC 8446 §5.1: a first hello goes out as version 3.1 for the sake of old servers.
        version = min(self.version, Version.TLS10).to_bytes(2)
        return b"\x16" + version + len(message).to_bytes(2) + message

    def message(self) -> bytes:
        """The hello as a handshake message, without the record around it."""
        body = self._body()
        return b"\x01" + len(body).to_bytes(3) + body

    def _body(self) -> bytes:
        suites = (*(self.suites or broad(self.version)), _RENEGOTIATION_SCSV)
        extensions = b"".join(_extension(kind, data) for kind, data in self._extensions())
        head = (
            min(self.version, Version.TLS12).to_bytes(2)
            + self.random
            + _vector(1, self.random if self.version is Version.TLS13 else b"")
            + _vector(2, _numbers(suites))
            + _vector(1, self.compressions)
        )
        return head + _vector(2, extensions + _padding(len(head) + 6 + len(extensions)))

    def _extensions(self) -> list[tuple[int, bytes]]:
        found: list[tuple[int, bytes]] = []
        if name := _server_name(self.host):
            found.append((_SERVER_NAME, name))
        found += [
            (_GROUPS, _vector(2, _numbers(self.groups))),
            (_POINT_FORMATS, _vector(1, b"\x00")),
            (_EXTENDED_MASTER_SECRET, b""),
            (_TICKET, b""),
        ]
        if self.version >= Version.TLS12:
            found.append((_SIGNATURE_ALGORITHMS, _vector(2, _numbers(self.signatures))))
        if self.version is Version.TLS13:
            found += [
                (_SUPPORTED_VERSIONS, _vector(1, Version.TLS13.to_bytes(2))),
                (_KEY_EXCHANGE_MODES, _vector(1, b"\x01")),
                (_KEY_SHARE, _vector(2, self._shares())),
            ]
        return [*found, *self.more]

    def _shares(self) -> bytes:
        shares = ((X25519, self.share),) if self.shares is None else self.shares
        return b"".join(group.to_bytes(2) + _vector(2, share) for group, share in shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHello:
    """What the server chose."""

    version: int
    """Number on the wire, from supported_versions where that is present."""
    suite: int
    retry: bool
    """It is a HelloRetryRequest: the version and suite are chosen, the key share is not yet."""
    extensions: tuple[tuple[int, bytes], ...]
    random: bytes = b""
    session: bytes = b""
    """The session identifier: empty when the server will not resume by it (before TLS 1.3)."""
    compression: int = 0

    def extension(self, kind: int) -> bytes | None:
        """Return the content of an extension; None when it is not there."""
        return next((data for found, data in self.extensions if found == kind), None)


class FirstAnswer:
    """Waits for the answer to a hello: the ServerHello, or the alert that stands in its place."""

    def __init__(self) -> None:
        self._deframer = Deframer()
        self._warnings = 0

    def feed(self, data: bytes) -> ServerHello | Alert | None:
        """Take the next bytes; None means that more are needed. ParseError: it is no answer."""
        for message in self._deframer.feed(data):
            if isinstance(message, Handshake):
                return _first_handshake(message)
            if not message.passing:
                return message
            self._warnings += 1
            if self._warnings > _MAX_WARNINGS:
                raise ParseError("a flood of warnings")
        return None


def parse_server_hello(body: bytes) -> ServerHello:
    """Read the body of a ServerHello or HelloRetryRequest (RFC 8446 §4.1.3, RFC 5246 §7.4.1.3)."""
    reader = Reader(body)
    version = reader.number(2)
    random = reader.take(32)
    session = reader.vector(1)
    suite = reader.number(2)
    compression = reader.number(1)
    extensions = parse_extensions(reader.vector(2)) if reader.left else ()
    if reader.left:
        raise ParseError(f"{reader.left} octets after the extensions")
    for kind, data in extensions:
        if kind == _SUPPORTED_VERSIONS:
            version = _chosen_version(data)
    return ServerHello(
        version=version,
        suite=suite,
        retry=random == _RETRY,
        extensions=extensions,
        random=random,
        session=session,
        compression=compression,
    )


def _first_handshake(message: Handshake) -> ServerHello:
    if message.kind != 2:
        raise ParseError(f"handshake message {message.kind} where ServerHello belongs")
    return parse_server_hello(message.body)


def parse_extensions(data: bytes) -> tuple[tuple[int, bytes], ...]:
    """Read a list of extensions: number and content of each; ParseError."""
    reader = Reader(data)
    found = []
    while reader.left:
        kind = reader.number(2)
        found.append((kind, reader.vector(2)))
    return tuple(found)


def _chosen_version(data: bytes) -> int:
    if len(data) != 2:
        raise ParseError(f"supported_versions of {len(data)} octets")
    return int.from_bytes(data)


def _server_name(host: str) -> bytes:
    """RFC 6066 §3: host names only, never an address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        name = host.rstrip(".").encode("ascii", "ignore")
        return _vector(2, b"\x00" + _vector(2, name)) if name else b""
    return b""


def _padding(length: int) -> bytes:
    """Keep the hello out of 256 to 511 octets, where some load balancers hang (RFC 7685 §4)."""
    if not 256 <= length < 512:
        return b""
    return _extension(_PADDING, bytes(max(512 - length - 4, 1)))


def _extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2) + _vector(2, data)


def _vector(width: int, data: bytes) -> bytes:
    return len(data).to_bytes(width) + data


def _numbers(values: tuple[int, ...]) -> bytes:
    return b"".join(value.to_bytes(2) for value in values)
