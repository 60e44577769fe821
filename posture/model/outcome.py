"""The closed sets: statuses, severities, views, reasons, and what a failed observation is."""

from dataclasses import dataclass
from enum import StrEnum

Value = str | int | float
"""What a text may be filled with."""


class Status(StrEnum):
    """The outcome of one check on one subject."""

    PASS = "pass"
    FAIL = "fail"
    PARTIAL = "partial"
    UNKNOWN = "unknown"
    ERROR = "error"
    NOT_APPLICABLE = "not_applicable"

    @property
    def undecided(self) -> bool:
        """Nothing was proven either way."""
        return self in {Status.UNKNOWN, Status.ERROR}


class Severity(StrEnum):
    """How bad a failing rule is; policies assign it, checks never do."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info up to 4 for critical."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(reversed(Severity))}


class View(StrEnum):
    """From which side of the office's firewall something can be reached."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class Reason(StrEnum):
    """Why something was not seen. The set is closed: a report explains each in words."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    SERVFAIL = "servfail"
    DENIED = "denied"
    RATE_LIMITED = "rate_limited"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    INCONCLUSIVE = "inconclusive"
    NO_CREDENTIAL = "no_credential"
    NO_CONSENT = "no_consent"
    UNLICENSED = "unlicensed"
    OUT_OF_SCOPE = "out_of_scope"
    WRONG_VANTAGE = "wrong_vantage"
    NO_SUCH_NAME = "no_such_name"
    NOT_DECLARED = "not_declared"
    TOOL_MISSING = "tool_missing"
    NOT_COLLECTED = "not_collected"
    DEADLINE = "deadline"
    INTERRUPTED = "interrupted"
    BUG = "bug"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An observation that could not be made. Never the same as 'absent'."""

    reason: Reason
    detail: str = ""


class CollectError(Exception):
    """Raised by a collector, or by ``posture.net`` beneath it: the fact becomes ``Failed``."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        """Keep the reason for the report and the detail for the technician."""
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail

    @property
    def failed(self) -> Failed:
        """The observation this error stands for."""
        return Failed(reason=self.reason, detail=self.detail)
