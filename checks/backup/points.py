"""Ordering and thinning of restore points."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from .facts import Outcome, Point

TOLERANCE = timedelta(minutes=5)
"""How far two well-kept clocks may differ. A point later than that is not from the past."""

NEWEST, NEWEST_NOT_GOOD, OLDEST, FUTURE = 300, 50, 10, 50
"""How many points of a series are kept, so that a fact stays small whatever was listed."""


def in_future(point: Point, now: datetime) -> bool:
    """Whether a point claims a time that has not come yet."""
    return point.started_at > now + TOLERANCE


def by_series(points: Iterable[Point]) -> dict[str, list[Point]]:
    """Points by series, oldest first."""
    found: dict[str, list[Point]] = {}
    for point in sorted(points, key=lambda p: (p.series, p.started_at, p.id)):
        found.setdefault(point.series, []).append(point)
    return found


def thinned(points: Sequence[Point], now: datetime) -> tuple[Point, ...]:
    """Both ends of every series: newest and oldest, good and not, and what is impossible."""
    return tuple(p for series in by_series(points).values() for p in _ends(series, now))


def _ends(series: Sequence[Point], now: datetime) -> list[Point]:
    future = [p for p in series if in_future(p, now)]
    past = [p for p in series if not in_future(p, now)]
    good = [p for p in past if p.outcome is Outcome.GOOD]
    # What nobody looked into must not be crowded out by what is known to be broken.
    unread = [p for p in past if p.outcome is Outcome.UNREAD]
    other = [p for p in past if p.outcome not in {Outcome.GOOD, Outcome.UNREAD}]
    kept = [*good[:OLDEST], *good[-NEWEST:]]
    for some in (unread, other):
        kept += [*some[:OLDEST], *some[-NEWEST_NOT_GOOD:]]
    chosen = {id(p) for p in [*kept, *future[-FUTURE:]]}
    return [p for p in series if id(p) in chosen]
