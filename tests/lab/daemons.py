"""Runs daemons in the foreground, waits until they answer, and ends them by their process ids."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

PROGRAMS = ("nginx", "nsd", "postfix", "redis-server", "restic", "sshd", "ssh-keygen", "unbound")
TRIES = 400
PAUSE = 0.05
"""Seconds between two tries to reach a daemon that is still there."""
LONGEST = "1h"
RESERVED = 20001

Question = Callable[[], bool]


def program(name: str) -> str | None:
    """Where a program is; Debian keeps daemons off an ordinary user's path."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def obstacle() -> str:
    """Why there can be no lab on this machine, empty if there can."""
    missing = [name for name in PROGRAMS if program(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (see requirements/debian-test.txt)"
    return "" if os.geteuid() == 0 else "postfix and sshd start for root only"


class Loopback:
    """256 loopback addresses that no other lab on this machine has."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        while True:
            self.prefix = f"127.{16 + secrets.randbelow(224)}.{secrets.randbelow(256)}"
            try:
                self._socket.bind((self.address(1), RESERVED))
            except OSError:
                continue
            return

    def address(self, last: int) -> str:
        return f"{self.prefix}.{last}"

    @property
    def refusal(self) -> str:
        """Where every connection is refused: bound, so that nobody else can listen there."""
        return f"{self.address(1)}:{RESERVED}"

    def close(self) -> None:
        self._socket.close()


@dataclass(frozen=True, kw_only=True)
class Daemon:
    """One program to run until the lab closes."""

    argv: Sequence[str]
    answers: Question
    """Whether it is ready; an ``OSError`` means not yet."""
    log: Path


class Started:
    """A daemon that runs: a context manager that ends it."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        name, *rest = daemon.argv
        # Should the tests themselves be killed, the kernel tells `timeout`, which tells the daemon.
        # Telling the daemon is no use: who gives up root is forgotten as a mourner (prctl(2)).
        argv = ["setpriv", "--pdeathsig", "TERM", "--", "timeout", LONGEST, program(name) or name]
        with daemon.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*argv, *rest],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Return once it answers; raise with its log if it ends, or never answers."""
        for _ in range(TRIES):
            if _yes(self._daemon.answers):
                return
            try:
                code = self.process.wait(PAUSE)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(f"{self._daemon.argv[0]} ended with {code}: {self._said()}")
        raise RuntimeError(f"{self._daemon.argv[0]} does not answer: {self._said()}")

    def _said(self) -> str:
        return self._daemon.log.read_text(errors="replace")[-3000:]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # it leads the session it was started in
            self.process.wait()


def comes(question: Question) -> bool:
    """Whether it comes true in as long as a daemon may take: a busy one writes its log later."""
    for _ in range(TRIES):
        if _yes(question):
            return True
        time.sleep(PAUSE)
    return False


def _yes(question: Question) -> bool:
    try:
        return question()
    except OSError:
        return False


def accepts(address: str, port: int) -> Question:
    """Ask whether something listens."""

    def ask() -> bool:
        with socket.create_connection((address, port), timeout=5):
            return True

    return ask


def refuses(address: str, port: int) -> Question:
    """Ask whether nothing listens any more: what a daemon started may outlive it for a moment."""

    def ask() -> bool:
        try:
            socket.create_connection((address, port), timeout=5).close()
        except ConnectionError:
            return True
        return False

    return ask


def greets(address: str, port: int, words: bytes) -> Question:
    """Ask whether the first bytes of a server are the expected ones."""

    def ask() -> bool:
        with socket.create_connection((address, port), timeout=5) as sock:
            return sock.recv(len(words), socket.MSG_WAITALL) == words

    return ask


def done(name: str, *arguments: str, **environment: str) -> str:
    """Run a program to its end and return its output; raise with its words if it fails."""
    found = subprocess.run(
        [program(name) or name, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    if found.returncode:
        raise RuntimeError(f"{name} ended with {found.returncode}: {found.stderr.decode()}")
    return found.stdout.decode()
