"""Everything that differs between operating systems; no other module asks which one it is."""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

if sys.platform != "win32":
    import resource
else:
    import subprocess  # noqa: TID251 - for two numbers


def open_file_limit() -> int | None:
    """How many files and sockets this process may hold open; None where there is no limit."""
    if sys.platform != "win32":
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return None if soft == resource.RLIM_INFINITY else soft
    return None


def own_group() -> dict[str, Any]:
    """Arguments that start a child as head of a process group of its own, without a terminal."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def kill_group(pid: int) -> None:
    """Kill a child that was started with :func:`own_group`, and what it started.

    Only for a child that was not yet waited for: until then its number belongs to nobody else.
    """
    try:
        if sys.platform == "win32":
            os.kill(pid, signal.SIGTERM)  # TerminateProcess
        else:
            os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # it ended by itself a moment ago


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Build the least a program needs, in a language and time zone its output can be read in."""
    kept = ["PATH", "HOME"]
    if sys.platform == "win32":
        kept += ["SYSTEMROOT", "USERPROFILE", "TEMP", "PATHEXT"]
    own = {name: os.environ[name] for name in kept if name in os.environ}
    return {"PATH": os.defpath} | own | {"LANG": "C.UTF-8", "TZ": "UTC"} | dict(extra)


def exposed(found: os.stat_result) -> str | None:
    """Why a file is not its user's secret, None if it is.

    Windows keeps that in access lists Python cannot read; there the directory must protect it.
    """
    if not stat.S_ISREG(found.st_mode):
        return "is not a regular file"
    if sys.platform == "win32":
        return None
    if found.st_uid not in {os.geteuid(), 0}:
        return "belongs to another user"
    if stat.S_IMODE(found.st_mode) & 0o077:
        return "can be read or changed by other users (chmod 600 it)"
    return None


OPEN_SECRET = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
"""Flags to open a file that may turn out to be a pipe without waiting for its writer."""


def private_umask() -> None:
    """Let nobody but this user read what is written from here on."""
    os.umask(0o077)


def sync_directory(path: Path) -> None:
    """Make a rename in a directory survive a power cut, where the system can."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def on_end(loop: asyncio.AbstractEventLoop, act: Callable[[], object]) -> None:
    """Call ``act`` on Ctrl-C and when the system asks this process to end.

    Where a loop cannot do that, Ctrl-C cancels what ``asyncio.run`` runs.
    """
    if sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or started with &
                loop.add_signal_handler(number, act)


def interrupt_when_asked_to_end() -> None:
    """Have a wish of the system that this process end, or its terminal's end, act as Ctrl-C."""
    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.default_int_handler)
