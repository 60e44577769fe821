"""restic's snapshot list and its ways to fail. No I/O: ``collect_evidence`` runs the program."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from posture.model import CollectError, Reason, record

from .facts import Outcome, Point

ARGV = ("restic", "--no-lock", "--no-cache", "--json", "snapshots")
"""Repository and password travel in the environment. Without ``--no-lock`` listing would write."""

LONGEST = 500
_LARGEST = 2**63 - 1

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


_Key = tuple[str, frozenset[str]]


class ParseError(ValueError):
    """What restic printed is not a list of snapshots."""


@record
class _Summary:
    """Statistics of the run that wrote a snapshot; restic 0.17 and later."""

    backup_start: str | None = None
    backup_end: str | None = None
    total_files_processed: int | None = None
    total_bytes_processed: int | None = None


@record
class _Snapshot:
    """One entry of ``restic snapshots --json``."""

    time: str
    id: str
    hostname: str = ""
    paths: list[str] | None = None
    summary: _Summary | None = None


def parse(data: bytes) -> tuple[Point, ...]:
    """Read ``restic snapshots --json``; raises ParseError and nothing else."""
    try:
        snapshots = msgspec.json.decode(data, type=list[_Snapshot])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ParseError(f"not a list of snapshots: {error}") from None
    return _succeeded([(snapshot, _point(snapshot)) for snapshot in snapshots])


def _succeeded(found: Sequence[tuple[_Snapshot, Point]]) -> tuple[Point, ...]:
    """Let a series go on in the one that has taken its place: same host, its paths and more."""
    newest: dict[_Key, Point] = {}
    for snapshot, point in found:
        key = _key(snapshot)
        if key not in newest or point.started_at > newest[key].started_at:
            newest[key] = point
    heirs = {key: _heir(key, newest) for key in newest}
    return tuple(replace(point, series=heirs[_key(snapshot)]) for snapshot, point in found)


def _heir(key: _Key, newest: Mapping[_Key, Point]) -> str:
    """The series with the latest snapshot of all that hold everything this one holds."""
    host, paths = key
    able = [point for (its, roots), point in newest.items() if its == host and _cover(roots, paths)]
    return max([newest[key], *able], key=lambda point: point.started_at).series


def _cover(roots: frozenset[str], paths: frozenset[str]) -> bool:
    """Whether every path is one of ``roots``, or beneath one."""
    return bool(paths) and all(
        any(path == root or path.startswith((f"{root}/", f"{root}\\")) for root in roots)
        for path in paths
    )


def _key(snapshot: _Snapshot) -> _Key:
    return snapshot.hostname, frozenset(path.rstrip("/") for path in snapshot.paths or [])


def _point(snapshot: _Snapshot) -> Point:
    summary = snapshot.summary or _Summary()
    empty = summary.total_files_processed == 0
    return Point(
        id=_text(snapshot.id)[:8],
        series=_series(snapshot),
        started_at=_time(summary.backup_start or snapshot.time),
        ended_at=_time(summary.backup_end) if summary.backup_end else None,
        outcome=Outcome.BAD if empty else Outcome.GOOD,
        content="the snapshot holds no file" if empty else "restic lists the snapshot",
        size_bytes=_size(summary.total_bytes_processed),
    )


def _series(snapshot: _Snapshot) -> str:
    """Host and paths: what restic itself takes for one series of snapshots."""
    whole = _text(f"{snapshot.hostname}: {', '.join(sorted(snapshot.paths or []))}")
    if len(whole) <= LONGEST:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:12]
    return f"{whole[: LONGEST - 16]}… {digest}"


def _text(value: str) -> str:
    """Keep only what UTF-8 can hold: JSON can spell half a character."""
    return value.encode("utf-8", "replace").decode("utf-8")


def _size(value: int | None) -> int | None:
    return value if value is not None and 0 <= value <= _LARGEST else None


def _time(text: str) -> datetime:
    """Read RFC 3339 with up to nine digits of a second, of which Python keeps six."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ParseError(f"{text[:40]!r} is not a time")
    whole, fraction, zone = match.groups()
    try:
        return datetime.fromisoformat(
            f"{whole.upper()}.{(fraction or '0')[:6]:0<6}{zone.upper()}"
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ParseError(f"{text!r} is not a time") from None


_CODES = {
    10: (Reason.UNREACHABLE, "there is no repository at this place"),
    11: (Reason.INCONCLUSIVE, "the repository is locked"),
    12: (Reason.DENIED, "the password is wrong"),
}
_MESSAGES = (
    ("wrong password or no key found", *_CODES[12]),
    ("Is there a repository at the following location", *_CODES[10]),
    ("repository does not exist", *_CODES[10]),
    ("already locked", *_CODES[11]),
    ("permission denied", Reason.DENIED, "permission was refused"),
    ("connection refused", Reason.REFUSED, "the server refused the connection"),
    ("no such host", Reason.UNREACHABLE, "the server's name is not known"),
    ("no route to host", Reason.UNREACHABLE, "the server cannot be reached"),
    ("i/o timeout", Reason.TIMEOUT, "the server did not answer in time"),
)


def failure(returncode: int, stderr: bytes) -> CollectError:
    """Say why restic failed. Versions before 0.17 end with 1 whatever happened.

    None of restic's own words are kept: they may hold the repository's address with a password.
    """
    if returncode in _CODES:
        return CollectError(*_CODES[returncode])
    words = stderr.decode("utf-8", "replace").lower()
    for fragment, reason, detail in _MESSAGES:
        if fragment.lower() in words:
            return CollectError(reason, detail)
    return CollectError(Reason.INCONCLUSIVE, f"restic ended with code {returncode}")


def checked_repository(location: str) -> str:
    """Refuse a repository that restic, or ssh beneath it, could take for an option."""
    control = any(ord(letter) < 32 or ord(letter) == 127 for letter in location)
    host = location.removeprefix("sftp:").lstrip("/")
    if control or not location or location.startswith("-") or host.startswith("-"):
        raise CollectError(Reason.MALFORMED, f"{location!r} is not a repository")
    return location
