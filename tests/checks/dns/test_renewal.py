from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.dns import authorities, collect_dns, renewal
from posture.checks.dns.facts import SiteCaa
from posture.checks.tls.facts import Presented, WebCertificate
from posture.model import Failed, Reason, Status, Verdict, WebSite
from posture.testing import FakeNet, observe
from tests.checks.pages import wording_problems
from tests.checks.tls.facts import LEAF, PRESENTED, trusting

HOST = "www.example.com"
ENCRYPT, SECTIGO, OTHER = '0 issue "letsencrypt.org"', '0 issue "Sectigo.com"', '0 issue "ca.org"'
WILD = replace(PRESENTED, chain=(replace(LEAF, names=("*.example.com",)),))


def issued(issuer: str) -> Presented:
    return replace(PRESENTED, chain=(replace(LEAF, issuer=issuer),))


def matches(*records: str, seen: Presented = PRESENTED) -> Verdict:
    caa = SiteCaa(host=HOST, found_at="example.com" if records else "", records=records)
    return renewal.matches(caa, WebCertificate(presented=seen))


STRANGE = issued("CN=X1,O=Country CA,C=XX")
PASS, FAIL, UNKNOWN, MOOT = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
CASES = [
    ("allowed", matches(ENCRYPT), PASS, "ok"),
    ("allowed beside others", matches(SECTIGO, OTHER, ENCRYPT), PASS, "ok"),
    ("with an account", matches('0 issue "letsencrypt.org; accounturi=x"'), PASS, "ok"),
    ("expired", matches(ENCRYPT, seen=trusting("expired")), PASS, "ok"),
    ("by its own name", matches(OTHER, seen=issued("CN=X,O=CA.org")), PASS, "ok"),
    ("another", matches(SECTIGO), FAIL, "excluded"),
    ("nobody", matches('0 issue ";"'), FAIL, "excluded"),
    ("another, expired", matches(SECTIGO, seen=trusting("expired")), FAIL, "excluded"),
    ("wildcard of another", matches(ENCRYPT, '0 issuewild ";"', seen=WILD), FAIL, "excluded"),
    ("wildcard allowed", matches(SECTIGO, '0 issuewild "letsencrypt.org"', seen=WILD), PASS, "ok"),
    ("wildcard, no word on it", matches(ENCRYPT, seen=WILD), PASS, "ok"),
    ("issuewild is not for hosts", matches(ENCRYPT, '0 issuewild ";"'), PASS, "ok"),
    ("a name we do not know", matches(SECTIGO, OTHER), UNKNOWN, "unfamiliar"),
    ("an issuer we do not know", matches(ENCRYPT, seen=STRANGE), UNKNOWN, "unfamiliar"),
    ("nonsense", matches("?", ENCRYPT), UNKNOWN, "unreadable"),
    ("none", matches(), MOOT, "unrestricted"),
    ("no issue", matches('0 iodef "mailto:a@b.example"'), MOOT, "unrestricted"),
    ("self-signed", matches(SECTIGO, seen=trusting("self_signed")), MOOT, "untrusted"),
    ("another's", matches(SECTIGO, seen=replace(PRESENTED, name_matches=False)), MOOT,
     "untrusted"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_matches(case: tuple[str, Verdict, Status, str]) -> None:
    _, verdict, status, says = case
    assert (verdict.status, verdict.says) == (status, says)
    assert verdict.fix == ("add" if status is FAIL else None)
    assert (verdict.reason is not None) == (status is UNKNOWN)
    assert verdict.evidence[-1].record.startswith("CN=")


def test_every_text_is_used_and_can_be_filled() -> None:
    verdicts = [case[1] for case in CASES]
    assert wording_problems("posture.checks.dns", "dns.caa.matches", verdicts) == []


def test_the_record_to_add_names_the_issuer() -> None:
    values = matches(SECTIGO).values
    assert (values["issuer"], values["names"]) == ("Let's Encrypt", "letsencrypt.org")
    assert matches(ENCRYPT, seen=issued("CN=Bare CA")).values["issuer"] == "CN=Bare CA"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CN=R10,O=Let's Encrypt,C=US", "Let's Encrypt"),
        (r"CN=X,O=GoDaddy.com\, Inc.,L=Scottsdale", "GoDaddy.com, Inc."),
        ("O=First,CN=x", "First"),
        ("CN=a+O=Second", "Second"),
        ("CN=FOO=bar", ""),
        (r"CN=a\,O=Forged,C=US", ""),
        ("", ""),
    ],
)
def test_the_organisation_of_a_name(name: str, expected: str) -> None:
    assert authorities.organisation(name) == expected


def test_authorities_are_known_by_every_spelling() -> None:
    assert "godaddy.com" in authorities.names_of(r"CN=G2,O=GoDaddy.com\, Inc.,C=US")
    assert "digicert.com" in authorities.names_of("CN=RapidSSL,O=DigiCert Inc,C=US")
    assert authorities.names_of("CN=only") == frozenset()


@given(st.text(max_size=80))
def test_any_name_has_an_organisation_or_none(name: str) -> None:
    for text in (name, f"CN={name},O={name}", f"O={name}"):
        assert isinstance(authorities.organisation(text), str)
        assert authorities.names_of(text) <= authorities.LISTED | {
            authorities.organisation(text).lower()
        }


def seen(zones: Any, host: str = HOST) -> Any:
    return observe(collect_dns.site_caa, WebSite(host=host), FakeNet(zones))


@pytest.mark.parametrize(
    ("zones", "found_at"),
    [
        ({HOST: {"CAA": [ENCRYPT]}, "example.com": {"CAA": [OTHER]}}, HOST),
        ({HOST: {"A": ["192.0.2.1"]}, "example.com": {"CAA": [ENCRYPT]}}, "example.com"),
        # An alias leads to the records of its target (RFC 8659 §3).
        ({HOST: {"CNAME": ["cdn.example."]}, "cdn.example": {"CAA": [ENCRYPT]}}, HOST),
    ],
)
def test_the_records_of_a_host(zones: Any, found_at: str) -> None:
    assert seen(zones) == SiteCaa(host=HOST, found_at=found_at, records=(ENCRYPT,))


def test_an_address_has_no_caa() -> None:
    assert seen({}, "192.0.2.1") == SiteCaa(host="192.0.2.1", found_at="", records=())


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ({"CAA": "SERVFAIL"}, Reason.SERVFAIL),
        ({"CAA": [ENCRYPT], "A": ["10.0.0.1"]}, Reason.WRONG_VANTAGE),
    ],
)
def test_records_that_were_not_seen_are_a_failure(host: Any, reason: Reason) -> None:
    found = seen({HOST: host, "example.com": {"CAA": [ENCRYPT]}})
    assert isinstance(found, Failed)
    assert found.reason is reason
