"""Puts questions to one server: within a budget, counted, and with an eye on being shut out.

Every answer is one of three: a choice, a refusal, or something that proves nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from posture.model import CollectError, Reason
from posture.net.tcp import Stream
from posture.net.tls.exchange import PATIENCE, Dial
from posture.net.tls.flight import Flight, FlightReader
from posture.net.tls.hello import ClientHello
from posture.net.tls.wire import Alert, NotTlsError, ParseError

CLOSED, SILENT, PLAINTEXT, BROKEN, DIED = "closed", "silent", "plaintext", "broken", "died"
UNREACHED, STOPPED = "not connected", "not asked"
_NO_ANSWER = {SILENT, PLAINTEXT, BROKEN, UNREACHED}
SUSPICIOUS = 6
"""Answers in a row that prove nothing, after which a question that worked is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much one survey may cost the server."""

    connections: int = 400
    parallel: int = 12
    """Questions at a time; what opens the connections may have tighter limits."""
    patience: float = PATIENCE
    """Seconds given to one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One answer."""

    flight: Flight | None = None
    """What the server chose."""
    alert: Alert | None = None
    how: str = ""
    """Of an answer that proves nothing: its kind, the same for answers that look the same."""
    detail: str = ""
    """What was heard, for evidence."""
    number: int = 0
    """The connection it came on, counted in the order in which they were opened."""
    depth: int = 0
    """How many questions had to be answered one after the other to get here."""

    @property
    def refused(self) -> bool:
        """One of the three alerts that mean no."""
        return self.alert is not None and self.alert.refusal is not None


@dataclass(slots=True)
class Asker:
    """Asks one server; shared by everything that wants to know something of it."""

    dial: Dial
    budget: Budget = field(default_factory=Budget)
    connections: int = 0
    depth: int = 0
    last_good: int = -1
    """Number of the latest connection on which the server chose something."""
    stopped: str = ""
    """Why nothing is asked any more."""
    degraded: bool = False
    """A question that had been answered before was not when asked again."""
    peer: str = ""
    """The address that answered."""
    understood: bool = False
    """A ServerHello or an alert was heard: TLS is spoken."""
    unreached: CollectError | None = None
    """Why the latest connection that failed did."""
    good: ClientHello | None = None
    """A question that was answered by a choice."""
    _streak: int = 0
    """Answers in a row that prove nothing; and of those the ones that were none at all."""
    _mute: int = 0
    _gate: asyncio.Semaphore = field(init=False)
    _control: asyncio.Lock = field(default_factory=asyncio.Lock)
    _calm: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared while it is found out whether the server still answers at all."""

    def __post_init__(self) -> None:
        self._calm.set()
        self._gate = asyncio.Semaphore(self.budget.parallel)

    async def ask(self, hello: ClientHello, after: int = 0) -> Heard:
        """Ask on a new connection. ``after``: depth of the answers that led to this question.

        Never raises for what the peer does.
        """
        heard = await self._ask(hello, after)
        if heard.flight and not self.good:
            self.good = hello
        if self._streak >= SUSPICIOUS:
            await self._check()
        return heard

    async def still_good(self, after: int = 0, *, since: int | None = None) -> bool:
        """Ask once more what worked before; two failures mark the survey as degraded.

        Unless the server chose something on a connection after number ``since`` anyway.
        """
        if self.good is None or self.stopped or (since is not None and self.last_good > since):
            return not self.degraded
        for _ in range(2):
            if (await self._ask(self.good, after, urgent=True)).flight:
                return True
        self.degraded = True
        return False

    async def _check(self) -> None:
        async with self._control:
            if self._streak < SUSPICIOUS or self.stopped:
                return
            self._calm.clear()
            if self.good is None:
                if self._mute >= SUSPICIOUS:
                    self.stop("no question of several was answered")
            elif not await self.still_good(self.depth):
                self.stop("what was answered at first no longer is")
            self._streak = 0
            self._calm.set()

    def stop(self, why: str) -> None:
        """Ask nothing more."""
        self.stopped = self.stopped or why

    async def _ask(self, hello: ClientHello, after: int, *, urgent: bool = False) -> Heard:
        reader = FlightReader()

        async def talk(stream: Stream) -> Heard:
            return await _listen(stream, hello, reader)

        heard = await (self._now(talk, after) if urgent else self.converse(talk, after))
        if reader.hello is None or heard.flight:
            return heard
        # It chose and then died: neither a yes nor a no.
        detail = f"chose suite {reader.hello.suite:#06x}, then: {heard.detail}"
        return replace(heard, alert=None, how=DIED, detail=detail)

    async def converse(self, talk: Callable[[Stream], Awaitable[Heard]], after: int = 0) -> Heard:
        """Open a connection and have ``talk`` make of it what it will, within the budget."""
        async with self._gate:
            await self._calm.wait()
            return await self._now(talk, after)

    async def _now(self, talk: Callable[[Stream], Awaitable[Heard]], after: int) -> Heard:
        if self.connections >= self.budget.connections:
            self.stop("the budget of connections is spent")
        if self.stopped:
            return Heard(how=STOPPED, detail=self.stopped, depth=after)
        heard = replace(await self._connected(talk), depth=after + 1)
        self.depth = max(self.depth, heard.depth)
        self.understood = self.understood or bool(heard.flight or heard.alert)
        self._streak = 0 if heard.flight or heard.refused else self._streak + 1
        self._mute = self._mute + 1 if heard.how in _NO_ANSWER else 0
        if heard.flight:
            self.last_good = max(self.last_good, heard.number)
        return heard

    async def _connected(self, talk: Callable[[Stream], Awaitable[Heard]]) -> Heard:
        self.connections += 1
        number = self.connections
        try:
            stream = await self.dial()
        except CollectError as error:
            self.unreached = error
            if error.reason in {Reason.RATE_LIMITED, Reason.OUT_OF_SCOPE}:
                self.stop(str(error))
            return Heard(how=UNREACHED, detail=f"not connected: {error}", number=number)
        self.peer = self.peer or stream.peer
        async with stream:
            heard = await _patient(talk, stream, self.budget.patience)
        return replace(heard, number=number)


async def _patient(
    talk: Callable[[Stream], Awaitable[Heard]], stream: Stream, patience: float
) -> Heard:
    try:
        async with asyncio.timeout(patience):
            return await talk(stream)
    except TimeoutError:
        return Heard(how=SILENT, detail=f"no answer in {patience:g} s")
    except NotTlsError as error:
        return Heard(how=PLAINTEXT, detail=str(error))
    except ParseError as error:
        return Heard(how=BROKEN, detail=f"broken TLS: {error}")
    except CollectError as error:
        how = CLOSED if error.reason is Reason.REFUSED else SILENT
        return Heard(how=how, detail=str(error))


async def _listen(stream: Stream, hello: ClientHello, reader: FlightReader) -> Heard:
    """Ask on ``stream`` and hear the server out, to the end of its first turn."""
    await stream.write(hello.record())
    while data := await stream.read(1 << 14):
        answer = reader.feed(data)
        if isinstance(answer, Flight):
            return Heard(flight=answer)
        if answer is not None:
            return said(answer)
    return hung_up()


def said(alert: Alert) -> Heard:
    """Return an alert as an answer."""
    return Heard(alert=alert, how=str(alert), detail=str(alert))


def hung_up() -> Heard:
    """Return the end of the stream as an answer."""
    return Heard(how=CLOSED, detail="closed without an answer")
