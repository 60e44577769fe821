"""DANE: from the records and the certificate of a mail server to what is said of them."""

from collections.abc import Collection
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from posture.checks.email import collect_tlsa, dane
from posture.checks.email.transport_facts import MailTlsa, TlsaAnswer
from posture.checks.tls.facts import Certificate, MailCertificate, Presented
from posture.model import Failed, MailServer, Reason, Status, Verdict
from posture.testing import FakeNet, FakeResolver, observe
from tests.checks.email.world import Zones
from tests.checks.pages import wording_problems
from tests.checks.tls.facts import LEAF, PRESENTED, trusting

PASS, FAIL, UNKNOWN, AWAY = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
HOST = "mx.example.com"
NAME = f"_25._tcp.{HOST}"
SERVER = MailServer(host=HOST)
DER, KEY = "3082aa", "3059bb"


def digest(data: str) -> str:
    return sha256(bytes.fromhex(data)).hexdigest()


OWN = replace(
    LEAF, sha256=digest(DER), spki_sha256=digest(KEY), sha512="11" * 64, spki_sha512="22" * 64
)
ABOVE = replace(
    LEAF, subject=LEAF.issuer, issuer="CN=Root", sha256="77" * 32, spki_sha256="88" * 32
)
TOP = replace(LEAF, subject="CN=Root", issuer="CN=Root", sha256="99" * 32, spki_sha256="aa" * 32)


def shown(result: str = "trusted", *, names: bool = True, sent: int = 3) -> MailCertificate:
    base = trusting(result)
    return MailCertificate(
        presented=replace(base, chain=(OWN, ABOVE, TOP), name_matches=names, sent=sent)
    )


def with_leaf(leaf: Certificate) -> MailCertificate:
    return MailCertificate(presented=replace(PRESENTED, chain=(leaf,), sent=1))


def records(
    *texts: str, signed: bool = True, validating: bool = True, authenticated: bool = True
) -> MailTlsa:
    answer = TlsaAnswer(name=NAME, records=texts, authenticated=authenticated)
    return MailTlsa(host=HOST, port=25, signed=signed, validating=validating, answer=answer)


GOOD = f"3 1 1 {digest(KEY)}"
BAD = f"3 1 1 {'00' * 32}"
ISSUER = f"2 1 1 {'88' * 32}"
FAR = MailTlsa(host=HOST, port=25, signed=False, validating=True, answer=None)
SHOWN = shown()
NOTHING = MailCertificate(presented=None)
UNSEEN = Failed(reason=Reason.TIMEOUT)
# name, records, certificate; what usable and matches say
CASES: list[tuple[str, MailTlsa, MailCertificate | Failed, str, str]] = [
    ("key", records(GOOD), SHOWN, "ok", "ok"),
    ("key, next one beside it", records(BAD, GOOD), SHOWN, "ok", "ok"),
    ("key, untrusted and misnamed", records(GOOD), shown("self_signed", names=False), "ok", "ok"),
    ("key by SHA-512", records(f"3 1 2 {'22' * 64}"), SHOWN, "ok", "ok"),
    ("whole key", records(f"3 1 0 {KEY}"), SHOWN, "ok", "ok"),
    ("certificate", records(f"3 0 1 {digest(DER)}"), SHOWN, "ok", "ok"),
    ("certificate by SHA-512", records(f"3 0 2 {'11' * 64}"), SHOWN, "ok", "ok"),
    ("whole certificate", records(f"3 0 0 {DER}"), SHOWN, "ok", "ok"),
    ("another key", records(BAD), SHOWN, "ok", "unmatched"),
    ("whole other key", records("3 1 0 3059"), SHOWN, "ok", "unmatched"),
    ("authority as server", records(f"3 1 1 {'88' * 32}"), SHOWN, "ok", "unmatched"),
    ("server as authority", records(f"2 1 1 {digest(KEY)}"), SHOWN, "ok", "unmatched"),
    ("authority", records(ISSUER), SHOWN, "ok", "ok"),
    ("authority above", records(f"2 0 1 {'99' * 32}"), SHOWN, "ok", "ok"),
    ("authority, other name", records(ISSUER), shown(names=False), "ok", "unmatched"),
    ("authority, expired", records(ISSUER), shown("expired"), "ok", "unmatched"),
    ("private authority", records(ISSUER), shown("unknown_issuer"), "ok", "uncompared"),
    ("authority, not above", records(f"2 0 1 {'99' * 32}"),
     MailCertificate(presented=replace(PRESENTED, chain=(OWN, TOP), sent=2)), "ok", "uncompared"),
    ("another authority", records(f"2 1 1 {'00' * 32}"), SHOWN, "ok", "unmatched"),
    ("another authority, not all read", records(f"2 1 1 {'00' * 32}"), shown(sent=4), "ok",
     "uncompared"),
    ("whole authority, not sent", records("2 0 0 3082"), SHOWN, "ok", "uncompared"),
    ("authority by SHA-512, not taken", records(f"2 1 2 {'00' * 64}"), SHOWN, "ok", "uncompared"),
    ("key by SHA-512, not taken", records(f"3 1 2 {'00' * 64}"),
     with_leaf(replace(OWN, spki_sha512="")), "ok", "uncompared"),
    ("key that cannot be read", records(BAD), with_leaf(replace(OWN, spki_sha256="")), "ok",
     "uncompared"),
    ("usage of browsers", records(f"1 1 1 {digest(KEY)}"), SHOWN, "unusable", "ignored"),
    ("usage of browsers, not seen", records(f"0 1 1 {digest(KEY)}"), UNSEEN, "unusable", "ignored"),
    ("nonsense", records("3 1 1"), NOTHING, "unusable", "ignored"),
    ("unusable ones beside it", records("3 1", "1 1 1 ab", GOOD), SHOWN, "ok", "ok"),
    ("records not signed", records(BAD, authenticated=False), SHOWN, "insecure", "ignored"),
    ("server not signed", records(BAD, signed=False), SHOWN, "insecure", "ignored"),
    ("nobody validates", records(BAD, signed=False, validating=False), SHOWN, "unvalidated",
     "unvalidated"),
    ("no STARTTLS", records(GOOD), NOTHING, "ok", "no_starttls"),
    ("certificate not seen", records(GOOD), UNSEEN, "ok", "unseen"),
    ("no records", records(), SHOWN, "none", "none"),
    ("no records, certificate not seen", records(), UNSEEN, "none", "none"),
    ("zone not signed", FAR, SHOWN, "none", "none"),
]  # fmt: skip
STATUSES = {
    **dict.fromkeys(("none", "ignored"), AWAY),
    **dict.fromkeys(("unvalidated", "uncompared", "unseen"), UNKNOWN),
    "ok": PASS,
}


def both(tlsa: MailTlsa, certificate: MailCertificate | Failed) -> tuple[Verdict, Verdict]:
    return dane.usable(tlsa, certificate), dane.matches(tlsa, certificate)


@pytest.mark.parametrize(
    ("tlsa", "certificate", "usable", "matches"),
    [case[1:] for case in CASES],
    ids=[case[0].replace(" ", "-") for case in CASES],
)
def test_dane(
    tlsa: MailTlsa, certificate: MailCertificate | Failed, usable: str, matches: str
) -> None:
    for verdict, says in zip(both(tlsa, certificate), (usable, matches), strict=True):
        assert verdict.says == says
        assert verdict.status is STATUSES.get(says, FAIL)
        assert (verdict.fix is not None) == (verdict.status is FAIL)
        assert (verdict.reason is not None) == (verdict.status is UNKNOWN)
        assert bool(verdict.evidence) == (verdict.status is not AWAY)


@pytest.mark.parametrize(("number", "check"), list(enumerate(("usable", "matches"))))
def test_every_text_is_used_and_can_be_filled(number: int, check: str) -> None:
    found = [both(case[1], case[2])[number] for case in CASES]
    assert wording_problems("posture.checks.email", f"email.dane.{check}", found) == []


def test_the_fix_is_the_record_of_what_is_shown() -> None:
    verdict = dane.matches(records(BAD), SHOWN)
    assert verdict.values["record"] == f"{NAME}. TLSA 3 1 1 {digest(KEY)}"
    whole = dane.matches(records(f"3 0 1 {'00' * 32}"), with_leaf(replace(OWN, spki_sha256="")))
    assert whole.values["record"] == f"{NAME}. TLSA 3 0 1 {digest(DER)}"
    assert dane.usable(records("1 1 1 ab"), SHOWN).fix == "replace"
    assert dane.usable(records("1 1 1 ab"), UNSEEN).fix == "compute"


def seen(zones: Zones, validated: Collection[str] | bool = ()) -> tuple[Any, FakeResolver]:
    resolver = FakeResolver(zones, authenticated=validated)
    return observe(collect_tlsa.tlsa, SERVER, FakeNet(resolver)), resolver


ADDRESS = {"A": ["198.51.100.5"]}
SIX = {"A": ["198.51.100.5"], "AAAA": ["2001:db8::5"]}
TLSA = {"TLSA": [GOOD]}
COM = {"com": {"DS": ["1 13 2 ab"]}}


@pytest.mark.parametrize("zone", [ADDRESS, SIX, {**ADDRESS, "AAAA": "TIMEOUT"}])
def test_records_of_a_signed_zone(zone: dict[str, list[str] | str]) -> None:
    found, _ = seen({HOST: zone, NAME: TLSA}, [HOST, NAME])
    assert found == records(GOOD)


def test_records_that_are_not_signed() -> None:
    assert seen({HOST: ADDRESS, NAME: TLSA}, [HOST])[0] == records(GOOD, authenticated=False)


def test_nothing_is_asked_of_an_unsigned_zone() -> None:
    found, resolver = seen({HOST: ADDRESS, NAME: TLSA, **COM}, ["com"])
    assert found == FAR
    assert "TLSA" not in {rdtype for _, rdtype in resolver.asked}
    assert found.name == NAME


def test_a_signed_zone_costs_one_question_more() -> None:
    _, resolver = seen({HOST: ADDRESS}, [HOST])
    assert sorted(set(resolver.asked)) == [(NAME, "TLSA"), (HOST, "A"), (HOST, "AAAA")]


def test_a_resolver_that_validates_nothing_can_still_deny() -> None:
    found, _ = seen({HOST: ADDRESS, **COM})
    assert found.records == ()
    assert not found.validating
    assert dane.usable(found, UNSEEN).status is AWAY
    found, _ = seen({HOST: ADDRESS, NAME: TLSA, **COM})
    assert dane.matches(found, SHOWN).status is UNKNOWN


def test_behind_an_alias_both_names_are_tried() -> None:
    zones: Zones = {HOST: {"CNAME": ["a.example.net."]}, "a.example.net": ADDRESS}
    end = "_25._tcp.a.example.net"
    found, _ = seen({**zones, end: TLSA, NAME: {"TLSA": [BAD]}}, validated=True)
    assert (found.name, found.records) == (end, (GOOD,))
    found, _ = seen({**zones, NAME: TLSA}, validated=True)
    assert (found.name, found.records) == (NAME, (GOOD,))


@pytest.mark.parametrize(
    ("zones", "reason"),
    [
        ({HOST: {"A": "TIMEOUT", "AAAA": "TIMEOUT"}}, Reason.TIMEOUT),
        ({HOST: {"AAAA": "SERVFAIL"}}, Reason.SERVFAIL),
        ({HOST: ADDRESS, NAME: {"TLSA": "TIMEOUT"}}, Reason.TIMEOUT),
        ({HOST: ADDRESS, NAME: {"TLSA": "BOGUS"}}, Reason.SERVFAIL),
        ({HOST: ADDRESS, NAME: {"TLSA": ["3 0 0 " + "ab" * 5000]}}, Reason.TOO_LARGE),
        ({HOST: ADDRESS, NAME: {"TLSA": [f"3 1 1 {n:064x}" for n in range(33)]}}, Reason.TOO_LARGE),
        ({HOST: {"A": ["192.168.1.5"]}}, Reason.WRONG_VANTAGE),
    ],
)
def test_what_was_not_seen_is_a_failure(zones: Zones, reason: Reason) -> None:
    found, _ = seen(zones, [HOST])
    assert isinstance(found, Failed)
    assert found.reason is reason


def test_a_presented_chain_is_what_the_other_area_saw() -> None:
    assert isinstance(SHOWN.presented, Presented)
