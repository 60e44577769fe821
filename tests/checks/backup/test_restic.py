"""restic's list of both generations, its ways to fail, and a real repository."""

import asyncio
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture import codec
from posture.checks.backup import collect_evidence, restic
from posture.checks.backup.facts import BackupEvidence, Completeness, Outcome
from posture.model import BackupSet, CollectError, Failed, Reason, SecretRef
from posture.net import Completed, NetConfig, NetRoot
from posture.testing import FakeClock, FakeNet, FakeSecrets, observe

# As restic 0.14.0 prints it.
OLD = (
    b'[{"time":"2026-11-21T09:28:53.541872596Z","tree":"9681d0f3","paths":["/srv/data"],'
    b'"hostname":"srv1","username":"root","tags":["daily"],'
    b'"id":"104ca1390c5dbd0c","short_id":"104ca139"}]\n'
)
# As restic 0.17 and later print it.
NEW = (
    b'[{"time":"2026-11-21T10:28:53.54+01:00","parent":"aa","tree":"9681","paths":["/b","/a"],'
    b'"hostname":"srv1","program_version":"restic 0.18.0","summary":{'
    b'"backup_start":"2026-11-21T10:28:53.541872596+01:00",'
    b'"backup_end":"2026-11-21T10:30:00+01:00","files_new":3,"total_files_processed":3,'
    b'"total_bytes_processed":1000},"id":"204ca1390c5dbd0c","short_id":"204ca139"}]'
)
BACKUP = BackupSet(
    name="files", source="restic", location="/srv/repo", password=SecretRef(env="PW")
)
SECRETS = FakeSecrets({"PW": "correct horse"})


def ask(outcome: Completed | CollectError, backup: BackupSet = BACKUP) -> BackupEvidence | Failed:
    net = FakeNet(programs={("restic",): outcome})
    seen: BackupEvidence | Failed = observe(
        collect_evidence.evidence, backup, net, SECRETS, FakeClock()
    )
    return seen


def test_the_old_shape() -> None:
    (point,) = restic.parse(OLD)
    assert point.id == "104ca139"
    assert point.series == "srv1: /srv/data"
    assert point.started_at == datetime(2026, 11, 21, 9, 28, 53, 541872, tzinfo=UTC)
    assert (point.ended_at, point.size_bytes, point.outcome) == (None, None, Outcome.GOOD)


def test_the_new_shape() -> None:
    (point,) = restic.parse(NEW)
    assert point.series == "srv1: /a, /b"
    assert point.started_at == datetime(2026, 11, 21, 9, 28, 53, 541872, tzinfo=UTC)
    assert point.ended_at == datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    assert point.size_bytes == 1000


def snapshot(day: int, *paths: str, host: str = "srv1") -> dict[str, object]:
    time = f"2026-11-{day:02}T01:00:00Z"
    return {"time": time, "id": f"{day}", "hostname": host, "paths": list(paths)}


def series(*snapshots: dict[str, object]) -> list[str]:
    return [point.series for point in restic.parse(json.dumps(snapshots).encode())]


def test_a_series_goes_on_under_a_longer_list_of_paths() -> None:
    found = series(
        snapshot(1, "/data"),
        snapshot(2, "/data", "/etc/"),
        snapshot(3, "/data/", "/etc", "/srv/www"),
        snapshot(1, "/srv/www/shop"),
        snapshot(1, "C:\\data\\x"),
        snapshot(4, "C:\\data"),
    )
    assert found == ["srv1: /data/, /etc, /srv/www"] * 4 + ["srv1: C:\\data"] * 2


def test_the_order_of_the_list_does_not_matter() -> None:
    found = series(snapshot(3, "/a", "/b"), snapshot(1, "/a", "/b"), snapshot(2, "/a"))
    assert found == ["srv1: /a, /b"] * 3


def test_a_series_that_nothing_has_replaced_stays() -> None:
    apart = [
        (snapshot(1, "/data"), snapshot(2, "/database")),  # not beneath it
        (snapshot(1, "/data"), snapshot(2, "/data", host="srv2")),
        (snapshot(1, "/data", "/etc"), snapshot(2, "/data")),  # it held more
        (snapshot(2, "/data"), snapshot(1, "/data", "/etc")),  # it is the newer one
        (snapshot(1), snapshot(2, "/data")),
    ]
    for one, two in apart:
        assert len(set(series(one, two))) == 2


def test_an_empty_list_is_an_answer() -> None:
    assert restic.parse(b"[]") == ()


def test_a_snapshot_without_a_file_is_no_good() -> None:
    (point,) = restic.parse(NEW.replace(b'"total_files_processed":3', b'"total_files_processed":0'))
    assert point.outcome is Outcome.BAD


@pytest.mark.parametrize("size", [b"-1", b"18446744073709551615"])
def test_a_size_that_cannot_be_is_not_known(size: bytes) -> None:
    (point,) = restic.parse(NEW.replace(b'_bytes_processed":1000', b'_bytes_processed":' + size))
    assert point.size_bytes is None


def test_long_series_stay_apart() -> None:
    data = OLD.replace(b"/srv/data", b"/srv/" + b"x" * 2000)
    (one,), (two,) = restic.parse(data), restic.parse(data.replace(b'x"', b'y"'))
    assert one.series != two.series
    assert len(one.series) <= restic.LONGEST
    assert restic.parse(OLD.replace(b'"paths":["/srv/data"],', b""))[0].series == "srv1: "


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"{}",
        b"[1]",
        b'[{"group_key":{},"snapshots":[]}]',  # what --group-by makes of it
        OLD[:-20],
        OLD.replace(b"2026-11-21T", b"2026-13-21T"),
        OLD.replace(b"T09:28:53", b"T09:28:60"),
        OLD.replace(b"596Z", b"596"),
        OLD.replace(b"2026-11-21T09:28:53.541872596Z", b"0001-01-01T00:00:00+23:59"),
        OLD.replace(b"srv1", b"\xff"),
        b"[" * 100_000,
    ],
)
def test_anything_else_is_a_parse_error(data: bytes) -> None:
    with pytest.raises(restic.ParseError):
        restic.parse(data)


@given(st.binary(), st.integers(0, len(NEW)), st.integers(0, 40))
def test_a_value_that_can_be_stored_or_a_parse_error(noise: bytes, at: int, lost: int) -> None:
    for data in (noise, NEW[:at] + noise + NEW[at + lost :], OLD.replace(b"srv1", b"\\ud800")):
        try:
            points = restic.parse(data)
        except restic.ParseError:
            continue
        assert codec.unsound(points) is None
        assert codec.encode(points)


@pytest.mark.parametrize(
    ("code", "stderr", "reason"),
    [
        (10, b"", Reason.UNREACHABLE),
        (11, b"", Reason.INCONCLUSIVE),
        (12, b"", Reason.DENIED),
        (1, b"Fatal: wrong password or no key found\n", Reason.DENIED),
        (1, b"Is there a repository at the following location?\n/x", Reason.UNREACHABLE),
        (1, b"Fatal: repository does not exist: unable to open config file", Reason.UNREACHABLE),
        (1, b"unable to create lock in backend: repository is already locked", Reason.INCONCLUSIVE),
        (1, b"open /x/config: permission denied", Reason.DENIED),
        (1, b"dial tcp 192.0.2.1:8000: connect: connection refused", Reason.REFUSED),
        (1, b"dial tcp: lookup backup.example: no such host", Reason.UNREACHABLE),
        (1, b"connect: no route to host", Reason.UNREACHABLE),
        (1, b"dial tcp 192.0.2.1:8000: i/o timeout", Reason.TIMEOUT),
        (1, b'{"message_type":"exit_error","code":12,"message":"wrong password or no key found"}',
         Reason.DENIED),
        (1, b"\xff something else", Reason.INCONCLUSIVE),
        (3, b"", Reason.INCONCLUSIVE),
        (-9, b"", Reason.INCONCLUSIVE),
    ],
)  # fmt: skip
def test_failures_have_reasons(code: int, stderr: bytes, reason: Reason) -> None:
    seen = ask(Completed(code, b"[]", stderr))
    assert isinstance(seen, Failed)
    assert seen.reason is reason


def test_no_word_of_restic_gets_into_the_report() -> None:
    words = (
        b"Fatal: https://user:hunter2@backup.example/: server response unexpected: correct horse"
    )
    seen = ask(Completed(1, b"", words))
    assert isinstance(seen, Failed)
    assert "hunter2" not in seen.detail
    assert "horse" not in seen.detail


def test_secrets_travel_in_the_environment_only() -> None:
    net = FakeNet(programs={("restic",): Completed(0, OLD, b"")})
    seen = observe(collect_evidence.evidence, BACKUP, net, SECRETS, FakeClock())
    assert seen.provider == "restic"
    assert seen.completeness is Completeness.NOT_KEPT
    assert seen.points_total == 1
    assert net.ran == [("restic", "--no-lock", "--no-cache", "--json", "snapshots")]
    assert net.environments == [
        {"RESTIC_REPOSITORY": "/srv/repo", "RESTIC_PASSWORD": "correct horse"}
    ]


def test_success_without_words_is_not_an_empty_list() -> None:
    seen = ask(Completed(0, b"", b""))
    assert isinstance(seen, Failed)
    assert seen.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    ("backup", "reason"),
    [
        (BackupSet(name="x", source="restic", location="/srv/repo"), Reason.NO_CREDENTIAL),
        (BackupSet(name="x", source="restic", location="/r", password=SecretRef(env="NO")),
         Reason.NO_CREDENTIAL),
        (BackupSet(name="x", source="veeam", location="/srv/repo"), Reason.NOT_DECLARED),
    ],
)  # fmt: skip
def test_what_is_not_declared(backup: BackupSet, reason: Reason) -> None:
    seen = ask(Completed(0, OLD, b""), backup)
    assert isinstance(seen, Failed)
    assert seen.reason is reason


@pytest.mark.parametrize(
    "location", ["", "-o x", "--help", "/r\n/s", "/r\0", "sftp:-oProxyCommand=id:/r", "sftp://-x/r"]
)
def test_what_could_be_an_option_starts_no_program(location: str) -> None:
    net = FakeNet(programs={("restic",): Completed(0, OLD, b"")})
    backup = BackupSet(name="x", source="restic", location=location, password=SecretRef(env="PW"))
    seen = observe(collect_evidence.evidence, backup, net, SECRETS, FakeClock())
    assert isinstance(seen, Failed)
    assert seen.reason is Reason.MALFORMED
    assert net.ran == []


@pytest.mark.parametrize("location", ["/r", "sftp:me@host:/r", "s3:https://s3.example/b", "C:\\r"])
def test_repositories(location: str) -> None:
    assert restic.checked_repository(location) == location


RESTIC = shutil.which("restic")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real repository with snapshots of two hosts, one of them dated in the future."""
    if RESTIC is None:
        pytest.skip("restic is not installed")
    tmp_path = tmp_path_factory.mktemp("restic")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_text("content")
    run_restic(tmp_path, "init")
    for host, when in (("srv1", "2026-11-21 09:00:00"), ("srv2", "2027-03-01 00:00:00")):
        run_restic(tmp_path, "backup", "--host", host, "--time", when, str(tmp_path / "data"))
    return tmp_path


def run_restic(folder: Path, *arguments: str) -> None:
    assert RESTIC
    own = {"RESTIC_REPOSITORY": str(folder / "repo"), "RESTIC_PASSWORD": "correct horse"}
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "TZ": "UTC", **own}
    command = [RESTIC, "--no-cache", "--quiet", *arguments]
    subprocess.run(command, env=env, check=True, capture_output=True)


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    found = (path.relative_to(folder) for path in folder.rglob("*"))
    return {str(p): ((s := (folder / p).stat()).st_size, s.st_mtime_ns) for p in found}


def look(backup: BackupSet) -> BackupEvidence:
    net = NetRoot(NetConfig()).bound(backup)
    return asyncio.run(collect_evidence.evidence(backup, net, SECRETS, FakeClock()))


@pytest.mark.lab
def test_a_real_repository_is_read_and_not_changed(repository: Path) -> None:
    before = tree(repository)
    location = str(repository / "repo")
    seen = look(
        BackupSet(name="x", source="restic", location=location, password=SecretRef(env="PW"))
    )
    assert tree(repository) == before
    data = repository / "data"
    assert [(p.series, p.started_at) for p in seen.points] == [
        (f"srv1: {data}", datetime(2026, 11, 21, 9, tzinfo=UTC)),
        (f"srv2: {data}", datetime(2027, 3, 1, tzinfo=UTC)),
    ]


@pytest.mark.lab
@pytest.mark.parametrize(
    ("folder", "password", "reason"),
    [("repo", "WRONG", Reason.DENIED), ("elsewhere", "PW", Reason.UNREACHABLE)],
)
def test_a_real_restic_says_why(
    repository: Path, folder: str, password: str, reason: Reason
) -> None:
    backup = BackupSet(
        name="x",
        source="restic",
        location=str(repository / folder),
        password=SecretRef(env=password),
    )
    net = NetRoot(NetConfig()).bound(backup)
    secrets = FakeSecrets({"PW": "correct horse", "WRONG": "battery staple"})
    with pytest.raises(CollectError) as caught:
        asyncio.run(collect_evidence.evidence(backup, net, secrets, FakeClock()))
    assert caught.value.reason is reason
