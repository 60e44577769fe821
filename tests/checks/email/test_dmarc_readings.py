"""What older receivers conclude, whether both agree, and the expert's view of the search."""

import asyncio
from typing import Any

import msgspec
import pytest

from posture.checks.email import agreement, collect_dmarc, collect_dmarc_probe, suffix_list
from posture.checks.email.dmarc import walk
from posture.model import CollectError, Domain, Reason, Status, Verdict
from posture.testing import FakeNet, FakeResolver
from tests.checks.email.world import DOMAIN, Case, Zones, case_name, check_case, dmarc
from tests.checks.pages import wording_problems

PASS, FAIL, UNKNOWN, AWAY = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
P = "v=DMARC1; p="
SUB = Domain(name="shop.example.com")
HOSTED = Domain(name="shop.github.io")
"""A name beneath one that the list calls a public suffix."""


def at(**records: str | list[str]) -> Zones:
    """DMARC records by name, _ for dots; a failure is a word."""
    failures = {"TIMEOUT", "SERVFAIL"}
    return {
        f"_dmarc.{name.replace('_', '.')}": {
            "TXT": [found] if isinstance(found, str) and found not in failures else found
        }
        for name, found in records.items()
    }


READINGS = [
    ("own", "b.com", {"b.com": [f"{P}reject; sp=none"]}, ("b.com", "b.com", "reject", "none")),
    ("not known tags", "b.com", {"b.com": [f"{P}reject; np=x; t=y; psd=y"]},
     ("b.com", "b.com", "reject", "reject")),
    ("inherited", "a.x.b.com", {"b.com": [f"{P}reject; sp=quarantine"], "x.b.com": [f"{P}none"]},
     ("b.com", "b.com", "quarantine", "quarantine")),
    ("own beneath", "a.b.com", {"a.b.com": [f"{P}reject"]}, ("b.com", "a.b.com", "reject", "")),
    ("nothing", "a.b.com", {}, ("b.com", "", "", "")),
    ("a suffix does not speak for others", "b.com", {"com": [f"{P}reject; psd=y"]},
     ("b.com", "", "", "")),
    ("two end the search", "a.b.com", {"a.b.com": [f"{P}none"] * 2, "b.com": [f"{P}reject"]},
     ("b.com", "", "", "reject")),
    ("two at the organisation", "a.b.com", {"b.com": [f"{P}none"] * 2}, ("b.com", "", "", "")),
    ("void", "b.com", {"b.com": ["v=DMARC1; p=x"]}, ("b.com", "b.com", "", "")),
    ("two labels of suffix", "a.b.co.uk", {"b.co.uk": [f"{P}reject"], "co.uk": [f"{P}none"]},
     ("b.co.uk", "b.co.uk", "reject", "reject")),
    ("a suffix itself", "github.io", {"github.io": [f"{P}reject"]},
     ("github.io", "github.io", "reject", "")),
    ("unknown suffix", "a.b.example", {"b.example": [f"{P}reject"]},
     ("b.example", "b.example", "reject", "reject")),
    ("not seen above", "a.b.com", {"a.b.com": [f"{P}none"], "b.com": None}, None),
    ("not seen", "b.com", {"b.com": None}, None),
    ("what is not asked may fail", "b.com", {"b.com": [f"{P}none"], "com": None},
     ("b.com", "b.com", "none", "none")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "domain", "records", "expected"), READINGS)
def test_the_reading_of_older_receivers(
    name: str,
    domain: str,
    records: dict[str, list[str] | None],
    expected: tuple[str, str, str, str] | None,
) -> None:
    found = [(one, records.get(one, [])) for one in walk(domain)]
    read = suffix_list.read(domain, [(one, None if t is None else tuple(t)) for one, t in found])
    assert expected == (read and (read.organization, read.found_at, read.domain, read.subdomains))


def consistent(zones: Zones, domain: Domain = DOMAIN) -> Verdict:
    return agreement.consistent(dmarc(zones, domain))


CONSISTENT: list[Case] = [
    ("own", consistent(at(example_com=f"{P}reject; sp=none; np=reject; t=y")), PASS, "ok", None),
    ("inherited", consistent(at(example_com=f"{P}reject"), SUB), PASS, "ok", None),
    ("own beneath", consistent(at(example_com=f"{P}none", shop_example_com=f"{P}reject"), SUB),
     PASS, "ok", None),
    ("declared", consistent(at(example_com=f"{P}none", shop_example_com=f"{P}reject; psd=n"), SUB),
     PASS, "declared", None),
    ("only beneath", consistent(at(shop_example_com=f"{P}reject"), SUB), FAIL, "organization",
     "cover"),
    ("calls itself a suffix", consistent(at(example_com=f"{P}reject; psd=y"), SUB), FAIL,
     "organization", "cover"),
    ("the suffix publishes", consistent(at(github_io=f"{P}reject", shop_github_io=f"{P}none"),
                                        HOSTED), FAIL, "organization", "anchor"),
    ("only the suffix publishes", consistent(at(github_io=f"{P}reject"), HOSTED), FAIL,
     "organization", "anchor"),
    ("a registry's policy", consistent(at(com=f"{P}reject; psd=y")), FAIL, "policy", "anchor"),
    ("np that cannot be read", consistent(at(example_com=f"{P}reject; np=x; aspf=s")), FAIL,
     "policy", "anchor"),
    ("two", consistent(at(example_com=[f"{P}none", f"{P}none"])), AWAY, "several", None),
    ("nothing", consistent({}), AWAY, "no_record", None),
    ("void", consistent(at(example_com="v=DMARC1; p=x")), AWAY, "no_record", None),
    ("not seen", consistent(at(example_com=f"{P}none", com="TIMEOUT")), UNKNOWN, "unseen", None),
    ("not seen by the list", consistent(
        at(shop_example_com=f"{P}none; psd=n", example_com="SERVFAIL"), SUB), UNKNOWN, "unseen",
     None),
]  # fmt: skip


@pytest.mark.parametrize("case", CONSISTENT, ids=case_name)
def test_agreement(case: Case) -> None:
    check_case(case)


def test_every_text_is_used_and_can_be_filled() -> None:
    verdicts = [case[1] for case in CONSISTENT]
    assert wording_problems("posture.checks.email", "email.dmarc.consistent", verdicts) == []


@pytest.mark.parametrize(
    ("zones", "domain", "host", "record"),
    [
        (at(shop_example_com=f"{P}reject"), SUB, "_dmarc.example.com",
         f"{P}none; np=reject; rua=mailto:dmarc@example.com"),
        (at(example_com=f"{P}reject; psd=y"), SUB, "_dmarc.example.com", f"{P}reject"),
        (at(github_io=f"{P}reject; sp=none"), HOSTED, "_dmarc.shop.github.io", f"{P}none; psd=n"),
        (at(github_io=f"{P}reject", shop_github_io=f"{P}none; pct=3"), HOSTED,
         "_dmarc.shop.github.io", f"{P}none; psd=n"),
        (at(com=f"{P}reject; psd=y"), DOMAIN, "_dmarc.example.com", f"{P}reject; psd=n"),
        (at(example_com=f"{P}reject; np=x; aspf=s"), DOMAIN, "_dmarc.example.com",
         f"{P}reject; aspf=s; psd=n"),
    ],
)  # fmt: skip
def test_the_fix_makes_both_agree(zones: Zones, domain: Domain, host: str, record: str) -> None:
    verdict = consistent(zones, domain)
    assert verdict.values["host"] == host
    assert verdict.values["record"] == record
    after = consistent({**zones, host: {"TXT": [record]}}, domain)
    assert after.status is PASS


def probed(zones: Zones, domain: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    net = FakeNet(zones)
    found = asyncio.run(collect_dmarc_probe.look(collect_dmarc_probe.name(domain), net, {}))
    return msgspec.json.decode(msgspec.json.encode(found.document)), found.lines


def test_a_probe_shows_the_search_and_both_readings() -> None:
    record = f"{P}reject; sp=quarantine; t=y; rua=mailto:a@r.example,mailto:b@s.example"
    zones: Zones = {
        **at(example_com=record),
        "mail.example.com": {"A": ["192.0.2.1"]},
        "example.com._report._dmarc.r.example": {"TXT": ["v=DMARC1"]},
    }
    seen, lines = probed(zones, "Mail.example.com.")
    assert seen["record_domain"] == "example.com"
    assert seen["organizational_domain"] == "example.com"
    assert seen["exists"] is True
    assert (seen["policy"], seen["subdomain_policy"], seen["nonexistent_policy"]) == (
        *("quarantine", "quarantine", "quarantine"),
    )
    assert set(seen["effective"].values()) == {"none"}
    assert seen["testing"] is True
    assert seen["queries"] == 3
    assert [step["name"] for step in seen["walk"]] == [
        "_dmarc.mail.example.com",
        "_dmarc.example.com",
        "_dmarc.com",
    ]
    assert seen["psl"]["domain"] == "quarantine"
    assert seen["plan"] == []
    text = "\n".join(lines)
    assert "consent of r.example: given" in text
    assert "consent of s.example: none" in text
    assert "t=y" in text


def test_a_probe_takes_np_for_a_name_that_does_not_exist() -> None:
    zones = at(example_com=f"{P}none; np=reject")
    assert probed(zones, "no.example.com")[0]["policy"] == "reject"
    there = {**zones, "yes.example.com": {"TXT": ["x"]}}
    assert probed(there, "yes.example.com")[0]["policy"] == "none"
    unseen = {**zones, "what.example.com": {"A": "TIMEOUT"}}
    seen = probed(unseen, "what.example.com")[0]
    assert (seen["exists"], seen["policy"]) == (None, "none")


def test_a_probe_plans_from_where_the_domain_is() -> None:
    seen, lines = probed({}, "example.com")
    assert seen["record_domain"] is None
    assert seen["policy"] is None
    assert seen["plan"] == [f"{P}none; np=reject; rua=mailto:dmarc@example.com"]
    assert f"publish next: {seen['plan'][0]}" in lines
    assert probed(at(example_com=f"{P}quarantine"), "example.com")[0]["plan"] == [
        f"{P}reject; np=reject"
    ]
    seen, lines = probed(at(example_com=["v=DMARC1"] * 2), "example.com")
    assert seen["several"] == ["example.com"]
    assert "more than one record, all discarded: _dmarc.example.com" in lines


def test_a_probe_says_what_was_not_seen() -> None:
    seen, lines = probed(at(example_com="TIMEOUT"), "shop.example.com")
    assert seen["unseen"] == ["example.com"]
    assert seen["organizational_domain"] is None
    assert seen["psl"] is None
    assert seen["plan"] == []
    assert "  _dmarc.example.com: timeout" in lines
    assert "receivers that use the public suffix list (RFC 7489): not known" in lines
    with pytest.raises(CollectError) as error:
        probed(at(example_com="SERVFAIL"), "example.com")
    assert error.value.reason is Reason.SERVFAIL


@pytest.mark.parametrize("text", ["", "two words", "b\u00fccher.example", "192.0.2.1", "a..b"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a domain name"):
        collect_dmarc_probe.name(text)


def test_a_consent_that_cannot_be_asked_for_is_none() -> None:
    long = ".".join(["r" * 60] * 3) + "." + "s" * 40 + ".example"
    resolver = FakeResolver(at(example_com=f"{P}none; rua=mailto:a@{long}"))
    found = asyncio.run(collect_dmarc.dmarc(DOMAIN, FakeNet(resolver)))
    assert [(consent.granted, consent.reason) for consent in found.consents] == [(False, None)]
    assert all("_report" not in name for name, _ in resolver.asked)
