"""Reading a folder of backups: whole or not, inside or not, and never changed."""

import gzip
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from posture import codec
from posture.checks.backup import collect_evidence, collect_files, content
from posture.checks.backup.facts import BackupEvidence, Completeness, Outcome, Point
from posture.checks.backup.points import thinned
from posture.collect import normalised
from posture.model import BackupSet, CollectError, Failed, Reason
from posture.testing import FakeClock, FakeNet, FakeSecrets, observe

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WHOLE = gzip.compress(b"data" * 1000)
CUT = WHOLE[:-8]
GOOD, BAD, RUNNING, UNREAD = Outcome.GOOD, Outcome.BAD, Outcome.RUNNING, Outcome.UNREAD


def put(folder: Path, name: str, data: bytes = WHOLE, hours: float = 3) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    moment = (NOW - timedelta(hours=hours)).timestamp()
    os.utime(path, (moment, moment))
    return path


def read(location: object) -> BackupEvidence:
    return collect_files.read(str(location), NOW)


def by_id(evidence: BackupEvidence) -> Mapping[str, Point]:
    return {point.id: point for point in evidence.points}


def ids(location: object) -> list[str]:
    return sorted(by_id(read(location)))


def test_a_folder_of_dumps(tmp_path: Path) -> None:
    put(tmp_path, "crm-2026-11-19.gz", hours=57)
    put(tmp_path, "crm-2026-11-20.gz", hours=33)
    put(tmp_path, "crm-2026-11-21.gz", hours=9)
    seen = read(tmp_path)
    points = by_id(seen)
    assert (seen.provider, seen.completeness) == ("files", Completeness.POINTS)
    assert seen.points_total == 3
    newest = points["crm-2026-11-21.gz"]
    assert newest.outcome is GOOD
    assert newest.started_at == NOW - timedelta(hours=9)
    assert newest.size_bytes == len(WHOLE)
    assert newest.content == "gzip, read to its end"
    # Both ends are opened, the middle is only listed.
    assert points["crm-2026-11-19.gz"].outcome is GOOD
    assert points["crm-2026-11-20.gz"].outcome is UNREAD


def test_reading_goes_on_until_a_whole_file_is_met_at_either_end(tmp_path: Path) -> None:
    for hours, data in ((900, CUT), (800, WHOLE), (700, CUT), (60, WHOLE), (30, CUT), (3, b"")):
        put(tmp_path, f"{hours}.gz", data, hours)
    outcomes = {name: point.outcome for name, point in by_id(read(tmp_path)).items()}
    assert outcomes == {
        "900.gz": BAD,
        "800.gz": GOOD,
        "700.gz": UNREAD,
        "60.gz": GOOD,
        "30.gz": BAD,
        "3.gz": BAD,
    }


def test_a_future_file_does_not_stop_the_search(tmp_path: Path) -> None:
    put(tmp_path, "future.gz", hours=-2400)
    put(tmp_path, "yesterday.gz", hours=30)
    put(tmp_path, "old.gz", hours=900)
    assert by_id(read(tmp_path))["yesterday.gz"].outcome is GOOD


def test_an_incomplete_file_of_a_moment_ago_is_still_written(tmp_path: Path) -> None:
    put(tmp_path, "now.gz", CUT, hours=0.1)
    put(tmp_path, "begun.gz", b"", hours=0.01)
    put(tmp_path, "stale.gz", CUT, hours=0.2)
    points = by_id(read(tmp_path))
    assert points["now.gz"].outcome is RUNNING
    assert points["begun.gz"].outcome is RUNNING
    assert points["stale.gz"].outcome is BAD


def test_a_file_that_grows_while_it_is_read_is_still_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, "grows.gz")
    look = content.inspect

    def grow(*arguments: object) -> object:
        seen = look(*arguments)  # type: ignore[arg-type]
        path.write_bytes(WHOLE + WHOLE)
        return seen

    monkeypatch.setattr(collect_files, "inspect", grow)
    assert by_id(read(tmp_path))["grows.gz"].outcome is RUNNING


def test_name_and_change_that_disagree_are_noted(tmp_path: Path) -> None:
    put(tmp_path, "crm-2026-10-01.gz", hours=1)
    point = by_id(read(tmp_path))["crm-2026-10-01.gz"]
    assert point.started_at == datetime(2026, 10, 1, tzinfo=UTC)
    assert point.content.startswith("gzip, read to its end; its name says 2026-10-01")


def test_logs_and_checksums_are_passed_over_and_counted(tmp_path: Path) -> None:
    for name in ("crm.gz", "crm.gz.sha256", "backup.log", "next.gz.part"):
        put(tmp_path, name)
    seen = read(tmp_path)
    assert [point.id for point in seen.points] == ["crm.gz"]
    assert seen.skipped == 3


def test_patterns(tmp_path: Path) -> None:
    for name in (
        "a/1.gz",
        "a/2.zip",
        "b/3.gz",
        "b/deep/4.gz",
        "a/.hidden.gz",
        ".secret/5.gz",
        "6.gz",
    ):
        put(tmp_path, name)
    assert ids(tmp_path / "*.gz") == ["6.gz"]
    assert ids(tmp_path / "*/*.gz") == ["a/1.gz", "b/3.gz"]
    assert ids(tmp_path / "**/*.gz") == ["6.gz", "a/1.gz", "b/3.gz", "b/deep/4.gz"]
    assert ids(tmp_path / "**/deep/**") == ["b/deep/4.gz"]
    assert ids(tmp_path / "a") == ["1.gz", "2.zip"]
    assert ids(tmp_path / "[ab]/?.gz") == ["a/1.gz", "b/3.gz"]
    assert ids(tmp_path / "*" / "deep" / "*") == ["b/deep/4.gz"]
    assert ids(tmp_path / "6.gz") == ["6.gz"]
    assert ids(tmp_path / "*.bak") == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks for a right to make links")
class TestWhatIsNoFile:
    """Links, pipes and names that are not text."""

    def test_links_stay_inside_and_count_once(self, tmp_path: Path) -> None:
        inside, outside = tmp_path / "in", tmp_path / "out"
        put(inside, "crm-1.gz")
        put(outside, "secret.gz")
        (inside / "latest.gz").symlink_to("crm-1.gz")
        (inside / "escape.gz").symlink_to(outside / "secret.gz")
        (inside / "gone.gz").symlink_to("nowhere.gz")
        (inside / "loop.gz").symlink_to("loop.gz")
        (inside / "folder").symlink_to(outside)
        assert ids(inside / "*.gz") == ["crm-1.gz"]
        assert ids(inside / "**/*") == ["crm-1.gz"]

    def test_the_declared_folder_may_itself_be_a_link(self, tmp_path: Path) -> None:
        put(tmp_path / "real", "crm.gz")
        (tmp_path / "link").symlink_to("real")
        assert ids(tmp_path / "link") == ["crm.gz"]

    def test_where_every_match_leads_outside_nothing_is_known(self, tmp_path: Path) -> None:
        put(tmp_path / "out", "crm.gz")
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "crm.gz").symlink_to(tmp_path / "out" / "crm.gz")
        with pytest.raises(CollectError) as caught:
            read(tmp_path / "in")
        assert caught.value.reason is Reason.OUT_OF_SCOPE
        # A link that is itself declared is what the owner means.
        assert ids(tmp_path / "in" / "crm.gz") == ["crm.gz"]

    def test_pipes_and_devices_are_never_opened(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.gz")
        put(tmp_path, "crm.gz")
        assert ids(tmp_path) == ["crm.gz"]

    def test_a_name_that_is_not_text_can_be_stored(self, tmp_path: Path) -> None:
        path = os.fsencode(tmp_path) + b"/crm-\xff.gz"
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
        seen = read(tmp_path)
        assert [point.id for point in seen.points] == ["crm-\\xff.gz"]
        assert codec.encode(seen)

    def test_a_pipe_in_the_place_of_a_listed_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = put(tmp_path, "crm.gz")
        listed = list(collect_files._files(str(tmp_path)))
        path.unlink()
        os.mkfifo(path)
        monkeypatch.setattr(collect_files, "_files", lambda _: listed)
        assert by_id(read(tmp_path))["crm.gz"].content.startswith("it is no regular file")

    def test_a_link_in_the_place_of_a_listed_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = put(tmp_path, "crm.gz")
        listed = list(collect_files._files(str(tmp_path)))
        path.rename(tmp_path / "other")
        path.symlink_to("other")
        monkeypatch.setattr(collect_files, "_files", lambda _: listed)
        point = by_id(read(tmp_path))["crm.gz"]
        assert point.outcome is UNREAD
        assert point.content.startswith("it could not be opened")


def test_a_file_time_no_calendar_holds() -> None:
    assert collect_files._when(1e20).year == 9999
    assert collect_files._when(0).year == 1970


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("{0}/missing", Reason.UNREACHABLE),
        ("{0}/missing/*.gz", Reason.UNREACHABLE),
        ("{0}/file/*.gz", Reason.UNREACHABLE),
        ("{0}/*/../*.gz", Reason.MALFORMED),
        ("{0}/\0", Reason.MALFORMED),
        ("", Reason.MALFORMED),
    ],
)
def test_what_cannot_be_listed_is_not_empty(tmp_path: Path, location: str, reason: Reason) -> None:
    put(tmp_path, "file")
    with pytest.raises(CollectError) as caught:
        read(location.format(tmp_path))
    assert caught.value.reason is reason


def test_a_share_that_breaks_off_is_not_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "crm.gz")
    resolve = os.path.realpath

    def stale(path: str, *, strict: bool = False) -> str:
        if strict and str(path).endswith("crm.gz"):
            raise OSError(116, "Stale file handle", path)
        return resolve(path, strict=strict)

    monkeypatch.setattr(os.path, "realpath", stale)
    with pytest.raises(CollectError) as caught:
        read(tmp_path)
    assert caught.value.reason is Reason.UNREACHABLE


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> Iterator[os.DirEntry[str]]:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(CollectError) as caught:
        read(tmp_path)
    assert caught.value.reason is Reason.DENIED


@pytest.mark.parametrize(("name", "most"), [("MAX_ENTRIES", 3), ("MAX_DEPTH", 1)])
def test_endless_folders_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    for part in ("a/b/c/d/1.gz", "2.gz", "3.gz"):
        put(tmp_path, part)
    monkeypatch.setattr(collect_files, name, most)
    with pytest.raises(CollectError) as caught:
        read(tmp_path / "**/*.gz")
    assert caught.value.reason is Reason.TOO_LARGE


def test_out_of_time_nothing_more_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "crm.gz")
    monkeypatch.setattr(collect_files, "SECONDS_NEWEST", 0.0)
    monkeypatch.setattr(collect_files, "SECONDS_OLDEST", 0.0)
    assert by_id(read(tmp_path))["crm.gz"].outcome is UNREAD


def test_the_folder_is_left_as_it_was(tmp_path: Path) -> None:
    put(tmp_path, "a.gz")
    put(tmp_path, "b.gz", CUT)
    before = {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.iterdir()}
    read(tmp_path)
    assert {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.iterdir()} == before


def test_ten_thousand_files_make_a_small_fact(tmp_path: Path) -> None:
    moments = [NOW - timedelta(hours=n) for n in range(10_000)]
    points = [
        Point(id=str(n), series="", started_at=at, outcome=UNREAD, content="")
        for n, at in enumerate(moments)
    ]
    kept = thinned(points, NOW)
    assert len(kept) <= 60
    assert {kept[0].started_at, kept[-1].started_at} == {moments[-1], moments[0]}


def test_the_collector_reads_in_a_thread_and_its_fact_can_be_stored(tmp_path: Path) -> None:
    put(tmp_path, "crm.gz")
    backup = BackupSet(name="crm", source="files", location=str(tmp_path))
    seen = observe(collect_evidence.evidence, backup, FakeNet(), FakeSecrets(), FakeClock(NOW))
    assert normalised(seen, BackupEvidence) == read(tmp_path)
    missing = BackupSet(name="crm", source="files", location=str(tmp_path / "no"))
    failed = observe(collect_evidence.evidence, missing, FakeNet(), FakeSecrets(), FakeClock(NOW))
    assert isinstance(failed, Failed)


def test_a_pattern_that_names_the_suffix_is_taken_at_its_word(tmp_path: Path) -> None:
    put(tmp_path, "members.txt")
    assert ids(tmp_path / "*.txt") == ["members.txt"]
    assert ids(tmp_path) == []


def test_what_was_not_opened_is_not_crowded_out_by_what_is_broken() -> None:
    def point(days: int, outcome: Outcome) -> Point:
        moment = NOW - timedelta(days=days)
        return Point(id=f"{days}", series="", started_at=moment, outcome=outcome, content="")

    broken = [point(days, BAD) for days in range(100, 80, -1)]
    unread = [point(days, UNREAD) for days in range(80, 5, -1)]
    kept = thinned([*broken, *unread], NOW)
    assert [p.id for p in kept if p.outcome is UNREAD][:10] == [f"{n}" for n in range(80, 70, -1)]
