"""``findings.csv``: one row for each open finding, for a spreadsheet or a ticket system."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from posture.render.phrases import of_area
from posture.sanitise import for_csv
from posture.score import is_open

if TYPE_CHECKING:
    from posture.audit import Audit, Entry

COLUMNS = (
    "client",
    "check",
    "area",
    "severity",
    "status",
    "title",
    "subject",
    "label",
    "view",
    "summary",
    "observed",
    "expected",
    "fix",
    "near_miss",
    "effort_minutes",
    "waived",
    "seen_at",
    "fingerprint",
)
"""Stable: new columns are added at the end."""


def findings(audit: Audit) -> bytes:
    """Return the table as UTF-8 with a byte order mark, which Excel needs, and CRLF lines."""
    effort = {action.check: str(action.effort_minutes) for action in audit.score.actions}
    out = io.StringIO(newline="")
    table = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for entry in audit.entries:
        if is_open(entry.finding):
            row = _row(audit, entry, effort.get(entry.finding.check, ""))
            table.writerow([for_csv(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def _row(audit: Audit, entry: Entry, effort_minutes: str) -> tuple[str, ...]:
    finding = entry.finding
    return (
        audit.client_id,
        finding.check,
        of_area(finding.score_area),
        finding.severity,
        finding.status,
        audit.words[finding.check].title,
        finding.subject,
        finding.label,
        finding.view or "",
        entry.summary,
        finding.observed,
        finding.expected,
        entry.fix,
        entry.near_miss,
        effort_minutes,
        entry.waiver,
        finding.seen_at.isoformat() if finding.seen_at else "",
        finding.fingerprint,
    )
