"""The one place that reads the time."""

from datetime import UTC, datetime


class SystemClock:
    """The machine's clock, in UTC and without what no report needs: microseconds."""

    def now(self) -> datetime:
        """Return the current time, to the second."""
        return datetime.now(UTC).replace(microsecond=0)
