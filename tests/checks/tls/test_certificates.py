"""Keys, signatures and rules for certificates, as tables."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from posture.checks.tls import certificates, lifetimes
from posture.checks.tls.facts import (
    Certificate,
    MailCertificate,
    Presented,
    Profile,
    WebCertificate,
)
from posture.checks.tls.soundness import MOST_NAMES, Rules, Strength
from posture.model import Reason, Status, Verdict
from tests.checks.pages import wording_problems
from tests.checks.tls.facts import LEAF, PRESENTED

PASS, FAIL, UNKNOWN = Status.PASS, Status.FAIL, Status.UNKNOWN
STRENGTH = Strength(rsa_bits=2048, curve_bits=256)
RULES = Rules(timestamps=2)
SERVER, ANY = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
PROFILE = Profile(digest="sha256", uses=(SERVER,), timestamps=2, lists=(), issuers=())
GOOD = replace(LEAF, profile=PROFILE)
ABOVE = replace(GOOD, subject="CN=R10", sha256="ef" * 32, issuer="CN=ISRG Root X1")
NO_STARTTLS = MailCertificate(presented=None)


def with_key(key: str, bits: int, of: Certificate = GOOD) -> Certificate:
    return replace(of, key=key, key_bits=bits)


def digest(name: str, of: Certificate = GOOD) -> Certificate:
    return replace(of, profile=replace(PROFILE, digest=name))


def on_path(leaf: Certificate, above: Certificate) -> Presented:
    """Verified: the second certificate lies between the first and the store."""
    path = (leaf.sha256, above.sha256, "00" * 32)
    trust = replace(PRESENTED.trust, path=path)
    return replace(PRESENTED, chain=(leaf, above), trust=trust)


def alone(leaf: Certificate) -> Presented:
    return replace(PRESENTED, chain=(leaf,))


STRONG = [
    (alone(GOOD), PASS, "ok", None),
    (alone(with_key("RSA", 2048)), PASS, "ok", None),
    (alone(with_key("Ed25519", 256)), PASS, "ok", None),
    (alone(digest("none", with_key("Ed448", 456))), PASS, "ok", None),
    (on_path(GOOD, ABOVE), PASS, "ok", None),
    (alone(with_key("RSA", 2047)), FAIL, "short", "rekey"),
    (alone(with_key("EC secp224r1", 224)), FAIL, "short", "rekey"),
    (alone(with_key("DSA", 3072)), FAIL, "dsa", "rekey"),
    (alone(digest("sha1")), FAIL, "digest", "rekey"),
    (alone(digest("md5")), FAIL, "digest", "rekey"),
    (on_path(GOOD, with_key("RSA", 1024, ABOVE)), FAIL, "short", "authority"),
    (on_path(GOOD, digest("sha1", ABOVE)), FAIL, "digest", "authority"),
    (on_path(with_key("RSA", 1024), digest("sha1", ABOVE)), FAIL, "short", "rekey"),
    # What a server sends besides, no client looks at.
    (replace(PRESENTED, chain=(GOOD, with_key("RSA", 512, ABOVE))), PASS, "ok", None),
    # A signature by oneself proves nothing anyway; the key does.
    (alone(replace(digest("sha1"), self_issued=True)), PASS, "ok", None),
    (alone(replace(with_key("RSA", 1024), self_issued=True)), FAIL, "short", "rekey"),
    (alone(with_key("2.16.840.1.101.3.4.3.18", 0)), UNKNOWN, "unread", None),
    (alone(digest("")), UNKNOWN, "unread", None),
    (alone(replace(LEAF, profile=None)), UNKNOWN, "unread", None),
    (alone(with_key("RSA", 512, replace(LEAF, profile=None))), FAIL, "short", "rekey"),
    (on_path(with_key("ML-DSA-65", 0), digest("md5", ABOVE)), FAIL, "digest", "authority"),
]


@pytest.mark.parametrize(("presented", "status", "says", "fix"), STRONG)
def test_strength(presented: Presented, status: Status, says: str, fix: str | None) -> None:
    found = certificates.web_strength(WebCertificate(presented=presented), STRENGTH)
    assert (found.status, found.says, found.fix) == (status, says, fix)
    assert found.evidence
    assert found.observed
    assert found.reason is (Reason.INCONCLUSIVE if status is UNKNOWN else None)
    assert found == certificates.mail_strength(MailCertificate(presented=presented), STRENGTH)


def test_the_weak_one_is_named() -> None:
    presented = on_path(GOOD, with_key("RSA", 1024, ABOVE))
    found = certificates.web_strength(WebCertificate(presented=presented), STRENGTH)
    assert found.values == {"subject": "CN=R10", "key": "RSA", "bits": 1024, "least": 2048}
    assert found.observed == "EC secp256r1 256, SHA256, RSA 1024, SHA256"


def public(presented: Presented) -> Presented:
    return replace(presented, trust=replace(presented.trust, public=True))


def uses(*oids: str) -> Certificate:
    return replace(GOOD, profile=replace(PROFILE, uses=oids))


def serial(text: str) -> Presented:
    return alone(replace(GOOD, serial=text))


def lasting(days: float, begin: datetime) -> Presented:
    return alone(
        replace(GOOD, not_before=begin, not_after=begin + timedelta(days=days, seconds=-1))
    )


NOW_RULES = datetime(2026, 3, 15, tzinfo=UTC)
BEFORE = NOW_RULES - timedelta(seconds=1)
OLD = datetime(2019, 6, 30, tzinfo=UTC)
STRANGER = replace(GOOD, common_name="elsewhere.example")
CROWDED = replace(STRANGER, names=tuple(f"a{n}.example" for n in range(MOST_NAMES)))
MADE = [
    (alone(GOOD), PASS, "ok", None, None),
    (public(alone(GOOD)), PASS, "ok", None, None),
    (public(alone(digest("sha256"))), PASS, "ok", None, None),
    (replace(alone(GOOD), suffixes=("co.uk",)), FAIL, "wildcard", "narrow", None),
    (public(lasting(200, NOW_RULES)), PASS, "ok", None, None),
    (public(lasting(200.001, NOW_RULES)), FAIL, "too_long", "shorten", None),
    (public(lasting(398, BEFORE)), PASS, "ok", None, None),
    (lasting(825, NOW_RULES), PASS, "ok", None, None),
    (lasting(3650, NOW_RULES), FAIL, "too_long", "shorten", None),
    (lasting(3650, datetime(2019, 6, 30, tzinfo=UTC)), PASS, "ok", None, None),
    (alone(uses()), FAIL, "useless", "reissue", None),
    (alone(replace(uses(), not_before=OLD)), PASS, "ok", None, None),
    (public(alone(replace(uses(), not_before=OLD))), FAIL, "useless", "reissue", None),
    (alone(uses(SERVER, ANY)), PASS, "ok", None, None),
    (public(alone(uses(SERVER, ANY))), FAIL, "any_use", "reissue", None),
    (serial("0"), FAIL, "serial", "reissue", None),
    (serial("-4a"), FAIL, "serial", "reissue", None),
    (serial("7f" + "f" * 38), PASS, "ok", None, None),
    (serial("80" + "0" * 38), FAIL, "serial", "reissue", None),
    (serial("f" * 4096), FAIL, "serial", "reissue", None),
    (alone(STRANGER), PASS, "ok", None, None),
    (public(alone(STRANGER)), FAIL, "common_name", "reissue", None),
    (public(alone(replace(GOOD, common_name="WWW.Example.com"))), PASS, "ok", None, None),
    (public(alone(replace(GOOD, common_name=""))), PASS, "ok", None, None),
    # Only the first hundred names are kept.
    (public(alone(CROWDED)), PASS, "ok", None, None),
    (
        public(alone(replace(GOOD, profile=replace(PROFILE, timestamps=1)))),
        PASS, "ok", None, "timestamps",
    ),
    (alone(replace(GOOD, profile=replace(PROFILE, timestamps=0))), PASS, "ok", None, None),
    (alone(LEAF), UNKNOWN, "unread", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("presented", "status", "says", "fix", "near"), MADE)
def test_well_made(
    presented: Presented, status: Status, says: str, fix: str | None, near: str | None
) -> None:
    found = certificates.web_wellformed(WebCertificate(presented=presented), RULES)
    assert (found.status, found.says, found.fix, found.near_miss) == (status, says, fix, near)
    assert found.evidence
    assert found.reason is (Reason.NOT_COLLECTED if status is UNKNOWN else None)
    assert found == certificates.mail_wellformed(MailCertificate(presented=presented), RULES)


def test_everything_that_is_wrong_is_observed() -> None:
    presented = replace(alone(replace(uses(), serial="0")), suffixes=("com",))
    found = certificates.web_wellformed(WebCertificate(presented=presented), RULES)
    assert found.observed == "wildcard, useless, serial"
    assert "uses not said" in found.evidence[0].record
    kept = certificates.web_wellformed(WebCertificate(presented=alone(GOOD)), RULES)
    assert kept.observed == "nothing wrong"
    unsigned = certificates.web_strength(WebCertificate(presented=alone(digest(""))), STRENGTH)
    assert "signed over an unknown hash" in unsigned.evidence[0].record


@pytest.mark.parametrize(
    ("begin", "everybody", "public_ones"),
    [
        (date(2019, 6, 30), None, None),
        (date(2019, 7, 1), 825, 825),
        (date(2020, 9, 1), 825, 398),
        (date(2026, 3, 15), 825, 200),
        (date(2027, 3, 15), 825, 100),
        (date(2029, 3, 14), 825, 100),
        (date(2029, 3, 15), 825, 47),
    ],
)
def test_lifetimes_by_date(begin: date, everybody: int | None, public_ones: int | None) -> None:
    start = datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
    rules = lifetimes.shipped()
    assert rules.longest(start, public=False) == everybody
    assert rules.longest(start, public=True) == public_ones


def test_without_starttls_there_is_no_certificate() -> None:
    for found in VERDICTS["tls.mail.strength"][0], VERDICTS["tls.mail.wellformed"][0]:
        assert (found.status, found.says) == (Status.NOT_APPLICABLE, "no_starttls")


VERDICTS: dict[str, list[Verdict]] = {
    "tls.web.strength": [
        certificates.web_strength(WebCertificate(presented=row[0]), STRENGTH) for row in STRONG
    ],
    "tls.web.wellformed": [
        certificates.web_wellformed(WebCertificate(presented=row[0]), RULES) for row in MADE
    ],
    "tls.mail.strength": [
        certificates.mail_strength(NO_STARTTLS, STRENGTH),
        *(
            certificates.mail_strength(MailCertificate(presented=row[0]), STRENGTH)
            for row in STRONG
        ),
    ],
    "tls.mail.wellformed": [
        certificates.mail_wellformed(NO_STARTTLS, RULES),
        *(certificates.mail_wellformed(MailCertificate(presented=row[0]), RULES) for row in MADE),
    ],
}


@pytest.mark.parametrize("check", VERDICTS)
def test_every_text_is_used_and_there(check: str) -> None:
    assert wording_problems("posture.checks.tls", check, VERDICTS[check]) == []
