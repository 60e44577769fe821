"""Orders the findings for a technician: by area, by rule, worst first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from posture.audit import CheckWords, Entry
from posture.model import Severity, Status
from posture.render.phrases import of_area
from posture.score import is_open

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from posture.audit import Audit

_STATUSES = (
    *(Status.FAIL, Status.PARTIAL, Status.ERROR, Status.UNKNOWN),
    *(Status.PASS, Status.NOT_APPLICABLE),
)
"""As they are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One rule and its findings."""

    check: str
    words: CheckWords
    severity: Severity
    entries: tuple[Entry, ...]
    """Those with something to read, do or decide."""
    settled: tuple[Entry, ...]
    """Those for which one row of a table says it all."""
    counts: tuple[tuple[Status, int], ...]
    """Of the settled ones."""
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One area of the score."""

    name: str
    title: str
    topics: tuple[Topic, ...]
    counts: tuple[tuple[Status, int], ...]
    """How many findings have each status, of those that occur."""


def is_settled(entry: Entry) -> bool:
    """Whether nothing is to be done: in order or not applicable, without any remark."""
    remarks = (entry.fix, entry.near_miss, entry.waiver, entry.finding.stale)
    return entry.finding.status in {Status.PASS, Status.NOT_APPLICABLE} and not any(remarks)


def chapters(audit: Audit) -> tuple[Chapter, ...]:
    """Return all findings, areas in the order of the score."""
    by_area: dict[str, list[Entry]] = {area.name: [] for area in audit.score.areas}
    for entry in audit.entries:
        by_area.setdefault(entry.finding.score_area, []).append(entry)
    return tuple(
        Chapter(
            name=name,
            title=of_area(name),
            topics=_topics(audit, entries),
            counts=_counts(entries),
        )
        for name, entries in by_area.items()
        if entries
    )


def _topics(audit: Audit, entries: Iterable[Entry]) -> tuple[Topic, ...]:
    by_check: dict[str, list[Entry]] = {}
    for entry in entries:
        by_check.setdefault(entry.finding.check, []).append(entry)
    topics = [_topic(audit.words[check], found) for check, found in by_check.items()]
    return tuple(sorted(topics, key=_order))


def _topic(words: CheckWords, entries: Sequence[Entry]) -> Topic:
    open_ = [entry for entry in entries if is_open(entry.finding)]
    worst = max((e.finding.severity for e in open_ or entries), key=lambda s: s.rank)
    ordered = sorted(entries, key=_entry_order)
    settled = tuple(filter(is_settled, ordered))
    return Topic(
        check=entries[0].finding.check,
        words=words,
        severity=worst,
        entries=tuple(entry for entry in ordered if not is_settled(entry)),
        settled=settled,
        counts=_counts(settled),
        open=bool(open_),
    )


def _order(topic: Topic) -> tuple[int, int, str]:
    first = (*topic.entries, *topic.settled)[0]
    return (_place(first), -topic.severity.rank, topic.check)


def _entry_order(entry: Entry) -> tuple[int, str]:
    return (_place(entry), entry.finding.subject)


def _place(entry: Entry) -> int:
    return _STATUSES.index(entry.finding.status)


def _counts(entries: Iterable[Entry]) -> tuple[tuple[Status, int], ...]:
    found = Counter(entry.finding.status for entry in entries)
    return tuple((status, found[status]) for status in _STATUSES if found[status])
