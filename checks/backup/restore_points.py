"""How recent, how far back and how believable the restore points are."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from posture.model import (
    BackupSet,
    Evidence,
    Moment,
    Reason,
    Status,
    Value,
    Verdict,
    check,
    failed,
    not_applicable,
    params,
    passed,
    unknown,
)

from .facts import BackupEvidence, Outcome, Point
from .points import by_series, in_future

SHOWN = 5
"""Points quoted as evidence."""


@params
class Fresh:
    """Settings of ``backup.points.fresh``."""

    grace_hours: float
    """Hours added to the declared target, for a run that takes its time."""


@params
class Depth:
    """Settings of ``backup.points.depth``."""

    days: float
    """How far back the oldest good point must reach."""


@check("backup.points.fresh")
def fresh(backup: BackupSet, evidence: BackupEvidence, moment: Moment, params: Fresh) -> Verdict:
    """The newest good backup of every series is inside its target."""
    if not evidence.points:
        return _nothing(backup, evidence)
    allowed = timedelta(hours=backup.rpo_hours + params.grace_hours)
    found = [_fresh(s, allowed) for s in _all_series(backup, evidence, moment)]
    worst = max(found, key=lambda v: (_RANK[v.status], v.values.get("age_hours", math.inf)))
    return replace(worst, expected=f"at most {_hours(allowed):g} h old")


@check("backup.points.depth")
def depth(backup: BackupSet, evidence: BackupEvidence, moment: Moment, params: Depth) -> Verdict:
    """The oldest good backup of every series reaches far enough back."""
    if not evidence.points:
        return _nothing(backup, evidence)
    wanted = timedelta(days=params.days)
    found = [_depth(s, wanted) for s in _all_series(backup, evidence, moment)]
    worst = min(found, key=lambda v: (-_RANK[v.status], v.values.get("days", -math.inf)))
    return replace(worst, expected=f"at least {params.days:g} days back")


@check("backup.points.clock")
def clock(backup: BackupSet, evidence: BackupEvidence, moment: Moment) -> Verdict:
    """No backup carries a time in the future."""
    if not evidence.points:
        return not_applicable("none", _listing(backup, evidence))
    future = [p for p in evidence.points if in_future(p, moment.taken)]
    if not future:
        return passed("sane", _listing(backup, evidence), count=evidence.points_total)
    latest = max(future, key=lambda p: p.started_at)
    verdict = failed(
        "future",
        *_quotes(future),
        fix="clock",
        count=len(future),
        latest=_iso(latest.started_at),
    )
    return replace(verdict, observed=_iso(latest.started_at), expected="not in the future")


@dataclass(frozen=True, slots=True)
class _Series:
    """The points that replace each other, oldest first, as seen at one moment."""

    name: str
    past: list[Point]
    future: list[Point]
    now: datetime

    @property
    def good(self) -> list[Point]:
        return [p for p in self.past if p.outcome is Outcome.GOOD]

    def age(self, point: Point) -> timedelta:
        return self.now - point.started_at

    def unread(self, ages: Callable[[timedelta], bool]) -> list[Point]:
        """Points nobody looked into whose age would make a difference."""
        return [p for p in self.past if p.outcome is Outcome.UNREAD and ages(self.age(p))]


def _all_series(backup: BackupSet, evidence: BackupEvidence, moment: Moment) -> Iterator[_Series]:
    now = moment.taken
    for name, points in by_series(evidence.points).items():
        future = [p for p in points if in_future(p, now)]
        past = [p for p in points if not in_future(p, now)]
        yield _Series(name or backup.name, past, future, now)


def _fresh(series: _Series, allowed: timedelta) -> Verdict:
    good = series.good
    if good and series.age(good[-1]) <= allowed:
        return _aged(passed("fresh", _quoted(good[-1])), series, good[-1], allowed)
    if not series.past:
        return _unclear("only_future", series, series.future)
    if unread := series.unread(lambda age: age <= allowed):
        return _unclear("unread", series, unread)
    shown = _quotes(series.past, series.future)
    if not good:
        return _no_good(series, shown)
    newest = _quoted(good[-1])
    stale = failed("stale", newest, *(one for one in shown if one != newest), fix="resume")
    return _aged(stale, series, good[-1], allowed)


def _depth(series: _Series, wanted: timedelta) -> Verdict:
    good = series.good
    if good and series.age(good[0]) >= wanted:
        return _reaching(passed("deep", _quoted(good[0])), series, good[0], wanted)
    if not series.past:
        return _unclear("only_future", series, series.future)
    if unread := series.unread(lambda age: age >= wanted):
        return _unclear("unread", series, unread)
    if not good:
        return _no_good(series, _quotes(series.past))
    return _reaching(failed("shallow", _quoted(good[0]), fix="keep"), series, good[0], wanted)


def _aged(verdict: Verdict, series: _Series, point: Point, allowed: timedelta) -> Verdict:
    hours = _hours(series.age(point))
    values: dict[str, Value] = {
        "series": series.name,
        "newest": _iso(point.started_at),
        "age_hours": hours,
        "allowed_hours": _hours(allowed),
        "content": point.content,
    }
    return replace(verdict, values=values, observed=f"{hours:g} h old")


def _reaching(verdict: Verdict, series: _Series, point: Point, wanted: timedelta) -> Verdict:
    days = round(series.age(point) / timedelta(days=1), 1)
    values: dict[str, Value] = {
        "series": series.name,
        "oldest": _iso(point.started_at),
        "days": days,
        "wanted_days": round(wanted / timedelta(days=1), 1),
    }
    return replace(verdict, values=values, observed=f"{days:g} days back")


def _unclear(says: str, series: _Series, points: Sequence[Point]) -> Verdict:
    return unknown(
        says,
        *_quotes(points),
        reason=Reason.INCONCLUSIVE,
        series=series.name,
        count=len(points),
    )


def _no_good(series: _Series, shown: Sequence[Evidence]) -> Verdict:
    opened = [point for point in series.past if point.outcome is not Outcome.UNREAD]
    return failed("no_good", *shown, fix="repair", series=series.name, count=len(opened))


_RANK = {Status.FAIL: 2, Status.UNKNOWN: 1, Status.PASS: 0}
"""The series that is worst off decides."""


def _nothing(backup: BackupSet, evidence: BackupEvidence) -> Verdict:
    verdict = failed("none", _listing(backup, evidence), fix="begin", skipped=evidence.skipped)
    return replace(verdict, observed="no restore point")


def _listing(backup: BackupSet, evidence: BackupEvidence) -> Evidence:
    record = f"{evidence.points_total} restore points, {evidence.skipped} other files"
    return Evidence(source=f"{evidence.provider} list of {backup.name}", record=record)


def _quoted(point: Point) -> Evidence:
    size = "" if point.size_bytes is None else f", {point.size_bytes} bytes"
    record = f"{_iso(point.started_at)}{size}: {point.content}"
    return Evidence(source=" ".join(filter(None, [point.series, point.id])), record=record)


def _quotes(*groups: Sequence[Point]) -> list[Evidence]:
    return [_quoted(point) for group in groups for point in group[-SHOWN:]]


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _hours(span: timedelta) -> float:
    return round(span / timedelta(hours=1), 1)
