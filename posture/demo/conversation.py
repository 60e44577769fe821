"""A server's end of a connection, plain at first and over TLS from any moment on.

asyncio's own TLS hangs up without a word when it refuses a handshake; the servers a scan meets
send an alert, and so must these (RFC 8446 §6.2).
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

CHUNK = 16 * 1024
MAX_LINE = 8 * 1024

T = TypeVar("T")


class Conversation:
    """Lines in, octets out. Raises OSError when the peer breaks off."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._buffer = bytearray()

    async def secure(self, context: ssl.SSLContext) -> None:
        """Go on in TLS; what was sent ahead of it is forgotten."""
        self._buffer.clear()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        await self._drive(self._tls.do_handshake)

    async def readline(self) -> bytes:
        """Return a line with its end, or what came before the peer left."""
        while b"\n" not in self._buffer and len(self._buffer) < MAX_LINE:
            data = await self._receive()
            if not data:
                break
            self._buffer += data
        size = self._buffer.find(b"\n") + 1 or len(self._buffer)
        line = bytes(self._buffer[:size])
        del self._buffer[:size]
        return line

    async def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        tls = self._tls
        if tls:
            await self._drive(lambda: tls.write(data))
        else:
            self._writer.write(data)
            await self._writer.drain()

    async def _receive(self) -> bytes:
        tls = self._tls
        if not tls:
            return await self._reader.read(CHUNK)
        try:
            return await self._drive(lambda: tls.read(CHUNK))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def _drive(self, step: Callable[[], T]) -> T:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._reader.read(CHUNK)
                self._incoming.write(data) if data else self._incoming.write_eof()
            finally:
                await self._flush()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            self._writer.write(self._outgoing.read())
            await self._writer.drain()


@asynccontextmanager
async def listening(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], port: int = 0
) -> AsyncIterator[int]:
    """Serve on a loopback port, a free one unless it is given, until the context ends.

    Whatever a peer does ends only its own conversation; the end of the context ends all of them.
    """
    running: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            running.add(task)
            task.add_done_callback(running.discard)
        try:
            with suppress(OSError, EOFError):
                await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
