"""What a check says, and what a policy makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from posture.model.outcome import Reason, Severity, Status, Value, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One raw record a verdict rests on. Hostile until an outlet has sanitised it."""

    source: str
    """What was asked, e.g. ``TXT _dmarc.example.com``."""
    record: str
    personal: bool = False
    """Names a person: printed only where a technician needs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check says of one subject: ids of texts in its page, and the values that fill them."""

    status: Status
    says: str
    values: Mapping[str, Value] = field(default_factory=dict)
    fix: str | None = None
    near_miss: str | None = None
    observed: str = ""
    expected: str = ""
    evidence: tuple[Evidence, ...] = ()
    view: View | None = None
    share: float | None = None
    """Only with ``partial``: the part that is in order, 0 to 1."""
    attested: bool = False
    reason: Reason | None = None
    """Only with ``unknown``: why, when the judge itself cannot tell."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One verdict in the light of a policy."""

    fingerprint: str
    check: str
    subject: str
    label: str
    area: str
    score_area: str
    status: Status
    severity: Severity
    says: str
    values: dict[str, Value] = field(default_factory=dict)
    fix: str | None = None
    near_miss: str | None = None
    observed: str = ""
    expected: str = ""
    evidence: tuple[Evidence, ...] = ()
    view: View | None = None
    share: float | None = None
    attested: bool = False
    stale: bool = False
    waived: bool = False
    reason: Reason | None = None
    detail: str = ""
    incomplete: bool = False
    """The subjects of this rule are not all known: a discovery above them failed."""
    seen_at: datetime | None = None


def passed(says: str, /, *evidence: Evidence, **values: Value) -> Verdict:
    """Build a passing verdict: text id, evidence, and the values that fill the text."""
    return Verdict(status=Status.PASS, says=says, values=values, evidence=evidence)


def failed(says: str, /, *evidence: Evidence, fix: str, **values: Value) -> Verdict:
    """Build a failing verdict. A failure without a fix is of no use to anyone, so one is needed."""
    return Verdict(status=Status.FAIL, says=says, values=values, evidence=evidence, fix=fix)


def unknown(says: str, /, *evidence: Evidence, reason: Reason, **values: Value) -> Verdict:
    """Build a verdict of 'could not be told', with the reason."""
    return Verdict(
        status=Status.UNKNOWN, says=says, values=values, evidence=evidence, reason=reason
    )


def not_applicable(says: str, /, *evidence: Evidence, **values: Value) -> Verdict:
    """Build a verdict of 'this question does not arise', from positive evidence."""
    return Verdict(status=Status.NOT_APPLICABLE, says=says, values=values, evidence=evidence)
