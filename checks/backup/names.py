"""What the name of a backup file says: its date, and whether it is a backup at all."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from posture.model import record

AGREEMENT = timedelta(hours=48)
"""How far the date in a name and the time of the last change may lie apart."""

_DATE = re.compile(
    r"(?<!\d)(20\d\d)([-_.]?)(\d\d)\2(\d\d)"
    r"(?:[-_.T ]?(\d\d)[-_.:h]?(\d\d)(?:[-_.:m]?(\d\d))?(Z)?)?(?!\d)"
)

_BESIDE = {
    *(".log", ".txt", ".ini", ".lock", ".pid", ".swp"),
    *(".md5", ".sha1", ".sha256", ".sha512", ".sig"),
    *(".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".incomplete", ".writing"),
}
_NOT_A_BACKUP = {"thumbs.db", "desktop.ini"}


@record
class Stamp:
    """When a backup file was made, as far as name and file system tell."""

    started_at: datetime
    note: str
    """Empty, or how the two disagree."""


def is_backup(name: str, meant: str = "") -> bool:
    """Whether a matching file can be a backup, and is not a log, a checksum or half an upload.

    A suffix that the client file itself spells out is ``meant``, whatever it usually stands for.
    """
    lower = name.lower()
    suffix = lower[lower.rfind(".") :] if "." in lower else ""
    beside = (suffix in _BESIDE and suffix != meant) or lower in _NOT_A_BACKUP
    return not (lower.startswith(".") or lower.endswith("~") or beside)


def stamp(name: str, changed: datetime) -> Stamp:
    """Choose a file's time: its last change, or the older one where the name contradicts it.

    A time of day in a name is used only with a ``Z``: otherwise nobody knows its zone.
    """
    named = min(_dates(name), key=lambda date: date.distance(changed), default=None)
    if named is None:
        return Stamp(started_at=changed, note="")
    if named.distance(changed) > AGREEMENT:
        older = min(named.first, changed)
        return Stamp(
            started_at=older,
            note=f"its name says {named.first:%Y-%m-%d}, its last change was "
            f"{changed:%Y-%m-%d}; the older counts",
        )
    exact = named.first if named.exact else changed
    return Stamp(started_at=min(exact, changed), note="")


@record
class _Named:
    """A date in a name, as the span it may mean."""

    first: datetime
    last: datetime
    exact: bool

    def distance(self, moment: datetime) -> timedelta:
        """How far outside the span a moment lies."""
        return max(self.first - moment, moment - self.last, timedelta(0))


def _dates(name: str) -> Iterator[_Named]:
    for match in _DATE.finditer(name):
        year, _, month, day, hour, minute, second, zone = match.groups()
        parts = [int(part) for part in (year, month, day)]
        clock = [int(part or 0) for part in (hour, minute, second)]
        try:
            if zone:
                exact = datetime(*parts, *clock, tzinfo=UTC)  # type: ignore[misc,arg-type]
                yield _Named(first=exact, last=exact, exact=True)
            else:
                day_start = datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]
                yield _Named(first=day_start, last=day_start + timedelta(days=1), exact=False)
        except ValueError:
            continue
