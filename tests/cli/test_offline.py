import json
import os
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Run


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
    connect = [f"--connect={asked}={real}" for asked, real in (network.connect or {}).items()]
    ca_file = ["--ca", str(network.ca_file)]
    code, out, err = run("probe", "email", "smile-dental.example", *options, *ca_file, *connect)
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
        "records",
    }
    for area, target in (
        ("tls", "portal.smile-dental.example"),
        ("web", "https://www.smile-dental.example/de/"),
    ):
        code, out, err = run("probe", area, target, *options, *ca_file, *connect)
        statuses = {row["status"] for row in json.loads(out)["findings"]}
        assert statuses <= {"pass", "fail", "partial", "not_applicable"}, (out, err)
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


@pytest.mark.parametrize("at", ["soon", "0001-01-01T00:00+14:00", "9999-12-31T23:00-14:00", "1e9"])
def test_a_time_that_is_none_is_refused(run: Run, stored: Path, at: str) -> None:
    judge = ["judge", stored / "snapshot.json", "--policy", "smb-baseline"]
    code, _, err = run(*judge, "--at", at)
    assert (code, "no time such as" in err) == (2, True)


def test_documents_are_files(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for command in (["report", "pipe"], ["judge", "pipe", "--policy", "smb-baseline"]):
        code, _, err = run(*command)
        assert (code, "is not a file" in err) == (2, True)


@pytest.mark.parametrize("option", ["--html", "--csv", "--pdf"])
def test_a_report_takes_the_place_of_files_only(
    run: Run, stored: Path, tmp_path: Path, option: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("target")
    code, _, err = run("report", stored / "audit.json", option, "pipe")
    assert (code, "is there and is no file" in err) == (2, True)
    assert (tmp_path / "pipe").is_fifo()
    assert run("report", stored / "audit.json", option, "link")[0] == 0
    assert (tmp_path / "link").is_symlink()
    assert stat.S_IMODE((tmp_path / "target").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (["--connect", "a:1=b:2"], "not ip:port"),
        (["--connect", "="], "not host:port"),
        (["--connect", "a.example:443=192.168.1.1:443"], "neither public nor declared"),
        (["--ca", "empty.pem"], "no PEM certificate"),
    ],
)
def test_a_probe_that_cannot_be_made_is_explained(
    run: Run, tmp_path: Path, option: list[str], says: str
) -> None:
    (tmp_path / "empty.pem").write_text("")
    code, out, err = run("probe", "tls", "a.example", *option)
    assert (code, out) == (2, "")
    assert says in err
