import json
import os
import signal
from pathlib import Path

import pytest

from posture.audit import Audit
from posture.cli import many
from posture.client import load_client
from posture.demo import names
from tests.cli.conftest import Run


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "domains.txt"
    lines = ["# ours", "", *names.SENDING, f"{names.MAIN.upper()}.  # again", names.PARKED]
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    return path


def options(office: Path, *more: str | Path) -> list[str | Path]:
    resolver = load_client(office).network.resolver
    return ["--authorised-by", "J. Doe", "--resolver", resolver, *more]


def test_a_list_prints_one_line_a_domain(
    run: Run, office: Path, listed: Path, tmp_path: Path
) -> None:
    code, out, err = run(
        "scan", "--domains-from", listed, *options(office, "--out", tmp_path / "all")
    )
    expected = {*names.SENDING, names.PARKED}
    lines = out.splitlines()
    assert (code, err) == (3, "")
    assert {line.split()[1].removeprefix("client=") for line in lines} == expected
    assert len(lines) == len(expected)
    kept = {path.parents[2].name: path for path in (tmp_path / "all").glob("*/runs/*/audit.json")}
    assert set(kept) == expected
    assert json.loads(kept[names.MAIN].read_text())["client_id"] == names.MAIN


def test_a_list_keeps_nothing_unasked(run: Run, office: Path, listed: Path, tmp_path: Path) -> None:
    run("scan", "--domains-from", listed, *options(office))
    assert [path.name for path in tmp_path.iterdir()] == [listed.name]


def test_every_mistake_in_a_list_is_told(run: Run, office: Path, tmp_path: Path) -> None:
    path = tmp_path / "domains.txt"
    path.write_text("a.example\n-oN x\n$(id)\n10.0.0.0/8\n")
    code, out, err = run("scan", "--domains-from", path, *options(office))
    assert (code, out) == (2, "")
    for number in (2, 3, 4):
        assert f"domains.txt:{number}:" in err


@pytest.mark.parametrize(
    ("text", "more", "says"),
    [
        ("# nothing\n", ["--authorised-by", "J"], "names no domain"),
        ("a.example\n", [], "--authorised-by"),
        ("a.example\n", ["--domain", "b.example"], "one of"),
        ("a.example\n", ["--authorised-by", "J", "--resolver", "x"], "--resolver"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(
    run: Run, tmp_path: Path, text: str, more: list[str], says: str
) -> None:
    path = tmp_path / "domains.txt"
    path.write_text(text)
    code, out, err = run("scan", "--domains-from", path, *more)
    assert (code, out) == (2, "")
    assert says in err


def test_a_list_too_large_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "MAX_BYTES", 3)
    path = tmp_path / "domains.txt"
    path.write_text("a.example\n")
    code, _, err = run("scan", "--domains-from", path, "--authorised-by", "J")
    assert (code, "split it" in err) == (2, True)


def test_ctrl_c_ends_the_whole_list(
    run: Run, office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "domains.txt"
    path.write_text("\n".join(f"d{number}.{names.MAIN}" for number in range(200)))
    told: list[str] = []

    def once(made: Audit) -> None:
        if not told:
            os.kill(os.getpid(), signal.SIGINT)
        told.append(made.client_id)

    monkeypatch.setattr(many, "say", once)
    code, _, _ = run("scan", "--domains-from", path, *options(office))
    assert code == 130
    assert len(told) <= 2 * many.AT_A_TIME
