"""TCP: dial what is in scope, read and write with one total time limit, see which ports answer."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self, TypeVar

from posture.model import CollectError, Reason
from posture.net.dns import Resolver
from posture.net.limits import Limits
from posture.net.route import Target, targets
from posture.net.scope import Scope, Territory, literal, normal
from posture.net.trust import tls_failure

CONNECT_SECONDS = 5.0
PROBE_SECONDS = (1.0, 2.0)
"""How long the tries of a scan wait for an answer; only then is a port silent."""
LIFETIME = 30.0
CHUNK = 16 * 1024

T = TypeVar("T")


class PortState(StrEnum):
    """What a connection attempt showed."""

    OPEN = "open"
    CLOSED = "closed"
    """The host said no: it is there, and nothing listens."""
    SILENT = "silent"
    """Nothing came back: a firewall, or no host. Not the same as closed."""


# EACCES and EPERM are not here: our own machine forbade the call, which says nothing of the peer.
_REASONS = {
    Reason.REFUSED: ("ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE"),
    Reason.UNREACHABLE: (
        "EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ENETDOWN", "EAFNOSUPPORT",
    ),
    Reason.TIMEOUT: ("ETIMEDOUT",),
}  # fmt: skip
_BY_ERRNO = {
    getattr(errno, name): reason
    for reason, names in _REASONS.items()
    for name in names
    if hasattr(errno, name)
}


def failure(error: OSError, whom: str) -> CollectError:
    """Say what the operating system's error means.

    What only tells of this computer (no free port, too many files) is INCONCLUSIVE: it says
    nothing about the peer.
    """
    reason = _BY_ERRNO.get(error.errno or 0, Reason.INCONCLUSIVE)
    if isinstance(error, TimeoutError):
        reason = Reason.TIMEOUT
    # asyncio's own text for a failed connect repeats the address and leaves the cause out.
    return CollectError(reason, f"{whom}: {os.strerror(error.errno) if error.errno else reason}")


_TELLS_LEAST = {Reason.REFUSED: 1, Reason.UNREACHABLE: 2}
"""Which error of several addresses speaks for the host: the lowest."""


@dataclass(frozen=True, slots=True)
class Line:
    """An open connection and the slot it holds."""

    sock: socket.socket
    peer: str
    release: Callable[[], None]

    def close(self) -> None:
        """Close the connection and give its slot back. Only once, on the event loop."""
        self.sock.close()
        self.release()


class Dialler:
    """The one place that opens TCP connections."""

    def __init__(
        self,
        territory: Territory,
        limits: Limits,
        resolver: Resolver,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        probe_seconds: tuple[float, ...] = PROBE_SECONDS,
    ) -> None:
        """Take the run's rules. Seconds are for one attempt, not counting the wait for a slot."""
        self.resolver = resolver
        self._territory = territory
        self._limits = limits
        self._connect_seconds = connect_seconds
        self._probe_seconds = probe_seconds

    async def open(self, scope: Scope, host: str, port: int) -> Line:
        """Connect to ``host``, at the first of its permitted addresses that answers.

        Raises ``CollectError`` OUT_OF_SCOPE, REFUSED, TIMEOUT, UNREACHABLE, or what the resolver
        raised.
        """
        missed: list[CollectError] = []
        for target in await self._targets(scope, normal(host), port):
            try:
                return await self._dial(target, self._connect_seconds, mail=scope.mail)
            except CollectError as error:
                missed.append(error)
        # A computer without IPv6 finds the second address unreachable: the first tells more. And
        # a host refuses only if no other address of its was silent.
        raise min(missed, key=lambda error: _TELLS_LEAST.get(error.reason, 0))

    @asynccontextmanager
    async def place(self, scope: Scope, host: str, port: int) -> AsyncIterator[tuple[str, int]]:
        """Yield where datagrams for ``host`` go, and hold one of the run's slots meanwhile.

        Raises ``CollectError`` OUT_OF_SCOPE, or what the resolver raised.
        """
        target = (await self._targets(scope, normal(host), port))[0]
        release = await self._limits.acquire(target.host, mail=scope.mail)
        try:
            yield target.address, target.port
        finally:
            release()

    async def probe(self, scope: Scope, address: str, port: int) -> PortState:
        """Try to connect and hang up at once. ``address`` is an IP address.

        Raises ``CollectError`` OUT_OF_SCOPE, UNREACHABLE, or INCONCLUSIVE when this computer
        could not even try.
        """
        target = (await self._targets(scope, normal(address), port))[0]
        for seconds in self._probe_seconds:
            try:
                (await self._dial(target, seconds, mail=scope.mail)).close()
            except CollectError as error:
                if error.reason is Reason.REFUSED:
                    return PortState.CLOSED
                if error.reason is not Reason.TIMEOUT:
                    raise
            else:
                return PortState.OPEN
        return PortState.SILENT

    async def places(self, scope: Scope, host: str, port: int) -> tuple[str, ...]:
        """Return the addresses at which :meth:`open` tries ``host``; they may be dialled like it.

        Raises as it does before it dials.
        """
        found = tuple(target.peer for target in await self._targets(scope, normal(host), port))
        scope.learn(normal(host), found)
        return found

    async def _targets(self, scope: Scope, host: str, port: int) -> list[Target]:
        return await targets(self._territory, self.resolver, scope, host, port)

    async def _dial(self, target: Target, seconds: float, *, mail: bool) -> Line:
        release = await self._limits.acquire(target.host, mail=mail)
        try:
            sock = await _connected(target.address, target.port, seconds)
        except BaseException:
            release()
            raise
        return Line(sock, target.peer, release)


async def _connected(address: str, port: int, seconds: float) -> socket.socket:
    whom = f"{address} port {port}"
    found = literal(address)
    family = socket.AF_INET6 if found and found.version == 6 else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_connect(sock, (address, port))
        except BaseException:
            sock.close()
            raise
    except TimeoutError:
        raise CollectError(Reason.TIMEOUT, f"{whom}: no answer in {seconds:g} s") from None
    except OSError as error:
        raise failure(error, whom) from None
    return sock


class Channel(Protocol):
    """Bytes in both directions; ``Stream`` puts buffering and the time limit on top."""

    async def recv(self, size: int) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        ...  # pragma: no cover - protocol

    async def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        ...  # pragma: no cover - protocol

    def close(self) -> None:
        """Hang up."""
        ...  # pragma: no cover - protocol


class SocketChannel:
    """A connected socket, read only when asked: a peer that floods us fills its own buffers."""

    def __init__(self, line: Line) -> None:
        """Take over the line."""
        self._line = line

    async def recv(self, size: int) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        return await asyncio.get_running_loop().sock_recv(self._line.sock, size)

    async def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        await asyncio.get_running_loop().sock_sendall(self._line.sock, data)

    def close(self) -> None:
        """Hang up."""
        self._line.close()


class TlsChannel:
    """TLS over another channel."""

    def __init__(self, inner: Channel, context: ssl.SSLContext, server_hostname: str) -> None:
        """Prepare; :meth:`handshake` must follow."""
        self._inner = inner
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_hostname or None
        )

    async def handshake(self) -> None:
        """Agree on keys; raises ``ssl.SSLError``."""
        await self._drive(self.tls.do_handshake)

    async def recv(self, size: int) -> bytes:
        """Return up to ``size`` bytes, none at the end, also when the peer omits its farewell."""
        try:
            return await self._drive(lambda: self.tls.read(size))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        await self._drive(lambda: self.tls.write(data))

    async def _drive(self, step: Callable[[], T]) -> T:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                await self._flush()
                if data := await self._inner.recv(CHUNK):
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            finally:
                await self._flush()  # also the alert that tells the peer why we leave

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._inner.send(self._outgoing.read())

    def close(self) -> None:
        """Hang up."""
        self._inner.close()


class Stream:
    """One connection, with a limit on its whole life. An async context manager that closes it.

    Every method raises ``CollectError``: TIMEOUT when the life is over, REFUSED when the peer
    resets the connection.
    """

    def __init__(self, channel: Channel, *, peer: str, lifetime: float = LIFETIME) -> None:
        """Live for ``lifetime`` seconds from now. ``peer`` is the address that answered."""
        self.peer = peer
        self._channel = channel
        self._buffer = bytearray()
        self._lifetime = lifetime
        self._ends = asyncio.get_running_loop().time() + lifetime
        self._closed = False

    @property
    def ahead(self) -> bytes:
        """What has arrived together with what was read, and has not been read itself."""
        return bytes(self._buffer)

    async def read(self, n: int) -> bytes:
        """Return what is there, at least one and up to ``n`` bytes; ``b""`` at the end."""
        if not self._buffer:
            return await self._timed(self._channel.recv(n))
        data = bytes(self._buffer[:n])
        del self._buffer[:n]
        return data

    async def readexactly(self, n: int) -> bytes:
        """Return ``n`` bytes; an earlier end is ``CollectError(MALFORMED)``."""
        while len(self._buffer) < n:
            data = await self._timed(self._channel.recv(CHUNK))
            if not data:
                detail = f"{self.peer} closed after {len(self._buffer)} of {n} bytes"
                raise CollectError(Reason.MALFORMED, detail)
            self._buffer += data
        return await self.read(n)

    async def readline(self, limit: int = CHUNK) -> bytes:
        """Return a line with its LF, or what came before the end; over ``limit``: TOO_LARGE."""
        start = 0
        while (at := self._buffer.find(b"\n", start)) < 0 and len(self._buffer) <= limit:
            start = len(self._buffer)
            data = await self._timed(self._channel.recv(CHUNK))
            if not data:
                at = len(self._buffer) - 1
                break
            self._buffer += data
        if at < 0 <= limit < len(self._buffer) or at >= limit:
            raise CollectError(Reason.TOO_LARGE, f"{self.peer} sent a line over {limit} bytes")
        return await self.read(at + 1) if self._buffer else b""

    async def write(self, data: bytes) -> None:
        """Send all of ``data``."""
        await self._timed(self._channel.send(data))

    async def start_tls(self, context: ssl.SSLContext, server_hostname: str) -> ssl.SSLObject:
        """Go on in TLS and return its object, which knows version, cipher and certificate.

        Raises ``CertificateError``, or ``CollectError`` REFUSED (alert) or MALFORMED (not TLS, or
        the peer spoke before the handshake: RFC 3207 §4.2 has such data discarded, as it may be
        an attacker's).
        """
        if self._buffer:
            raise CollectError(Reason.MALFORMED, f"{self.peer} sent data ahead of TLS")
        channel = TlsChannel(self._channel, context, server_hostname)
        await self._timed(channel.handshake())
        self._channel = channel
        return channel.tls

    async def _timed(self, step: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout_at(self._ends):
                return await step
        except TimeoutError:
            detail = f"{self.peer} was not done in {self._lifetime:g} s"
            raise CollectError(Reason.TIMEOUT, detail) from None
        except ssl.SSLError as error:
            raise tls_failure(error) from None
        except OSError as error:
            raise failure(error, self.peer) from None

    async def close(self) -> None:
        """Hang up and give the slot back. Closing twice is no error."""
        if not self._closed:
            self._closed = True
            self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
