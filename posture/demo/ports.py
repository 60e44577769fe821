"""Listeners that stand for the open ports of the office's machines, and one port that refuses."""

import asyncio
import socket
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

from posture.demo.conversation import listening


class Refusal:
    """A loopback port where nobody listens and that nobody else can take: it refuses."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    def __enter__(self) -> Self:
        # Bound and never listened on: the system answers every connection with a reset.
        self._socket.bind(("127.0.0.1", 0))
        return self

    @property
    def port(self) -> int:
        """The port that refuses."""
        port: int = self._socket.getsockname()[1]
        return port

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()


def serve() -> AbstractAsyncContextManager[int]:
    """Accept on a free loopback port, which is returned, say nothing and hang up."""

    async def hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        pass

    return listening(hang_up)
