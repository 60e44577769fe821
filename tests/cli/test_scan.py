import asyncio
import base64
import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from posture import plugins
from posture.client import load_client
from posture.clock import SystemClock
from posture.demo import staff
from posture.run import prepare, scan
from tests.cli.conftest import Run


def test_a_dry_run_opens_no_socket(run: Run, office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(socket, "socket", refuse)
    code, out, err = run("scan", office, "--dry-run")
    assert code == 0
    assert "smile-dental.example: TXT _dmarc.smile-dental.example" in out
    assert "Nothing is sent" in err


def test_a_scan_writes_a_private_run(stored: Path) -> None:
    names = {path.name for path in stored.iterdir()}
    assert names == {"snapshot.json", "audit.json", "report.html", "findings.csv"}
    assert {stat.S_IMODE(p.stat().st_mode) for p in stored.iterdir()} == {0o600}
    assert stat.S_IMODE(stored.stat().st_mode) == 0o700


def test_three_runs_make_a_history(run: Run, office: Path, tmp_path: Path) -> None:
    for said in ("First audit", "Since", "Since"):
        code, out, err = run("scan", office, "--out", tmp_path / "c", "--no-pdf")
        assert code in {1, 3}, err
        assert said in out
    last = max((tmp_path / "c/runs").iterdir(), key=lambda path: (len(path.name), path.name))
    audit = json.loads((last / "audit.json").read_text())
    assert len(audit["past"]) <= 2
    assert audit["changes"]["new"] == []
    assert audit["changes"]["still_open"]


def test_quiet_prints_only_a_change_of_grade(run: Run, office: Path, tmp_path: Path) -> None:
    _, first, err = run("scan", office, "--out", tmp_path / "c", "--no-pdf", "--quiet")
    assert first.startswith("posture client=smile-dental")
    assert (len(first.splitlines()), err) == (1, "")
    _, second, err = run("scan", office, "--out", tmp_path / "c", "--no-pdf", "--quiet")
    assert (second, err) == ("", "")


def test_a_scan_that_may_not_start_sends_nothing(
    run: Run, office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    text = office.read_text()
    line = next(row for row in text.splitlines() if row.startswith("valid_until"))
    (tmp_path / "client.toml").write_text(text.replace(line, "valid_until = 2020-01-01"))
    monkeypatch.setattr(socket, "socket", None)
    code, _, err = run("scan", tmp_path / "client.toml")
    assert code == 2
    assert "valid_from" in err or "expired" in err


def test_a_second_scan_is_refused(run: Run, office: Path, tmp_path: Path) -> None:
    from posture.history import locked

    script = "import sys; from posture.cli import run; sys.exit(run(sys.argv[1:]))"
    with locked(tmp_path / "c"):
        ended = subprocess.run(
            [sys.executable, "-c", script, "scan", office, "--out", tmp_path / "c"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert ended.returncode == 5
    assert "another run holds" in ended.stderr


def test_output_that_cannot_be_written_is_told_before_the_scan(
    run: Run, office: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = run("scan", office, "--out", tmp_path / "file" / "c", "--quiet")
    assert code == 2
    assert "Check the path" in err


def test_a_full_disk_is_told_and_keeps_what_was_seen(
    run: Run, office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    real, calls = os.fsync, []

    def fills_up(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fills_up)
    code, _, err = run("scan", office, "--out", tmp_path / "c", "--no-pdf", "--quiet")
    assert code == 4
    assert "Free some space" in err
    (kept,) = (tmp_path / "c/runs").iterdir()
    assert [p.name for p in kept.iterdir()] == ["snapshot.json"]
    assert json.loads((kept / "snapshot.json").read_text())["schema"] == "posture.snapshot/1"


def test_ctrl_c_keeps_a_partial_snapshot(
    run: Run, office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import signal

    from posture.cli.common import Lines

    pressed: list[str] = []

    def interrupt(self: Lines, area: str, failed: object) -> None:
        if not pressed:
            os.kill(os.getpid(), signal.SIGINT)
        pressed.append(area)

    monkeypatch.setattr(Lines, "observed", interrupt)
    code, _, _ = run("scan", office, "--out", tmp_path / "c", "--no-pdf")
    assert code == 130
    (kept,) = (tmp_path / "c/runs").iterdir()
    snapshot = json.loads((kept / "snapshot.json").read_text())
    assert snapshot["runs"][0]["interrupted"] == "interrupted"
    assert "<b>Not finished.</b>" in (kept / "report.html").read_text()


def test_the_demo_writes_its_report(run: Run, tmp_path: Path) -> None:
    code, out, err = run("demo", "--no-pdf")
    assert code == 0, err
    names = {path.name for path in (tmp_path / "demo-report").iterdir()}
    assert names == {"snapshot.json", "audit.json", "report.html", "findings.csv"}
    assert "Do first" in out


def test_a_resolver_that_is_not_there_makes_everything_unknown(run: Run, tmp_path: Path) -> None:
    (tmp_path / "client.toml").write_text(
        '[company]\nid = "a"\nname = "A"\n[authorisation]\nby = "J. Doe"\ncovers = ["domains"]\n'
        '[network]\nresolver = "127.0.0.1:9"\n[policy]\nfile = "smb-baseline"\n'
        'profile = "domain"\n[[domains]]\nname = "example.com"\n'
    )
    code, out, err = run("scan", "client.toml", "--no-pdf")
    assert code == 3, err
    assert "Not settled: F to A" in out
    (kept,) = (tmp_path / "runs").iterdir()
    found = json.loads((kept / "audit.json").read_text())["entries"]
    assert {entry["finding"]["status"] for entry in found} == {"unknown"}


def test_a_missing_secret_is_unknown_and_named(run: Run, office: Path, tmp_path: Path) -> None:
    text = office.read_text()
    row = next(line for line in text.splitlines() if line.startswith("secret = "))
    moved = text.replace(row, 'secret = { env = "POSTURE_TEST_ABSENT" }')
    (tmp_path / "client.toml").write_text(moved.replace("ca.pem", str(office.parent / "ca.pem")))
    code, _, err = run("scan", "client.toml", "--no-pdf", "--out", tmp_path / "c")
    assert code == 3, err
    (kept,) = (tmp_path / "c/runs").iterdir()
    entries = json.loads((kept / "audit.json").read_text())["entries"]
    mine = [e["finding"] for e in entries if e["finding"]["area"] == "identity"]
    assert {f["status"] for f in mine} == {"unknown"}
    assert {f["reason"] for f in mine} == {"no_credential"}
    assert "POSTURE_TEST_ABSENT" in mine[0]["detail"]


def test_no_secret_is_in_anything_that_is_written(run: Run, office: Path, stored: Path) -> None:
    secret = (office.parent / staff.SECRET_FILE).read_text().strip()
    assert len(secret) > 10
    _, out, err = run("doctor", office)
    for text in (out, err, *(path.read_text() for path in stored.iterdir())):
        assert secret not in text
        assert base64.b64encode(secret.encode()).decode() not in text


def test_what_is_wrong_with_the_network_table_is_told_before_the_scan(
    run: Run, office: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.pem").write_text("")
    (tmp_path / "client.toml").write_text(office.read_text().replace("ca.pem", "empty.pem"))
    for more in ([], ["--dry-run"]):
        code, _, err = run("scan", "client.toml", *more)
        assert code == 2
        assert "no PEM certificate" in err
    assert not (tmp_path / "runs").exists()


def test_a_quiet_run_keeps_silent_about_a_missing_printer(
    run: Run, office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from posture.render import pdf

    def refuse(*_: object) -> None:
        raise pdf.PdfUnavailable("there is no printer")

    monkeypatch.setattr(pdf, "pdf", refuse)
    _, out, err = run("scan", office, "--out", tmp_path / "c", "--quiet")
    assert (len(out.splitlines()), err) == (1, "")
    assert run("scan", office, "--out", tmp_path / "c", "--quiet")[1:] == ("", "")
    assert "no printer" in run("scan", office, "--out", tmp_path / "c")[2]


def test_a_quiet_run_that_was_cut_short_says_so(run: Run, office: Path, tmp_path: Path) -> None:
    scan = ["scan", office, "--out", tmp_path / "c", "--no-pdf", "--quiet"]
    run(*scan)
    code, out, _ = run(*scan, "--timeout", "0.001")
    assert code == 3
    assert out.startswith("posture client=smile-dental grade=F")


def test_an_authorisation_ends_a_scan_that_outlasts_it(office: Path) -> None:
    client = load_client(office)
    now = datetime.now(UTC)
    setup = prepare(client, plugins.load(), now)
    ending = replace(client.authorisation, valid_until=now)
    setup = replace(setup, client=replace(client, authorisation=ending))
    taken = asyncio.run(scan(setup, SystemClock()))
    assert taken.runs[0].interrupted == "deadline"
