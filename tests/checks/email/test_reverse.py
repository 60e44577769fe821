"""Names of the addresses that a domain's own mail servers send from."""

from typing import Any

import pytest

from posture import codec
from posture.checks.email import collect_reverse, reverse
from posture.checks.email.facts import SpfDiscovery
from posture.checks.email.reverse_facts import ReverseNames
from posture.model import Reason, Status, Verdict, View
from posture.testing import FakeNet, FakeResolver, observe
from tests.checks.email.world import DOMAIN, NAME, Case, Zones, case_name, check_case, mx, spf
from tests.checks.pages import wording_problems

PASS, FAIL, UNKNOWN, AWAY = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
HOST = f"mx.{NAME}"
FOUR, SIX = "198.51.100.5", "2001:db8::5"
BACK4 = "5.100.51.198.in-addr.arpa"
BACK6 = "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
NAMED: Zones = {BACK4: {"PTR": [f"{HOST}."]}}


def world(record: str = "v=spf1 mx -all", host: str = HOST, **node: Any) -> dict[str, Any]:
    """A domain with one mail server."""
    return {NAME: {"TXT": [record], "MX": [f"10 {host}."]}, host: node or {"A": [FOUR]}}


def seen(zones: Zones, vantage: View | None = None) -> ReverseNames:
    return explored(zones, vantage)[0]


def explored(zones: Zones, vantage: View | None = None) -> tuple[ReverseNames, FakeResolver]:
    """The fact, and the resolver with the questions for it alone."""
    servers, record = mx(zones, DOMAIN, vantage), spf(zones)
    resolver = FakeResolver(zones)
    found = observe(collect_reverse.reverse, DOMAIN, servers, record, FakeNet(resolver))
    assert isinstance(found, ReverseNames)
    assert codec.decode(codec.encode(found), ReverseNames) == found
    return found, resolver


def judged(*more: Zones, **zone: Any) -> Verdict:
    zones = world(**zone)
    for each in more:
        zones |= each
    return reverse.reverse(seen(zones))


def named(*names: str, **others: Any) -> Zones:
    """The reverse entry, and where the names in it lead."""
    return {BACK4: {"PTR": [f"{name}." for name in names]},
            **{name.replace("_", "."): node for name, node in others.items()}}  # fmt: skip


CASES: list[Case] = [
    ("own name", judged(NAMED), PASS, "ok", None),
    ("another name", judged(named("a.isp.example", a_isp_example={"A": [FOUR]})), PASS, "ok", None),
    ("one of two", judged(named("a.example", "b.example", b_example={"A": ["192.0.2.1", FOUR]})),
     PASS, "ok", None),
    ("IPv6", judged({BACK6: {"PTR": ["a.example."]},
                     "a.example": {"AAAA": ["2001:0db8:0::5"]}}, AAAA=[SIX]), PASS, "ok", None),
    ("absent", judged(), FAIL, "absent", "name"),
    ("no data", judged({BACK4: {"TXT": ["x"]}}), FAIL, "absent", "name"),
    ("one of two absent", judged(NAMED, A=[FOUR], AAAA=[SIX]), FAIL, "absent", "name"),
    ("leads elsewhere", judged(named("a.example", a_example={"A": ["192.0.2.1"]})), FAIL,
     "mismatch", "name"),
    ("leads nowhere", judged(named("a.example")), FAIL, "mismatch", "name"),
    ("no name at all", judged(named("a b\\.c.example")), FAIL, "absent", "name"),
    ("not seen", judged({BACK4: {"PTR": "TIMEOUT"}}), UNKNOWN, "unseen", None),
    ("its name not seen", judged(named("a.example", a_example={"A": "SERVFAIL"})), UNKNOWN,
     "unseen", None),
    ("one of its names not seen", judged(named("a.example", "b.example",
                                               a_example={"A": "TIMEOUT"},
                                               b_example={"A": [FOUR]})), PASS, "ok", None),
    ("absent beside not seen", judged({BACK4: {"PTR": "TIMEOUT"}}, A=[FOUR], AAAA=[SIX]), FAIL,
     "absent", "name"),
    ("of a service", judged(host="mx.service.example"), AWAY, "none", None),
    ("receives only", judged(record="v=spf1 ip4:192.0.2.1 -all"), AWAY, "none", None),
    ("server not seen", judged(A="TIMEOUT"), UNKNOWN, "unseen", None),
    ("one family not seen", judged(NAMED, A=[FOUR], AAAA="TIMEOUT"), UNKNOWN, "unseen", None),
    ("a term not seen", judged({"h.example": {"A": "TIMEOUT"}}, record="v=spf1 a:h.example -all"),
     UNKNOWN, "unseen", None),
    ("server not seen, nobody sends", judged(record="v=spf1 -all", A="TIMEOUT"), AWAY, "none",
     None),
    ("server not seen, fault", judged(record="v=spf1 mx moo", A="TIMEOUT"), AWAY, "none", None),
    ("absent beside a server not seen", judged(A=[FOUR], AAAA="TIMEOUT"), FAIL, "absent", "name"),
    ("private", reverse.reverse(seen(world(A=["192.168.1.5"]), View.EXTERNAL)), AWAY, "none", None),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_reverse(case: Case) -> None:
    check_case(case)


def test_every_text_is_used_and_can_be_filled() -> None:
    problems = wording_problems(
        "posture.checks.email", "email.mx.reverse", [case[1] for case in CASES]
    )
    assert problems == []


@pytest.mark.parametrize(
    ("record", "sends"),
    [
        ("v=spf1 mx -all", True),
        ("v=spf1 MX:Example.com -all", True),
        (f"v=spf1 ip4:{FOUR}/24 -all", True),
        ("v=spf1 ip6:2001:db8::/32 mx -all", True),
        (f"v=spf1 a:{HOST} -all", True),
        ("v=spf1 a mx -all", True),
        ("v=spf1 a -all", False),
        ("v=spf1 mx:other.example -all", False),
        (f"v=spf1 -ip4:{FOUR} mx -all", False),
        ("v=spf1 ?mx -all", False),
        ("v=spf1 +all", False),
        ("v=spf1 include:other.example -all", False),
        ("v=spf1 mx moo", False),
        ("hello", False),
    ],
)
def test_only_what_the_record_names_sends(record: str, sends: bool) -> None:
    found = spf(world(record))
    assert isinstance(found, SpfDiscovery)
    assert collect_reverse.may_send(found, FOUR) is sends


def test_a_server_known_by_its_own_name_costs_one_question() -> None:
    _, resolver = explored({**world(), **named("a.example", HOST)})
    assert resolver.asked == [(BACK4, "PTR")]


def test_a_domain_without_servers_of_its_own_costs_nothing() -> None:
    assert explored(world(host="mx.service.example"))[1].asked == []


def test_questions_are_bounded() -> None:
    addresses = [f"198.51.100.{number}" for number in range(1, 31)]
    names = [f"n{number}.example" for number in range(30)]
    found, resolver = explored({**world(A=addresses), **named(*names)})
    assert len(found.addresses) == 4
    assert len([name for name, kind in resolver.asked if kind == "PTR"]) == 4
    assert len(resolver.asked) <= 4 + 3


def test_what_only_the_office_is_told_is_not_asked_for() -> None:
    found, resolver = explored(world(A=[FOUR, "192.168.1.5"]), View.INTERNAL)
    assert resolver.asked == []
    assert [one.reason for one in found.addresses] == [Reason.WRONG_VANTAGE]


def test_the_entry_to_ask_for_is_printed() -> None:
    verdict = judged(A=[FOUR], AAAA=[SIX])
    assert verdict.values["lines"] == f"{FOUR} → {HOST}\n    {SIX} → {HOST}"
    assert verdict.observed == f"{FOUR}: no name; {SIX}: no name"
