"""How long to wait before asking Microsoft Graph again."""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

CAP = 60.0
"""Longest wait of our own choosing, in seconds."""


def delay(retry_after: str | None, tries: int, now: datetime) -> float:
    """Seconds to wait after ``tries`` refusals, counted from 1.

    ``Retry-After`` may be whole seconds, a fraction (Microsoft's own example) or an HTTP date
    (RFC 9110 §10.2.3). Conditional Access sends none at all: then the wait doubles each time.
    """
    asked = _asked(retry_after.strip(), now) if retry_after else None
    return asked if asked is not None else min(CAP, 2.0 ** (tries - 1))


def _asked(value: str, now: datetime) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return _until(value, now)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _until(value: str, now: datetime) -> float | None:
    try:
        date = parsedate_to_datetime(value)
        aware = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, (aware - now).total_seconds())
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
