import json
import os
import signal
from pathlib import Path

import pytest

from posture.audit import Audit
from posture.cli import many
from posture.client import NetworkSettings, load_client
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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_list_is_read_as_editors_write_it(tmp_path: Path, encoding: str) -> None:
    lines = ["# ours\r", "\r", "B.example.\r", "  a.example\t# the first\r", "b.EXAMPLE", "\r",
             "bücher.example\r", "xn--bcher-kva.example", "", "z.example"]  # fmt: skip
    text = "\n".join(lines)
    if encoding == "utf-16-le":
        text = f"\ufeff{text}"
    path = tmp_path / "domains.txt"
    path.write_bytes(text.encode(encoding))
    clients = many.read_list(path, "J. Doe", NetworkSettings())
    assert [client.company.client_id for client in clients] == [
        "b.example", "a.example", "xn--bcher-kva.example", "z.example",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    ["a b.example", "https://a.example/", "it@a.example", "example", "10.0.0.1", "a..example",
     "a.example, b.example", "-a.example", "\x1b[2Ja.example", "a\u2028.example", "a\x85b.example",
     "\udcff.example", f"{'a' * 64}.example", "*.example", "straße.example"],
)  # fmt: skip
def test_a_line_that_is_no_domain_is_named_and_nothing_is_scanned(
    run: Run, office: Path, tmp_path: Path, line: str
) -> None:
    path = tmp_path / "domains.txt"
    text = f"a.example\r\n\r\n{line}\r\nb.example\r\n"
    path.write_bytes(text.encode("utf-8", errors="surrogateescape"))
    code, out, err = run("scan", "--domains-from", path, *options(office))
    assert (code, out) == (2, "")
    assert [part.split(":")[1] for part in err.splitlines()] == ["3"]
    assert "\x1b" not in err


def test_of_many_mistakes_the_rest_is_counted(run: Run, office: Path, tmp_path: Path) -> None:
    path = tmp_path / "domains.txt"
    path.write_text("a b\n" * (many.MAX_ERRORS + 3))
    code, _, err = run("scan", "--domains-from", path, *options(office))
    assert code == 2
    assert len(err.splitlines()) == many.MAX_ERRORS + 1
    assert err.splitlines()[-1].endswith(":51: and 3 lines more that are no domain")
