"""What can be seen of a backup, in one form for every program that makes backups."""

from datetime import datetime
from enum import StrEnum

from posture.model import fact, record


class Outcome(StrEnum):
    """How a point or a run turned out."""

    GOOD = "good"
    PARTIAL = "partial"
    BAD = "bad"
    RUNNING = "running"
    UNREAD = "unread"
    """Listed, and nothing known of it beyond that."""


class Completeness(StrEnum):
    """What a listing proves about the runs behind it."""

    POINTS = "points"
    """Every run leaves a point that shows how it ended (a file that can be read to its end)."""
    RUNS = "runs"
    """The program keeps a record of its runs."""
    NOT_KEPT = "not_kept"
    """A point does not show whether the run read everything (restic)."""


@record
class Point:
    """One state of the data that could be restored."""

    id: str
    """File path below the declared folder, or the snapshot's short id."""
    series: str
    """What this is a state of: points of one series replace each other."""
    started_at: datetime
    """Start of the run: the moment whose state was captured. UTC."""
    ended_at: datetime | None = None
    """End of the run, where it is known. UTC."""
    outcome: Outcome
    content: str
    """How the outcome is known, for the technician."""
    size_bytes: int | None = None
    """Of the file, or of the data in the snapshot; None when it is not recorded."""
    unchecked: bool = False
    """It is there and shows no damage, but it was not read to its end, so it may lack its end."""


@record
class Run:
    """One execution of a job, from the program's own record."""

    job: str
    started_at: datetime
    outcome: Outcome
    detail: str = ""


@fact("backup.evidence")
class BackupEvidence:
    """The restore points of one backup set; of a very long list only the ends."""

    provider: str
    """``files`` or ``restic``."""
    completeness: Completeness
    """Where to look for the outcome of the last run."""
    points: tuple[Point, ...]
    """By series and start, oldest first. An empty listing is one that succeeded and was empty."""
    points_total: int
    """How many points were listed, including those not kept in ``points``."""
    runs: tuple[Run, ...] = ()
    """Oldest first; empty for a program without records."""
    skipped: int = 0
    """Files that match but are no backup: logs, checksums, unfinished uploads."""
