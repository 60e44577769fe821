import pytest

from posture.checks import email
from posture.checks.email import discover, routing
from posture.checks.email.facts import Mx
from posture.model import Domain, Failed, Reason, Status, Verdict, View
from tests.checks.email.world import (
    DOMAIN,
    NAME,
    PARKED,
    SENDER,
    Case,
    Zones,
    case_name,
    check_case,
    hosts,
    mx,
)
from tests.checks.pages import page_problems, wording_problems

PASS, FAIL, UNKNOWN, AWAY = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
PUBLIC = {"A": ["198.51.100.5"]}


def sane(zones: Zones, domain: Domain = DOMAIN, vantage: View | None = None) -> Verdict:
    return routing.sane(domain, mx(zones, domain, vantage))


SANE: list[Case] = [
    ("two good", sane(hosts("10 a.example.", "20 b.example.", a_example=PUBLIC,
                            b_example={"AAAA": ["2001:db8::5"]})), PASS, "ok", None),
    ("one family not seen", sane(hosts("10 a.example.", a_example=PUBLIC | {"AAAA": "TIMEOUT"})),
     PASS, "ok", None),
    ("null", sane(hosts("0 ."), PARKED), PASS, "null", None),
    ("null, not said", sane(hosts("0 .")), PASS, "null", None),
    ("null, sends", sane(hosts("0 ."), SENDER), FAIL, "null_sender", "publish"),
    ("none", sane(hosts()), AWAY, "no_mx", None),
    ("none, parked", sane(hosts(), PARKED), AWAY, "no_mx", None),
    ("none, sends", sane(hosts(), SENDER), FAIL, "none", "publish"),
    ("mixed", sane(hosts("0 .", "10 a.example.", a_example=PUBLIC)), FAIL, "mixed", "fix_mixed"),
    ("literal", sane(hosts("10 192.0.2.1.")), FAIL, "literal", "fix_literal"),
    ("bad name", sane(hosts("10 foo:bar.example.")), FAIL, "bad_name", "fix_bad_name"),
    ("alias", sane(hosts("10 a.example.", a_example={"CNAME": ["b.example"]}, b_example=PUBLIC)),
     FAIL, "alias", "fix_alias"),
    ("alias to nowhere", sane(hosts("10 a.example.", a_example={"CNAME": ["b.example"]})), FAIL,
     "alias", "fix_alias"),
    ("missing", sane(hosts("10 a.example.")), FAIL, "missing", "fix_missing"),
    ("private", sane(hosts("10 a.example.", a_example={"A": ["192.168.1.5"]}),
                     vantage=View.EXTERNAL), FAIL, "private", "fix_private"),
    ("this very computer", sane(hosts("10 a.example.", a_example={"A": ["127.0.0.1"]})), FAIL,
     "private", "fix_private"),
    ("private inside", sane(hosts("10 a.example.", a_example={"A": ["192.168.1.5"]})), UNKNOWN,
     "inside", None),
    ("missing beside private inside", sane(hosts("10 a.example.", "20 b.example.",
                                                 a_example={"A": ["fd00::5"]})), FAIL, "missing",
     "fix_missing"),
    ("not seen", sane(hosts("10 a.example.", a_example={"A": "TIMEOUT"})), UNKNOWN, "unseen",
     None),
    ("missing beside not seen", sane(hosts("10 a.example.", "20 b.example.",
                                           a_example={"A": "SERVFAIL"})), FAIL, "missing",
     "fix_missing"),
]  # fmt: skip


@pytest.mark.parametrize("case", SANE, ids=case_name)
def test_mx(case: Case) -> None:
    check_case(case)


def test_every_text_is_used_and_can_be_filled() -> None:
    verdicts = [case[1] for case in SANE]
    assert wording_problems("posture.checks.email", "email.mx.sane", verdicts) == []


def test_every_check_has_a_page() -> None:
    assert page_problems(email.AREA) == []


def test_hosts_are_kept_by_preference() -> None:
    found = mx(hosts("20 b.example.", "5 C.example.", "20 a.example."))
    assert [host.host for host in found.hosts] == ["c.example", "a.example", "b.example"]


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ("TIMEOUT", Reason.TIMEOUT),
        (["nonsense"], Reason.MALFORMED),
        ([f"{n} mx{n}.example." for n in range(51)], Reason.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_is_a_failure(records: list[str] | str, reason: Reason) -> None:
    found = mx({NAME: {"MX": records}})
    assert isinstance(found, Failed)
    assert found.reason is reason


def servers(zones: Zones) -> list[str]:
    found = mx(zones)
    assert isinstance(found, Mx)
    return [server.id for server in discover.mail_servers(DOMAIN, found)]


def test_mail_servers_are_discovered() -> None:
    zones = hosts("10 b.example.", "20 a.example.", a_example=PUBLIC, b_example=PUBLIC)
    assert servers(zones) == ["mailserver:a.example", "mailserver:b.example"]


@pytest.mark.parametrize(
    "zones",
    [
        hosts(),
        hosts("0 ."),
        hosts("10 192.0.2.1."),
        hosts("10 foo:bar.example.", **{"foo:bar_example": PUBLIC}),
        hosts("10 a.example."),
    ],
)
def test_what_is_no_server_is_not_discovered(zones: Zones) -> None:
    assert servers(zones) == []


def test_a_server_that_was_not_seen_is_kept() -> None:
    assert servers(hosts("10 a.example.", a_example={"A": "TIMEOUT"})) == ["mailserver:a.example"]
