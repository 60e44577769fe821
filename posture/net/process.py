"""Runs an installed program: no shell, no terminal, no input, and no survivors."""

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from posture.model import CollectError, Reason
from posture.platforms import child_environment, kill_group, own_group

DEADLINE = 30.0
MAX_OUTPUT = 8 << 20
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Completed:
    """What a program that ended by itself left behind."""

    returncode: int
    stdout: bytes
    stderr: bytes


def find(program: str) -> str:
    """Return the absolute path of a program on PATH; raises ``CollectError(TOOL_MISSING)``."""
    if len(Path(program).parts) > 1 and not Path(program).is_absolute():
        raise CollectError(Reason.TOOL_MISSING, f"{program} is neither a name nor an absolute path")
    # An empty or relative entry of PATH would run what happens to lie in the current folder.
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if Path(folder).is_absolute())
    found = shutil.which(program, path=path)
    if found is None:
        raise CollectError(Reason.TOOL_MISSING, f"{program} is not installed")
    return found


async def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    deadline: float = DEADLINE,
    max_output: int = MAX_OUTPUT,
) -> Completed:
    """Run ``argv`` to its end, at most ``deadline`` seconds, and return what it wrote.

    It sees PATH, HOME, ``LANG=C.UTF-8``, ``TZ=UTC`` and ``env``. When time is up, when it writes
    more than ``max_output`` bytes in all, or when the caller is cancelled, its whole process group
    is killed. Raises ``CollectError`` TOOL_MISSING, TIMEOUT, TOO_LARGE, or MALFORMED for an
    argument no program can be given.
    """
    program = find(argv[0])
    child = await _start(program, argv[1:], child_environment(env or {}))
    try:
        async with asyncio.timeout(deadline):
            return await _finish(child, max_output)
    except TimeoutError:
        detail = f"{argv[0]} did not end within {deadline:g} s"
        raise CollectError(Reason.TIMEOUT, detail) from None
    except _TooMuchError:
        detail = f"{argv[0]} wrote more than {max_output} bytes"
        raise CollectError(Reason.TOO_LARGE, detail) from None
    finally:
        await _end(child)


async def _start(
    program: str, arguments: Sequence[str], env: Mapping[str, str]
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=env,
            **own_group(),
        )
    except ValueError as error:  # a NUL byte, or text no file system encoding has
        raise CollectError(Reason.MALFORMED, f"{program}: {error}") from None
    except OSError as error:
        detail = f"{program} cannot be started: {error.strerror}"
        raise CollectError(Reason.TOOL_MISSING, detail) from None


class _TooMuchError(Exception):
    pass


async def _finish(child: asyncio.subprocess.Process, max_output: int) -> Completed:
    room = [max_output]

    async def drain(pipe: asyncio.StreamReader | None) -> bytes:
        kept = bytearray()
        while pipe and (chunk := await pipe.read(_CHUNK)):
            room[0] -= len(chunk)
            if room[0] < 0:
                raise _TooMuchError
            kept += chunk
        return bytes(kept)

    readers = [asyncio.ensure_future(drain(pipe)) for pipe in (child.stdout, child.stderr)]
    try:
        stdout, stderr = await asyncio.gather(*readers)
    finally:
        for reader in readers:
            reader.cancel()
    return Completed(await child.wait(), stdout, stderr)


async def _end(child: asyncio.subprocess.Process) -> None:
    """Leave nothing running, and no pipe open for a grandchild that left the group."""
    transport: asyncio.SubprocessTransport = child._transport  # type: ignore[attr-defined] # noqa: SLF001 - asyncio has no public way to its pipes
    try:
        if child.returncode is None:
            kill_group(child.pid)
            # asyncio counts a child as ended when its pipes are, too.
            for number in (1, 2):
                if pipe := transport.get_pipe_transport(number):
                    pipe.close()
            await child.wait()  # short: nobody can refuse SIGKILL
    finally:
        transport.close()
