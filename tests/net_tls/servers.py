"""Loopback servers for TLS tests: real ones, and scripted ones that lie."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

from posture.model import Subject
from posture.net import Net, NetConfig, NetRoot, Stream, TrustAnchors
from posture.net.tcp import Stream as _Stream

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Run a server on a free loopback port; whatever its handler meets, it ends with the block."""
    tasks: set[asyncio.Task[None]] = set()

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                await handler(reader, writer)
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def idle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Keep the connection until the peer leaves."""
    while await reader.read(1 << 16):
        pass


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hear the hello, then have the operating system send a reset."""
    await reader.read(10)
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


def tls(context: ssl.SSLContext) -> Handler:
    """Shake hands and stay. Unlike asyncio's own TLS server, this one sends its alerts."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(incoming, outgoing, server_side=True)
        done = False
        while not done and (data := await reader.read(1 << 16)):
            incoming.write(data)
            try:
                server.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                done = True
            writer.write(outgoing.read())
            await writer.drain()
        await idle(reader, writer)

    return handle


def answering(*parts: bytes, then_close: bool = True) -> Handler:
    """Send ``parts`` once the hello has come; then close, or stall."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 16)
        for part in parts:
            writer.write(part)
            await writer.drain()
        if then_close:
            writer.write_eof()
        await idle(reader, writer)

    return handle


def net(subject: Subject, anchors: TrustAnchors | None = None, **ports: int) -> Net:
    """A real ``Net`` whose every endpoint of ``subject`` is mapped to a loopback port.

    ``ports`` are named ``p443`` and so on; others are mapped to a port that is closed.
    """
    connect = {
        f"{host}:{number}": f"127.0.0.1:{ports.get(f'p{number}', 1)}"
        for host, number in subject.endpoints()
    }
    root = NetRoot(NetConfig(connect=connect))
    if anchors:
        root._anchors = anchors
    return root.bound(subject)


def dial(port: int, address: str = "127.0.0.1") -> Callable[[], Awaitable[Stream]]:
    """Connect to a loopback port without a ``Net``."""

    class Pipe:
        def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.reader, self.writer = reader, writer

        async def recv(self, size: int) -> bytes:
            return await self.reader.read(size)

        async def send(self, data: bytes) -> None:
            self.writer.write(data)
            await self.writer.drain()

        def close(self) -> None:
            self.writer.transport.abort()

    async def connect() -> Stream:
        reader, writer = await asyncio.open_connection(address, port)
        return _Stream(Pipe(reader, writer), peer=address)

    return connect
