"""Reads a folder of backup files: which there are, when they were made, whether they are whole.

Nothing is ever written, and nothing outside the declared folder is opened.
"""

import errno
import fnmatch
import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from posture.model import CollectError, Reason, record

from .content import EMPTY, Content, Enough, inspect
from .facts import BackupEvidence, Completeness, Outcome, Point
from .names import is_backup, stamp
from .points import in_future, thinned

MAX_ENTRIES = 200_000
MAX_DEPTH = 32
SECONDS_NEWEST = 60.0
SECONDS_OLDEST = 20.0
SETTLING = timedelta(minutes=10)
"""A file that is incomplete and was changed so recently may still be written."""

_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_OPEN |= getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


@record
class Found:
    """One regular file below the declared folder."""

    path: str
    """Resolved: no part of it is a symbolic link."""
    name: str
    """Relative to the declared folder, in characters that can be stored."""
    size: int
    """Bytes."""
    changed: datetime
    identity: tuple[int, int]
    """Device and inode."""
    stamp: tuple[int, int]
    """Size and time of last change, to see whether it is still growing."""


def read(location: str, now: datetime) -> BackupEvidence:
    """See every file that ``location`` (a folder, a file or a glob) covers.

    Read are the newest until one is whole, and the oldest until one is. Raises CollectError:
    UNREACHABLE without the folder, DENIED, TOO_LARGE, MALFORMED.
    """
    files = list(_files(location))
    meant = Path(location).suffix.lower()
    kept = [file for file in files if is_backup(Path(file.name).name, meant)]
    points = _opened({_listed(file): file for file in kept}, now)
    return BackupEvidence(
        provider="files",
        completeness=Completeness.POINTS,
        points=thinned(points, now),
        points_total=len(points),
        skipped=len(files) - len(kept),
    )


def _listed(file: Found) -> Point:
    made = stamp(Path(file.name).name, file.changed)
    return Point(
        id=file.name,
        series="",
        started_at=made.started_at,
        ended_at=file.changed,
        outcome=Outcome.UNREAD if file.size else Outcome.BAD,
        content="; ".join(filter(None, ["not opened" if file.size else EMPTY, made.note])),
        size_bytes=file.size,
    )


def _opened(listed: dict[Point, Found], now: datetime) -> list[Point]:
    """Open files from both ends of time, each end until a whole one is met."""
    order = sorted(listed, key=lambda point: (point.started_at, point.id))
    seen: dict[Point, Point] = {}
    for points, seconds in ((order[::-1], SECONDS_NEWEST), (order, SECONDS_OLDEST)):
        enough = _alarm(seconds)
        for point in points:
            if enough():
                break
            if point not in seen:
                seen[point] = _seen(point, listed[point], now, enough)
            if seen[point].outcome is Outcome.GOOD and not in_future(point, now):
                break
    return [seen.get(point, point) for point in order]


def _alarm(seconds: float) -> Enough:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def _seen(point: Point, file: Found, now: datetime, enough: Enough) -> Point:
    """Open one file and say what it is."""
    content, growing = _content(file, enough)
    young = timedelta(0) <= now - file.changed <= SETTLING
    outcome, text = content.outcome, content.text
    if growing or (outcome is Outcome.BAD and young):
        outcome, text = Outcome.RUNNING, f"{text}; it may still be written"
    _, separator, notes = point.content.partition("; ")
    return replace(
        point,
        outcome=outcome,
        content=f"{text}{separator}{notes}",
        unchecked=content.unchecked,
    )


def _content(file: Found, enough: Enough) -> tuple[Content, bool]:
    try:
        descriptor = os.open(file.path, _OPEN)
    except OSError as error:
        text = f"it could not be opened: {error.strerror}"
        return Content(outcome=Outcome.UNREAD, text=text), False
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return Content(outcome=Outcome.UNREAD, text="it is no regular file any more"), False
        content = inspect(stream, file.name, enough)
        return content, _stamp(os.fstat(descriptor)) != file.stamp


def _files(location: str) -> Iterator[Found]:
    """Every regular file the location covers, once, whatever links lead to it."""
    root, patterns = _split(location)
    try:
        real = os.path.realpath(root, strict=True)
        met: set[tuple[int, int]] = set()
        links = 0
        for path in _Walk().matches(real, patterns):
            found = _found(path, real)
            if found is None:
                links += Path(path).is_symlink()
            elif found.identity not in met:
                met.add(found.identity)
                yield found
    except PermissionError as error:
        raise CollectError(Reason.DENIED, f"{error.filename} may not be listed") from error
    except OSError as error:
        detail = f"{error.filename}: {error.strerror}; is the disk mounted?"
        raise CollectError(Reason.UNREACHABLE, detail) from error
    if links and not met:
        raise CollectError(Reason.OUT_OF_SCOPE, f"all matches are links that lead out of {real}")


def _found(path: str, root: str) -> Found | None:
    """The regular file behind a match, None if it leads outside, elsewhere or nowhere."""
    try:
        real = os.path.realpath(path, strict=True)
        status = Path(real).lstat()
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ELOOP}:
            return None
        raise
    if not stat.S_ISREG(status.st_mode) or not Path(real).is_relative_to(root):
        return None
    name = os.fsencode(os.path.relpath(real, root)).decode("utf-8", "backslashreplace")
    return Found(
        path=real,
        name=name[-1000:],
        size=status.st_size,
        changed=_when(status.st_mtime),
        identity=(status.st_dev, status.st_ino),
        stamp=_stamp(status),
    )


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _when(seconds: float) -> datetime:
    """A file time as a datetime; what no calendar holds becomes the end of time."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC)


def _split(location: str) -> tuple[Path, tuple[str, ...]]:
    """The fixed folder of a location and the patterns below it."""
    if "\0" in location or not location:
        raise CollectError(Reason.MALFORMED, f"{location!r} is not a path")
    parts = Path(location).parts
    fixed = next((i for i, part in enumerate(parts) if _is_pattern(part)), None)
    if fixed is None:
        path = Path(os.path.realpath(location))
        return (path.parent, (path.name,)) if path.is_file() else (path, ("*",))
    if ".." in parts[fixed:]:
        raise CollectError(Reason.MALFORMED, f"{location!r} leaves a folder after a pattern")
    return Path(*parts[:fixed]), parts[fixed:]


def _is_pattern(part: str) -> bool:
    return any(letter in part for letter in "*?[")


class _Walk:
    """Finds names by patterns, counting what it looks at. Links to folders are not followed."""

    def __init__(self) -> None:
        self.entries = 0

    def matches(self, folder: str, patterns: tuple[str, ...], depth: int = 0) -> Iterator[str]:
        """Every entry below ``folder`` that the patterns name; ``**`` is any number of folders."""
        if depth > MAX_DEPTH:
            raise CollectError(Reason.TOO_LARGE, f"more than {MAX_DEPTH} folders deep")
        first, rest = patterns[0], patterns[1:]
        if first == "**":
            yield from self.matches(folder, rest or ("*",), depth)
            for name in self.folders(folder):
                yield from self.matches(name, patterns, depth + 1)
            return
        for entry in self.listed(folder):
            if not _matches(entry.name, first):
                continue
            if not rest:
                yield entry.path
            elif entry.is_dir(follow_symlinks=False):
                yield from self.matches(entry.path, rest, depth + 1)

    def folders(self, folder: str) -> Iterator[str]:
        """The folders directly below, without hidden ones."""
        for entry in self.listed(folder):
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                yield entry.path

    def listed(self, folder: str) -> Iterable[os.DirEntry[str]]:
        """A folder's entries, by name."""
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        self.entries += len(found)
        if self.entries > MAX_ENTRIES:
            raise CollectError(Reason.TOO_LARGE, f"more than {MAX_ENTRIES} files")
        return found


def _matches(name: str, pattern: str) -> bool:
    hidden = name.startswith(".") and not pattern.startswith(".")
    return not hidden and (name == pattern or fnmatch.fnmatch(name, pattern))
