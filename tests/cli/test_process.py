"""The command as a process of its own: its streams, its signals, its exit codes."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from posture import cli
from posture.cli import common
from tests.cli.conftest import Run


def in_shell(line: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which ``posture`` is the command under test."""
    script = f"set -o pipefail; posture() {{ '{sys.executable}' -m posture \"$@\"; }}; {line}"
    return subprocess.run(
        ["bash", "-c", script],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("posture explain email.dmarc.enforced | true", 0),
        ("posture checks list | head -1", 0),
        ("posture --help | true", 0),
        ("posture checks list >&-", 0),
        ("posture checks list <&- >&- 2>&-", 0),
        ("posture nonsense 2>&-", 2),
        ("posture init new <&-", 2),
        ("posture init new 2>&1 | true", 2),
        ("posture checks list >/dev/full", 4),
    ],
)
def test_the_code_does_not_depend_on_who_listens(tmp_path: Path, line: str, code: int) -> None:
    ended = in_shell(line, tmp_path)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("alphabet", ["ascii", "latin-1", "utf-8"])
def test_every_alphabet_can_be_written(tmp_path: Path, alphabet: str) -> None:
    ended = in_shell(f"PYTHONIOENCODING={alphabet} posture explain 'e\u0142\u2192'", tmp_path)
    assert ended.returncode == 2
    assert "There is no check" in ended.stderr


def test_a_command_in_a_directory_that_is_gone(tmp_path: Path) -> None:
    ended = in_shell('mkdir gone; cd gone; rmdir "$PWD"; posture scan client.toml', tmp_path)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A DNS server that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(60)
        yield server


def started(silent: socket.socket, directory: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start a command and return once it has asked its first question."""
    running = subprocess.Popen(
        [sys.executable, "-m", "posture", *arguments],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    silent.recv(512)
    return running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_scan_keeps_what_it_saw(
    tmp_path: Path, silent: socket.socket, number: signal.Signals
) -> None:
    (tmp_path / "client.toml").write_text(
        '[company]\nid = "a"\nname = "A"\n[authorisation]\nby = "J. Doe"\ncovers = ["domains"]\n'
        f'[network]\nresolver = "127.0.0.1:{silent.getsockname()[1]}"\n'
        '[policy]\nprofile = "domain"\n[[domains]]\nname = "example.com"\n'
    )
    with started(silent, tmp_path, "scan", "client.toml", "--no-pdf") as running:
        running.send_signal(number)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    (kept,) = (tmp_path / "runs").iterdir()
    snapshot = json.loads((kept / "snapshot.json").read_text())
    assert snapshot["runs"][0]["interrupted"] == "interrupted"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_probe_says_so(
    tmp_path: Path, silent: socket.socket, number: signal.Signals
) -> None:
    resolver = f"127.0.0.1:{silent.getsockname()[1]}"
    probe = ("probe", "email", "example.com", "--resolver", resolver)
    with started(silent, tmp_path, *probe) as running:
        running.send_signal(number)
        running.communicate(timeout=60)
    assert running.returncode == 130


@pytest.fixture
def handlers() -> Iterator[None]:
    """Give the test process its signals back."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_pressing_again_does_not_lose_what_the_first_press_kept(number: signal.Signals) -> None:
    async def work() -> str:
        os.kill(os.getpid(), number)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            os.kill(os.getpid(), number)
            for _ in range(10):  # turns of the loop, in which the second one arrives
                await asyncio.sleep(0)
        return "kept"

    assert common.run_async(work()) == "kept"
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)


@pytest.mark.usefixtures("handlers")
def test_being_stopped_before_anything_was_seen_is_no_error() -> None:
    async def work() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        common.run_async(work())


@pytest.mark.usefixtures("handlers")
def test_what_was_told_to_ignore_a_hangup_does() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    async def work() -> str:
        os.kill(os.getpid(), signal.SIGHUP)
        for _ in range(10):
            await asyncio.sleep(0)
        return "done"

    assert common.run_async(work()) == "done"
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_a_plugin_cannot_choose_the_exit_code(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave() -> Any:
        sys.exit(0)

    monkeypatch.setattr(common, "registry", leave)
    code, _, err = run("plugins")
    assert code == 4
    assert "SystemExit" in err


def test_the_log_is_printed_on_demand_and_harmless(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks() -> Any:
        raise RuntimeError("\x1b]0;owned\x07")

    monkeypatch.setattr(common, "registry", breaks)
    assert "Traceback" not in run("plugins")[2]
    code, _, err = run("--verbose", "plugins")
    assert code == 4
    assert "Traceback" in err
    assert "\x1b" not in err


@pytest.mark.parametrize("value", ["nan", "0", "-1", "inf", "1e9"])
@pytest.mark.parametrize("command", ["scan", "probe"])
def test_a_time_limit_is_a_number_of_seconds(run: Run, command: str, value: str) -> None:
    code, _, err = run(command, "--timeout", value, "email", *["example.com"][: command == "probe"])
    assert code == 2
    assert "seconds" in err


@pytest.mark.parametrize("value", ["nan", "-0.1", "1.5"])
def test_a_coverage_is_a_share(run: Run, value: str) -> None:
    code, _, err = run("judge", "x.json", "--policy", "smb-baseline", "--min-coverage", value)
    assert code == 2
    assert "between 0 and 1" in err


def test_commands_run_without_a_process() -> None:
    assert cli.run(["--version"]) == 0
