"""One TLS 1.3 handshake with the keys kept, to see what the server says encrypted (RFC 8446 §4).

Nothing is verified and nothing is sent but what the handshake needs.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from posture.model import CollectError
from posture.net.tcp import Stream
from posture.net.tls.agreement import CLASSICAL, OTHERS, Share, agree, share
from posture.net.tls.flight import MAX_CERTIFICATES, MAX_FLIGHT
from posture.net.tls.hello import ClientHello, ServerHello, parse_extensions, parse_server_hello
from posture.net.tls.schedule import SUITES, Protection, Schedule, Transcript
from posture.net.tls.wire import (
    MAX_FRAGMENT,
    MAX_RECORDS,
    Alert,
    ContentType,
    NotTlsError,
    ParseError,
    Reader,
    Version,
)

_HELLO, _TICKET, _ENCRYPTED, _CERTIFICATE, _REQUEST, _VERIFY, _FINISHED = 2, 4, 8, 11, 13, 15, 20
_STATUS, _ALPN, _SCT, _EARLY_DATA, _COOKIE, _KEY_SHARE = 5, 16, 18, 42, 44, 51
FAREWELL = (0.5, 2.0)
"""Fewest and most seconds given to a server for its tickets and its goodbye."""
ROUND_TRIPS = 8
"""How many times its first answer took it may take for them, in between."""

_SHARED = CLASSICAL[:2]
"""Groups whose shares go out at once: nearly every server takes one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What one TLS 1.3 handshake showed."""

    hello: ServerHello
    group: int
    certificates: tuple[bytes, ...] = ()
    """DER as sent, the server's own first."""
    signature: int | None = None
    """With which scheme it signed."""
    alpn: str | None = None
    stapled: bool = False
    """An OCSP response came with its certificate."""
    timestamps: bool = False
    """Signed certificate timestamps came with it."""
    client_certificate: bool = False
    tickets: int | None = None
    """Session tickets it sent afterwards; None: it did not get as far."""
    early_data: bool | None = None
    """A ticket of its allows 0-RTT data; None when no ticket was seen."""


async def look_inside(
    stream: Stream, hello: ClientHello, *, patience: float
) -> Inside | Alert | None:
    """Shake hands on ``stream`` with a hello of :func:`question`.

    None: it hung up. Raises ParseError, NotTlsError, CollectError and TimeoutError for a server
    that had not shown its certificate by then; what breaks later is left out of the answer.
    """
    shares = {group: found for group in _SHARED if (found := share(group))}
    hello = replace(hello, shares=tuple((group, mine.public) for group, mine in shares.items()))
    shaking = _Handshake(stream, hello, shares)
    try:
        async with asyncio.timeout(patience):
            return await shaking.run()
    except (ParseError, CollectError, TimeoutError):
        if shaking.inside and shaking.inside.certificates:
            return shaking.inside
        raise


def question(
    host: str,
    *,
    signatures: tuple[int, ...],
    alpn: bytes = b"",
    others: bool = False,
) -> ClientHello:
    """Return what to ask with; ``others``: offer groups that few servers insist on as well.

    They are left out at first because a server that prefers one asks for it, at the cost of a
    round trip.
    """
    more = [(_STATUS, b"\1\0\0\0\0"), (_SCT, b"")]
    return ClientHello(
        host=host,
        version=Version.TLS13,
        suites=SUITES,
        groups=(*CLASSICAL, *OTHERS) if others else CLASSICAL,
        signatures=signatures,
        more=tuple([*more, (_ALPN, alpn)] if alpn else more),
    )


@dataclass(slots=True)
class _Records:
    """Takes the stream apart into records, and those into handshake messages."""

    stream: Stream
    opener: Protection | None = None
    left: int = MAX_FLIGHT
    _buffer: bytearray = field(default_factory=bytearray)
    _messages: bytearray = field(default_factory=bytearray)
    _count: int = 0

    async def message(self) -> bytes | Alert | None:
        """Return the next handshake message with its header, an alert, or None at the end."""
        while True:
            if (found := self._whole()) is not None:
                return found
            record = await self._record()
            if record is None:
                return None
            kind, payload = record
            if kind == ContentType.ALERT:
                if len(payload) != 2:
                    raise ParseError(f"alert of {len(payload)} octets")
                alert = Alert(payload[0], payload[1])
                if not alert.passing:
                    return alert
            elif kind == ContentType.HANDSHAKE:
                self._messages += payload

    def _whole(self) -> bytes | None:
        data = self._messages
        if len(data) < 4:
            return None
        end = 4 + int.from_bytes(data[1:4])
        if end > MAX_FLIGHT:
            raise ParseError(f"handshake message of {end} octets")
        if len(data) < end:
            return None
        found = bytes(data[:end])
        del data[:end]
        return found

    async def _record(self) -> tuple[int, bytes] | None:
        head = await self._take(5)
        if head is None:
            return None
        kind, length = head[0], int.from_bytes(head[3:5])
        if kind not in set(ContentType) or head[1] != 3:
            error = ParseError if self._count else NotTlsError
            raise error(f"{(head + self._buffer)[:60]!r} is no TLS record")
        if length > MAX_FRAGMENT + 256:  # RFC 8446 §5.2
            raise ParseError(f"record of {length} octets")
        self._count += 1
        if self._count > MAX_RECORDS:
            raise ParseError(f"more than {MAX_RECORDS} records")
        payload = await self._take(length)
        if payload is None:
            return None
        if kind == ContentType.APPLICATION_DATA:
            if self.opener is None:
                raise ParseError("application data before the handshake")
            return self.opener.open(payload)
        return kind, payload

    async def _take(self, count: int) -> bytes | None:
        while len(self._buffer) < count:
            data = await self.stream.read(1 << 14)
            self.left -= len(data)
            if self.left < 0:
                raise ParseError("more data than any handshake needs")
            if not data:
                return None
            self._buffer += data
            if self._buffer[0] not in set(ContentType) and not self._count:
                raise NotTlsError(f"{bytes(self._buffer[:60])!r} is no TLS record")
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


@dataclass(slots=True)
class _Handshake:
    stream: Stream
    hello: ClientHello
    shares: dict[int, Share]
    records: _Records = field(init=False)
    transcript: Transcript = field(init=False)
    schedule: Schedule = field(init=False)
    inside: Inside | None = None
    _secret: bytes = b""
    _farewell: float = FAREWELL[1]

    def __post_init__(self) -> None:
        self.records = _Records(self.stream)

    async def run(self) -> Inside | Alert | None:
        """Send the hello and hear the server to its Finished, then wait for tickets."""
        began = asyncio.get_running_loop().time()
        await self.stream.write(self.hello.record())
        answer = await self._server_hello()
        took = asyncio.get_running_loop().time() - began
        self._farewell = min(max(FAREWELL[0], ROUND_TRIPS * took), FAREWELL[1])
        if not isinstance(answer, ServerHello):
            return answer
        self._agree(answer)
        async for message in self._messages():
            self._see(message[0], message[4:])
            if message[0] == _FINISHED:
                await self._tickets()
                break
        return self.inside

    async def _server_hello(self) -> ServerHello | Alert | None:
        message = await self.records.message()
        if not isinstance(message, bytes):
            return message
        answer = self._parse(message)
        self.transcript = Transcript(answer.suite)
        self.transcript.add(self.hello.message())
        if answer.retry:
            self.transcript.retry()
            self.transcript.add(message)
            message = await self._second(answer)
            if not isinstance(message, bytes):
                return message
            answer = self._parse(message)
            if answer.retry:
                raise ParseError("a second HelloRetryRequest")
        self.transcript.add(message)
        return answer

    def _parse(self, message: bytes) -> ServerHello:
        if message[0] != _HELLO:
            raise ParseError(f"handshake message {message[0]} where ServerHello belongs")
        answer = parse_server_hello(message[4:])
        if answer.version != Version.TLS13 or answer.suite not in self.hello.suites:
            raise ParseError("a version or suite that was not offered")
        return answer

    async def _second(self, retry: ServerHello) -> bytes | Alert | None:
        """Answer a HelloRetryRequest with the share it wants (RFC 8446 §4.1.2)."""
        wanted = int.from_bytes((retry.extension(_KEY_SHARE) or b"")[:2])
        mine = share(wanted) if wanted in self.hello.groups else None
        if mine is None or wanted in self.shares:
            raise ParseError(f"a retry for group {wanted:#06x}")
        self.shares = {wanted: mine}
        cookie = retry.extension(_COOKIE)
        self.hello = replace(
            self.hello,
            shares=((wanted, mine.public),),
            more=(*self.hello.more, *(((_COOKIE, cookie),) if cookie else ())),
        )
        self.transcript.add(self.hello.message())
        await self.stream.write(self.hello.record())
        return await self.records.message()

    def _agree(self, answer: ServerHello) -> None:
        reader = Reader(answer.extension(_KEY_SHARE) or b"")
        group = reader.number(2)
        if group not in self.shares:
            raise ParseError(f"a share of group {group:#06x}")
        self.schedule = Schedule(answer.suite, agree(self.shares[group], reader.vector(2)))
        secret = self.schedule.handshake("s", self.transcript.digest())
        self._secret = self.schedule.handshake("c", self.transcript.digest())
        self.records.opener = Protection(answer.suite, secret)
        self.inside = Inside(hello=answer, group=group)

    async def _messages(self) -> AsyncIterator[bytes]:
        while isinstance(message := await self.records.message(), bytes):
            self.transcript.add(message)
            yield message

    def _see(self, kind: int, body: bytes) -> None:
        assert self.inside is not None  # noqa: S101 - set by _agree
        if kind == _ENCRYPTED:
            extensions = dict(parse_extensions(Reader(body).vector(2)))
            self.inside = replace(self.inside, alpn=_alpn(extensions.get(_ALPN)))
        elif kind == _REQUEST:
            self.inside = replace(self.inside, client_certificate=True)
        elif kind == _CERTIFICATE:
            chain, extensions = _certificates(body)
            self.inside = replace(
                self.inside,
                certificates=chain,
                stapled=_STATUS in extensions,
                timestamps=_SCT in extensions,
            )
        elif kind == _VERIFY:
            self.inside = replace(self.inside, signature=Reader(body).number(2))

    async def _tickets(self) -> None:
        """Finish, say goodbye and count the tickets that come before the server does the same."""
        suite, digest = self.schedule.suite, self.transcript.digest()
        theirs = self.schedule.application("s", digest)
        mine = self.schedule.application("c", digest)
        await self.stream.write(self._finish(suite) + Protection(suite, mine).seal(21, b"\1\0"))
        self.records.opener = Protection(suite, theirs)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._farewell):
                await self._count_tickets()

    async def _count_tickets(self) -> None:
        tickets: list[bool] = []
        while isinstance(message := await self.records.message(), bytes):
            if message[0] == _TICKET:
                tickets.append(_early_data(message[4:]))
                self._seen(tickets)
        if message is None or message.code == 0:  # it hung up or said goodbye: there are no more
            self._seen(tickets)

    def _finish(self, suite: int) -> bytes:
        sealed, empty = Protection(suite, self._secret), b""
        if self.inside and self.inside.client_certificate:
            message = b"\x0b\0\0\4\0\0\0\0"
            self.transcript.add(message)
            empty = sealed.seal(22, message)
        content = self.schedule.verify(self._secret, self.transcript.digest())
        return empty + sealed.seal(22, b"\x14" + len(content).to_bytes(3) + content)

    def _seen(self, tickets: list[bool]) -> None:
        if self.inside:
            early = any(tickets) if tickets else None
            self.inside = replace(self.inside, tickets=len(tickets), early_data=early)


def _alpn(data: bytes | None) -> str | None:
    if data is None:
        return None
    return Reader(Reader(data).vector(2)).vector(1).decode("ascii", "replace")


def _early_data(body: bytes) -> bool:
    """Whether a NewSessionTicket allows early data (RFC 8446 §4.6.1)."""
    reader = Reader(body)
    reader.take(8)
    reader.vector(1)
    reader.vector(2)
    limit = dict(parse_extensions(reader.vector(2))).get(_EARLY_DATA, b"")
    return int.from_bytes(limit) > 0


def _certificates(body: bytes) -> tuple[tuple[bytes, ...], dict[int, bytes]]:
    """Read a Certificate message to the chain and the extensions of its first (§4.4.2)."""
    outer = Reader(body)
    outer.vector(1)
    reader = Reader(outer.vector(3))
    chain: list[bytes] = []
    extensions: dict[int, bytes] = {}
    while reader.left:
        chain.append(reader.vector(3))
        found = parse_extensions(reader.vector(2))
        if len(chain) == 1:
            extensions = dict(found)
        if len(chain) > MAX_CERTIFICATES:
            raise ParseError(f"a chain of more than {MAX_CERTIFICATES} certificates")
    return tuple(chain), extensions
