"""What a run has been told already: a bounded memory of answers."""

from collections.abc import Hashable
from typing import Generic, TypeVar

Outcome = TypeVar("Outcome")

ROOM = 32 << 20
"""Bytes, about; the answers about ten thousand domains."""
OVERHEAD = 800
"""Bytes of an outcome beside its text, about."""


class Memory(Generic[Outcome]):
    """Keeps outcomes by question; what was not asked for longest goes first."""

    def __init__(self, room: int = ROOM) -> None:
        """``room`` in bytes."""
        self._room = room
        self._used = 0
        self._kept: dict[Hashable, tuple[Outcome, int]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> Outcome | None:
        """Return what is known, and keep it for longer."""
        found = self._kept.pop(key, None)
        if found is None:
            return None
        self._kept[key] = found
        return found[0]

    def put(self, key: Hashable, outcome: Outcome, size: int) -> None:
        """Keep an outcome whose text has ``size`` bytes."""
        size += OVERHEAD
        self._used += size
        self._kept[key] = outcome, size
        while self._used > self._room:
            self._used -= self._kept.pop(next(iter(self._kept)))[1]
