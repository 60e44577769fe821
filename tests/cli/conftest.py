"""One demo office for all tests of the command line, open in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from posture import cli
from posture.demo.office import DEMO_FAULTS, start_office


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Path of a client file whose servers are running."""
    directory = tmp_path_factory.mktemp("office")
    found: list[Path] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    closing = asyncio.Event()

    async def stay_open() -> None:
        async with start_office(directory / "o", DEMO_FAULTS, datetime.now(UTC)) as opened:
            found.append(opened.client_file)
            ready.set()
            await closing.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(stay_open()), daemon=True)
    thread.start()
    assert ready.wait(60)
    yield found[0]
    loop.call_soon_threadsafe(closing.set)
    thread.join(30)
    loop.close()


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in an empty directory; exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def go(*arguments: str | Path) -> tuple[int, str, str]:
        code = cli.run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return go


@pytest.fixture(scope="session")
def stored(office: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of one finished run."""
    out = tmp_path_factory.mktemp("stored")
    assert cli.run(["scan", str(office), "--out", str(out), "--no-pdf"]) in {1, 3}
    (run,) = (out / "runs").iterdir()
    return run
