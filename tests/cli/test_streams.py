import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from posture import __main__ as start
from posture import cli
from posture.cli import log, streams
from posture.model import Company, Domain, Host, Network, View


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Descriptors to read from and to write to."""
    ends = os.pipe()
    yield ends
    for end in ends:
        with contextlib.suppress(OSError):  # a test may have closed it
            os.close(end)


def test_an_outlet_outlives_its_reader(pipe: tuple[int, int]) -> None:
    outlet = streams.Outlet(pipe[1], "w", closefd=False)
    assert outlet.write(b"a") == 1
    os.close(pipe[0])
    assert outlet.write(b"bc") == 2
    assert outlet.lost
    assert outlet.write(b"d") == 1


def test_an_outlet_tells_of_any_other_error_once(pipe: tuple[int, int]) -> None:
    outlet = streams.Outlet(pipe[0], "w", closefd=False)
    with pytest.raises(OSError, match="Bad file descriptor"):
        outlet.write(b"a")
    assert outlet.write(b"b") == 1


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def test_streams_are_made_steady(
    monkeypatch: pytest.MonkeyPatch, pipe: tuple[int, int], tmp_path: Path
) -> None:
    terminal = Terminal(io.BytesIO(), encoding="ascii")
    with (tmp_path / "out").open("w", encoding="ascii") as file:
        monkeypatch.setattr(sys, "stdin", None)
        monkeypatch.setattr(sys, "stdout", file)
        monkeypatch.setattr(sys, "stderr", terminal)
        streams.steady()
        assert sys.stdin.read() == ""
        sys.stdin.close()
        assert sys.stderr is terminal
        assert terminal.errors == "backslashreplace"
        sys.stdout.write("ä\n")
        sys.stdout.flush()
        assert isinstance(sys.stdout, io.TextIOWrapper)
        sys.stdout.detach()
    assert (tmp_path / "out").read_text() == "\\xe4\n"


def test_a_closed_stream_swallows_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", Terminal(io.BytesIO()))
    streams.steady()
    with sys.stdout as nowhere:
        assert nowhere.name == os.devnull


@pytest.mark.parametrize("verbose", [True, False])
def test_our_log_is_printed_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verbose: bool
) -> None:
    root, ours = logging.getLogger(), logging.getLogger("posture")
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(ours, "handlers", [])
    monkeypatch.setattr(ours, "level", ours.level)
    log.to_stderr(verbose=verbose)
    logging.getLogger("posture.x").error("a\x1b[31mb")
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert said.startswith("posture.x: a") is verbose
    assert [type(one) for one in root.handlers] == [logging.NullHandler]


def test_the_command_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[bool] = []
    monkeypatch.setattr(cli, "main", lambda: started.append(True))
    start.main()
    assert started == [True]


def test_a_missing_part_is_a_broken_installation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "posture.cli", None)
    with pytest.raises(SystemExit) as end:
        start.main()
    assert end.value.code == 4
    assert "Install posture again" in capsys.readouterr().err


def test_active_tests_need_an_owner() -> None:
    for kind in (Network(cidr="192.0.2.0/24", view=View.EXTERNAL, owned=True), Domain(name="a.b")):
        assert kind.active_tests_allowed is isinstance(kind, Network)
    assert Host(address="192.0.2.1", view=View.EXTERNAL, owned=True).active_tests_allowed
    assert not Company(client_id="x", name="X").active_tests_allowed
