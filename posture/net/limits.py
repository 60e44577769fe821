"""How much at a time: connections to one host, connections in all, new connections a second."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack

from posture.platforms import open_file_limit

KEPT_FILES = 64
"""Files left for the program itself: logs, libraries, the snapshot."""


class Limits:
    """Slots that every connection of the run must hold while it is open."""

    def __init__(
        self, *, connections: int, per_host: int, per_mail_server: int, rate: float | None
    ) -> None:
        """Allow so many at a time, and ``rate`` new ones a second (None: as fast as they come)."""
        files = open_file_limit()
        if files is not None:
            connections = max(1, min(connections, files - KEPT_FILES))
        self._all = asyncio.Semaphore(connections)
        self._hosts = _Gates(per_host)
        self._mail = _Gates(per_mail_server)
        self._pace = Pace(rate)

    async def acquire(self, host: str, *, mail: bool) -> Callable[[], None]:
        """Wait for a slot; call what is returned, once, to give it back."""
        with ExitStack() as held:
            for gates in (self._mail, self._hosts) if mail else (self._hosts,):
                await gates.enter(host)
                held.callback(gates.leave, host)
            # Last, so that nobody sits on the run's slots while waiting for one slow host.
            await self._all.acquire()
            held.callback(self._all.release)
            await self._pace.turn()
            return held.pop_all().close


class _Gates:
    """One semaphore for each key, forgotten when nobody holds or awaits it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._users: dict[str, int] = {}

    async def enter(self, key: str) -> None:
        gate = self._gates.setdefault(key, asyncio.Semaphore(self._size))
        self._users[key] = self._users.get(key, 0) + 1
        try:
            await gate.acquire()
        except BaseException:
            self._forget(key)
            raise

    def leave(self, key: str) -> None:
        self._gates[key].release()
        self._forget(key)

    def _forget(self, key: str) -> None:
        self._users[key] -= 1
        if not self._users[key]:
            del self._users[key], self._gates[key]


class Pace:
    """Spaces events evenly, so that no second sees more than ``rate`` of them begin."""

    def __init__(self, rate: float | None) -> None:
        """Take a rate per second, or None for no wait at all."""
        self._gap = 1 / rate if rate else 0.0
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for this event's turn."""
        if not self._gap:
            return
        now = asyncio.get_running_loop().time()
        at = max(now, self._next)
        self._next = at + self._gap
        await asyncio.sleep(at - now)
