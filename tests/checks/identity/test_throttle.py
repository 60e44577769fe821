"""How long to wait before asking again."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.identity.throttle import CAP, delay
from tests.checks.identity.conftest import REAL

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "tries", "seconds"),
    [
        ("3", 1, 3.0),
        (" 2.128 ", 1, 2.128),  # Microsoft's own example has a fraction
        ("0", 1, 0.0),
        ("-5", 1, 0.0),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 1, 30.0),
        ("Sat, 21 Nov 2026 12:00:30 -0000", 1, 30.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 1, 0.0),
        (None, 1, 1.0),
        (None, 4, 8.0),
        (None, 20, CAP),
        ("", 2, 2.0),
        ("soon", 2, 2.0),
        ("nan", 2, 2.0),
        ("inf", 3, 4.0),
        ("Sat, 21 Nov 99999 12:00:30 GMT", 1, 1.0),
    ],
)
def test_delay(header: str | None, tries: int, seconds: float) -> None:
    assert delay(header, tries, NOW) == seconds


@given(st.text(), st.integers(1, 6))
def test_any_header_gives_some_delay(header: str, tries: int) -> None:
    assert delay(header, tries, NOW) >= 0


def test_a_pause_is_a_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    REAL(2.5)
    assert slept == [2.5]
