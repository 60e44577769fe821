"""What a file name says of a backup."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.backup.names import AGREEMENT, is_backup, stamp

CHANGED = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("crm.sql.gz", True),
        ("crm", True),
        ("CRM.BAK", True),
        ("crm.sql.gz.sha256", False),
        ("backup.LOG", False),
        ("crm.tar.part", False),
        ("crm.sql.gz~", False),
        (".crm.tar", False),
        ("Thumbs.db", False),
        ("log", True),
    ],
)
def test_logs_checksums_and_halves_are_no_backup(name: str, wanted: bool) -> None:
    assert is_backup(name) is wanted


@pytest.mark.parametrize(
    ("name", "started"),
    [
        ("crm.sql.gz", CHANGED),
        ("crm-2026-11-20.sql.gz", CHANGED),
        ("crm-20261120.sql.gz", CHANGED),
        ("crm-20261119-2330.sql.gz", CHANGED),  # no zone: nobody knows when that was
        ("crm-20261120T021500Z.sql.gz", datetime(2026, 11, 20, 2, 15, tzinfo=UTC)),
        ("crm-2026-11-20T02:15:00Z.gz", datetime(2026, 11, 20, 2, 15, tzinfo=UTC)),
        ("crm-20261120T051500Z.sql.gz", CHANGED),  # after the last change: the older counts
        ("crm-20261122.sql.gz", CHANGED),  # within 48 hours
        ("crm-20201301.gz", CHANGED),  # no such month
        ("crm-20261120T994500Z.gz", CHANGED),  # no such hour
        ("tenant20190101-20261120.gz", CHANGED),  # the date that fits best is meant
        ("123456789012.gz", CHANGED),
    ],
)
def test_a_name_that_agrees(name: str, started: datetime) -> None:
    made = stamp(name, CHANGED)
    assert (made.started_at, made.note) == (started, "")


@pytest.mark.parametrize(
    ("name", "started"),
    [
        ("crm-2026-10-01.gz", datetime(2026, 10, 1, tzinfo=UTC)),  # copied or touched later
        ("crm-2027-03-01.gz", CHANGED),  # a name from the future
        ("crm-20261001T030000Z.gz", datetime(2026, 10, 1, 3, tzinfo=UTC)),
    ],
)
def test_when_name_and_file_system_disagree_the_older_counts(name: str, started: datetime) -> None:
    made = stamp(name, CHANGED)
    assert made.started_at == started
    assert "the older counts" in made.note


def test_48_hours_apart_is_agreement() -> None:
    day = datetime(2026, 11, 18, tzinfo=UTC)
    edge = day + timedelta(days=1) + AGREEMENT
    assert stamp("crm-20261118.gz", edge).note == ""
    assert stamp("crm-20261118.gz", edge + timedelta(seconds=1)).note != ""


@given(
    st.text(st.characters() | st.sampled_from("0123456789-TZ_.")),
    st.datetimes(timezones=st.just(UTC)),
)
def test_any_name_has_a_time_that_is_never_later_than_the_change(name: str, at: datetime) -> None:
    assert stamp(name, at).started_at <= at


def test_a_suffix_that_was_spelled_out_is_meant() -> None:
    assert not is_backup("export.txt")
    assert is_backup("export.TXT", ".txt")
    assert not is_backup("export.log", ".txt")
    assert not is_backup(".export.txt", ".txt")
