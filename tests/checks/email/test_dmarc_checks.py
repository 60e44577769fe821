import pytest

from posture.checks.email import collect_dkim, forgery, parked
from posture.checks.email.forgery import Enforced
from posture.checks.email.report_facts import ReportTotals, SendingSource
from posture.model import Domain, Failed, Reason, Status, Verdict
from posture.testing import FakeClock, FakeNet, observe
from tests.checks.email.world import (
    DOMAIN,
    PARKED,
    SENDER,
    Case,
    Zones,
    case_name,
    check_case,
    dmarc,
    mx,
    spf,
)
from tests.checks.pages import wording_problems

PASS, FAIL, UNKNOWN, AWAY = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
PACKAGE = "posture.checks.email"
P = "v=DMARC1; p="
SUB = Domain(name="shop.example.com")
RUA = "rua=mailto:dmarc@example.com"


def at(*records: str, **others: str) -> Zones:
    """DMARC records of example.com, and of others, _ for dots; a failure is a word."""
    zones: dict[str, dict[str, list[str] | str]] = {}
    if records:
        zones["_dmarc.example.com"] = {"TXT": list(records)}
    for name, found in others.items():
        failing = found in {"TIMEOUT", "SERVFAIL"}
        zones[f"_dmarc.{name.replace('_', '.')}"] = {"TXT": found if failing else [found]}
    return zones


def present(zones: Zones, domain: Domain = DOMAIN) -> Verdict:
    return forgery.present(domain, dmarc(zones, domain))


NO_FOLDER = ReportTotals(domain="example.com", declared=False)
TIMED_OUT = Failed(reason=Reason.TIMEOUT)


def enforced(
    zones: Zones,
    domain: Domain = DOMAIN,
    minimum: str = "quarantine",
    totals: ReportTotals | Failed = NO_FOLDER,
) -> Verdict:
    params = Enforced(minimum=minimum)  # type: ignore[arg-type]
    return forgery.enforced(domain, dmarc(zones, domain), totals, spf(zones, domain), params)


def losing(messages: int, aligned: int) -> ReportTotals:
    """Reports of a sender of which a part fails."""
    source = SendingSource(
        domain="mailer.example",
        selectors=(),
        messages=messages,
        aligned=aligned,
        networks=1,
        receivers=1,
    )
    return ReportTotals(domain="example.com", declared=True, reports=1, sources=(source,))


INCLUDES: Zones = {
    "example.com": {"TXT": ["v=spf1 include:mailer.example -all"]},
    "mailer.example": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]},
}


def reports(zones: Zones, domain: Domain = DOMAIN) -> Verdict:
    return forgery.reports(domain, dmarc(zones, domain))


def locked(
    spf_record: str,
    policy: Zones,
    *servers: str,
    domain: Domain = PARKED,
    totals: ReportTotals | Failed = NO_FOLDER,
) -> Verdict:
    zones = {domain.name: {"TXT": [spf_record] if spf_record else [], "MX": servers}, **policy}
    facts = spf(zones, domain), dmarc(zones, domain), mx(zones, domain)
    dkim = observe(collect_dkim.dkim, domain, TIMED_OUT, FakeNet(zones), FakeClock())
    return parked.locked(domain, *facts, dkim, totals)


PRESENT: list[Case] = [
    ("own", present(at(f"{P}none")), PASS, "ok", None),
    ("own, above not seen", present(at(f"{P}none", com="TIMEOUT")), PASS, "ok", None),
    ("inherited", present(at(f"{P}none"), SUB), PASS, "inherited", None),
    ("none", present({}), FAIL, "none", "publish"),
    ("none, parked", present({}, PARKED), FAIL, "none", "close"),
    ("other text", present(at("hello")), FAIL, "none", "publish"),
    ("two", present(at(f"{P}none", f"{P}reject")), FAIL, "several", "keep_one"),
    (
        "two beneath one",
        present(
            {**at(f"{P}reject"), "_dmarc.shop.example.com": {"TXT": [f"{P}none", f"{P}reject"]}},
            SUB,
        ),
        FAIL,
        "several",
        "keep_one",
    ),
    (
        "two, above not seen",
        present(at(f"{P}none", f"{P}reject", com="TIMEOUT")),
        FAIL,
        "several",
        "keep_one",
    ),
    ("void", present(at(f"{P}rejekt")), FAIL, "unusable", "publish"),
    ("void, above not seen", present(at(f"{P}rejekt", com="TIMEOUT")), FAIL, "unusable", "publish"),
    ("above not seen", present(at(com="TIMEOUT")), UNKNOWN, "unseen", None),
    ("no policy but reports", present(at(f"v=DMARC1; {RUA}")), PASS, "ok", None),
]
ENFORCED: list[Case] = [
    ("reject", enforced(at(f"{P}reject")), PASS, "ok", None),
    ("quarantine", enforced(at(f"{P}quarantine; pct=100")), PASS, "ok", None),
    ("part of it", enforced(at(f"{P}quarantine; pct=20")), Status.PARTIAL, "in_part", "raise"),
    ("none of it", enforced(at(f"{P}reject; pct=0")), Status.PARTIAL, "in_part", "raise"),
    ("part of it beneath",
     enforced(at(f"{P}reject; pct=5", shop_example_com=f"{P}reject"), SUB), Status.PARTIAL,
     "in_part", "raise"),
    ("quarantine is not reject", enforced(at(f"{P}quarantine"), minimum="reject"), FAIL,
     "quarantine", "raise"),
    ("none", enforced(at(f"{P}none")), FAIL, "none", "staged"),
    ("none, above not seen", enforced(at(f"{P}none", com="TIMEOUT")), FAIL, "none", "staged"),
    ("tested", enforced(at(f"{P}quarantine; t=y")), FAIL, "testing", "staged"),
    ("reject, tested", enforced(at(f"{P}reject; t=y")), PASS, "ok", None),
    ("subdomains", enforced(at(f"{P}reject; sp=none")), FAIL, "subdomains", "raise"),
    ("no such subdomains", enforced(at(f"{P}reject; np=none")), FAIL, "subdomains", "raise"),
    ("inherited", enforced(at(f"{P}none; sp=reject; np=reject"), SUB), PASS, "ok", None),
    ("inherited none", enforced(at(f"{P}reject; sp=none"), SUB), FAIL, "none", "raise"),
    ("subdomains by the organisation",
     enforced(at(f"{P}none", shop_example_com=f"{P}reject"), SUB), FAIL, "subdomains", "raise"),
    ("absent", enforced({}), FAIL, "absent", "publish"),
    ("none, parked", enforced(at(f"{P}none"), PARKED), FAIL, "none", "close"),
    ("absent, parked", enforced({}, PARKED), FAIL, "absent", "close"),
    ("void", enforced(at(f"{P}rejekt")), FAIL, "absent", "publish"),
    ("above not seen", enforced(at(f"{P}reject", com="SERVFAIL")), UNKNOWN, "unseen", None),
    ("nothing, above not seen", enforced(at(com="SERVFAIL")), UNKNOWN, "unseen", None),
    ("none, a sender fails", enforced({**at(f"{P}none"), **INCLUDES}, totals=losing(9, 5)), FAIL,
     "none", "after"),
    ("absent, a sender fails", enforced(INCLUDES, totals=losing(9, 5)), FAIL, "absent", "after"),
    ("none, all senders pass", enforced({**at(f"{P}none"), **INCLUDES}, totals=losing(9, 9)), FAIL,
     "none", "staged"),
    ("none, reports not seen", enforced({**at(f"{P}none"), **INCLUDES}, totals=TIMED_OUT), FAIL,
     "none", "staged"),
    ("none, SPF not seen", enforced(
        {**at(f"{P}none"), "example.com": {"TXT": "TIMEOUT"}}, totals=losing(9, 5)), FAIL, "none",
     "staged"),
    ("reject, a sender fails", enforced({**at(f"{P}reject"), **INCLUDES}, totals=losing(9, 5)),
     PASS, "ok", None),
    ("own organisation, above not asked", enforced(at(f"{P}reject; psd=n", com="TIMEOUT")), PASS,
     "ok", None),
]  # fmt: skip
CONSENT = "example.com._report._dmarc.reports.example"
OUTSIDE = at(f"{P}none; rua=mailto:x@reports.example")
REPORTS: list[Case] = [
    ("own", reports(at(f"{P}none; {RUA}")), PASS, "ok", None),
    ("beneath", reports(at(f"{P}none; rua=mailto:x@mail.example.com")), PASS, "ok", None),
    ("agreed", reports({**OUTSIDE, CONSENT: {"TXT": ["v=DMARC1;"]}}), PASS, "ok", None),
    ("one of two", reports(at(f"{P}none; rua=mailto:x@reports.example,mailto:a@example.com")),
     PASS, "ok", None),
    ("none", reports(at(f"{P}none")), FAIL, "none", "add"),
    ("none, parked", reports(at(f"{P}reject"), PARKED), AWAY, "parked", None),
    ("only by web", reports(at(f"{P}none; rua=https://example.com/")), FAIL, "none", "add"),
    ("not agreed", reports(OUTSIDE), FAIL, "refused", "add"),
    ("other text", reports({**OUTSIDE, CONSENT: {"TXT": ["yes"]}}), FAIL, "refused", "add"),
    ("consent not seen", reports({**OUTSIDE, CONSENT: {"TXT": "TIMEOUT"}}), UNKNOWN,
     "consent_unseen", None),
    ("more hosts than are asked",
     reports(at(f"{P}none; rua=" + ",".join(f"mailto:x@r{n}.example" for n in range(11)))),
     UNKNOWN, "consent_unseen", None),
    ("no record", reports({}), AWAY, "no_record", None),
    ("void", reports(at(f"{P}rejekt")), AWAY, "no_record", None),
    ("above not seen", reports(at(com="TIMEOUT")), UNKNOWN, "unseen", None),
    ("perhaps of the same organisation",
     reports(at(shop_example_com=f"{P}none; {RUA}", example_com="TIMEOUT"), SUB), UNKNOWN,
     "unseen", None),
]  # fmt: skip
CLOSED = "v=spf1 -all"
SHUT: Zones = {"p.example": {"TXT": [CLOSED]}}
LOCKED: list[Case] = [
    ("locked", locked(CLOSED, at(f"{P}reject"), "0 ."), PASS, "ok", None),
    ("locked, keys not seen", locked(CLOSED, {
        **at(f"{P}reject"), "_domainkey.example.com": {"TXT": "TIMEOUT"}}, "0 ."), PASS, "ok",
     None),
    ("sends", locked(CLOSED, {}, domain=SENDER), AWAY, "sends", None),
    ("not said", locked(CLOSED, {}, domain=DOMAIN), AWAY, "sends", None),
    ("nothing", locked("", {}), FAIL, "open", "lock"),
    ("nothing, and mail passes", locked("", {}, totals=losing(9, 5)), FAIL, "open", "after"),
    ("nothing, and no mail passes", locked("", {}, totals=losing(9, 0)), FAIL, "open", "lock"),
    ("nothing, and no reports seen", locked("", {}, totals=TIMED_OUT), FAIL, "open", "lock"),
    ("by redirect", locked("v=spf1 redirect=p.example", {**at(f"{P}reject"), **SHUT}, "0 ."), PASS,
     "ok", None),
    ("by redirect to a sender", locked("v=spf1 redirect=p.example", {
        **at(f"{P}reject"), "p.example": {"TXT": ["v=spf1 a -all"]}}, "0 ."), FAIL, "open", "lock"),
    ("a sender and a redirect",
     locked("v=spf1 a redirect=p.example", {**at(f"{P}reject"), **SHUT}, "0 ."), FAIL, "open",
     "lock"),
    ("redirect to nothing", locked("v=spf1 redirect=p.example", at(f"{P}reject"), "0 ."), FAIL,
     "open", "lock"),
    ("redirect not seen", locked("v=spf1 redirect=p.example", {
        **at(f"{P}reject"), "p.example": {"TXT": "TIMEOUT"}}, "0 ."), UNKNOWN, "unseen_spf", None),
    ("only refusals", locked("v=spf1 -ip4:0.0.0.0/0 -all", at(f"{P}reject"), "0 ."), PASS, "ok",
     None),
    ("names that do not exist", locked(CLOSED, at(f"{P}reject; np=none"), "0 ."), FAIL, "open",
     "lock"),
    ("a share of the mail", locked(CLOSED, at(f"{P}reject; pct=0"), "0 ."), FAIL, "open", "lock"),
    ("no null MX", locked(CLOSED, at(f"{P}reject")), FAIL, "open", "lock"),
    ("soft", locked("v=spf1 ~all", at(f"{P}reject"), "0 ."), FAIL, "open", "lock"),
    ("a sender", locked("v=spf1 a -all", at(f"{P}reject"), "0 ."), FAIL, "open", "lock"),
    ("no end", locked("v=spf1", at(f"{P}reject"), "0 ."), FAIL, "open", "lock"),
    ("fault", locked("v=spf1 -all moo", at(f"{P}reject"), "0 ."), FAIL, "open", "lock"),
    ("quarantine", locked(CLOSED, at(f"{P}quarantine"), "0 ."), FAIL, "open", "lock"),
    ("subdomains", locked(CLOSED, at(f"{P}reject; sp=none"), "0 ."), FAIL, "open", "lock"),
    ("inherited", locked(CLOSED, at(f"{P}none; sp=reject"), "0 .",
                         domain=Domain(name="old.example.com", sends_mail=False)), PASS, "ok",
     None),
    ("above not seen", locked(CLOSED, at(f"{P}reject", com="TIMEOUT"), "0 ."), UNKNOWN, "unseen",
     None),
    ("nothing, above not seen", locked(CLOSED, at(com="TIMEOUT"), "0 ."), UNKNOWN, "unseen", None),
    ("open MX, above not seen", locked(CLOSED, at(f"{P}reject", com="TIMEOUT")), FAIL, "open",
     "lock"),
    ("weak, above not seen", locked(CLOSED, at(f"{P}none", com="TIMEOUT"), "0 ."), FAIL, "open",
     "lock"),
]  # fmt: skip
TABLES = {
    "email.dmarc.present": PRESENT,
    "email.dmarc.enforced": ENFORCED,
    "email.dmarc.reports": REPORTS,
    "email.parked.locked": LOCKED,
}


@pytest.mark.parametrize(
    "case", [case for table in TABLES.values() for case in table], ids=case_name
)
def test_dmarc(case: Case) -> None:
    check_case(case)


@pytest.mark.parametrize("check", TABLES)
def test_every_text_is_used_and_can_be_filled(check: str) -> None:
    assert wording_problems(PACKAGE, check, [case[1] for case in TABLES[check]]) == []


def test_withdrawing_all_keys_is_a_remark_as_long_as_the_rest_is_locked() -> None:
    made_up = f"{collect_dkim._word('example.com')}._domainkey.example.com"
    withdrawn = {made_up: {"TXT": ["v=DKIM1; p="]}}
    line = '*._domainkey.example.com. TXT "v=DKIM1; p="'
    rest = at(f"{P}reject")
    assert locked(CLOSED, rest, "0 .").near_miss == "keys"
    assert locked(CLOSED, rest, "0 .").values["record"] == line
    assert locked(CLOSED, {**rest, **withdrawn}, "0 .").near_miss is None
    assert line in str(locked(CLOSED, rest).values["records"])
    assert line not in str(locked(CLOSED, {**rest, **withdrawn}).values["records"])
    assert "DKIM" not in str(locked(CLOSED, rest).values["missing"])


def test_the_present_record_is_raised_where_it_stands() -> None:
    verdict = enforced(at(f"{P}none; {RUA}; pct=100"))
    assert verdict.values["host"] == "_dmarc.example.com"
    assert verdict.values["record"] == f"v=DMARC1; p=quarantine; {RUA}"
    inherited = enforced(at(f"{P}reject; sp=none"), SUB)
    assert inherited.values["host"] == "_dmarc.example.com"
    assert inherited.values["record"] == "v=DMARC1; p=reject; sp=quarantine"


def test_what_was_observed_is_short() -> None:
    assert enforced(at(f"{P}reject; sp=none")).observed == "p=reject, subdomains none"
    verdict = enforced(at(f"{P}none", com="TIMEOUT"))
    assert verdict.observed == "p=none, subdomains none"
    assert enforced({}).observed == "no policy"


def test_the_lock_names_only_what_is_missing() -> None:
    verdict = locked("v=spf1 a -all", at(f"{P}quarantine; {RUA}"), "0 .")
    assert verdict.values["missing"] == "SPF, DMARC"
    assert verdict.values["records"] == (
        f'example.com. TXT "v=spf1 -all"\n    _dmarc.example.com. TXT "v=DMARC1; p=reject; {RUA}"'
        '\n    *._domainkey.example.com. TXT "v=DKIM1; p="'
    )
    everything = locked("", {})
    assert everything.values["missing"] == "MX, SPF, DMARC"


def test_a_domain_that_does_not_answer_is_a_failure() -> None:
    assert dmarc(at(example_com="TIMEOUT")) == Failed(
        reason=Reason.TIMEOUT, detail="TXT _dmarc.example.com: as the test says"
    )


def test_a_record_beyond_all_bounds_is_not_judged() -> None:
    found = dmarc(at(f"{P}none; {'x' * 5000}"))
    assert isinstance(found, Failed)
    assert found.reason is Reason.TOO_LARGE


def test_the_walk_is_kept_in_order() -> None:
    found = dmarc(at(f"{P}none", com="TIMEOUT"), SUB)
    assert found.walk == [
        ("shop.example.com", ()),
        ("example.com", (f"{P}none",)),
        ("com", None),
    ]
    assert found.unresolved == ("_dmarc.com",)
