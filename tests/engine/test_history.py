import errno
import os
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from posture import codec, history, platforms
from posture.history import LockedError, RunDirectory, earlier, locked, past, write_atomically
from tests.engine import toy
from tests.engine.test_audit import audit

AUDIT = codec.encode(audit("red"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def store(client: Path, data: bytes = AUDIT) -> Path:
    with RunDirectory(client, toy.NOW) as run:
        run.write("audit.json", data)
    return run.final


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
    run = RunDirectory(tmp_path, toy.NOW)

    def breaks() -> None:
        with run:
            run.write("snapshot.json", b"{}")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks()
    assert (run.final / "snapshot.json").read_bytes() == b"{}"


def test_a_run_that_wrote_nothing_leaves_nothing(tmp_path: Path) -> None:
    with RunDirectory(tmp_path, toy.NOW) as run:
        assert run.part.is_dir()
    assert list((tmp_path / "runs").iterdir()) == []


def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    left = tmp_path / "runs" / ".20200101T000000Z.part"
    left.mkdir(parents=True)
    (left / ".audit.json.part").write_bytes(b"half")
    with locked(tmp_path):
        assert list((tmp_path / "runs").iterdir()) == []


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
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
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
    found, unreadable = earlier(tmp_path, ("acme", "all"))
    assert [made.taken for made in found] == [one.taken, later.taken]
    assert len(unreadable) == 1
    assert [(p.grade, p.points) for p in past(found)] == [("F", 0.0), ("F", 0.0)]


def test_no_history_is_no_error(tmp_path: Path) -> None:
    assert earlier(tmp_path, ("acme", "all")) == ([], [])


def test_a_name_is_found_for_every_run(tmp_path: Path) -> None:
    for number in range(1, 4):
        assert store(tmp_path).name.endswith("Z" if number == 1 else f"Z-{number}")
    assert history.RUNS == "runs"
