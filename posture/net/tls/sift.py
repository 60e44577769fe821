"""Which of many things a server supports, by what it chooses when fewer and fewer are offered.

An answer by choice proves one thing; a refusal disproves all that were offered. Anything else
proves nothing of a list, so the list is halved. Servers that refuse by hanging up are told from
servers that die by asking for something that does not exist: what looks like that answer is taken
for a refusal once nothing can hide behind a thing that kills the server (``_cross``).
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from posture.net.tls.asker import CLOSED, DIED, PLAINTEXT, STOPPED, Asker, Heard
from posture.net.tls.flight import Flight
from posture.net.tls.hello import ClientHello
from posture.net.tls.wire import Refusal, Version

T = TypeVar("T", int, str)

UNLISTED = "unlisted"
_HOPELESS = {STOPPED, PLAINTEXT, UNLISTED}
_ALERTS = "refuses by alert"
_VARIES = "varies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One thing to ask for: suites of a version, or groups."""

    version: Version
    hello: Callable[[tuple[int, ...]], ClientHello]
    """The question that offers just these."""
    chosen: Callable[[Flight], int | None]
    """Which of them was chosen."""
    kind: Callable[[int], str]
    """What fails together: a server without Diffie-Hellman parameters dies on all of DHE."""
    strain: Callable[[int], str]
    """What is usually switched on together, so worth asking one by one once one is there."""
    impossible: tuple[int, ...]
    """Numbers that nobody supports, for hearing how this server says no."""
    last_resort: int | None = None
    """Offered last to a server that goes by the client's order: chosen, it refuses all others."""


@dataclass(slots=True)
class Sifted:
    """What came of it. Everything asked for is in exactly one of the three."""

    accepted: dict[int, Heard] = field(default_factory=dict)
    refused: dict[int, int] = field(default_factory=dict)
    """To the number of the connection that showed it."""
    unclear: dict[int, str] = field(default_factory=dict)
    """To what was heard instead."""
    dying: set[int] = field(default_factory=set)
    """The unclear ones that alone are answered by an alert that is no refusal, or by hanging up
    each time."""
    manner: str = ""
    """How the server refused what nobody supports; empty when it was never in doubt."""
    refusals: set[Refusal | None] = field(default_factory=set)
    """The alerts heard; None for an older version or for what was taken for a refusal."""
    said: str = ""
    """The words of a refusal, for evidence."""
    older: set[int] = field(default_factory=set)
    """Older versions that the server chose instead."""
    offered: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """To each thing accepted, the list it was chosen from, in the order offered."""

    @property
    def version_refused(self) -> bool:
        """All of it was refused by the alert that means the version, not what it comes with."""
        whole = not (self.accepted or self.unclear or self.older)
        return whole and self.refusals == {Refusal.PROTOCOL_VERSION}

    def doubt_after(self, number: int, why: str) -> None:
        """Take back what was concluded on connections later than ``number``."""
        late = [item for item, seen in self.refused.items() if seen > number]
        for item in late:
            del self.refused[item]
        self.unclear.update(dict.fromkeys(late, why))


class Sifter:
    """Finds out one dimension."""

    def __init__(self, asker: Asker, dimension: Dimension) -> None:
        """Ask through ``asker``, whose budget and counts are shared."""
        self.found = Sifted()
        self._asker = asker
        self._dimension = dimension
        self._quiet: dict[int, int] = {}
        self._alone: set[int] = set()
        self._mixed: set[int] = set()
        self._manner: asyncio.Task[str] | None = None

    async def run(
        self,
        lists: Iterable[Sequence[int]],
        after: int = 0,
        doubtful: tuple[tuple[int, ...], Heard] | None = None,
    ) -> Sifted:
        """Sift all lists side by side; what stands in one list is asked together at first.

        ``doubtful``: a list that was asked for already, and the answer that settled nothing.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._all([tuple(items) for items in lists if items], after))
            if doubtful:
                group.create_task(self._doubt(*doubtful, generation=0))
        await self._cross()
        return self._settled()

    def know(self, item: int, heard: Heard) -> None:
        """Take ``item`` for accepted: something else that was asked has shown it."""
        self.found.accepted.setdefault(item, heard)
        self.found.refused.pop(item, None)
        self.found.unclear.pop(item, None)

    def with_siblings(self, items: Sequence[int]) -> list[tuple[int, ...]]:
        """Return lists to run: what is like something known by itself, all else together."""
        known = {self._dimension.strain(item) for item in self.found.accepted}
        rest = [item for item in items if item not in self.found.accepted]
        alone = [(item,) for item in rest if self._dimension.strain(item) in known]
        others = tuple(item for item in rest if self._dimension.strain(item) not in known)
        return [*alone, others]

    def take(self, items: tuple[int, ...], heard: Heard) -> bool:
        """Use an answer to a question for ``items``; whether it settled anything."""
        choice = self._choice(items, heard)
        if choice is not None:
            self._accept(choice, heard, items)
        elif self._refuses(heard):
            self._refuse(items, heard)
        else:
            return False
        return True

    async def ask(self, items: tuple[int, ...], after: int) -> Heard:
        """Ask for ``items`` without drawing conclusions."""
        return await self._asker.ask(self._dimension.hello(items), after)

    async def _all(self, lists: Sequence[tuple[int, ...]], after: int, generation: int = 0) -> None:
        async with asyncio.TaskGroup() as group:
            for items in lists:
                group.create_task(self._sift(items, after, generation))

    async def _sift(self, items: tuple[int, ...], after: int, generation: int) -> None:
        items = tuple(item for item in items if item not in self.found.accepted)
        if not items:
            return
        heard = await self.ask(items, after)
        choice = self._choice(items, heard)
        if choice is not None:
            self._accept(choice, heard, items)
            rest = tuple(item for item in items if item != choice)
            await self._all(self._split(rest, choice, generation), heard.depth, generation + 1)
        elif self._refuses(heard):
            self._refuse(items, heard)
        else:
            await self._doubt(items, heard, generation)

    def _choice(self, items: tuple[int, ...], heard: Heard) -> int | None:
        flight = heard.flight
        if flight is None or flight.hello.version != self._dimension.version:
            return None
        chosen = self._dimension.chosen(flight)
        return chosen if chosen in items else None

    def _refuses(self, heard: Heard) -> bool:
        """An alert that means no, or an older version: RFC 5246 §E.1 has it choose the highest."""
        if heard.flight is None:
            return heard.refused
        last_resort = self._dimension.last_resort
        left_over = last_resort is not None and self._dimension.chosen(heard.flight) == last_resort
        return left_over or heard.flight.hello.version < self._dimension.version

    def _accept(self, item: int, heard: Heard, items: tuple[int, ...]) -> None:
        if item not in self.found.accepted:
            self.found.accepted[item] = heard
            self.found.offered[item] = items

    def _refuse(self, items: tuple[int, ...], heard: Heard) -> None:
        self.found.refused.update(dict.fromkeys(items, heard.number))
        self.found.refusals.add(heard.alert.refusal if heard.alert else None)
        words = heard.detail
        if heard.flight and heard.flight.hello.version < self._dimension.version:
            self.found.older.add(heard.flight.hello.version)
            words = f"chose version {heard.flight.hello.version:#06x}"
        self.found.said = self.found.said or words

    def _split(self, rest: tuple[int, ...], choice: int, generation: int) -> list[tuple[int, ...]]:
        """Siblings of what was chosen are asked alone: they cost no question if they are there."""
        strain = self._dimension.strain
        siblings = [(item,) for item in rest if strain(item) == strain(choice)]
        others = tuple(item for item in rest if strain(item) != strain(choice))
        if generation == 1 and len(others) > 16:  # two surprises: more must be there
            return [*siblings, others[::2], others[1::2]]
        return [*siblings, others] if others else list(siblings)

    async def _doubt(self, items: tuple[int, ...], heard: Heard, generation: int) -> None:
        how = UNLISTED if heard.flight else heard.how
        manner = _VARIES if how in _HOPELESS else await self._how_it_refuses(heard.depth)
        if how in _HOPELESS or (how == manner and not _is_an_answer(how)):
            self._unclear(items, heard, how)
        elif how == manner:
            self._hush(items, heard)
        elif len(items) > 1:
            half = len(items) // 2
            await self._all([items[:half], items[half:]], heard.depth, generation)
        elif how.startswith("alert"):  # it will say so again
            self.found.dying.add(items[0])
            self._unclear(items, heard, how)
        else:
            await self._again(items, heard)

    def _unclear(self, items: tuple[int, ...], heard: Heard, how: str) -> None:
        detail = "chose what was not offered" if how == UNLISTED else heard.detail
        self.found.unclear.update(dict.fromkeys(items, detail))

    async def _again(self, items: tuple[int, ...], heard: Heard) -> None:
        second = await self.ask(items, heard.depth)
        choice = self._choice(items, second)
        if choice is not None:
            self._accept(choice, second, items)
        elif self._refuses(second):
            self._refuse(items, second)
        else:
            self._unclear(items, second, UNLISTED if second.flight else second.how)
            if second.how == heard.how and second.how in {CLOSED, DIED}:
                self.found.dying.add(items[0])

    def _hush(self, items: tuple[int, ...], heard: Heard) -> None:
        """It answered as it does when it has nothing to choose; perhaps it died instead."""
        self._quiet.update(dict.fromkeys(items, heard.number))
        if len(items) == 1:
            self._alone.add(items[0])
        if len(set(map(self._dimension.kind, items))) > 1:
            self._mixed.update(items)

    async def _cross(self) -> None:
        """Ask the quiet ones again, so that no two always stand in the same lists.

        First of kinds that were asked together, then of the things of one kind. So nothing can
        have been hidden each time behind the one thing, or the one kind, that a server dies on.
        """
        kind = self._dimension.kind
        kinds: dict[str, list[int]] = {}
        for item in self._mixed:
            kinds.setdefault(kind(item), []).append(item)
        together = _apart(list(kinds), lambda _: "")
        await self._drain_all(
            [tuple(i for each in names for i in kinds[each]) for names in together]
        )
        left = [item for item in self._quiet if item not in self._alone]
        await self._drain_all(_apart(left, kind))

    async def _drain_all(self, lists: Sequence[tuple[int, ...]]) -> None:
        after = self._asker.depth
        async with asyncio.TaskGroup() as group:
            for items in lists:
                group.create_task(self._drain(items, after))

    async def _drain(self, items: tuple[int, ...], after: int) -> None:
        """Ask for what is left of a list until the answer is no choice any more."""
        while items := tuple(item for item in items if item not in self.found.accepted):
            heard = await self.ask(items, after)
            after = heard.depth
            choice = self._choice(items, heard)
            if choice is not None:
                self._accept(choice, heard, items)
            elif self._refuses(heard) or (heard.how == self.found.manner and not heard.flight):
                self._quiet.update(dict.fromkeys(items, heard.number))
                return
            else:
                self._unclear(items, heard, heard.how)
                return

    def _settled(self) -> Sifted:
        found = self.found
        found.refusals |= {None} if self._quiet else set()
        for item, number in self._quiet.items():
            if item not in found.unclear:
                found.refused[item] = max(number, found.refused.get(item, number))
        for settled in (found.refused, found.unclear):
            for item in found.accepted:
                settled.pop(item, None)
        for item in found.unclear:
            found.refused.pop(item, None)
        return found

    async def _how_it_refuses(self, after: int) -> str:
        if self._manner is None:
            self._manner = asyncio.create_task(self._calibrate(after))
        return await asyncio.shield(self._manner)

    async def _calibrate(self, after: int) -> str:
        heard = []
        for _ in range(2):
            answer = await self.ask(self._dimension.impossible, after)
            if self._refuses(answer):
                self.found.manner = _ALERTS
                return _ALERTS
            heard.append(UNLISTED if answer.flight else answer.how)
            after = answer.depth
        self.found.manner = heard[0] if heard[0] == heard[1] else _VARIES
        return self.found.manner


def _is_an_answer(how: str) -> bool:
    """Hanging up or an alert, as opposed to silence, a failed connection and garbage."""
    return how == CLOSED or how.startswith("alert")


def _apart(items: Sequence[T], kind: Callable[[T], str]) -> list[tuple[T, ...]]:
    """Return lists that hold each item twice, and no two items of a kind twice together.

    So of any two there is a list with the one and without the other, either way.
    """
    counts: Counter[str] = Counter()
    lists: dict[int, list[T]] = {}
    size = max(Counter(map(kind, items)).values(), default=0)
    pairs = list(itertools.islice(_pairs(), size))
    for item in items:
        for each in pairs[counts[kind(item)]]:
            lists.setdefault(each, []).append(item)
        counts[kind(item)] += 1
    return [tuple(part) for part in lists.values()]


def _pairs() -> Iterator[tuple[int, int]]:
    """Yield all pairs of different numbers, of small ones first."""
    return ((low, high) for high in itertools.count(1) for low in range(high))
