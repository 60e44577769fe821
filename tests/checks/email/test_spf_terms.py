from typing import Any

import pytest

from posture.checks.email import spf_terms
from posture.checks.email.spf_terms import Useful
from posture.model import Domain, Failed, Reason, Status, Verdict
from tests.checks.email.dkim_world import KEY, keys, seen
from tests.checks.email.world import (
    DOMAIN,
    PARKED,
    Case,
    Zones,
    case_name,
    check_case,
    spf,
    text,
)
from tests.checks.pages import wording_problems

PASS, FAIL, UNKNOWN, AWAY = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
PACKAGE = "posture.checks.email"
TWO = {"example.com": {"TXT": ["v=spf1 a -all", "v=spf1 mx -all"]}}
NONE: Zones = {"example.com": {"TXT": ["hello"]}}
NO_ANSWER = Failed(reason=Reason.TIMEOUT)
LONG = " ".join(f"a:h{number}.example" for number in range(8))
HOSTS: Zones = {f"h{number}.example": {"A": ["192.0.2.1"]} for number in range(8)}
CHIMP = "include:servers.mcsv.net"
SES = "include:amazonses.com"


def closed(zones: Zones, domain: Domain = DOMAIN) -> Verdict:
    return spf_terms.closed(domain, spf(zones))


def led(record: str | None) -> Verdict:
    return closed(text("v=spf1 mx redirect=a.example", **({"a_example": record} if record else {})))


def useful(record: str, dkim: Any = NO_ANSWER, **others: str) -> Verdict:
    zones = {**HOSTS, **text(record, **others)}
    return spf_terms.useful(spf(zones), dkim, Useful(lookups=8))


def signed(*selectors: str) -> Any:
    """The keys that Mailchimp asks for."""
    zones = keys(**dict.fromkeys(selectors, "->dkim2.mcsv.net"))
    return seen({**zones, "dkim2.mcsv.net": {"TXT": [KEY]}})


FULL = {"servers_mcsv_net": "v=spf1 ip4:192.0.2.1 -all"}
CLOSED: list[Case] = [
    ("hard", closed(text("v=spf1 mx -all")), PASS, "ok", None),
    ("soft", closed(text("v=spf1 mx ~ALL a")), PASS, "ok", None),
    ("neutral", closed(text("v=spf1 mx ?all")), FAIL, "neutral", "end"),
    ("no end", closed(text("v=spf1 mx")), FAIL, "no_end", "end"),
    ("everyone", closed(text("v=spf1 mx +all")), AWAY, "everyone", None),
    ("parked", closed(text("v=spf1 ?all"), PARKED), AWAY, "parked", None),
    ("redirect", led("v=spf1 -all"), PASS, "ok", None),
    ("redirect to neutral", led("v=spf1 a ?all"), FAIL, "neutral", "end"),
    ("redirect to no end", led("v=spf1 a"), FAIL, "no_end", "end"),
    ("redirect to everyone", led("v=spf1 all"), AWAY, "everyone", None),
    ("redirect to nothing", led(None), AWAY, "dead_end", None),
    ("redirect in a circle", led("v=spf1 redirect=example.com"), AWAY, "dead_end", None),
    ("redirect not seen", led("TIMEOUT"), UNKNOWN, "unseen", None),
    ("redirect by macro", closed(text("v=spf1 redirect=%{d}.a.example")), UNKNOWN, "macro", None),
    ("too much", closed(text(f"v=spf1 {'a ' * 300}redirect=a.example")), UNKNOWN, "truncated",
     None),
    ("redirect beside all", closed(text("v=spf1 redirect=a.example -all")), PASS, "ok", None),
    ("none", closed(NONE), AWAY, "no_record", None),
    ("two", closed(TWO), AWAY, "several", None),
    ("fault", closed(text("v=spf1 moo")), AWAY, "faulty", None),
]  # fmt: skip
USEFUL: list[Case] = [
    ("nothing", useful("v=spf1 mx -all"), PASS, "ok", None),
    ("long", useful(f"v=spf1 {LONG} mx -all"), PASS, "ok", None),
    ("short and idle", useful(f"v=spf1 {CHIMP} -all", **FULL), PASS, "ok_short", None),
    ("long and idle", useful(f"v=spf1 {LONG} {CHIMP} -all", **FULL), FAIL, "idle", "sign_first"),
    ("signed", useful(f"v=spf1 {LONG} {CHIMP} -all", signed("k2"), **FULL), FAIL, "idle", "remove"),
    ("one of two signed", useful(f"v=spf1 {LONG} {CHIMP} {SES} -all", signed("k2"), **FULL), FAIL,
     "idle", "sign_first"),
    ("alias to no key", useful(f"v=spf1 {LONG} {CHIMP} -all", seen(keys(k2="->x.mcsv.net")),
                               **FULL), FAIL, "idle", "sign_first"),
    ("total not known", useful(f"v=spf1 {CHIMP} include:b.example -all", **FULL,
                               b_example="TIMEOUT"), UNKNOWN, "uncounted", None),
    ("too much", useful(f"v=spf1 {CHIMP} {'a ' * 300}-all"), FAIL, "idle", "sign_first"),
    ("ptr", useful("v=spf1 ptr:example.com -all"), PASS, "ok", None),
    ("none", spf_terms.useful(spf(NONE), NO_ANSWER, Useful(lookups=8)), AWAY, "no_record", None),
    ("two", spf_terms.useful(spf(TWO), NO_ANSWER, Useful(lookups=8)), AWAY, "several", None),
    ("fault", useful("v=spf1 moo"), AWAY, "faulty", None),
]  # fmt: skip
TABLES = {"email.spf.closed": CLOSED, "email.spf.useful": USEFUL}


@pytest.mark.parametrize(
    "case", [case for table in TABLES.values() for case in table], ids=case_name
)
def test_spf_terms(case: Case) -> None:
    check_case(case)


@pytest.mark.parametrize("check", TABLES)
def test_every_text_is_used_and_can_be_filled(check: str) -> None:
    assert wording_problems(PACKAGE, check, [case[1] for case in TABLES[check]]) == []


@pytest.mark.parametrize(
    ("record", "ended"),
    [
        ("v=spf1 mx ?all", "v=spf1 mx ~all"),
        ("v=spf1 mx ?All exp=e.example", "v=spf1 mx ~all exp=e.example"),
        ("v=spf1 a mx", "v=spf1 a mx ~all"),
        ("v=spf1 redirect=a.example mx", "v=spf1 mx include:a.example ~all"),
    ],
)
def test_the_record_to_paste_ends_in_softfail_and_is_judged_closed(record: str, ended: str) -> None:
    others = {"a_example": "v=spf1 a:h1.example ?all"}
    verdict = closed(text(record, **others))
    assert verdict.values["record"] == ended
    assert closed(text(ended, **others)).status is PASS


def test_the_record_to_paste_has_no_idle_entry() -> None:
    verdict = useful(f"v=spf1 {LONG} {CHIMP} -all", **FULL)
    assert verdict.values["record"] == f"v=spf1 {LONG} -all"
    assert (verdict.values["saved"], verdict.values["services"]) == (1, "Mailchimp")
    assert useful(str(verdict.values["record"])).status is PASS


def test_what_is_only_a_remark() -> None:
    assert useful("v=spf1 ?ptr -all").near_miss == "ptr"
    assert useful(f"v=spf1 {CHIMP} ptr -all", **FULL).near_miss == "idle"
    inner = useful("v=spf1 include:b.example -all", b_example="v=spf1 ptr -all")
    assert inner.near_miss is None
    named = useful("v=spf1 include:ptr.example -all", ptr_example="v=spf1 -all")
    assert named.near_miss is None


def test_a_name_beneath_the_organisation_may_be_a_return_address() -> None:
    zones = {"bounce.example.com": {"TXT": [f"v=spf1 {LONG} {SES} -all"]}, **HOSTS}
    found = spf(zones, Domain(name="bounce.example.com"))
    assert spf_terms.useful(found, NO_ANSWER, Useful(lookups=8)).says == "ok"
