from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks import dns
from posture.checks.dns import caa, collect_dns, discover, issuers
from posture.checks.dns.caa import CaaRecord
from posture.checks.email import collect_dmarc, collect_mx
from posture.model import Domain, Failed, Reason, Status, Verdict
from posture.testing import FakeNet, observe
from tests.checks.pages import page_problems, wording_problems

NAME = "shop.example.com"
DOMAIN = Domain(name=NAME)
ISSUE = '0 issue "ca.example; accounturi=https://ca.example/1"'
Zones = dict[str, dict[str, list[str] | str]]


def seen(collector: Any, zones: Zones, domain: Domain = DOMAIN) -> Any:
    return observe(collector, domain, FakeNet({domain.name: {}, **zones}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('0 issue "ca.example"', CaaRecord(0, "issue", "ca.example")),
        ('128 ISSUE ";"', CaaRecord(128, "issue", ";")),
        ("0 iodef mailto:a@b.example", CaaRecord(0, "iodef", "mailto:a@b.example")),
        ('0 issue "a\\"b"', CaaRecord(0, "issue", 'a\\"b')),
        ('0 issue ""', CaaRecord(0, "issue", "")),
    ],
)
def test_a_caa_record_is_read(text: str, expected: CaaRecord) -> None:
    assert caa.parse(text) == expected


@pytest.mark.parametrize("text", ["", "0 issue", "256 issue x", "x issue y", '0 issue "a" b'])
def test_what_is_no_caa_record_is_refused(text: str) -> None:
    with pytest.raises(caa.ParseError):
        caa.parse(text)


@given(st.text(max_size=60))
def test_any_text_gives_a_record_or_a_parse_error(text: str) -> None:
    for candidate in (text, f"0 issue {text}", f'0 issue "{text}"'):
        try:
            record = caa.parse(candidate)
        except caa.ParseError:
            continue
        assert 0 <= record.flags <= 255
        assert ";" not in record.issuer


def test_the_climb_ends_at_the_top_level() -> None:
    assert caa.climb(NAME) == ("shop.example.com", "example.com", "com")


def present(zones: Zones) -> Verdict:
    return issuers.present(DOMAIN, seen(collect_dns.caa, zones))


CASES = [
    ("own", present({NAME: {"CAA": [ISSUE]}}), Status.PASS, "ok", None),
    ("above", present({"example.com": {"CAA": [ISSUE]}}), Status.PASS, "ok", None),
    ("nobody", present({NAME: {"CAA": ['0 issue ";"']}}), Status.PASS, "ok", None),
    ("beside nonsense", present({NAME: {"CAA": [ISSUE, "?"]}}), Status.PASS, "ok", None),
    ("none", present({}), Status.FAIL, "none", "publish"),
    ("only iodef", present({NAME: {"CAA": ['0 iodef "mailto:a@b.example"']}}), Status.FAIL,
     "unrestricted", "add"),
    ("closest counts", present({NAME: {"CAA": ['0 issuewild ";"']},
                                "example.com": {"CAA": [ISSUE]}}), Status.FAIL, "unrestricted",
     "add"),
    ("critical and unknown", present({NAME: {"CAA": ['128 tbs "x"']}}), Status.UNKNOWN,
     "critical", None),
    ("unknown", present({NAME: {"CAA": ['0 tbs "x"']}}), Status.FAIL, "unrestricted", "add"),
    ("nonsense", present({NAME: {"CAA": ["?"]}}), Status.UNKNOWN, "unreadable", None),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_caa(case: tuple[str, Verdict, Status, str, str | None]) -> None:
    _, verdict, status, says, fix = case
    assert (verdict.status, verdict.says, verdict.fix) == (status, says, fix)
    assert verdict.evidence
    assert verdict.expected
    assert (verdict.reason is not None) == (status is Status.UNKNOWN)


def test_every_text_is_used_and_can_be_filled() -> None:
    verdicts = [case[1] for case in CASES]
    assert wording_problems("posture.checks.dns", "dns.caa.present", verdicts) == []
    assert page_problems(dns.AREA) == []


def test_issuers_are_named() -> None:
    verdict = present({"example.com": {"CAA": [ISSUE, '0 issue "b.example"']}})
    assert verdict.values["issuers"] == "b.example, ca.example"
    assert verdict.values["found_at"] == "example.com"


@pytest.mark.parametrize(
    ("records", "issuers"),
    [
        (['0 issue ";"'], "nobody"),
        (['0 issue ";"', ISSUE], "ca.example"),
        (['0 issue "no ca"'], "nobody"),
        (['0 issue "-ca.example"'], "nobody"),
    ],
)
def test_what_names_no_authority_lets_nobody_issue(records: list[str], issuers: str) -> None:
    assert present({NAME: {"CAA": records}}).values["issuers"] == issuers


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.0.1", "100.64.0.1"])
def test_the_dns_of_an_office_says_nothing_of_what_the_world_sees(address: str) -> None:
    zones: Zones = {"example.com": {"A": [address]}}
    for collector in (
        collect_dns.texts, collect_dns.caa, collect_dmarc.dmarc, collect_mx.mx,
    ):  # fmt: skip
        found = seen(collector, zones, APEX)
        assert isinstance(found, Failed)
        assert found.reason is Reason.WRONG_VANTAGE


def test_an_address_that_is_not_seen_stops_nothing() -> None:
    found = seen(collect_dns.texts, {"example.com": {"A": "TIMEOUT", "TXT": ["a"]}}, APEX)
    assert len(found.records) == 1


@pytest.mark.parametrize("name", [NAME, "example.com", "com"])
def test_a_name_that_does_not_answer_is_a_failure(name: str) -> None:
    found = seen(collect_dns.caa, {name: {"CAA": "SERVFAIL"}})
    assert isinstance(found, Failed)
    assert found.reason is Reason.SERVFAIL


def test_nothing_above_the_records_is_asked() -> None:
    found = seen(collect_dns.caa, {NAME: {"CAA": [ISSUE]}, "com": {"CAA": "TIMEOUT"}})
    assert (found.asked, found.found_at) == ((NAME,), NAME)


def test_texts_are_kept_and_cut() -> None:
    found = seen(collect_dns.texts, {NAME: {"TXT": ["a", "b" * 5000]}})
    assert [(len(record.text), record.length, record.whole) for record in found.records] == [
        (1, 1, True),
        (4096, 5000, False),
    ]
    assert seen(collect_dns.texts, {}).records == ()


@pytest.mark.parametrize("records", ["TIMEOUT", [f"t{n}" for n in range(257)]])
def test_texts_that_cannot_be_known_are_a_failure(records: list[str] | str) -> None:
    assert isinstance(seen(collect_dns.texts, {NAME: {"TXT": records}}), Failed)


ADDRESSES: Zones = {
    "example.com": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]},
    "www.example.com": {"CNAME": ["example.com"]},
}
APEX = Domain(name="example.com")


def sites(zones: Zones) -> list[str]:
    return [site.id for site in discover.websites(APEX, seen(collect_dns.addresses, zones, APEX))]


def test_addresses_are_kept_with_the_way_to_them() -> None:
    apex, www = seen(collect_dns.addresses, ADDRESSES, APEX).hosts
    assert (apex.ipv4, apex.ipv6, apex.chain) == (("192.0.2.1",), (), ())
    assert (www.ipv4, www.chain, www.reason) == (("192.0.2.1",), ("example.com",), None)


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        (ADDRESSES, ["website:example.com", "website:www.example.com"]),
        ({"example.com": {"A": ["192.0.2.1"]}}, ["website:example.com"]),
        ({"www.example.com": {"AAAA": ["2001:db8::1"]}}, ["website:www.example.com"]),
        ({"www.example.com": {"CNAME": ["gone.example"]}}, []),
        ({"example.com": {"AAAA": ["2001:db8::1"]}}, ["website:example.com"]),
        ({}, []),
    ],
)
def test_web_sites_are_names_with_an_address(zones: Zones, expected: list[str]) -> None:
    assert sites(zones) == expected


def test_half_an_answer_is_kept_as_such() -> None:
    zones: Zones = {"example.com": {"A": "TIMEOUT", "AAAA": ["2001:db8::1"]}}
    apex, _ = seen(collect_dns.addresses, zones, APEX).hosts
    assert (apex.ipv4, apex.ipv6, apex.reason) == ((), ("2001:db8::1",), Reason.TIMEOUT)


def test_silence_is_no_absence() -> None:
    found = seen(collect_dns.addresses, {"example.com": {"A": "TIMEOUT"}}, APEX)
    assert isinstance(found, Failed)
    assert found.reason is Reason.TIMEOUT
