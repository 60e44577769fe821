"""TLS reports and BIMI: what a domain publishes, and what is said of it."""

from typing import Any

import pytest

from posture.checks.email import alarms, collect_transport, logo
from posture.checks.email.transport_facts import Bimi
from posture.model import Failed, Reason, Status, Verdict, View
from posture.testing import FakeNet, FakeResolver, observe
from tests.checks.email.world import DOMAIN, NAME, Case, Zones, case_name, check_case, dmarc, mx
from tests.checks.pages import wording_problems

PASS, FAIL, UNKNOWN, AWAY = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
HOST = "mx.example.net"
STS = {f"_mta-sts.{NAME}": {"TXT": ["v=STSv1; id=1"]}}
MAIL: Zones = {NAME: {"MX": [f"10 {HOST}."]}, HOST: {"A": ["198.51.100.5"]}}
TLSA = {f"_25._tcp.{HOST}": {"TLSA": ["3 1 1 " + "ab" * 32]}}
WHERE = f"_smtp._tls.{NAME}"
RECORD = "v=TLSRPTv1; rua=mailto:tls@example.com"


def reporting(zones: Zones, vantage: View | None = None) -> tuple[Any, FakeResolver]:
    servers = mx(zones, vantage=vantage)
    resolver = FakeResolver(zones, authenticated=True)
    net = FakeNet(resolver)
    record = observe(collect_transport.mta_sts, DOMAIN, net)
    return observe(collect_transport.tls_reporting, DOMAIN, record, servers, net), resolver


def present(zones: Zones) -> Verdict:
    return alarms.present(DOMAIN, reporting(zones)[0])


def said(*records: str) -> Zones:
    return {**MAIL, **STS, WHERE: {"TXT": list(records)}}


REPORTS: list[Case] = [
    ("good", present(said(RECORD)), PASS, "ok", None),
    ("good with DANE", present({**MAIL, **TLSA, WHERE: {"TXT": [RECORD]}}), PASS, "ok", None),
    ("others beside it", present(said(RECORD, "v=spf1 -all")), PASS, "ok", None),
    ("absent", present({**MAIL, **STS}), FAIL, "none", "publish"),
    ("absent with DANE", present({**MAIL, **TLSA}), FAIL, "none", "publish"),
    ("two", present(said(RECORD, RECORD + "x")), FAIL, "several", "keep_one"),
    ("no address", present(said("v=TLSRPTv1; rua=")), FAIL, "syntax", "publish"),
    ("bad beginning", present(said("v=TLSRPTv1 rua=mailto:a@b")), FAIL, "syntax", "publish"),
    ("not used", present(MAIL), AWAY, "not_used", None),
    ("no mail", present({NAME: {"MX": ["0 ."]}, **STS}), AWAY, "not_used", None),
    ("literal", present({NAME: {"MX": ["10 192.0.2.1."]}}), AWAY, "not_used", None),
]


@pytest.mark.parametrize("case", REPORTS, ids=case_name)
def test_reports(case: Case) -> None:
    check_case(case)


def test_every_text_on_reports_is_used_and_can_be_filled() -> None:
    verdicts = [case[1] for case in REPORTS]
    assert wording_problems("posture.checks.email", "email.tlsrpt.present", verdicts) == []


def test_where_nothing_can_fail_the_question_is_saved() -> None:
    found, resolver = reporting(MAIL)
    assert found.wanted_by == ""
    assert WHERE not in {name for name, _ in resolver.asked}


@pytest.mark.parametrize(
    ("zones", "reason"),
    [
        ({**MAIL, **STS, WHERE: {"TXT": "TIMEOUT"}}, Reason.TIMEOUT),
        ({**MAIL, f"_25._tcp.{HOST}": {"TLSA": "SERVFAIL"}}, Reason.SERVFAIL),
        ({**MAIL, HOST: {"A": "TIMEOUT"}}, Reason.TIMEOUT),
        ({**MAIL, HOST: {"A": ["192.168.1.5"]}}, Reason.WRONG_VANTAGE),
    ],
)
def test_what_was_not_seen_is_a_failure(zones: Zones, reason: Reason) -> None:
    found, _ = reporting(zones)
    assert isinstance(found, Failed)
    assert found.reason is reason


def test_one_server_with_dane_is_enough() -> None:
    zones = {**MAIL, NAME: {"MX": [f"10 {HOST}.", "5 gone.example.net."]}, **TLSA}
    assert reporting({**zones, "gone.example.net": {"A": "TIMEOUT"}})[0].wanted_by == "DANE"


LOGO = {f"default._bimi.{NAME}": {"TXT": ["v=BIMI1; l=https://example.com/l.svg; a=;"]}}


def policy(record: str, above: str = "", **others: str) -> Zones:
    zones = {f"_dmarc.{NAME}": {"TXT": [record]}} if record else {}
    return {NAME: {}, **zones, **({"_dmarc.com": {"TXT": above}} if above else {}), **others}  # type: ignore[dict-item]


def shown(zones: Zones) -> Verdict:
    found = dmarc(zones)
    seen = observe(collect_transport.bimi, DOMAIN, found, FakeNet(zones))
    return logo.shown(DOMAIN, found, seen)


WATCHING, STRICT = "v=DMARC1; p=none", "v=DMARC1; p=reject"
LOGOS: list[Case] = [
    ("enforced", shown(policy(STRICT)), PASS, "ok", None),
    ("enforced with logo", shown({**policy(STRICT), **LOGO}), PASS, "ok", None),
    ("watching", shown({**policy(WATCHING), **LOGO}), FAIL, "hidden", "enforce"),
    ("subdomains watching", shown({**policy(STRICT + "; sp=none"), **LOGO}), FAIL, "hidden",
     "enforce"),
    ("in part", shown({**policy(STRICT + "; pct=50"), **LOGO}), FAIL, "hidden", "enforce"),
    ("watching without logo", shown(policy(WATCHING)), AWAY, "none", None),
    ("watching, logo declined",
     shown({**policy(WATCHING), f"default._bimi.{NAME}": {"TXT": ["v=BIMI1; l=; a=;"]}}), AWAY,
     "none", None),
    ("no DMARC", shown({**policy(""), **LOGO}), AWAY, "no_dmarc", None),
    ("not all seen", shown({**policy(""), "_dmarc.com": {"TXT": "TIMEOUT"}}), UNKNOWN, "unseen",
     None),
]  # fmt: skip


@pytest.mark.parametrize("case", LOGOS, ids=case_name)
def test_logos(case: Case) -> None:
    check_case(case)


def test_every_text_on_logos_is_used_and_can_be_filled() -> None:
    verdicts = [case[1] for case in LOGOS]
    assert wording_problems("posture.checks.email", "email.bimi.shown", verdicts) == []


def test_the_fix_of_a_hidden_logo_is_the_stricter_policy() -> None:
    values = shown({**policy(WATCHING), **LOGO}).values
    assert (values["host"], values["record"]) == (f"_dmarc.{NAME}", "v=DMARC1; p=quarantine")
    values = shown({**policy(STRICT + "; sp=none"), **LOGO}).values
    assert values["record"] == "v=DMARC1; p=reject; sp=quarantine"


def test_a_logo_is_looked_for_only_where_dmarc_is_in_its_way() -> None:
    for zones, asked in ((policy(STRICT), False), (policy(""), False), (policy(WATCHING), True)):
        resolver = FakeResolver(zones)
        found = observe(collect_transport.bimi, DOMAIN, dmarc(zones), FakeNet(resolver))
        assert isinstance(found, Bimi)
        assert found.asked is asked
        assert bool(resolver.asked) is asked


def test_a_logo_that_was_not_seen_is_a_failure() -> None:
    zones = {**policy(WATCHING), f"default._bimi.{NAME}": {"TXT": "TIMEOUT"}}
    found = observe(collect_transport.bimi, DOMAIN, dmarc(zones), FakeNet(zones))
    assert isinstance(found, Failed)
