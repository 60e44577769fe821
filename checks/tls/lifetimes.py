"""How long a certificate may live: the rules by date, as they are shipped."""

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Each rule: the first day on which it holds for new certificates, and the days allowed."""

    public: tuple[tuple[date, int], ...]
    every: tuple[tuple[date, int], ...]

    def longest(self, begin: datetime, *, public: bool) -> int | None:
        """Return the days a certificate from ``begin`` (aware) may be valid; None: no rule yet."""
        rules = (*self.every, *(self.public if public else ()))
        return min((days for since, days in rules if _midnight(since) <= begin), default=None)


@cache
def shipped() -> Lifetimes:
    """The rules that come with posture."""
    text = files(__package__).joinpath("lifetimes.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return Lifetimes(_rules(table["public"]), _rules(table["every"]))


def _rules(rows: list[dict[str, date | int]]) -> tuple[tuple[date, int], ...]:
    return tuple((row["since"], row["days"]) for row in rows)  # type: ignore[misc]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
