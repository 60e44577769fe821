import pytest

from posture.checks.email import sender_policy
from posture.checks.email.report_facts import ReportTotals, SendingSource
from posture.checks.email.sender_policy import Lookups, Restrictive
from posture.model import Domain, Failed, Reason, Status, Verdict
from tests.checks.email.reports import source
from tests.checks.email.test_spf_grammar import BAD
from tests.checks.email.world import (
    DOMAIN,
    PARKED,
    SENDER,
    Case,
    Zones,
    case_name,
    check_case,
    hosts,
    mx,
    spf,
    text,
)
from tests.checks.pages import wording_problems

PASS, FAIL, UNKNOWN, AWAY = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
PACKAGE = "posture.checks.email"
LIMITS = Lookups(limit=10, voids=2)
WIDTH = Restrictive(ipv4_addresses=1 << 24, ipv6_prefix=16)
TWO = {"example.com": {"TXT": ["v=spf1 a -all", "v=spf1 mx -all"]}}
NONE: Zones = {"example.com": {"TXT": ["hello"]}}
NO_ANSWER = Failed(reason=Reason.TIMEOUT)
NO_FOLDER = ReportTotals(domain="example.com", declared=False)


def present(zones: Zones, servers: Zones | Failed, domain: Domain = DOMAIN) -> Verdict:
    where = servers if isinstance(servers, Failed) else mx(servers)
    return sender_policy.present(domain, spf(zones), where)


def valid(zones: Zones) -> Verdict:
    return sender_policy.valid(spf(zones))


def lookups(zones: Zones, limits: Lookups = LIMITS) -> Verdict:
    return sender_policy.lookups(spf(zones), limits)


def restrictive(zones: Zones, reports: ReportTotals | Failed = NO_FOLDER) -> Verdict:
    return sender_policy.restrictive(spf(zones), reports, WIDTH)


def passed_by(*sources: SendingSource) -> ReportTotals:
    return ReportTotals(domain="example.com", declared=True, reports=1, sources=sources)


ALONE = passed_by(source("b.example", 9, 7, by_spf=2), source("a.example", 5, 5, by_spf=5))


def includes(count: int, **others: str) -> Zones:
    """A record with so many includes that are there, and others, _ for dots."""
    there = [f"s{number}.example" for number in range(count)]
    named = [*there, *(name.replace("_", ".") for name in others)]
    record = " ".join(["v=spf1", *(f"include:{name}" for name in named), "-all"])
    return text(record, **dict.fromkeys(there, "v=spf1 ip4:192.0.2.1"), **others)


PRESENT: list[Case] = [
    ("present", present(text("v=spf1 -all"), {}), PASS, "ok", None),
    ("two", present(TWO, {}), PASS, "ok", None),
    ("none", present(NONE, hosts("10 mx.example.com.")), FAIL, "none", "publish"),
    ("none, MX not seen", present(NONE, NO_ANSWER), FAIL, "none", "publish"),
    ("parked", present(text("v=spf1 -all"), {}, PARKED), PASS, "ok", None),
    ("parked, none", present({}, {}, PARKED), FAIL, "none", "close"),
    ("null MX, none", present({}, hosts("0 .")), FAIL, "none", "close"),
]
SINGLE: list[Case] = [
    ("one", sender_policy.single(spf(text("v=spf1 -all"))), PASS, "ok", None),
    ("two", sender_policy.single(spf(TWO)), FAIL, "several", "merge"),
    ("none", sender_policy.single(spf(NONE)), AWAY, "no_record", None),
]
DEEP = text("v=spf1 include:a.example -all", a_example="v=spf1 include:b.example ~all")
VALID: list[Case] = [
    ("right", valid(text("v=spf1 ip4:192.0.2.1 -all")), PASS, "ok", None),
    ("right include", valid(text("v=spf1 include:a.example -all", a_example="v=spf1 a")), PASS,
     "ok", None),
    ("macro", valid(text("v=spf1 include:%{i}.a.example -all")), PASS, "ok_macro", None),
    ("none", valid(NONE), AWAY, "no_record", None),
    ("two", valid(TWO), AWAY, "several", None),
    ("include without record", valid(text("v=spf1 include:a.example -all")), FAIL, "broken_none",
     "drop"),
    ("deep include without record", valid(DEEP), FAIL, "broken_none", "ask"),
    ("include of two", valid(text("v=spf1 include:a.example -all") |
                             {"a.example": {"TXT": ["v=spf1", "v=spf1 -all"]}}), FAIL,
     "broken_several", "drop"),
    ("include with fault", valid(text("v=spf1 redirect=a.example", a_example="v=spf1 moo")), FAIL,
     "broken_syntax", "drop"),
    ("include not seen", valid(text("v=spf1 include:a.example -all", a_example="TIMEOUT")),
     UNKNOWN, "unseen", None),
    ("broken beside not seen",
     valid(text("v=spf1 include:b.example include:a.example -all", a_example="TIMEOUT")), FAIL,
     "broken_none", "drop"),
    ("a not seen", valid(text("v=spf1 a:a.example -all") | {"a.example": {"A": "TIMEOUT"}}), PASS,
     "ok", None),
    ("too much", valid(text(f"v=spf1 {'a ' * 300}-all")), UNKNOWN, "truncated", None),
    *((record, valid(text(record)), FAIL, fault.value, "correct") for record, fault in BAD),
]  # fmt: skip
LOOKUPS: list[Case] = [
    ("few", lookups(text("v=spf1 ip4:192.0.2.1 -all")), PASS, "ok", None),
    ("exactly ten", lookups(includes(10)), PASS, "ok", None),
    ("eleven", lookups(includes(11)), FAIL, "too_many", "reduce"),
    ("eleven, one twice", lookups(text("v=spf1 " + "include:a.example " * 11,
                                       a_example="v=spf1 -all")), FAIL, "too_many", "trim"),
    ("three voids", lookups(text("v=spf1 a:x.example a:y.example mx:z.example -all")), FAIL,
     "voids", "trim"),
    ("voids beneath an include", lookups(text(
        "v=spf1 a:gone.example include:i.example -all",
        i_example="v=spf1 a:g1.example a:g2.example a:g3.example -all")), FAIL, "voids", "reduce"),
    ("two macros", lookups(text("v=spf1 exists:%{i}.a.example ptr -all")), PASS, "ok", None),
    ("three macros", lookups(text("v=spf1 exists:%{i}.a.example exists:%{i}.b.example ptr -all")),
     UNKNOWN, "various", None),
    ("loop", lookups(text("v=spf1 include:example.com -all")), FAIL, "loop", "drop"),
    ("deep loop", lookups(text("v=spf1 include:a.example -all",
                               a_example="v=spf1 redirect=example.com")), FAIL, "loop", "ask"),
    ("eleven servers", lookups({"example.com": {"TXT": ["v=spf1 mx -all"], "MX": [
        f"{n} mx{n}.example.com." for n in range(11)]}}), FAIL, "many_servers", "list_servers"),
    ("none", lookups(NONE), AWAY, "no_record", None),
    ("two", lookups(TWO), AWAY, "several", None),
    ("fault", lookups(text("v=spf1 moo")), AWAY, "faulty", None),
    ("include not seen", lookups(text("v=spf1 include:a.example -all", a_example="SERVFAIL")),
     UNKNOWN, "unseen", None),
    ("bound beyond the limit", lookups(includes(10, slow_example="TIMEOUT")), FAIL, "too_many",
     "reduce"),
    ("bound at the limit", lookups(includes(9, slow_example="TIMEOUT")), UNKNOWN, "unseen", None),
    ("one address not seen", lookups(text("v=spf1 a:a.example -all") |
                                     {"a.example": {"A": "TIMEOUT"}}), PASS, "ok", None),
    ("three addresses not seen",
     lookups(text("v=spf1 a:a.example a:b.example mx -all") |
             {"a.example": {"A": "TIMEOUT"}, "b.example": {"AAAA": "TIMEOUT"}}), UNKNOWN,
     "unseen", None),
    ("macro", lookups(text("v=spf1 include:%{i}.a.example -all")), UNKNOWN, "macro", None),
    ("beyond what is followed", lookups(text(f"v=spf1 {'a ' * 300}-all") | {},
                                        Lookups(limit=300, voids=300)), UNKNOWN, "truncated",
     None),
]  # fmt: skip
RESTRICTIVE: list[Case] = [
    ("closed", restrictive(text("v=spf1 ip4:192.0.2.0/24 -all")), PASS, "ok", None),
    ("soft", restrictive(text("v=spf1 ip4:192.0.2.0/24 ~all")), PASS, "ok", None),
    ("redirect", restrictive(text("v=spf1 redirect=a.example", a_example="v=spf1 -all")), PASS,
     "ok", None),
    ("redirect to neutral", restrictive(text("v=spf1 redirect=a.example",
                                             a_example="v=spf1 mx ?all")), PASS, "open_ended",
     None),
    ("redirect to nothing", restrictive(text("v=spf1 redirect=a.example")), PASS, "open_ended",
     None),
    ("neutral", restrictive(text("v=spf1 a ?all")), PASS, "open_ended", None),
    ("no end", restrictive(text("v=spf1 ip4:192.0.2.1")), PASS, "open_ended", None),
    ("everyone", restrictive(text("v=spf1 +all")), FAIL, "everyone", "close"),
    ("everyone, some by SPF alone", restrictive(text("v=spf1 +all"), ALONE), FAIL, "everyone",
     "after"),
    ("everyone, all signed", restrictive(text("v=spf1 +all"), passed_by(source("a.example", 5, 5))),
     FAIL, "everyone", "close"),
    ("everyone, no reports seen", restrictive(text("v=spf1 +all"), Failed(reason=Reason.DENIED)),
     FAIL, "everyone", "close"),
    ("in order, some by SPF alone", restrictive(text("v=spf1 -all"), ALONE), PASS, "ok", None),
    ("everyone twice", restrictive(text("v=spf1 include:a.example +all",
                                        a_example="v=spf1 +all")), FAIL, "everyone", "drop"),
    ("plain all", restrictive(text("v=spf1 a all")), FAIL, "everyone", "close"),
    ("through include", restrictive(text("v=spf1 include:a.example -all",
                                         a_example="v=spf1 +all")), FAIL, "everyone", "drop"),
    ("through redirect", restrictive(text("v=spf1 redirect=a.example",
                                          a_example="v=spf1 all")), FAIL, "everyone", "drop"),
    ("include that may not pass", restrictive(text("v=spf1 ?include:a.example -all",
                                                   a_example="v=spf1 +all")), PASS, "ok", None),
    ("exists for all", restrictive(text("v=spf1 exists:a.example -all") |
                                   {"a.example": {"A": ["192.0.2.1"]}}), FAIL, "everyone",
     "close"),
    ("exists for some", restrictive(text("v=spf1 exists:%{i}.a.example -all")), PASS, "ok", None),
    ("wide", restrictive(text("v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all")), FAIL, "too_wide",
     "narrow"),
    ("a /8", restrictive(text("v=spf1 ip4:10.0.0.0/8 ip4:10.1.0.0/16 -all")), PASS, "ok", None),
    ("a /8 and one", restrictive(text("v=spf1 ip4:10.0.0.0/8 ip4:11.0.0.0 -all")), FAIL,
     "too_wide", "narrow"),
    ("wide IPv6", restrictive(text("v=spf1 ip6:2000::/3 -all")), FAIL, "too_wide_ipv6", "narrow"),
    ("wide a", restrictive({"example.com": {"TXT": ["v=spf1 a/0 -all"], "A": ["192.0.2.1"]}}),
     FAIL, "too_wide", "narrow"),
    ("wide a for IPv6", restrictive({"example.com": {"TXT": ["v=spf1 a//0 -all"],
                                                     "AAAA": ["2001:db8::1"]}}), FAIL,
     "too_wide_ipv6", "narrow"),
    ("wide mx", restrictive({"example.com": {"TXT": ["v=spf1 mx/1 -all"], "MX": ["0 m.example."]},
                             "m.example": {"A": ["192.0.2.1"]}}), FAIL, "too_wide", "narrow"),
    ("wide mx without address", restrictive({"example.com": {
        "TXT": ["v=spf1 mx/1 -all"], "MX": ["0 m.example.", "1 broken name."]}}), PASS, "ok", None),
    ("wide mx not seen", restrictive({"example.com": {
        "TXT": ["v=spf1 mx/1 -all"], "MX": ["0 m.example."]}, "m.example": {"A": "TIMEOUT"}}),
     UNKNOWN, "unseen", None),
    ("wide a half seen", restrictive({"example.com": {
        "TXT": ["v=spf1 a//0 -all"], "A": ["192.0.2.1"], "AAAA": "TIMEOUT"}}), UNKNOWN, "unseen",
     None),
    ("loop", restrictive(text("v=spf1 include:a.example -all",
                              a_example="v=spf1 include:b.example",
                              b_example="v=spf1 include:a.example")), PASS, "ok", None),
    ("twice the same", restrictive(text("v=spf1 include:a.example ?include:a.example "
                                        "include:a.example -all", a_example="v=spf1 a")), PASS,
     "ok", None),
    ("none", restrictive(NONE), AWAY, "no_record", None),
    ("two", restrictive(TWO), AWAY, "several", None),
    ("fault", restrictive(text("v=spf1 moo +all")), AWAY, "faulty", None),
    ("include not seen", restrictive(text("v=spf1 include:a.example -all", a_example="TIMEOUT")),
     UNKNOWN, "unseen", None),
    ("everyone beside not seen", restrictive(text("v=spf1 include:a.example +all",
                                                  a_example="TIMEOUT")), FAIL, "everyone",
     "close"),
    ("macro", restrictive(text("v=spf1 include:%{i}.a.example -all")), UNKNOWN, "macro", None),
    ("too much", restrictive(text(f"v=spf1 {'a ' * 300}-all")), UNKNOWN, "truncated", None),
]  # fmt: skip
TABLES = {
    "email.spf.present": PRESENT,
    "email.spf.single": SINGLE,
    "email.spf.valid": VALID,
    "email.spf.lookups": LOOKUPS,
    "email.spf.restrictive": RESTRICTIVE,
}


@pytest.mark.parametrize(
    "case", [case for table in TABLES.values() for case in table], ids=case_name
)
def test_spf(case: Case) -> None:
    check_case(case)


@pytest.mark.parametrize("check", TABLES)
def test_every_text_is_used_and_can_be_filled(check: str) -> None:
    assert wording_problems(PACKAGE, check, [case[1] for case in TABLES[check]]) == []


@pytest.mark.parametrize(
    ("servers", "record"),
    [
        (
            "0 example-com.mail.protection.outlook.com.",
            "v=spf1 include:spf.protection.outlook.com ~all",
        ),
        ("1 smtp.google.com.", "v=spf1 include:_spf.google.com ~all"),
        ("10 mx1.privateemail.com.", "v=spf1 include:spf.privateemail.com ~all"),
        (
            "10 eforward1.registrar-servers.com.",
            "v=spf1 include:spf.efwd.registrar-servers.com ~all",
        ),
        ("10 mail.example.com.", "v=spf1 mx ~all"),
    ],
)
def test_the_first_record_fits_where_the_mail_is_hosted(servers: str, record: str) -> None:
    verdict = present(NONE, hosts(servers), SENDER)
    assert verdict.values["record"] == record
    assert verdict.expected == "1 SPF record"


def test_a_parked_domain_is_expected_to_close() -> None:
    verdict = present({}, {}, PARKED)
    assert (verdict.values["record"], verdict.expected) == ("v=spf1 -all", "v=spf1 -all")


def test_two_records_are_merged() -> None:
    zones = {
        "example.com": {
            "TXT": [
                "v=spf1 a mx include:a.example exp=e.example ~all",
                "v=spf1 MX redirect=b.example moo",
                "v=spf1 ip4:192.0.2.1 -all",
            ]
        }
    }
    verdict = sender_policy.single(spf(zones))
    merged = "v=spf1 MX include:b.example a include:a.example ip4:192.0.2.1 ~all"
    assert verdict.values["record"] == merged
    strict = sender_policy.single(spf(TWO))
    assert strict.values["record"] == "v=spf1 a mx -all"


@pytest.mark.parametrize(
    ("record", "corrected"),
    [
        ("v=spf1 a:192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 -all"),
        ("v=spf1 ~ip:192.0.2.0/24 -all", "v=spf1 ~ip4:192.0.2.0/24 -all"),
        ("v=spf1 ip:2001:db8::1 -all", "v=spf1 ip6:2001:db8::1 -all"),
        ("v=spf1 ip4:300.0.2.1 a -all", "v=spf1 a -all"),
        ("v=spf1 redirect:a.example", "v=spf1 redirect=a.example"),
        ("v=spf1 redirect=a.example redirect=a.example", "v=spf1 redirect=a.example"),
        ("v=spf1 redirect:a.example redirect=b.example", "v=spf1 redirect=a.example"),
        ("v=spf1 moo mx -all", "v=spf1 mx -all"),
    ],
)
def test_a_faulty_record_is_corrected(record: str, corrected: str) -> None:
    assert valid(text(record)).values["record"] == corrected


def test_the_true_total_is_reported_and_each_include_priced() -> None:
    verdict = lookups(
        text(
            "v=spf1 include:a.example mx include:b.example -all",
            a_example="v=spf1 " + "include:b.example " * 9,
            b_example="v=spf1 a:h.example",
        )
        | {
            "h.example": {"A": ["192.0.2.1"]},
            "example.com": {
                "TXT": ["v=spf1 include:a.example mx include:b.example -all"],
                "MX": ["0 h.example."],
            },
        }
    )
    assert verdict.values["total"] == 22
    assert verdict.observed == "22 lookups, 0 void"
    assert verdict.values["costs"] == "include:a.example (19), include:b.example (2), mx (1)"


def test_a_lower_bound_is_called_one() -> None:
    assert lookups(includes(10, slow_example="TIMEOUT")).observed.startswith("at least 11 lookups")


def test_what_leads_nowhere_is_trimmed() -> None:
    zones = text("v=spf1 a:x.example a:y.example mx:z.example ip4:192.0.2.1 -all")
    assert lookups(zones).values["record"] == "v=spf1 ip4:192.0.2.1 -all"


@pytest.mark.parametrize(
    ("record", "others", "left"),
    [
        ("v=spf1 a +all", {}, "v=spf1 a ~all"),
        ("v=spf1 a All", {}, "v=spf1 a ~all"),
        ("v=spf1 mx exists:a.example -all", {"a_example": ""}, "v=spf1 mx -all"),
        (
            "v=spf1 a:b.example include:a.example include:c.example -all",
            {"a_example": "v=spf1 include:b.example -all", "b_example": "v=spf1 +all"},
            "v=spf1 a:b.example include:c.example -all",
        ),
        ("v=spf1 a redirect=a.example", {"a_example": "v=spf1 +all"}, "v=spf1 a ~all"),
    ],
)
def test_everyone_is_taken_off_the_record(record: str, others: dict[str, str], left: str) -> None:
    zones = text(record, **others)
    for name in ("a.example", "b.example"):
        zones.setdefault(name, {})["A"] = ["192.0.2.1"]
    assert restrictive(zones).values["record"] == left


def test_the_include_that_leads_to_a_mistake_is_taken_out() -> None:
    assert valid(DEEP).values["record"] == "v=spf1 -all"
