import io
import signal
import sys
from pathlib import Path

import pytest

from posture import cli
from posture.cli import outputs, streams
from posture.cli.common import Bar, Lines, progress
from posture.model import Failed, Reason
from posture.render import pdf


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], coloured: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert outputs.colours(Terminal()) is coloured
    assert outputs.colours(io.StringIO()) is False
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert outputs.colours(io.StringIO()) is (not environment)


def test_a_page_is_printed(tmp_path: Path) -> None:
    assert outputs.print_pdf("<title>x</title><p>x", tmp_path / "x.pdf")
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF-")


def test_without_a_printer_the_page_is_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise pdf.PdfUnavailable("there is no printer")

    monkeypatch.setattr(pdf, "pdf", refuse)
    assert not outputs.print_pdf("x", tmp_path / "x.pdf")
    assert "No PDF was written: there is no printer" in capsys.readouterr().err


def test_a_person_sees_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress(quiet=False) as bar:
        assert isinstance(bar, Bar)
        bar.planned("dns")
        bar.planned("dns")
        bar.observed("dns", None)
        bar.observed("dns", Failed(reason=Reason.TIMEOUT))
    assert "100%" in terminal.getvalue()
    with progress(quiet=True) as nothing:
        assert nothing is None


def test_a_bar_that_breaks_gives_the_cursor_back(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(KeyboardInterrupt), progress(quiet=False):
        raise KeyboardInterrupt
    assert terminal.getvalue().rfind("\x1b[?25h") > terminal.getvalue().rfind("\x1b[?25l")


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "dumb")
    with progress(quiet=False) as lines:
        assert isinstance(lines, Lines)


def test_main_leaves_with_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["posture", "nonsense"])
    monkeypatch.setattr(streams, "steady", lambda: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
