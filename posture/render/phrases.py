"""Small wordings that every outlet shares: dates, durations, counts, and the closed sets."""

from __future__ import annotations

import math
from datetime import UTC
from typing import TYPE_CHECKING

from posture import words
from posture.model import Finding, Severity, Status, View

if TYPE_CHECKING:
    from datetime import datetime

    from posture.snapshot import Run

# Not strftime: its names follow the user's locale, and the report is in English.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_HOUR, _WORKDAY = 60, 480
"""Minutes."""


def day(at: datetime) -> str:
    """``2 November 2026``, in UTC."""
    at = at.astimezone(UTC)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def minute(at: datetime) -> str:
    """``2026-11-02 09:05 UTC``."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def whole(number: float) -> int:
    """Round down, so that no printed figure is better than the true one.

    Sums of weighted shares miss an integer by a hair; that hair is not a point.
    """
    return math.floor(number + 1e-9)


def count(number: int, noun: str) -> str:
    """``1 system``, ``2 systems``; for nouns that take an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def effort(minutes: int) -> str:
    """About how long something takes: minutes, half hours, or days of eight hours."""
    if minutes < _HOUR:
        return count(minutes, "minute")
    if minutes < _WORKDAY:
        return _halves(minutes / _HOUR, "hour")
    return _halves(minutes / _WORKDAY, "day")


def _halves(number: float, noun: str) -> str:
    halves = math.ceil(number * 2 - 1e-9)
    if halves == 2:
        return f"1 {noun}"
    return f"{halves // 2}{'½' if halves % 2 else ''} {noun}s"


def cost(band: str) -> str:
    """What it costs to buy."""
    return "nothing to buy" if band == "none" else f"{band} cost"


def of_status(status: Status) -> str:
    """The outcome of a check in words."""
    return words.catalogue()["status"][status]


def of_severity(severity: Severity) -> str:
    """How bad it is, in words."""
    return words.catalogue()["severity"][severity]


def of_area(name: str) -> str:
    """The area's title; the name itself for an area that a foreign policy added."""
    return words.catalogue()["areas"].get(name, name)


def of_vantage(view: View | None) -> str:
    """From which side of the firewall a scan looked."""
    if view is None:
        return "a place nobody told us"
    return "inside the office" if view is View.INTERNAL else "outside the office"


def why_unseen(finding: Finding) -> str:
    """Why something could not be checked; without a full stop."""
    if finding.reason is not None:
        return words.reason(finding.reason)
    return of_status(Status.ERROR if finding.status is Status.ERROR else Status.UNKNOWN)


def next_step(finding: Finding) -> str:
    """How to get an answer, empty when the reason is not known."""
    return words.catalogue()["next_step"][finding.reason] if finding.reason else ""


def of_interruption(run: Run) -> str:
    """Why a scan ended early; without a full stop."""
    return words.catalogue()["reason"].get(run.interrupted, "the reason was not recorded")
