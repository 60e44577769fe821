"""A way to a resolver that takes its time and loses datagrams, without touching the kernel's own.

``python -m tests.lab.path RESOLVER PORT MILLISECONDS`` serves one until its input ends, in a
process of its own so that its work is not counted as that of whoever is measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import sys
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    Where = tuple[str, int]

CALLERS = 1024
"""Callers whose replies are still carried back."""
AT_ONCE = 64
"""Datagrams taken up before others have their turn."""


class Path:
    """Carries datagrams and connections there and back."""

    def __init__(self, target: Where, *, delay: float = 0.0, loss: float = 0.0) -> None:
        """``delay`` in seconds a round trip; ``loss`` as the share of datagrams, each way."""
        self.carried = self.lost = 0
        self._target = target
        self._delay, self._loss = delay, loss
        self._chance = random.Random(4711)
        self._callers: OrderedDict[Where, socket.socket] = OrderedDict()
        self._loop = asyncio.get_running_loop()
        self._near = _datagrams()

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[int]:
        """Yield the port on 127.0.0.1 where the way begins."""
        server, port = await self._bound()
        self._loop.add_reader(self._near, self._outward)
        try:
            yield port
        finally:
            server.close()
            for sock in (self._near, *self._callers.values()):
                self._loop.remove_reader(sock)
                sock.close()

    async def _bound(self) -> tuple[asyncio.Server, int]:
        """Find a port that is free for datagrams and connections."""
        while True:
            server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
            port = int(server.sockets[0].getsockname()[1])
            try:
                self._near.bind(("127.0.0.1", port))
            except OSError:
                server.close()
            else:
                return server, port

    def _outward(self) -> None:
        for _ in range(AT_ONCE):
            try:
                data, caller = self._near.recvfrom(65535)
            except BlockingIOError:
                return
            self._later(self._there, data, caller)

    def _there(self, data: bytes, caller: Where) -> None:
        far = self._callers.get(caller)
        if far is None:
            far = self._callers[caller] = _datagrams()
            far.connect(self._target)
            self._loop.add_reader(far, self._homeward, far, caller)
            if len(self._callers) > CALLERS:
                _, oldest = self._callers.popitem(last=False)
                self._loop.remove_reader(oldest)
                oldest.close()
        with contextlib.suppress(OSError):
            far.send(data)

    def _homeward(self, far: socket.socket, caller: Where) -> None:
        for _ in range(AT_ONCE):
            try:
                data = far.recv(65535)
            except OSError:
                return
            self._later(self._back, data, caller)

    def _back(self, data: bytes, caller: Where) -> None:
        with contextlib.suppress(OSError):
            self._near.sendto(data, caller)

    def _later(self, step: Callable[[bytes, Where], None], data: bytes, caller: Where) -> None:
        """Lose it, or have it arrive half a round trip from now."""
        self.carried += 1
        if self._chance.random() < self._loss:
            self.lost += 1
        elif self._delay:
            self._loop.call_later(self._delay / 2, step, data, caller)
        else:
            step(data, caller)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self._delay)  # the handshake's round trip
        with contextlib.suppress(OSError):
            far, onward = await asyncio.open_connection(*self._target)
            await asyncio.gather(self._relay(reader, onward), self._relay(far, writer))
        writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65535):
                await asyncio.sleep(self._delay / 2)
                writer.write(data)
            writer.close()


def _datagrams() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    return sock


async def _serve(target: Where, delay: float) -> None:
    async with Path(target, delay=delay).opened() as port:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve((sys.argv[1], int(sys.argv[2])), float(sys.argv[3]) / 1000))
