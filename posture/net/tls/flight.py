"""The server's first flight in clear, up to TLS 1.2: what it chose, its certificates, its key.

RFC 5246 §7.4. Of TLS 1.3 only the ServerHello or HelloRetryRequest is in clear.
"""

from dataclasses import dataclass, field

from posture.net.tls.hello import ServerHello, parse_server_hello
from posture.net.tls.iana import key_exchange
from posture.net.tls.wire import Alert, Deframer, Handshake, ParseError, Reader, Version

MAX_CERTIFICATES = 100
"""Certificates accepted in a chain; real chains have two to four."""

MAX_FLIGHT = 1 << 18
"""Octets accepted of one flight."""

_KEY_SHARE = 51
_NAMED_CURVE = 3
_MAX_WARNINGS = 8
_SERVER_HELLO, _CERTIFICATE, _KEY, _REQUEST, _DONE, _STATUS = 2, 11, 12, 13, 14, 22


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyExchange:
    """What ServerKeyExchange shows (RFC 5246 §7.4.3, RFC 8422 §5.4)."""

    group: int | None = None
    """The named curve."""
    prime: bytes = b""
    """The prime of finite-field Diffie-Hellman, without leading zeros; empty for curves."""
    signature: int | None = None
    """The signature scheme, from TLS 1.2 on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """What a server said in clear, to the end of its turn."""

    hello: ServerHello
    certificates: tuple[bytes, ...] = ()
    """DER as sent, the server's own first."""
    key: KeyExchange | None = None
    """None: the key exchange has none, or one whose form is not known here."""
    client_certificate: bool = False
    """It asks for the client's certificate."""
    stapled: bool = False
    """It sent an OCSP response."""

    @property
    def group(self) -> int | None:
        """The group chosen, in any version."""
        if self.hello.version < Version.TLS13:
            return self.key.group if self.key else None
        share = self.hello.extension(_KEY_SHARE) or b""
        return int.from_bytes(share[:2]) if len(share) >= 2 else None


@dataclass(slots=True)
class FlightReader:
    """Takes a server's answer to a hello until its turn is over."""

    hello: ServerHello | None = None
    """What it chose, once that is known."""
    _parts: dict[str, object] = field(default_factory=dict)
    _warnings: int = 0
    _deframer: Deframer = field(default_factory=lambda: Deframer(MAX_FLIGHT))

    def feed(self, data: bytes) -> Flight | Alert | None:
        """Take the next octets; None: the turn is not over. ParseError: it is no such flight."""
        for message in self._deframer.feed(data):
            if isinstance(message, Alert):
                if not message.passing:
                    return message
                self._warn()
            elif (flight := self._take(message)) is not None:
                return flight
        return None

    def _warn(self) -> None:
        self._warnings += 1
        if self._warnings > _MAX_WARNINGS:
            raise ParseError("a flood of warnings")

    def _take(self, message: Handshake) -> Flight | None:
        if self.hello is None:
            if message.kind != _SERVER_HELLO:
                raise ParseError(f"handshake message {message.kind} where ServerHello belongs")
            self.hello = parse_server_hello(message.body)
            return self._flight() if self.hello.version >= Version.TLS13 else None
        if message.kind == _DONE:
            return self._flight()
        self._keep(message, self.hello)
        return None

    def _keep(self, message: Handshake, hello: ServerHello) -> None:
        if message.kind == _CERTIFICATE:
            self._parts["certificates"] = parse_certificates(message.body)
        elif message.kind == _KEY:
            self._parts["key"] = parse_key_exchange(message.body, hello)
        elif message.kind == _REQUEST:
            self._parts["client_certificate"] = True
        elif message.kind == _STATUS:
            self._parts["stapled"] = bool(message.body)

    def _flight(self) -> Flight:
        return Flight(hello=self.hello, **self._parts)  # type: ignore[arg-type]


def parse_certificates(body: bytes) -> tuple[bytes, ...]:
    """Read a Certificate message of TLS 1.2 or older (RFC 5246 §7.4.2); ParseError."""
    outer = Reader(body)
    reader = Reader(outer.vector(3))
    found = []
    while reader.left:
        found.append(reader.vector(3))
        if len(found) > MAX_CERTIFICATES:
            raise ParseError(f"a chain of more than {MAX_CERTIFICATES} certificates")
    return tuple(found)


def parse_key_exchange(body: bytes, hello: ServerHello) -> KeyExchange | None:
    """Read a ServerKeyExchange as the chosen suite would have it; ParseError."""
    method = key_exchange(hello.suite)
    if method not in {"ECDHE_RSA", "ECDHE_ECDSA", "ECDH_anon", "DHE_RSA", "DHE_DSS", "DH_anon"}:
        return None
    reader = Reader(body)
    found = _curve(reader) if method.startswith("ECDH") else _field(reader)
    if method.endswith("_anon") or hello.version < Version.TLS12:
        return found
    return KeyExchange(group=found.group, prime=found.prime, signature=reader.number(2))


def _curve(reader: Reader) -> KeyExchange:
    kind = reader.number(1)
    if kind != _NAMED_CURVE:
        raise ParseError(f"curve of type {kind}")
    group = reader.number(2)
    reader.vector(1)
    return KeyExchange(group=group)


def _field(reader: Reader) -> KeyExchange:
    prime = reader.vector(2)
    reader.vector(2)
    reader.vector(2)
    return KeyExchange(prime=prime.lstrip(b"\0"))
