"""Questions over UDP: many share a socket, and each hears its own reply whenever it comes."""

import asyncio
import secrets
import socket

from posture.model import CollectError
from posture.net.message import Query, Reply

Where = tuple[str, int]

QUESTIONS = 64
"""Asked over one socket before a fresh one, with a random port of its own, takes its place.

A forger has to hit the port, the id and the question at once. Sharing a port does not help him: he
needs as many guesses as if each question had its own. Keeping one would, so none is kept: a socket
ends after this many questions, and as soon as nothing waits on it.
"""
AT_ONCE = 64
"""Datagrams taken up before others have their turn."""


class Inquiry:
    """One question through all its tries: a late reply to an earlier one still counts."""

    def __init__(self) -> None:
        self._turn: asyncio.Future[tuple[Reply, Where]] | None = None
        self._line: Line | None = None
        self._sent: list[tuple[Line, int]] = []

    async def reply(self, line: "Line", query: Query, seconds: float) -> tuple[Reply, Where]:
        """Send ``query`` and return a reply, and from whom.

        Raises ``TimeoutError``, ``OSError``, ``CollectError(MALFORMED)``.
        """
        turn: asyncio.Future[tuple[Reply, Where]] = asyncio.get_running_loop().create_future()
        self._turn, self._line = turn, line
        self._sent.append((line, line.send(query, self)))
        clock = asyncio.get_running_loop().call_later(seconds, _expire, turn)
        try:
            return await turn
        finally:
            clock.cancel()

    def hear(self, line: "Line", outcome: Reply | OSError | CollectError) -> None:
        """Take what came. Of an earlier try only a usable reply counts: a later one may do."""
        if self._turn is None or self._turn.done():
            return
        late = line is not self._line
        if isinstance(outcome, Reply):
            if not late or outcome.error() is None:
                self._turn.set_result((outcome, line.where))
        elif not late:
            self._turn.set_exception(outcome)

    def end(self) -> None:
        """Listen no longer."""
        for line, ident in self._sent:
            line.forget(ident)


def _expire(turn: asyncio.Future[tuple[Reply, Where]]) -> None:
    if not turn.done():
        turn.set_exception(TimeoutError())


class Line:
    """A connected socket, and the questions that wait on it; nobody else's datagrams arrive."""

    def __init__(self, where: Where) -> None:
        """Raise ``OSError`` when there is no socket, or no way."""
        self.where = where
        self._carried = 0
        self._waiting: dict[int, tuple[Query, Inquiry]] = {}
        self._sock = opened(where, socket.SOCK_DGRAM)
        try:
            self._sock.connect(where)
        except OSError:
            self._sock.close()
            raise
        self._listener = asyncio.get_running_loop().create_task(self._listen())
        self._listener.add_done_callback(lambda _: self._sock.close())

    @property
    def takes_more(self) -> bool:
        """Whether another question may be sent over it."""
        return bool(self._waiting) and self._carried < QUESTIONS

    def send(self, query: Query, inquiry: Inquiry) -> int:
        """Ask under a random id, and return it."""
        ident = secrets.randbits(16)
        while ident in self._waiting:
            ident = secrets.randbits(16)
        query = query.under(ident)
        self._waiting[ident] = query, inquiry
        self._carried += 1
        try:
            self._sock.send(query.wire())
        except BlockingIOError:
            pass  # lost, as datagrams are; there is another try
        except OSError as error:  # also what became of one sent before
            self._fail(error)
        return ident

    def forget(self, ident: int) -> None:
        """Wait no longer; the last to go closes the socket."""
        if self._waiting.pop(ident, None) and not self._waiting:
            self._listener.cancel()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        taken = 0
        try:
            while self._waiting:
                try:  # what is there already costs no wait
                    data = self._sock.recv(65535)
                except BlockingIOError:
                    data = await loop.sock_recv(self._sock, 65535)
                self._take(data)
                taken += 1
                if not taken % AT_ONCE:
                    await asyncio.sleep(0)  # a flood must not keep everybody else waiting
        except OSError as error:
            self._fail(error)

    def _take(self, data: bytes) -> None:
        """Hand a reply to who asked, past whatever else arrives: forgers must not end a wait."""
        query, inquiry = self._waiting.get(int.from_bytes(data[:2]), (None, None))
        if query is None or inquiry is None:
            return
        try:
            found = query.read(data)
        except CollectError as error:
            inquiry.hear(self, error)
            return
        if found is not None:
            del self._waiting[query.id]
            inquiry.hear(self, found)

    def _fail(self, error: OSError) -> None:
        waiting, self._waiting = self._waiting, {}
        for _, inquiry in waiting.values():
            inquiry.hear(self, error)
        self._listener.cancel()


class Lines:
    """The socket in use to each server. Those before it end when nothing waits on them."""

    def __init__(self) -> None:
        self._current: dict[Where, Line] = {}

    def line(self, where: Where) -> Line:
        """Return the socket for the next question; raises ``OSError``."""
        line = self._current.get(where)
        if line is None or not line.takes_more:
            line = self._current[where] = Line(where)
        return line


def opened(where: Where, kind: socket.SocketKind) -> socket.socket:
    """Return a socket of the server's family that does not block."""
    sock = socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET, kind)
    sock.setblocking(False)
    return sock
