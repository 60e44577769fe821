from __future__ import annotations

import base64
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.dns import collect_signing, dnssec_records, signing
from posture.checks.dns.dnssec_records import Key, ParseError, Signature
from posture.checks.dns.facts import Dnssec, Validation
from posture.checks.dns.signing_facts import Signatures, Signing, SigningKey, ZoneSignature
from posture.model import Domain, Failed, Moment, Reason, Status, Verdict
from posture.testing import FakeNet, FakeResolver, observe
from tests.checks.pages import wording_problems

ZONE = "example.com"
DOMAIN = Domain(name=ZONE)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DS = f"4711 13 2 {'ab' * 32}"
SHA1 = f"4711 13 1 {'ab' * 20}"


def state(*ds: str, validation: Validation = Validation.SECURE, anchored: bool = True) -> Dnssec:
    return Dnssec(domain=ZONE, zone=ZONE, ds=ds, validation=validation, anchored=anchored)


SIGNED = state(DS)
UNSIGNED = state(validation=Validation.INSECURE)
BROKEN = state(DS, validation=Validation.BOGUS)
UNAWARE = state(validation=Validation.UNCHECKED, anchored=False)
NOTHING = Signing(zone=ZONE, keys=())


def modern(
    *keys: tuple[int, int], ds: tuple[str, ...] = (DS,), rounds: int | None = None
) -> Verdict:
    found = tuple(SigningKey(algorithm=algorithm, bits=bits) for algorithm, bits in keys)
    fact = Signing(zone=ZONE, keys=found, iterations=rounds)
    return signing.modern(state(*ds), fact, signing.Modern(rsa_bits=2048))


def unasked(dnssec: Dnssec) -> Verdict:
    return signing.modern(dnssec, NOTHING, signing.Modern(rsa_bits=2048))


def fresh(*left: float, life: float = 28, dnssec: Dnssec = SIGNED) -> Verdict:
    ends = [NOW + timedelta(days=days) for days in left]
    found = tuple(
        ZoneSignature(inception=end - timedelta(days=life), expiration=end) for end in ends
    )
    moment = Moment(taken=NOW, valid_at=NOW)
    fact = Signatures(zone=ZONE, signatures=found)
    return signing.fresh(dnssec, fact, moment, signing.Fresh(days=3))


PASS, FAIL, UNKNOWN, MOOT = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
CASES = {
    "modern": [
        (modern((13, 0)), PASS, "ok"),
        (modern((8, 2048), (8, 4096), rounds=0), PASS, "ok"),
        (modern((13, 0), ds=(DS, SHA1)), PASS, "ok"),
        (modern((13, 0), ds=("a DS record from elsewhere",)), PASS, "ok"),
        (modern((7, 2048)), FAIL, "algorithm"),
        (modern((13, 0), (5, 1024)), FAIL, "algorithm"),
        (modern((8, 2048), (8, 1024)), FAIL, "short"),
        (modern((13, 0), ds=(SHA1,)), FAIL, "digest"),
        (modern((13, 0), rounds=10), FAIL, "iterations"),
        (unasked(UNSIGNED), MOOT, "unsigned"),
        (unasked(BROKEN), MOOT, "broken"),
        (unasked(UNAWARE), UNKNOWN, "unaware"),
        (unasked(state()), UNKNOWN, "unaware"),
    ],
    "fresh": [
        (fresh(14), PASS, "ok"),
        (fresh(3), PASS, "ok"),
        (fresh(2.9), FAIL, "soon"),
        (fresh(14, 1), FAIL, "soon"),
        (fresh(-1), FAIL, "over"),
        # Signed anew for each answer, for two days: half of its life is left.
        (fresh(1, life=2), PASS, "ok"),
        (fresh(0.3, life=2), FAIL, "soon"),
        (fresh(2.9, life=14), PASS, "ok"),
        (fresh(2.7, life=14), FAIL, "soon"),
        (fresh(dnssec=UNSIGNED), MOOT, "unsigned"),
        (fresh(dnssec=BROKEN), MOOT, "broken"),
        (fresh(dnssec=UNAWARE), UNKNOWN, "unaware"),
    ],
}
FLAT = [case for cases in CASES.values() for case in cases]


@pytest.mark.parametrize(("verdict", "status", "says"), FLAT)
def test_both(verdict: Verdict, status: Status, says: str) -> None:
    assert (verdict.status, verdict.says) == (status, says)
    assert (verdict.fix is not None) == (status is FAIL)
    assert (verdict.reason is not None) == (status is UNKNOWN)


@pytest.mark.parametrize("check", CASES)
def test_every_text_is_used_and_can_be_filled(check: str) -> None:
    verdicts = [case[0] for case in CASES[check]]
    assert wording_problems("posture.checks.dns", f"dns.dnssec.{check}", verdicts) == []


def test_the_evidence_names_keys_and_dates() -> None:
    keys = modern((8, 1024), (13, 0), (7, 2048), rounds=5).evidence[1].record
    assert keys == (
        "RSASHA256 1024 bits, algorithm 13, RSASHA1-NSEC3-SHA1 2048 bits; NSEC3, iterations 5"
    )
    assert unasked(UNSIGNED).evidence[1].record == "not asked; no NSEC3"
    assert fresh(1).evidence[0].record == "2026-10-25 12:00 to 2026-11-22 12:00 UTC"


EXPONENT = b"\x03\x01\x00\x01"


def rsa(data: bytes, algorithm: int = 8, flags: int = 256) -> str:
    return f"{flags} 3 {algorithm} {base64.b64encode(data).decode()}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rsa(EXPONENT + b"\x80" * 128), Key(256, 8, 1024)),
        (rsa(EXPONENT + b"\x01" + b"\x80" * 127), Key(256, 8, 1017)),
        # A long exponent has its length in two octets after a zero (RFC 3110 §2).
        (rsa(b"\0\x01\x01" + b"\x01" * 257 + b"\xff" * 256), Key(256, 8, 2048)),
        ("257 3 13 !!!", Key(257, 13, 0)),
        ("257 3 15", Key(257, 15, 0)),
    ],
)
def test_keys(text: str, expected: Key) -> None:
    assert dnssec_records.key(text) == expected


@pytest.mark.parametrize(("flags", "signs"), [(256, True), (257, True), (0, False), (385, False)])
def test_only_zone_keys_that_are_not_revoked_sign(flags: int, signs: bool) -> None:
    assert Key(flags, 13, 0).signs is signs


@pytest.mark.parametrize(
    "text",
    [
        "",
        "257 3",
        "257 x 8",
        "257 3 99999",
        "256 3 8 !!!!",
        "256 3 8 ",
        rsa(b"\x03\x01"),
        rsa(b"\0"),
    ],
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(ParseError):
        dnssec_records.key(text)


RRSIG = "SOA 13 2 300 20261205010203 20261107040506 4711 example.com. c2ln"


def test_a_signature() -> None:
    assert dnssec_records.signature(RRSIG) == Signature(
        13,
        inception=datetime(2026, 11, 7, 4, 5, 6, tzinfo=UTC),
        expiration=datetime(2026, 12, 5, 1, 2, 3, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SOA 13 2 300 20261205010203 20261107040506 4711 example.com.",
        RRSIG.replace(" 13 ", " x "),
        RRSIG.replace("20261205", "20261305"),
        RRSIG.replace("20261205010203", "1780000000"),
    ],
)
def test_what_is_no_signature(text: str) -> None:
    with pytest.raises(ParseError):
        dnssec_records.signature(text)


READERS = [
    dnssec_records.key,
    dnssec_records.signature,
    dnssec_records.iterations,
    dnssec_records.delegation_signer,
]


@given(
    st.sampled_from(READERS),
    st.text()
    | st.lists(st.from_regex(r"[0-9]{1,15}|[A-Za-z+/=]{0,9}", fullmatch=True)).map(" ".join),
)
def test_a_value_or_an_error_and_nothing_else(read: Any, text: str) -> None:
    with contextlib.suppress(ParseError):
        read(text)


ZONES: dict[str, Any] = {
    "DNSKEY": ["257 3 13 aaaa", "256 3 13 bbbb", rsa(EXPONENT + b"\x80" * 128), "385 3 13 cccc"],
    "NSEC3PARAM": ["1 0 5 -"],
    "RRSIG SOA": [RRSIG],
}


def seen(collector: Any, zone: dict[str, Any], dnssec: Dnssec = SIGNED) -> tuple[Any, FakeResolver]:
    resolver = FakeResolver({ZONE: zone})
    return observe(collector, DOMAIN, dnssec, FakeNet(resolver)), resolver


def test_a_signed_zone() -> None:
    found, _ = seen(collect_signing.signing, ZONES)
    keys = SigningKey(algorithm=8, bits=1024), SigningKey(algorithm=13, bits=0)
    assert found == Signing(zone=ZONE, keys=keys, iterations=5)
    found, _ = seen(collect_signing.signing, {"DNSKEY": ["257 3 13 aaaa"]})
    assert found.iterations is None
    found, _ = seen(collect_signing.signatures, ZONES)
    assert [each.expiration.day for each in found.signatures] == [5]


@pytest.mark.parametrize("collector", [collect_signing.signing, collect_signing.signatures])
@pytest.mark.parametrize("dnssec", [UNSIGNED, BROKEN, UNAWARE])
def test_nothing_is_asked_of_other_zones(collector: Any, dnssec: Dnssec) -> None:
    found, resolver = seen(collector, ZONES, dnssec)
    assert not getattr(found, "keys", ())
    assert not getattr(found, "signatures", ())
    assert resolver.asked == []


@pytest.mark.parametrize(
    ("collector", "zone", "reason"),
    [
        (collect_signing.signing, {"TXT": ["x"]}, Reason.INCONCLUSIVE),
        (collect_signing.signing, {"DNSKEY": ["385 3 13 a"]}, Reason.INCONCLUSIVE),
        (collect_signing.signing, {"DNSKEY": ["junk"]}, Reason.MALFORMED),
        (collect_signing.signing, ZONES | {"NSEC3PARAM": "TIMEOUT"}, Reason.TIMEOUT),
        (collect_signing.signatures, {"TXT": ["x"]}, Reason.INCONCLUSIVE),
        (collect_signing.signatures, {"CNAME": ["elsewhere.example."]}, Reason.INCONCLUSIVE),
        (collect_signing.signatures, {"RRSIG SOA": ["junk"]}, Reason.MALFORMED),
    ],
)
def test_what_cannot_be_read_is_a_failure(
    collector: Any, zone: dict[str, Any], reason: Reason
) -> None:
    found, _ = seen(collector, zone)
    assert isinstance(found, Failed)
    assert found.reason is reason
