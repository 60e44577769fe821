from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from posture.model import CollectError, Reason
from posture.net.process import Completed, find
from posture.net.process import run as start
from tests.net.peers import host, network, run

if TYPE_CHECKING:
    from pathlib import Path


def python(code: str, **options: Any) -> Completed:
    return run(start([sys.executable, "-c", code], **options))  # type: ignore[no-any-return]


def reason(argv: list[str], **options: Any) -> Reason:
    with pytest.raises(CollectError) as caught:
        run(start(argv, **options))
    return caught.value.reason


def test_a_program_is_run_to_its_end() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    assert python(code) == Completed(3, b"out\n", b"err\n")


def test_a_net_runs_programs() -> None:
    step = network().bound(host()).run([sys.executable, "-c", "print(1)"], env={"A": "b"})
    assert run(step).stdout == b"1\n"


def test_it_sees_a_minimal_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    monkeypatch.setenv("LANG", "tr_TR.UTF-8")
    done = python("import os; print(sorted(os.environ))", env={"RESTIC_PASSWORD": "x"})
    seen = set(eval(done.stdout))
    assert {"PATH", "LANG", "TZ", "RESTIC_PASSWORD"} <= seen
    assert "HTTPS_PROXY" not in seen
    assert python("import os; print(os.environ['LANG'])").stdout == b"C.UTF-8\n"


def test_it_has_no_input_and_no_terminal() -> None:
    code = "import os,sys; print(repr(sys.stdin.read()), os.getsid(0) == os.getpid())"
    assert python(code).stdout == b"'' True\n"


def test_arguments_are_not_a_command_line() -> None:
    done = run(start([sys.executable, "-c", "import sys; print(sys.argv[1:])", "$(id); a b", "-x"]))
    assert done.stdout == b"['$(id); a b', '-x']\n"


@pytest.mark.parametrize(
    "program", ["no-such-program-here", "./python3", "bin/python3", "/nowhere/x"]
)
def test_a_missing_program_is_a_missing_tool(program: str) -> None:
    assert reason([program]) is Reason.TOOL_MISSING


def test_the_current_folder_is_no_place_for_programs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tool = tmp_path / "restic"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}relative")
    assert reason(["restic"]) is Reason.TOOL_MISSING
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find("restic") == str(tool)


def test_a_program_the_system_cannot_start(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/nowhere/interpreter\n")
    tool.chmod(0o700)
    assert reason([str(tool)]) is Reason.TOOL_MISSING


def test_an_argument_with_a_nul_byte_is_malformed() -> None:
    assert reason([sys.executable, "-c", "\0"]) is Reason.MALFORMED


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_a_cancelled_caller_leaves_nothing_running(pipe: Path) -> None:
    # The child and its own child hold the pipe open for writing; it ends when both are gone.
    code = (
        f"import subprocess,sys,time; p=open({str(pipe)!r}, 'wb', 0); p.write(b'x')\n"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
        f" stdout=p, close_fds=False)\n"
        f"time.sleep(600)"
    )

    async def scene() -> bytes:
        task = asyncio.create_task(start([sys.executable, "-c", code], deadline=300))
        loop = asyncio.get_running_loop()
        file = await loop.run_in_executor(None, lambda: pipe.open("rb", buffering=0))
        with file:
            first = await loop.run_in_executor(None, file.read, 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return (first or b"") + (await loop.run_in_executor(None, file.read) or b"")

    assert run(scene()) == b"x"


def test_time_is_limited_for_it_and_its_children() -> None:
    code = "import subprocess; subprocess.run(['sleep', '600'])"
    assert reason([sys.executable, "-c", code], deadline=0.5) is Reason.TIMEOUT


def test_a_child_that_keeps_the_output_open_does_not_hold_us() -> None:
    # It left the process group, so it cannot be killed with it; its pipe is closed all the same.
    code = "import os,time\nif not os.fork():\n    os.setsid(); time.sleep(5); os._exit(0)\n"
    assert reason([sys.executable, "-c", code], deadline=1) is Reason.TIMEOUT


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_output_is_limited(stream: str) -> None:
    code = f"import sys\nwhile True: sys.{stream}.write('x' * 65536)"
    assert reason([sys.executable, "-c", code], max_output=1 << 20) is Reason.TOO_LARGE
