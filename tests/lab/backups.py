"""The lab's backups: repositories that restic wrote, and archives that tar wrote."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.lab.daemons import done

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

PASSWORD, WRONG = "kneads-and-rises", "not-the-password"
RECENT = timedelta(hours=2)
OLD = timedelta(days=40)
AHEAD = timedelta(days=-90)


def write(folder: Path, now: datetime) -> None:
    """Write every backup below ``folder``, and the password files."""
    data = folder / "data"
    data.mkdir(parents=True)
    (data / "orders.txt").write_text("40 rolls, 3 rye loaves\n" * 500)
    for name, password in (("password", PASSWORD), ("wrong-password", WRONG)):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(password)
    _repositories(folder, data, now)
    _archives(folder / "archives", data, now, (RECENT, timedelta(days=1), OLD))
    cut = _archives(folder / "cut", data, now, (RECENT, timedelta(days=1), OLD))
    os.truncate(cut, cut.stat().st_size // 2)
    _date(cut, now - RECENT)


def _repositories(folder: Path, data: Path, now: datetime) -> None:
    """Three repositories: creating one is what takes time, so two are copies."""
    old = folder / "old"
    _restic(old, "init")
    _restic(old, "backup", "--time", _local(now - OLD), str(data))
    fresh = shutil.copytree(old, folder / "fresh")
    _restic(fresh, "backup", "--time", _local(now - RECENT), str(data))
    ahead = shutil.copytree(fresh, folder / "ahead")
    _restic(ahead, "backup", "--time", _local(now - AHEAD), str(data))


def _restic(repository: Path, *arguments: str) -> None:
    done(
        *("restic", "--quiet", "--no-cache", *arguments),
        RESTIC_REPOSITORY=str(repository),
        RESTIC_PASSWORD=PASSWORD,
    )


def _local(moment: datetime) -> str:
    """restic reads the time of a backup in the zone of the computer."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _archives(folder: Path, data: Path, now: datetime, ages: Iterable[timedelta]) -> Path:
    """Write one archive an age and return the newest."""
    folder.mkdir()
    paths = []
    for age in ages:
        path = folder / f"orders-{now - age:%Y-%m-%d-%H%M}.tar.gz"
        done("tar", "--create", "--gzip", "--file", str(path), "--directory", str(data), ".")
        _date(path, now - age)
        paths.append(path)
    return paths[0]


def _date(path: Path, moment: datetime) -> None:
    os.utime(path, (moment.timestamp(), moment.timestamp()))
