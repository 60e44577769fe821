"""Judging restore points: fresh, deep and believable, or not, or not known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from posture.checks.backup import AREA, restore_points, runs
from posture.checks.backup.facts import BackupEvidence, Completeness, Outcome, Point, Run
from posture.checks.backup.restore_points import Depth, Fresh
from posture.model import BackupSet, Moment, Reason, Status, Verdict
from tests.checks.pages import page_problems, wording_problems

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MOMENT = Moment(taken=NOW, valid_at=NOW)
BACKUP = BackupSet(name="accounts", source="files", location="/b/*.gz", rpo_hours=24)
GOOD, PARTIAL, BAD, RUNNING, UNREAD = Outcome


def point(hours: float, outcome: Outcome = GOOD, series: str = "") -> Point:
    """A point that started so many hours ago; negative is in the future."""
    return Point(
        id=f"{hours:g}h",
        series=series,
        started_at=NOW - timedelta(hours=hours),
        outcome=outcome,
        content="as the test says",
    )


def seen(
    *points: Point, completeness: Completeness = Completeness.POINTS, runs: tuple[Run, ...] = ()
) -> BackupEvidence:
    return BackupEvidence(
        provider="files",
        completeness=completeness,
        points=points,
        points_total=len(points),
        runs=runs,
    )


def run(job: str, hours: float, outcome: Outcome) -> Run:
    return Run(job=job, started_at=NOW - timedelta(hours=hours), outcome=outcome)


def fresh(*points: Point) -> Verdict:
    return restore_points.fresh(BACKUP, seen(*points), MOMENT, Fresh(grace_hours=2))


def depth(*points: Point) -> Verdict:
    return restore_points.depth(BACKUP, seen(*points), MOMENT, Depth(days=30))


def clock(*points: Point) -> Verdict:
    return restore_points.clock(BACKUP, seen(*points), MOMENT)


def ended(evidence: BackupEvidence) -> Verdict:
    return runs.succeeded(BACKUP, evidence, MOMENT)


DAY = 24.0

FRESH = [
    ("inside", [point(3)], Status.PASS, "fresh"),
    ("just inside", [point(26)], Status.PASS, "fresh"),
    ("just outside", [point(26.01)], Status.FAIL, "stale"),
    ("nothing listed", [], Status.FAIL, "none"),
    ("a broken one on top", [point(20), point(1, BAD)], Status.PASS, "fresh"),
    ("only a broken one is recent", [point(50), point(1, BAD)], Status.FAIL, "stale"),
    ("only a partial one is recent", [point(50), point(1, PARTIAL)], Status.FAIL, "stale"),
    ("only a running one is recent", [point(50), point(1, RUNNING)], Status.FAIL, "stale"),
    ("never a good one", [point(50, BAD), point(1, BAD)], Status.FAIL, "no_good"),
    ("one nobody looked into", [point(50), point(1, UNREAD)], Status.UNKNOWN, "unread"),
    ("an old one nobody looked into", [point(50), point(49, UNREAD)], Status.FAIL, "stale"),
    ("a future one hides a stale one", [point(50), point(-2400)], Status.FAIL, "stale"),
    ("a future one beside a fresh one", [point(3), point(-2400)], Status.PASS, "fresh"),
    ("clocks a little apart", [point(-0.08)], Status.PASS, "fresh"),
    ("only the future", [point(-0.1)], Status.UNKNOWN, "only_future"),
    ("one of two stopped", [point(3, GOOD, "a"), point(50, GOOD, "b")], Status.FAIL, "stale"),
    ("one of two unclear", [point(3, GOOD, "a"), point(-9, GOOD, "b")],
     Status.UNKNOWN, "only_future"),
    ("stopped beats unclear", [point(50, GOOD, "a"), point(-9, GOOD, "b")], Status.FAIL, "stale"),
]  # fmt: skip

DEPTH = [
    ("reaches back", [point(31 * DAY), point(1)], Status.PASS, "deep"),
    ("exactly", [point(30 * DAY)], Status.PASS, "deep"),
    ("not quite", [point(29.9 * DAY)], Status.FAIL, "shallow"),
    ("nothing listed", [], Status.FAIL, "none"),
    ("the old one is broken", [point(31 * DAY, BAD), point(1)], Status.FAIL, "shallow"),
    ("an old one not looked into", [point(31 * DAY, UNREAD), point(1)], Status.UNKNOWN, "unread"),
    ("a young one not looked into", [point(2, UNREAD), point(1)], Status.FAIL, "shallow"),
    ("never a good one", [point(1, BAD)], Status.FAIL, "no_good"),
    ("only the future", [point(-9)], Status.UNKNOWN, "only_future"),
    ("one of two", [point(31 * DAY, GOOD, "a"), point(1, GOOD, "b")], Status.FAIL, "shallow"),
]  # fmt: skip

CLOCK = [
    ("in order", [point(1)], Status.PASS, "sane"),
    ("clocks a little apart", [point(-0.08)], Status.PASS, "sane"),
    ("in the future", [point(1), point(-0.1), point(-2400)], Status.FAIL, "future"),
    ("nothing listed", [], Status.NOT_APPLICABLE, "none"),
]

NOT_KEPT = Completeness.NOT_KEPT
RUNS = Completeness.RUNS
RUN_TABLE = [
    ("good", seen(point(9, BAD), point(1)), Status.PASS, "good"),
    ("broken", seen(point(9), point(1, BAD)), Status.FAIL, "bad"),
    ("partial", seen(point(9), point(1, PARTIAL)), Status.FAIL, "bad"),
    ("unread", seen(point(9), point(1, UNREAD)), Status.UNKNOWN, "unread"),
    ("still running", seen(point(9), point(1, RUNNING)), Status.PASS, "good"),
    ("the future is no run", seen(point(9), point(-9, BAD)), Status.PASS, "good"),
    ("listing out of order", seen(point(1), point(9, BAD)), Status.PASS, "good"),
    ("not read to its end", seen(replace(point(1), unchecked=True)), Status.UNKNOWN, "unchecked"),
    ("an older one not read to its end", seen(replace(point(9), unchecked=True), point(1)),
     Status.PASS, "good"),
    ("nothing", seen(), Status.UNKNOWN, "no_run"),
    ("only running", seen(point(1, RUNNING)), Status.UNKNOWN, "no_run"),
    ("one of two", seen(point(1, GOOD, "a"), point(1, BAD, "b")), Status.FAIL, "bad"),
    ("restic", seen(point(1), completeness=NOT_KEPT), Status.UNKNOWN, "not_kept"),
    ("restic, empty", seen(point(1, BAD), completeness=NOT_KEPT), Status.FAIL, "bad"),
    ("record", seen(runs=(run("a", 9, BAD), run("a", 1, GOOD)), completeness=RUNS),
     Status.PASS, "good"),
    ("record, failed", seen(runs=(run("a", 9, GOOD), run("a", 1, PARTIAL)), completeness=RUNS),
     Status.FAIL, "bad"),
    ("record, running", seen(runs=(run("a", 9, GOOD), run("a", 1, RUNNING)), completeness=RUNS),
     Status.PASS, "good"),
    ("record, out of order", seen(runs=(run("a", 1, GOOD), run("a", 9, BAD)), completeness=RUNS),
     Status.PASS, "good"),
    ("record, empty", seen(point(1), completeness=RUNS), Status.UNKNOWN, "no_run"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("points", "status", "says"), [r[1:] for r in FRESH], ids=[r[0] for r in FRESH]
)
def test_fresh(points: list[Point], status: Status, says: str) -> None:
    verdict = fresh(*points)
    assert (verdict.status, verdict.says) == (status, says)
    assert (verdict.reason is Reason.INCONCLUSIVE) is (status is Status.UNKNOWN)


@pytest.mark.parametrize(
    ("points", "status", "says"), [r[1:] for r in DEPTH], ids=[r[0] for r in DEPTH]
)
def test_depth(points: list[Point], status: Status, says: str) -> None:
    verdict = depth(*points)
    assert (verdict.status, verdict.says) == (status, says)
    assert (verdict.reason is Reason.INCONCLUSIVE) is (status is Status.UNKNOWN)


@pytest.mark.parametrize(
    ("points", "status", "says"), [r[1:] for r in CLOCK], ids=[r[0] for r in CLOCK]
)
def test_clock(points: list[Point], status: Status, says: str) -> None:
    verdict = clock(*points)
    assert (verdict.status, verdict.says) == (status, says)


@pytest.mark.parametrize(
    ("evidence", "status", "says"), [r[1:] for r in RUN_TABLE], ids=[r[0] for r in RUN_TABLE]
)
def test_last_run(evidence: BackupEvidence, status: Status, says: str) -> None:
    verdict = ended(evidence)
    assert (verdict.status, verdict.says) == (status, says)


def test_the_worst_series_is_the_one_that_is_named() -> None:
    old = fresh(point(50, GOOD, "srv1"), point(900, GOOD, "srv2"), point(60, GOOD, "srv3"))
    assert (old.values["series"], old.values["age_hours"]) == ("srv2", 900)
    young = fresh(point(5, GOOD, "srv1"), point(20, GOOD, "srv2"))
    assert (young.values["series"], young.values["age_hours"]) == ("srv2", 20)
    thin = depth(point(200, GOOD, "srv1"), point(20, GOOD, "srv2"), point(90, GOOD, "srv3"))
    assert (thin.values["series"], thin.observed) == ("srv2", "0.8 days back")
    never = fresh(point(50, GOOD, "srv1"), point(5, BAD, "srv2"))
    assert never.says == "no_good"


def test_only_what_was_looked_into_is_said_not_to_be_whole() -> None:
    verdict = fresh(point(50, UNREAD), point(40, UNREAD), point(1, BAD))
    assert (verdict.says, verdict.values["count"]) == ("no_good", 1)


def test_the_declared_target_counts() -> None:
    weekly = BackupSet(name="w", source="files", location="/b", rpo_hours=168)
    verdict = restore_points.fresh(weekly, seen(point(150)), MOMENT, Fresh(grace_hours=0))
    assert verdict.status is Status.PASS
    assert verdict.expected == "at most 168 h old"


def test_a_series_without_a_name_is_called_after_the_backup() -> None:
    assert fresh(point(3)).values["series"] == "accounts"


def test_future_points_are_quoted_beside_the_stale_one() -> None:
    records = [e.source for e in fresh(point(50), point(-2400)).evidence]
    assert "-2400h" in records


def test_sizes_are_quoted_where_they_are_known() -> None:
    verdict = fresh(replace(point(3), size_bytes=77))
    assert "77 bytes" in verdict.evidence[0].record


def test_every_check_has_its_page() -> None:
    assert page_problems(AREA) == []


@pytest.mark.parametrize(
    ("check", "verdicts"),
    [
        ("backup.points.fresh", [fresh(*row[1]) for row in FRESH]),
        ("backup.points.depth", [depth(*row[1]) for row in DEPTH]),
        ("backup.points.clock", [clock(*row[1]) for row in CLOCK]),
        ("backup.runs.succeeded", [ended(row[1]) for row in RUN_TABLE]),
    ],
)
def test_every_text_is_there_and_used(check: str, verdicts: list[Verdict]) -> None:
    assert wording_problems(AREA.package, check, verdicts) == []
