import errno
import os
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest

from posture import codec, history, platforms, run
from posture.attest import Attestations
from posture.history import LockedError, RunDirectory, earlier, locked, past, write_atomically
from posture.run import Setup
from posture.waivers import Waivers
from tests.engine import toy
from tests.engine.policies import policy
from tests.engine.test_audit import RULE, audit, coloured

AUDIT = codec.encode(audit("red"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def store(client: Path, data: bytes = AUDIT) -> Path:
    with RunDirectory(client, toy.NOW) as writing:
        writing.write("audit.json", data)
    return writing.final


def test_a_run_is_published_whole_and_private(tmp_path: Path) -> None:
    platforms.private_umask()
    client = tmp_path / "acme"
    with locked(client):
        first, second = store(client), store(client)
    assert (first.name, second.name) == ("20261121T120000Z", "20261121T120000Z-2")
    assert mode(client) == mode(first) == mode(first.parent) == 0o700
    assert mode(first / "audit.json") == 0o600
    assert [p.name for p in first.iterdir()] == ["audit.json"]


def test_what_was_gathered_is_kept_when_a_later_step_breaks(tmp_path: Path) -> None:
    writing = RunDirectory(tmp_path, toy.NOW)

    def breaks() -> None:
        with writing:
            writing.write("snapshot.json", b"{}")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks()
    assert (writing.final / "snapshot.json").read_bytes() == b"{}"


def test_a_run_that_wrote_nothing_leaves_nothing(tmp_path: Path) -> None:
    with RunDirectory(tmp_path, toy.NOW) as writing:
        assert writing.part.is_dir()
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_killed_runs_evidence_is_kept_and_its_half_files_are_not(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    kept, early = runs / ".20200101T000000Z.part", runs / ".20200102T000000Z.part"
    for left in (kept, early, runs / "20200101T000000Z"):
        left.mkdir(parents=True)
        (left / ".audit.json.part").write_bytes(b"half")
    (kept / "snapshot.json").write_bytes(b"{}")
    (kept / ".report.pdf.x1.tmp").mkdir()
    with locked(tmp_path):
        assert {path.name for path in runs.iterdir()} == {"20200101T000000Z", "20200101T000000Z-2"}
        (found,) = (runs / "20200101T000000Z-2").iterdir()
        assert found.read_bytes() == b"{}"


def test_what_only_looks_like_a_killed_run_stops_nobody(tmp_path: Path) -> None:
    runs, elsewhere = tmp_path / "runs", tmp_path / "elsewhere"
    for directory in (runs, elsewhere):
        directory.mkdir()
    (elsewhere / "snapshot.json").write_bytes(b"precious")
    (runs / ".link.part").symlink_to(elsewhere)
    (runs / ".file.part").write_bytes(b"")
    with locked(tmp_path):
        assert list(runs.iterdir()) == []
    assert (elsewhere / "snapshot.json").read_bytes() == b"precious"


@pytest.mark.parametrize("place", ["pipe", "directory"])
def test_only_a_file_is_replaced(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    os.mkfifo(path) if place == "pipe" else path.mkdir()
    with pytest.raises(FileExistsError, match="is no file"):
        write_atomically(path, b"new")
    assert not path.is_file()
    assert [p.name for p in tmp_path.iterdir()] == [place]


def test_a_disk_that_is_nearly_full_is_told_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.require_room(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: Mock(free=history.ROOM - 1))
    with pytest.raises(OSError, match="16 MiB are free") as caught:
        history.require_room(tmp_path)
    assert caught.value.errno == errno.ENOSPC


HOLD = """
import sys
from pathlib import Path
from posture.history import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_refused_while_one_is_under_way(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match="another run holds"), locked(tmp_path):
            pass
        holder.communicate()
    with locked(tmp_path):
        pass


def test_a_full_disk_loses_nothing_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    write_atomically(path, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space") as caught:
        write_atomically(path, b"new")
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    (tmp_path / ".a.part").symlink_to(target)
    (tmp_path / "a").symlink_to(target)
    write_atomically(tmp_path / "a", b"new")
    assert target.read_bytes() == b"precious"
    assert (tmp_path / "a").read_bytes() == b"new"
    assert not (tmp_path / "a").is_symlink()


def test_earlier_audits_are_those_of_this_client_and_profile(tmp_path: Path) -> None:
    one = audit("red")
    later = replace(one, taken=toy.NOW + timedelta(days=1))
    for made in (
        later,
        one,
        replace(one, complete=False),
        replace(one, client_id="other"),
        replace(one, provenance=replace(one.provenance, profile="other")),
    ):
        store(tmp_path, codec.encode(made))
    store(tmp_path, b"torn")
    aware, naive = (b'"taken":"2026-11-21T12:00:00' + end for end in (b'Z"', b'"'))
    store(tmp_path, AUDIT.replace(aware, naive))
    pipe = tmp_path / "runs" / "20270102T000000Z"
    pipe.mkdir()
    os.mkfifo(pipe / "audit.json")
    found, unreadable = earlier(tmp_path, ("acme", "all"))
    assert [made.taken for made in found] == [one.taken, later.taken]
    for why, said in zip(("cut off", "not in UTC", "is not a file"), unreadable, strict=True):
        assert why in said
    assert [(p.grade, p.points) for p in past(found)] == [("F", 0.0), ("F", 0.0)]


def test_no_history_is_no_error(tmp_path: Path) -> None:
    assert earlier(tmp_path, ("acme", "all")) == ([], [])


def test_a_name_is_found_for_every_run(tmp_path: Path) -> None:
    for number in range(1, 4):
        assert store(tmp_path).name.endswith("Z" if number == 1 else f"Z-{number}")
    assert history.RUNS == "runs"


def test_a_clock_that_was_set_back_is_told(tmp_path: Path) -> None:
    one = audit("red")
    for days in (-1, 0, 1, 2):
        store(tmp_path, codec.encode(replace(one, taken=toy.NOW + timedelta(days=days))))
    setup = Setup(
        client=Mock(),
        registry=toy.registry(),
        policy=policy([RULE]),
        profile="all",
        waivers=Waivers(),
        attestations=Attestations(),
    )
    found = run.audit(setup, coloured("red"), directory=tmp_path)
    assert [past.taken for past in found.past] == [toy.NOW - timedelta(days=1), toy.NOW]
    assert found.changes is not None
    assert found.changes.since == toy.NOW
    (notice,) = found.notices
    assert notice.startswith("2 of the stored audits are dated later")


DIES = """
import os, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from posture.history import RunDirectory, locked

calls = 0

def counted(real):
    def call(*arguments, **more):
        global calls
        calls += 1
        if calls == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **more)
    return call

for name in ("mkdir", "open", "write", "fsync", "replace", "rename", "close"):
    setattr(os, name, counted(getattr(os, name)))
with locked(Path(sys.argv[1])), RunDirectory(Path(sys.argv[1]), datetime.now(UTC)) as run:
    run.write("snapshot.json", b"evidence")
    run.write("audit.json", b"judgement")
"""


def test_a_run_killed_at_any_step_leaves_nothing_half(tmp_path: Path) -> None:
    """Each file is there whole or not at all, and the evidence before what is made of it."""
    whole = {"snapshot.json": b"evidence", "audit.json": b"judgement"}
    kept = set()
    for step in range(1, 100):
        client = tmp_path / str(step)
        command = [sys.executable, "-c", DIES, str(client), str(step)]
        ended = subprocess.run(command, check=False, timeout=60)
        with locked(client):
            stored = [
                {file.name: file.read_bytes() for file in entry.iterdir()}
                for entry in (client / "runs").glob("*")
            ]
        for files in stored:
            assert files.items() <= whole.items()
            assert "snapshot.json" in files
        kept.add(tuple(len(files) for files in stored))
        if ended.returncode == 0:
            break
    assert ended.returncode == 0
    assert kept == {(), (1,), (2,)}
