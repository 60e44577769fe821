"""Risks the client accepted: waivers.toml, each with a reason, a name and an end.

A waiver takes a finding off the to-do list and the exit code. It never raises a score or a grade,
and when it has expired the finding is open again.
"""

import os.path
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from posture.model import Finding
from posture.plugins import Registry
from posture.tomlfile import Builder, Rules, did_you_mean, quote, read

FILE = "waivers.toml"
LONGEST = timedelta(days=365)
SOON = timedelta(days=30)
_SHORTEST_REASON = 20
_LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One accepted risk."""

    check: str
    subject: str
    """A subject id, or a pattern with ``*`` and ``?`` over ids, such as ``host:192.168.1.*``."""
    reason: str
    approved_by: str
    approved_on: date
    expires: date
    """Its last day."""
    compensating: str = ""
    """What is done instead."""

    def matches(self, check: str, subject: str) -> bool:
        """Whether it speaks of this finding, whatever the day."""
        if check != self.check:
            return False
        return subject == self.subject or fnmatchcase(subject, self._pattern)

    def in_force(self, at: datetime) -> bool:
        """Whether it is approved and has not expired on that day (UTC)."""
        return self.approved_on <= at.date() <= self.expires

    @property
    def _pattern(self) -> str:
        """The subject as a pattern in which a square bracket means itself."""
        return self.subject.replace("[", "[[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverFile:
    """Everything a waivers.toml may hold."""

    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True, slots=True)
class Waivers:
    """All waivers of a client."""

    waivers: tuple[Waiver, ...] = ()
    lines: Mapping[Waiver, int] = field(default_factory=dict)
    """Where each stands in its file."""

    def match(self, check: str, subject: str, at: datetime) -> Waiver | None:
        """The waiver in force for a finding; one that names the subject comes first."""
        found = [w for w in self.waivers if w.in_force(at) and w.matches(check, subject)]
        return min(found, key=lambda w: (w.subject != subject, w.subject), default=None)

    def notices(self, findings: Iterable[Finding], at: datetime) -> Iterator[str]:
        """Say which waivers are expired, about to expire, not yet valid, or match nothing."""
        seen = [(finding.check, finding.subject) for finding in findings]
        for waiver in self.waivers:
            used = any(waiver.matches(*each) for each in seen)
            remark = _remark(waiver, at.date(), used=used)
            if remark:
                where = f"{FILE}:{self.lines[waiver]}: " if waiver in self.lines else ""
                yield f"{where}the waiver of {waiver.check} for {waiver.subject} {remark}"


def load_waivers(path: Path | None, registry: Registry) -> Waivers:
    """Read a client's waivers; no file, no waivers. Raises ConfigErrors with every mistake."""
    if path is None or not os.path.lexists(path):
        return Waivers()
    builder = Builder(read(path), _rules(registry.checks))
    table = builder.build(WaiverFile, builder.document.data)
    builder.finish()
    lines = {
        waiver: builder.document.line(("waivers", index))
        for index, waiver in enumerate(table.waivers)
    }
    return Waivers(table.waivers, lines)


def _remark(waiver: Waiver, today: date, *, used: bool) -> str:
    if today > waiver.expires:
        return f"expired on {waiver.expires}: the finding is open again"
    if today < waiver.approved_on:
        return f"is not in force before {waiver.approved_on}"
    if not used:
        return "matches nothing: remove it, or correct its subject"
    if today > waiver.expires - SOON:
        return f"expires on {waiver.expires}"
    return ""


def _rules(checks: Collection[str]) -> Rules:
    seen: set[tuple[str, str]] = set()

    def known(check: str) -> str:
        if check not in checks:
            raise ValueError(f"{quote(check)} is no installed check{did_you_mean(check, checks)}")
        return check

    def whole(waiver: Waiver) -> Waiver:
        if (waiver.check, waiver.subject) in seen:
            raise ValueError("is here twice: one waiver per check and subject")
        seen.add((waiver.check, waiver.subject))
        if not waiver.approved_on <= waiver.expires <= waiver.approved_on + LONGEST:
            raise ValueError(f"must expire at most {LONGEST.days} days after it was approved")
        return waiver

    return {
        Waiver: {
            "check": known,
            "subject": _subject,
            "reason": _reason,
            "approved_by": _name,
            "compensating": _text,
            "": whole,
        }
    }


def _subject(text: str) -> str:
    if not text.isprintable() or not (":" in text or text == "*"):
        raise ValueError(f'{quote(text)} is no subject id, such as "domain:example.com"')
    return text


def _reason(text: str) -> str:
    if len(text.strip()) < _SHORTEST_REASON:
        raise ValueError(f"must be a reason of at least {_SHORTEST_REASON} characters")
    return _text(text)


def _name(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > 200:
        raise ValueError("must name a person")
    return text.strip()


def _text(text: str) -> str:
    if len(text) > _LONGEST_REASON:
        raise ValueError(f"is longer than {_LONGEST_REASON} characters")
    return text.strip()
