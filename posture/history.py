"""A client's runs on disk: atomic, private, locked, and never lost.

``<client>/runs/<UTC>/`` holds one run. It is written as ``.<UTC>.part`` and renamed at its end.
What a killed process left is dealt with at the next start: evidence stays, half files go.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, Self

import filelock

from posture import audit as audits
from posture import codec, platforms
from posture.audit import Audit, Past
from posture.codec import DocumentError

RUNS = "runs"
SNAPSHOT = "snapshot.json"
AUDIT = "audit.json"
_LOCK = ".posture.lock"
_PART = ".part"
ROOM = 16 << 20
"""Bytes that must be free before a scan: or evidence would be gathered and could not be kept."""


class LockedError(Exception):
    """Another run of this client is under way."""


@contextmanager
def locked(client: Path) -> Iterator[None]:
    """Hold the client's lock; raises LockedError at once when somebody else does."""
    make_private(client)
    lock = filelock.FileLock(client / _LOCK, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise LockedError(
            f"another run holds {client / _LOCK}; wait for it to end, or look for a hung one"
        ) from None
    try:
        _sweep(client / RUNS)
        yield
    finally:
        lock.release()


def make_private(directory: Path) -> None:
    """Make sure a directory exists; what we make ourselves nobody else may enter."""
    if not directory.is_dir():
        directory.mkdir(mode=0o700, parents=True)


def require_room(directory: Path) -> None:
    """Raise OSError (ENOSPC) when a run would hardly fit there."""
    if shutil.disk_usage(directory).free < ROOM:
        raise OSError(errno.ENOSPC, f"less than {ROOM >> 20} MiB are free", str(directory))


def _sweep(runs: Path) -> None:
    """Publish the evidence of killed runs, remove what else they left. For the lock's holder only.

    A file is whole or hidden: what has its final name was synced before it got it.
    """
    for left in sorted(runs.glob(f".*{_PART}")) if runs.is_dir() else ():
        if left.is_symlink() or not (left / SNAPSHOT).is_file():
            _remove(left)
            continue
        for half in left.glob(".*"):
            _remove(half)
        left.rename(_free(runs, left.name.removeprefix(".").removesuffix(_PART)))


def _remove(left: Path) -> None:
    """Remove whatever it is, and nothing a link leads to."""
    if left.is_dir() and not left.is_symlink():
        shutil.rmtree(left)
    else:
        left.unlink()


def _free(runs: Path, name: str) -> Path:
    """A name that no run has yet."""
    taken = {entry.name for entry in runs.iterdir()}
    names = (name, *(f"{name}-{count}" for count in range(2, 1000)))
    return runs / next(free for free in names if free not in taken)


class Folder(Protocol):
    """Somewhere the files of a run are written to."""

    part: Path
    """Where the files are while they are being written."""

    def write(self, name: str, data: bytes) -> None:
        """Write one file, whole or not at all."""


class RunDirectory:
    """One run being written. Leaving the ``with`` block without an error publishes it."""

    def __init__(self, client: Path, started: datetime) -> None:
        """Claim a free name below ``client``."""
        runs = client / RUNS
        make_private(runs)
        self.final = _free(runs, started.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"))
        self.name = self.final.name
        self.part = runs / f".{self.name}{_PART}"

    def __enter__(self) -> Self:
        self.part.mkdir(mode=0o700)
        return self

    def write(self, name: str, data: bytes) -> None:
        """Write one file, whole or not at all."""
        write_atomically(self.part / name, data)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if any(self.part.iterdir()):
            # Evidence that was gathered is kept even when a later step broke.
            self.part.rename(self.final)
            platforms.sync_directory(self.final.parent)
        else:
            self.part.rmdir()


def require_replaceable(path: Path) -> None:
    """Raise FileExistsError for what a file must not take the place of, such as /dev/null."""
    if path.exists() and not path.is_file():
        raise FileExistsError(errno.EEXIST, "is there and is no file", str(path))


def write_atomically(path: Path, data: bytes) -> None:
    """Write a private file so that readers see all of it or the old one.

    A link is replaced, never followed. Raises OSError, also for what is there and is no file.
    """
    require_replaceable(path)
    part = path.with_name(f".{path.name}{_PART}")
    part.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)
        raise
    platforms.sync_directory(path.parent)


def earlier(client: Path, audit_of: tuple[str, str]) -> tuple[list[Audit], list[str]]:
    """All complete audits of ``(client id, profile)``, oldest first, and what was unreadable."""
    found: list[Audit] = []
    unreadable: list[str] = []
    for file in sorted((client / RUNS).glob(f"*/{AUDIT}")):
        try:
            one = audits.load(codec.read_file(file), str(file))
        except (DocumentError, OSError) as error:
            unreadable.append(str(error))
            continue
        if one.complete and (one.client_id, one.provenance.profile) == audit_of:
            found.append(one)
    return sorted(found, key=lambda one: one.taken), unreadable


def past(audits_before: list[Audit]) -> tuple[Past, ...]:
    """The list of earlier scores."""
    return tuple(
        Past(
            taken=one.taken,
            grade=one.score.floor.grade,
            points=one.score.floor.points,
            policy_version=one.provenance.policy_version,
        )
        for one in audits_before
    )
