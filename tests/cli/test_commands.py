import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from posture import cli
from posture.cli.exits import PRECEDENCE, Exit, worst
from tests.cli.conftest import Run


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(run: Run, name: str) -> None:
    code, out, _ = run(name, "--help")
    assert code == 0
    assert len(out.splitlines()) > 4


def test_help_documents_every_exit_code(run: Run) -> None:
    _, out, _ = run("--help")
    for code in Exit:
        assert f"    {code.value} " in out
    assert all(name in out for name in cli.COMMANDS)


def test_the_readme_documents_every_exit_code() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    for code in Exit:
        assert f"| {code.value} |" in readme


def test_help_is_light() -> None:
    script = (
        "import sys; from posture.cli import run; run(['--help']); "
        "heavy = {'requests', 'dns', 'cryptography', 'jinja2', 'nmap', 'msgspec'}; "
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stderr.strip() == "[]"


def test_the_version_is_printed(run: Run) -> None:
    code, out, _ = run("--version")
    assert (code, out.split()[0]) == (0, "posture")


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([], 0),
        ([0, 1], 1),
        ([1, 3], 3),
        ([3, 5], 5),
        ([5, 2], 2),
        ([2, 4], 4),
        ([4, 3, 1, 0], 4),
        ([1, 130], 130),
    ],
)
def test_one_exit_code_outranks_another(codes: list[int], code: int) -> None:
    assert worst(Exit(one) for one in codes) == code


def test_every_exit_code_has_its_rank() -> None:
    assert set(PRECEDENCE) == set(Exit)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["scann"], "Did you mean 'scan'"),
        (["scan"], "What shall be audited?"),
        (["scan", "--domain", "example.com"], "--authorised-by"),
        (["scan", "x.toml", "--domain", "example.com"], "not both"),
        (["scan", "--domain", "-oN x", "--authorised-by", "J"], "--domain:"),
        (["scan", "--domain", "$(id)", "--authorised-by", "J"], "--domain:"),
        (["scan", "--domain", "a\nb", "--authorised-by", "J"], "--domain:"),
        (["scan", "--domain", "fe80::1%eth0", "--authorised-by", "J"], "--domain:"),
        (["scan", "nowhere/client.toml"], "nowhere/client.toml"),
        (["judge", "nowhere.json", "--policy", "smb-baseline"], "nowhere.json"),
        (["report", "nowhere.json"], "nowhere.json"),
        (["explain", "email.dmarc.enforce"], "Did you mean email.dmarc.enforced"),
        (["explain", "zzz"], "checks list"),
        (["probe", "emial", "example.com"], "There is no area"),
        (["probe", "network", "192.0.2.1"], "client file"),
        (["probe", "email", "https://example.com/"], "example.com"),
        (["probe", "email", "example.com", "--resolver", "x"], "--resolver"),
        (["probe", "email", "example.com", "--connect", "x"], "--connect"),
        (["policy", "lint", "nothing"], "nothing"),
        (["init", "new"], "--company"),
    ],
)
def test_wrong_usage_is_explained(run: Run, arguments: list[str], says: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_init_writes_what_scan_can_read(run: Run, tmp_path: Path) -> None:
    options = ["--company", "Acme Ltd", "--domain", "acme.example", "--authorised-by", "J. Doe"]
    code, out, _ = run("init", "acme", *options)
    assert code == 0
    assert out.strip() == f"posture scan {Path('acme/client.toml')} --dry-run"
    text = (tmp_path / "acme/client.toml").read_text()
    assert text.startswith("#:schema ./client.schema.json")
    assert json.loads((tmp_path / "acme/client.schema.json").read_text())["$defs"]
    code, out, _ = run("scan", "acme/client.toml", "--dry-run")
    assert code == 0
    assert "TXT _dmarc.acme.example" in out
    assert run("init", "acme", *options)[0] == 2
    assert (tmp_path / "acme/client.toml").read_text() == text


def test_init_keeps_no_file_that_cannot_be_read_back(run: Run, tmp_path: Path) -> None:
    options = ["--company", "Acme", "--domain", "no domain", "--authorised-by", "J. Doe"]
    code, _, err = run("init", "acme", *options)
    assert code == 2
    assert "no domain" in err
    assert not (tmp_path / "acme/client.toml").exists()


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


def test_fail_on_and_min_coverage_choose_the_code(run: Run, stored: Path) -> None:
    judge = ["judge", stored / "snapshot.json", "--policy", "smb-baseline"]
    strict, _, _ = run(*judge)
    relaxed, _, _ = run(*judge, "--fail-on", "none")
    assert strict in {1, 3}
    assert relaxed in {0, 3}
    assert run(*judge, "--fail-on", "none", "--min-coverage", "1")[0] == 3


def test_stored_evidence_is_judged_the_same(run: Run, stored: Path, tmp_path: Path) -> None:
    code, _, err = run(
        "judge",
        stored / "snapshot.json",
        "--policy",
        "smb-baseline",
        "--waivers",
        "none.toml",
        "-o",
        tmp_path / "a.json",
    )
    assert code in {1, 3}, err
    again = json.loads((tmp_path / "a.json").read_text())
    first = json.loads((stored / "audit.json").read_text())

    def rows(audit: dict[str, object]) -> object:
        return [
            {**entry["finding"], "waived": None}
            for entry in audit["entries"]  # type: ignore[attr-defined]
        ]

    assert rows(again) == rows(first)
    assert again["score"]["floor"] == first["score"]["floor"]


def test_at_moves_only_what_people_signed(run: Run, stored: Path, tmp_path: Path) -> None:
    judge = ["judge", stored / "snapshot.json", "--policy", "smb-baseline"]
    run(*judge, "-o", tmp_path / "now.json")
    run(*judge, "--at", "2036-01-01", "-o", tmp_path / "later.json")
    now, later = (
        {
            e["finding"]["fingerprint"]: e["finding"]
            for e in json.loads((tmp_path / name).read_text())["entries"]
        }
        for name in ("now.json", "later.json")
    )
    moved = {f["check"] for mark, f in now.items() if later[mark]["status"] != f["status"]}
    assert moved
    assert all(check.startswith("governance.") for check in moved)
    code, _, err = run(*judge, "--at", "soon")
    assert (code, "no time such as" in err) == (2, True)


def test_a_stored_audit_is_drawn_again(run: Run, stored: Path, tmp_path: Path) -> None:
    code, out, _ = run("report", stored / "audit.json")
    assert code == 0
    assert "Smile Dental" in out
    files = ["--html", tmp_path / "r.html", "--csv", tmp_path / "r.csv"]
    assert run("report", stored / "audit.json", *files)[0] == 0
    assert (tmp_path / "r.html").read_text() == (stored / "report.html").read_text()
    assert (tmp_path / "r.csv").read_bytes() == (stored / "findings.csv").read_bytes()
    code, out, _ = run("report", stored / "audit.json", "--json")
    assert out.encode() == (stored / "audit.json").read_bytes()


def test_a_truncated_document_is_refused(run: Run, stored: Path, tmp_path: Path) -> None:
    for name, command in (("audit.json", "report"), ("snapshot.json", "judge")):
        torn = tmp_path / name
        torn.write_bytes((stored / name).read_bytes()[:-100])
        more = ["--policy", "smb-baseline"] if command == "judge" else []
        code, _, err = run(command, torn, *more)
        assert code == 2
        assert "cut off or changed" in err


def test_every_check_is_explained(run: Run) -> None:
    code, out, _ = run("checks", "list")
    assert code == 0
    for line in out.splitlines():
        code, page, err = run("explain", line.split()[0])
        assert code == 0, err
        assert "## In the policy smb-baseline" in page


def test_policies_are_listed_shown_and_linted(run: Run, tmp_path: Path) -> None:
    assert "smb-baseline" in run("policy", "list")[1]
    assert "email.dmarc.enforced" in run("policy", "show", "smb-baseline")[1]
    assert run("policy", "lint", "smb-baseline")[0] == 0
    (tmp_path / "p.toml").write_text(
        'id = "p"\nversion = "1"\ntitle = "P"\nextends = "smb-baseline"\n'
        '[rules."email.dmarc.enforced"]\nseverity = "hihg"\nparams = { minimum = "rejct" }\n'
        '[rules."email.dmarc.enforce"]\nenabled = false\n'
    )
    code, _, err = run("policy", "lint", "p.toml")
    assert code == 2
    for line, word in ((6, "hihg"), (7, "rejct"), (8, "email.dmarc.enforced")):
        assert any(f"p.toml:{line}:" in row and word in row for row in err.splitlines())


def test_probe_looks_at_one_target(run: Run, office: Path) -> None:
    from posture.client import load_client

    network = load_client(office).network
    options = ["--resolver", network.resolver, "--json"]
    code, out, err = run("probe", "email", "smile-dental.example", *options)
    found = json.loads(out)
    assert (code, err) == (1, "")
    assert found["subject"] == "domain:smile-dental.example"
    assert set(found) == {"subject", "facts", "findings"}
    assert set(found["findings"][0]) == {
        "check",
        "subject",
        "status",
        "severity",
        "summary",
        "observed",
        "expected",
        "evidence",
        "fix",
    }
    connect = [f"--connect={asked}={real}" for asked, real in (network.connect or {}).items()]
    ca_file = ["--ca", str(network.ca_file)]
    for area, target in (
        ("tls", "portal.smile-dental.example"),
        ("web", "www.smile-dental.example"),
    ):
        code, out, err = run("probe", area, target, *options, *ca_file, *connect)
        statuses = {row["status"] for row in json.loads(out)["findings"]}
        assert statuses <= {"pass", "fail", "partial"}, (out, err)
    code, out, _ = run("probe", "email", "smile-dental.example", *options[:2])
    assert "email.dmarc.enforced" in out


def test_the_doctor_looks_at_everything_and_prints_no_secret(run: Run, office: Path) -> None:
    code, out, _ = run("doctor", office)
    assert "authorisation: by" in out
    assert "can be read" in out
    for file in office.parent.iterdir():
        if file.suffix in {".secret", ".txt"}:
            assert file.read_text().strip() not in out
    assert code in {0, 2}


def test_plugins_are_listed(run: Run) -> None:
    code, out, _ = run("plugins")
    assert code == 0
    assert len(out.splitlines()) == 8


def test_a_broken_installation_is_an_internal_error(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from posture import plugins

    monkeypatch.setattr(plugins, "entry_points", lambda **_: [])
    code, _, err = run("checks", "list")
    assert code == 4
    assert "Install posture again" in err


def test_our_own_mistakes_are_internal_errors(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from posture.cli import common

    def breaks() -> None:
        raise RuntimeError("x")

    monkeypatch.setattr(common, "registry", breaks)
    code, _, err = run("plugins")
    assert code == 4
    assert "mistake in posture" in err


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
    assert "interrupted" in (kept / "report.html").read_text().lower() or kept


def test_the_demo_writes_its_report(run: Run, tmp_path: Path) -> None:
    code, out, err = run("demo", "--no-pdf")
    assert code == 0, err
    names = {path.name for path in (tmp_path / "demo-report").iterdir()}
    assert names == {"snapshot.json", "audit.json", "report.html", "findings.csv"}
    assert "Do first" in out
