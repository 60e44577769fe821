"""A waiver has a reason, a name and an end, and it is never more than that."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture import plugins
from posture.model import Area, Company, Finding, Severity, Status, Verdict, check, passed
from posture.plugins import Registry
from posture.tomlfile import ConfigErrors
from posture.waivers import Waiver, Waivers, load_waivers


@check("toy.port.closed")
def closed(company: Company) -> Verdict:
    """The port is closed."""
    return passed("ok", client=company.name)


TOY = Area(name="toy", title="Toy", package="tests", checks=(closed,))
NOON = datetime(2026, 11, 15, 12, tzinfo=UTC)
ONE = """
[[waivers]]
check = "toy.port.closed"
subject = "host:192.0.2.1"
reason = "the camera needs it until March"
approved_by = "J. Doe, owner"
approved_on = 2026-11-01
expires = 2026-12-31
compensating = "its own network"
"""
Write = Callable[[str], Path]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return plugins.build([(TOY, "toy 1")])


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(text: str) -> Path:
        path = tmp_path / "waivers.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return put


def waiver(subject: str = "host:192.0.2.1", expires: date = date(2026, 12, 31)) -> Waiver:
    return Waiver(
        check="toy.port.closed",
        subject=subject,
        reason="the camera needs it until March",
        approved_by="J. Doe, owner",
        approved_on=date(2026, 11, 1),
        expires=expires,
    )


def finding(subject: str) -> Finding:
    return Finding(
        fingerprint="f",
        check="toy.port.closed",
        subject=subject,
        label=subject,
        area="toy",
        score_area="network",
        status=Status.FAIL,
        severity=Severity.HIGH,
        says="open",
    )


def test_no_file_is_no_waiver(tmp_path: Path, registry: Registry) -> None:
    assert load_waivers(tmp_path / "waivers.toml", registry) == Waivers()
    assert load_waivers(None, registry) == Waivers()


def test_a_file_that_cannot_be_read_is_not_no_file(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "waivers.toml").symlink_to(tmp_path / "gone.toml")
    with pytest.raises(ConfigErrors, match="cannot be read"):
        load_waivers(tmp_path / "waivers.toml", registry)


def test_a_waiver_is_read_with_its_line(write: Write, registry: Registry) -> None:
    made = load_waivers(write(ONE), registry)
    (only,) = made.waivers
    assert (only.reason, only.compensating) == (
        "the camera needs it until March",
        "its own network",
    )
    assert made.lines == {only: 2}
    assert load_waivers(write(""), registry).waivers == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("toy.port.closed", "toy.prot.closed", 'did you mean "toy.port.closed"?'),
        ("the camera needs it until March", "because I say so", "a reason of at least 20"),
        ("the camera needs it until March", " " * 30, "a reason of at least 20"),
        ("the camera needs it until March", "x" * 1001, "longer than 1000"),
        ("host:192.0.2.1", "192.0.2.1", 'is no subject id, such as "domain:example.com"'),
        ("host:192.0.2.1", "host:\\n", "is no subject id"),
        ("J. Doe, owner", "", "must name a person"),
        ("J. Doe, owner", "a\\nb", "must name a person"),
        ("J. Doe, owner", "x" * 201, "must name a person"),
        ("2026-12-31", "2027-11-02", "at most 365 days after it was approved"),
        ("2026-12-31", "2026-10-31", "at most 365 days after it was approved"),
        ("expires = 2026-12-31", "", 'the key "expires" is missing'),
        ("expires", "expiry", 'did you mean "expires"?'),
        ("its own network", "x" * 1001, "longer than 1000"),
        ("[[waivers]]", "[[waiver]]", 'did you mean "waivers"?'),
    ],
)
def test_one_mistake(write: Write, registry: Registry, old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        load_waivers(write(ONE.replace(old, new)), registry)
    assert any(said in str(error) for error in caught.value.errors), str(caught.value)


def test_one_waiver_per_check_and_subject(write: Write, registry: Registry) -> None:
    with pytest.raises(ConfigErrors, match=r"waivers.toml:11: waivers\[1\]: is here twice"):
        load_waivers(write(ONE + ONE), registry)


@pytest.mark.parametrize(
    ("pattern", "subject", "matches"),
    [
        ("host:192.0.2.1", "host:192.0.2.1", True),
        ("host:192.0.2.1", "host:192.0.2.10", False),
        ("host:192.0.2.*", "host:192.0.2.10", True),
        ("host:192.0.2.?", "host:192.0.2.10", False),
        ("*", "company:x", True),
        ("website:[a]", "website:[a]", True),
        ("website:[a]*", "website:[a]:8443", True),
        ("website:[a]", "website:a", False),
        ("HOST:*", "host:192.0.2.1", False),
    ],
)
def test_a_subject_is_exact_or_a_pattern(pattern: str, subject: str, matches: bool) -> None:
    made = waiver(pattern)
    assert made.matches("toy.port.closed", subject) is matches
    assert not made.matches("toy.port.other", subject)


def test_it_holds_from_approval_to_its_last_day() -> None:
    made = Waivers((waiver(),))
    days = {
        datetime(2026, 10, 31, 23, tzinfo=UTC): False,
        datetime(2026, 11, 1, tzinfo=UTC): True,
        datetime(2026, 12, 31, 23, 59, tzinfo=UTC): True,
        datetime(2027, 1, 1, tzinfo=UTC): False,
    }
    for at, holds in days.items():
        assert (made.match("toy.port.closed", "host:192.0.2.1", at) is not None) is holds


def test_the_waiver_that_names_the_subject_comes_first() -> None:
    exact, wide = waiver(), waiver("host:*")
    for order in ((exact, wide), (wide, exact)):
        assert Waivers(order).match("toy.port.closed", exact.subject, NOON) is exact
    assert Waivers((exact, wide)).match("toy.port.closed", "host:192.0.2.9", NOON) is wide
    assert Waivers((exact,)).match("toy.port.closed", "host:192.0.2.9", NOON) is None


@pytest.mark.parametrize(
    ("at", "subject", "said"),
    [
        (NOON, "host:192.0.2.1", []),
        (NOON, "host:192.0.2.2", ["matches nothing: remove it, or correct its subject"]),
        (NOON + timedelta(days=20), "host:192.0.2.1", ["expires on 2026-12-31"]),
        (
            NOON + timedelta(days=60),
            "host:192.0.2.1",
            ["expired on 2026-12-31: the finding is open"],
        ),
        (NOON - timedelta(days=60), "host:192.0.2.1", ["is not in force before 2026-11-01"]),
    ],
)
def test_notices(at: datetime, subject: str, said: list[str]) -> None:
    notices = list(Waivers((waiver(),)).notices([finding(subject)], at))
    assert len(notices) == len(said)
    for notice, part in zip(notices, said, strict=True):
        assert notice.startswith("the waiver of toy.port.closed for host:192.0.2.1 ")
        assert part in notice


def test_a_notice_names_the_line(write: Write, registry: Registry) -> None:
    (notice,) = load_waivers(write(ONE), registry).notices([], NOON)
    assert notice.startswith("waivers.toml:2: the waiver of")


@given(st.binary(max_size=150))
def test_any_file_is_waivers_or_config_errors(
    registry: Registry, tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any", numbered=True) / "waivers.toml"
    path.write_bytes(ONE.encode() + data)
    try:
        load_waivers(path, registry)
    except ConfigErrors as caught:
        told = caught.errors
    else:
        return
    assert told


@given(st.text(max_size=12), st.text(max_size=12))
def test_matching_any_texts_is_a_plain_answer(pattern: str, subject: str) -> None:
    made = waiver(pattern)
    assert made.matches("toy.port.closed", subject) in {True, False}
    assert made.matches("toy.port.closed", pattern)
