"""The demo office's backup folder: small, whole and dated around the moment of the audit."""

import gzip
import io
import os
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from posture.demo.faults import Fault

DAYS = (0, 1, 2, 3, 4, 5, 6, 13, 20, 27, 40, 70, 100)
"""Ages kept, in days: a week of days, a month of weeks, three months."""
SETS = {
    "practice database": "practice-db/*.sql.gz",
    "X-ray images": "x-ray/*.zip",
    "mail archive": "mail/*.sqlite",
    "file server": "file-server/*.tar.gz",
}
_AGO = timedelta(hours=3)


def write(folder: Path, now: datetime, faults: AbstractSet[Fault]) -> None:
    """Write every backup set below ``folder``."""
    stale = Fault.BACKUP_STALE in faults
    _series(folder / "practice-db", "practice", ".sql.gz", _dump, now, DAYS[4:] if stale else DAYS)
    shallow = Fault.BACKUP_SHALLOW in faults
    kept = tuple(day for day in DAYS if day <= 6 or not shallow)
    _series(folder / "x-ray", "images", ".zip", _images, now, kept)
    clock = Fault.BACKUP_CLOCK in faults
    _series(folder / "mail", "mail", ".sqlite", _mail, now, (-370, *DAYS) if clock else DAYS)
    _series(folder / "file-server", "files", ".tar.gz", _files, now, DAYS)
    if Fault.BACKUP_BROKEN in faults:
        _cut(_path(folder / "file-server", "files", ".tar.gz", now, 0), now - _AGO)


def _series(
    folder: Path,
    name: str,
    suffix: str,
    content: Callable[[], bytes],
    now: datetime,
    days: Iterable[int],
) -> None:
    folder.mkdir(parents=True)
    data = content()
    for day in days:
        path = _path(folder, name, suffix, now, day)
        path.write_bytes(data)
        _date(path, now - _AGO - timedelta(days=day))


def _path(folder: Path, name: str, suffix: str, now: datetime, day: int) -> Path:
    made = now - _AGO - timedelta(days=day)
    return folder / f"{name}-{made:%Y-%m-%d}{suffix}"


def _date(path: Path, moment: datetime) -> None:
    os.utime(path, (moment.timestamp(), moment.timestamp()))


def _cut(path: Path, moment: datetime) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    _date(path, moment)


def _dump() -> bytes:
    rows = "".join(f"{number}\t2026-03-{number % 28 + 1:02}\tchecked\n" for number in range(200))
    text = (
        f"-- PostgreSQL database dump\n\n{rows}\n--\n-- PostgreSQL database dump complete\n--\n\n"
    )
    return gzip.compress(text.encode(), mtime=0)


def _images() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(5):
            archive.writestr(f"{number:04}.dcm", bytes(128) + b"DICM" + bytes(1000))
    return made.getvalue()


def _mail() -> bytes:
    with closing(sqlite3.connect(":memory:")) as archive:
        archive.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, subject TEXT)")
        archive.execute("INSERT INTO message (subject) VALUES ('Your appointment')")
        archive.commit()
        return archive.serialize()


def _files() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        letter = b"Dear patient, we have moved your appointment." * 40
        entry = tarfile.TarInfo("letters/reminder.txt")
        entry.size = len(letter)
        archive.addfile(entry, io.BytesIO(letter))
    return made.getvalue()
