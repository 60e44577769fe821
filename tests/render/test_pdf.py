from __future__ import annotations

import contextlib
import io
import re
import shutil
import socket
import stat
import subprocess
import sys
import textwrap
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from posture.render import html, pdf
from posture.render.chapters import is_settled
from posture.render.pdf import Engine, PdfUnavailable
from tests.render import sample

if TYPE_CHECKING:
    from collections.abc import Iterator

NEEDS_PDFTOTEXT = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="pdftotext of poppler-utils is not installed"
)
SMALL = "<!doctype html><html lang=en><title>x</title><h1>Hello</h1>"


def words(path: Path, page: int | None = None) -> str:
    pages = ["-f", str(page), "-l", str(page)] if page else []
    return poppler("pdftotext", "-raw", *pages, str(path), "-")


def poppler(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pdf") / "report.pdf"
    assert pdf.pdf(html.html(sample.AUDIT), out) is Engine.WEASYPRINT
    return out


@NEEDS_PDFTOTEXT
def test_every_finding_evidence_and_fix_is_in_the_print(printed: Path) -> None:
    said = "".join(words(printed).split())
    for entry in sample.AUDIT.entries:
        finding = entry.finding
        told = [finding.check, finding.subject, entry.summary, entry.fix]
        told += [text for e in finding.evidence for text in (e.source, e.record)]
        told += [] if is_settled(entry) else [finding.fingerprint[:16]]
        assert [text for text in told if "".join(text.split()) not in said] == []


@NEEDS_PDFTOTEXT
def test_no_column_of_a_table_is_lost_in_the_print(printed: Path) -> None:
    said = "".join(words(printed).split())
    made, (run,) = sample.AUDIT.provenance, sample.AUDIT.runs
    told = [made.policy_sha256, made.snapshot_sha256, run.authorisation.by, *run.collectors]
    told += [text for target in sample.AUDIT.targets for text in (target.id, target.label)]
    assert [text for text in told if "".join(text.split()) not in said] == []


@NEEDS_PDFTOTEXT
def test_the_owners_page_is_one_page(printed: Path) -> None:
    assert "What this rests on" in words(printed, 1)
    assert words(printed, 2).startswith("Areas")


@NEEDS_PDFTOTEXT
def test_the_owners_page_is_one_page_with_the_longest_texts(tmp_path: Path) -> None:
    out = tmp_path / "crowded.pdf"
    pdf.pdf(html.html(sample.crowded()), out)
    assert "What this rests on" in words(out, 1)
    assert words(out, 2).startswith("Areas")


@NEEDS_PDFTOTEXT
def test_pages_are_numbered(printed: Path) -> None:
    pages = words(printed).count("\f")
    assert f"Page 2 of {pages}" in words(printed, 2)


@NEEDS_PDFTOTEXT
def test_print_is_tagged_for_those_who_cannot_see_it(printed: Path) -> None:
    assert "pdfuaid" in poppler("pdfinfo", "-meta", str(printed))
    told = poppler("pdfinfo", str(printed))
    assert re.search(r"Tagged: +yes", told)
    assert re.search(r"Title: +Security audit of Smile Dental Ltd, 2 November 2026", told)
    structure = poppler("pdfinfo", "-struct", str(printed))
    assert {"Figure", "Table", "TH", "H1", "H5"} <= set(re.findall(r"\w+", structure))


def objects(data: bytes) -> Iterator[bytes]:
    """What the compressed streams of a PDF hold."""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, flags=re.DOTALL):
        with contextlib.suppress(zlib.error):
            yield zlib.decompress(stream)


def test_every_picture_is_described(printed: Path) -> None:
    described = sum(part.count(b"/Alt") for part in objects(printed.read_bytes()))
    assert described == html.html(sample.AUDIT).count("<svg")


def test_print_is_its_owners_alone_and_leaves_nothing_beside_it(printed: Path) -> None:
    assert stat.S_IMODE(printed.stat().st_mode) == 0o600
    assert list(printed.parent.iterdir()) == [printed]


def test_nothing_is_fetched_for_the_print(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        where = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        page = (
            f"{SMALL}<link rel=stylesheet href={where}><img src={where} alt=x>"
            f'<p style="background:url({where})">x</p><img src=file:///etc/hostname alt=y>'
        )
        assert pdf.pdf(page, tmp_path / "x.pdf", "weasyprint") is Engine.WEASYPRINT
        with pytest.raises(BlockingIOError):
            server.accept()


def fake_browser(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Put a program named chromium, and nothing else, on PATH."""
    program = folder / "bin" / "chromium"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{textwrap.dedent(body)}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setattr(pdf, "_BROWSER_FILES", ())


PRINTS = """
import json, pathlib, sys, urllib.request
options = dict(a.partition("=")[::2] for a in sys.argv[1:-1])
page = urllib.request.urlopen(sys.argv[-1]).read()
pathlib.Path(options["--print-to-pdf"]).write_bytes(b"%PDF-1.7 " + page)
pathlib.Path(__file__).with_name("argv.json").write_text(json.dumps(sys.argv[1:]))
"""


def test_a_browser_prints_when_it_is_asked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_browser(tmp_path, monkeypatch, PRINTS)
    out = tmp_path / "report.pdf"
    assert pdf.pdf(SMALL, out, "browser") is Engine.BROWSER
    assert out.read_bytes() == b"%PDF-1.7 " + SMALL.encode()
    argv = (tmp_path / "bin" / "argv.json").read_text()
    assert "--headless" in argv
    assert "--no-sandbox" not in argv
    (profile,) = [a for a in argv.split('"') if a.startswith("--user-data-dir=")]
    assert not Path(profile.partition("=")[2]).exists()


def without_weasyprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shadow WeasyPrint by one whose libraries are missing."""
    broken = tmp_path / "shadow" / "weasyprint.py"
    broken.parent.mkdir()
    broken.write_text("raise OSError(\"cannot load library 'libgobject-2.0-0'\\nmore\")")
    monkeypatch.setenv("PYTHONPATH", str(broken.parent))


def test_a_browser_prints_where_weasyprint_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_weasyprint(tmp_path, monkeypatch)
    fake_browser(tmp_path, monkeypatch, PRINTS)
    assert pdf.available() == (Engine.BROWSER,)
    assert pdf.pdf(SMALL, tmp_path / "report.pdf") is Engine.BROWSER


def test_with_nothing_to_print_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_weasyprint(tmp_path, monkeypatch)
    monkeypatch.setenv("PATH", f":.:{tmp_path / 'empty'}")
    monkeypatch.setattr(pdf, "_BROWSER_FILES", ())
    out = tmp_path / "report.pdf"
    out.write_bytes(b"the last one")
    with pytest.raises(PdfUnavailable) as caught:
        pdf.pdf(SMALL, out)
    told = str(caught.value)
    assert "cannot load library 'libgobject-2.0-0'" in told
    assert "no Chromium, Chrome or Edge was found" in told
    assert "Install WeasyPrint" in told
    assert "report.html" in told
    assert out.read_bytes() == b"the last one"
    assert {p.name for p in tmp_path.iterdir()} == {"report.pdf", "shadow"}
    assert pdf.available() == ()


def test_a_browser_in_the_current_folder_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_browser(tmp_path, monkeypatch, PRINTS)
    monkeypatch.chdir(tmp_path / "bin")
    assert pdf.browser() == str(tmp_path / "bin" / "chromium")
    monkeypatch.setenv("PATH", ":.:bin")
    assert pdf.browser() is None


def test_a_browser_without_a_name_on_path_is_found_in_its_usual_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "msedge.exe"
    place.touch()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(pdf, "_BROWSER_FILES", (str(tmp_path / "no"), str(place)))
    assert pdf.browser() == str(place)


def test_a_module_in_the_current_folder_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weasyprint.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    assert Engine.WEASYPRINT in pdf.available()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("raise SystemExit('root needs --no-sandbox')", "failed with code 1 (root needs --no-"),
        ("raise SystemExit(7)", "browser: it failed with code 7"),
        ("pass", "browser ended without a PDF"),
        ("import os; os.kill(os.getpid(), 9)", "failed with code -9"),
    ],
)
def test_a_browser_that_fails_leaves_no_pdf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, why: str
) -> None:
    fake_browser(tmp_path, monkeypatch, body)
    with pytest.raises(PdfUnavailable) as caught:
        pdf.pdf(SMALL, tmp_path / "report.pdf", "browser")
    assert why in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["bin"]


def test_a_file_that_is_no_program_cannot_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_browser(tmp_path, monkeypatch, "")
    (tmp_path / "bin" / "chromium").write_text("#!/does/not/exist\n")
    with pytest.raises(PdfUnavailable, match="cannot be started"):
        pdf.pdf(SMALL, tmp_path / "report.pdf", "browser")


HANGS = """
import subprocess, sys
hang = "import socket; s = socket.create_connection(('127.0.0.1', {port})); s.recv(1)"
subprocess.Popen([sys.executable, "-c", hang]).wait()
"""


def test_a_browser_that_hangs_is_killed_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        fake_browser(tmp_path, monkeypatch, HANGS.format(port=server.getsockname()[1]))
        started, timeout = None, 1.0
        while started is None:  # a slow machine needs longer to start what is to be killed
            with pytest.raises(PdfUnavailable, match=f"did not end within {timeout:g} s"):
                pdf.pdf(SMALL, tmp_path / "report.pdf", "browser", timeout=timeout)
            with contextlib.suppress(BlockingIOError):
                started = server.accept()[0]
            timeout *= 2
        with started:
            started.settimeout(60)
            assert started.recv(1) == b""  # the system closed it: its owner is dead


def test_an_unknown_engine_and_an_unwritable_place_are_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="typst"):
        pdf.pdf(SMALL, tmp_path / "x.pdf", "typst")
    with pytest.raises(FileNotFoundError):
        pdf.pdf(SMALL, tmp_path / "no" / "x.pdf")


class Input:
    """Standard input of the child."""

    buffer = io.BytesIO(SMALL.encode())


def test_the_child_reads_a_page_and_writes_a_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "x.pdf"
    monkeypatch.setattr(sys, "stdin", Input)
    assert pdf.main([str(out)]) == 0
    assert out.read_bytes().startswith(b"%PDF-1.7")


def test_the_child_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pdf.main(["--check"]) == 0
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    assert pdf.main(["--check"]) == pdf._NOT_INSTALLED
    assert capsys.readouterr().err.startswith("WeasyPrint cannot be used here (import of ")
