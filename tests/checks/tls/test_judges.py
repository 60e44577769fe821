"""The judges as tables; every text of every page is used."""

from dataclasses import replace

import pytest

from posture.checks.tls import AREA, mail, web
from posture.checks.tls.address_facts import MailAddresses, WebAddresses
from posture.checks.tls.facts import (
    MailCertificate,
    MailVersions,
    Presented,
    StartTls,
    TlsStart,
    WebCertificate,
    WebVersions,
)
from posture.checks.tls.judgements import Expiry
from posture.model import Reason, Status, Verdict
from tests.checks.pages import page_problems, wording_problems
from tests.checks.tls import (
    test_addresses,
    test_certificates,
    test_flaws,
    test_revocation,
    test_suites,
)
from tests.checks.tls.facts import (
    LEAF,
    MOMENT,
    PRESENTED,
    STARTTLS,
    living,
    named,
    probes,
    trusting,
)

POLICY = Expiry(
    warn_share=0.3333,
    warn_days=67,
    alarm_share=0.1667,
    alarm_days=34,
    last_days=3,
    manual_days=100,
)
WEB, MAIL = WebCertificate, MailCertificate
ALONE, SOLE = WebAddresses(others=(), more=0), MailAddresses(others=(), more=0)
NO_STARTTLS = MailCertificate(presented=None)

TRUST = [
    ("trusted", "", Status.PASS, "ok", None),
    ("self_signed", "", Status.FAIL, "self_signed", "replace"),
    ("unknown_issuer", "CN=Office CA", Status.FAIL, "unknown_issuer", "replace"),
    ("incomplete_chain", "CN=R10", Status.FAIL, "incomplete_chain", "chain"),
    ("expired", "CN=www.example.com", Status.FAIL, "expired", "replace"),
    ("not_yet_valid", "CN=www.example.com", Status.FAIL, "not_yet_valid", "clock"),
    ("other", "path length exceeded", Status.FAIL, "other", "replace"),
    ("undecided", "not done in 10 s", Status.UNKNOWN, "undecided", None),
]


@pytest.mark.parametrize(("result", "detail", "status", "says", "fix"), TRUST)
def test_trusted(result: str, detail: str, status: Status, says: str, fix: str | None) -> None:
    found = web.trusted(WEB(presented=trusting(result, detail)), ALONE)
    assert (found.status, found.says, found.fix) == (status, says, fix)
    assert found == mail.trusted(MAIL(presented=trusting(result, detail)), SOLE)
    assert found.evidence[0].source == "certificate of www.example.com at 192.0.2.1"
    assert "SHA-256 " + "ab" * 32 in found.evidence[0].record
    assert found.reason is (Reason.INCONCLUSIVE if status is Status.UNKNOWN else None)


NAMES = [
    (named("www.example.com", matches=True), Status.PASS, "ok", "www.example.com"),
    (named("a.example", "b.nl", matches=False), Status.FAIL, "mismatch", "a.example, b.nl"),
    (named(matches=False), Status.FAIL, "nameless", "no name"),
    (named(*"abcdef", matches=False), Status.FAIL, "mismatch", "a, b, c, d, e …"),
]  # fmt: skip


@pytest.mark.parametrize(("presented", "status", "says", "observed"), NAMES)
def test_name(presented: Presented, status: Status, says: str, observed: str) -> None:
    found = web.name(WEB(presented=presented), ALONE)
    assert (found.status, found.says, found.observed) == (status, says, observed)
    assert found.expected == "www.example.com"
    assert found == mail.name(MAIL(presented=presented), SOLE)


def test_an_address_counts_as_a_name() -> None:
    leaf = replace(LEAF, names=(), addresses=("192.0.2.1",))
    found = web.name(WEB(presented=replace(PRESENTED, chain=(leaf,), name_matches=False)), ALONE)
    assert (found.says, found.observed) == ("mismatch", "192.0.2.1")


EXPIRY = [
    (90, 60, Status.PASS, "ok"),
    (90, 30, Status.PASS, "ok"),
    (90, 29.9, Status.PARTIAL, "warn"),
    (90, 15.1, Status.PARTIAL, "warn"),
    (90, 14.9, Status.FAIL, "alarm"),
    (90, 0.5, Status.FAIL, "alarm"),
    (90, 0, Status.FAIL, "expired"),
    (90, -6, Status.FAIL, "expired"),
    (90, 91, Status.FAIL, "not_yet"),
    (47, 16, Status.PASS, "ok"),
    (47, 15, Status.PARTIAL, "warn"),
    (47, 7.7, Status.FAIL, "alarm"),
    # Less than three days are an alarm, unless a sound one is replaced no sooner.
    (15, 3.1, Status.PARTIAL, "warn"),
    (15, 2.9, Status.FAIL, "alarm"),
    (6, 3, Status.PASS, "ok"),
    (6, 1.9, Status.FAIL, "alarm"),
    (200, 67, Status.PASS, "ok"),
    (200, 66, Status.PARTIAL, "warn"),
    (200, 33, Status.FAIL, "alarm"),
    (398, 68, Status.PASS, "ok"),
    (398, 66, Status.PARTIAL, "warn"),
    (3650, 68, Status.PASS, "ok"),
    (3650, 35, Status.PARTIAL, "warn"),
    (3650, 33, Status.FAIL, "alarm"),
    (-1, 5, Status.FAIL, "not_yet"),
]


@pytest.mark.parametrize(("days", "left", "status", "says"), EXPIRY)
def test_expiry(days: float, left: float, status: Status, says: str) -> None:
    found = web.expiry(WEB(presented=living(days, left)), ALONE, MOMENT, POLICY)
    assert (found.status, found.says) == (status, says)
    assert found.share == (0.5 if status is Status.PARTIAL else None)
    assert found == mail.expiry(MAIL(presented=living(days, left)), SOLE, MOMENT, POLICY)


def test_expiry_says_how_long() -> None:
    found = web.expiry(WEB(presented=living(90, -6)), ALONE, MOMENT, POLICY)
    assert dict(found.values) == {"date": "2026-11-15", "days": 6, "of": 90}
    assert (found.observed, found.expected) == ("until 2026-11-15", "30 days or more")


@pytest.mark.parametrize(
    ("days", "public", "near_miss"),
    [(100, True, None), (101, True, "manual"), (101, False, None)],
)
def test_long_lives_are_probably_renewed_by_hand(
    days: float, public: bool, near_miss: str | None
) -> None:
    found = web.expiry(WEB(presented=issued(days, public=public)), ALONE, MOMENT, POLICY)
    assert (found.status, found.near_miss) == (Status.PASS, near_miss)
    late = replace(issued(days, public=public), chain=living(days, 20).chain)
    assert web.expiry(WEB(presented=late), ALONE, MOMENT, POLICY).near_miss is None


def issued(days: float, *, public: bool) -> Presented:
    fresh = living(days, days - 1)
    return replace(fresh, trust=replace(fresh.trust, public=public))


LEGACY = [
    ("--++", Status.PASS, "ok", None),
    ("----", Status.UNKNOWN, "nothing", None),
    ("++++", Status.FAIL, "accepted", "TLS 1.0 and TLS 1.1"),
    ("+-++", Status.FAIL, "accepted", "TLS 1.0"),
    ("?+++", Status.FAIL, "accepted", "TLS 1.1"),
    ("?-++", Status.UNKNOWN, "inconclusive", "TLS 1.0"),
    ("????", Status.UNKNOWN, "inconclusive", "TLS 1.0 and TLS 1.1"),
    ("-", Status.UNKNOWN, "inconclusive", "TLS 1.0 and TLS 1.1"),
    ("--??", Status.UNKNOWN, "nothing", None),
    ("--+?", Status.PASS, "ok", None),
    ("---+", Status.PASS, "ok", None),
]


@pytest.mark.parametrize(("outcomes", "status", "says", "versions"), LEGACY)
def test_legacy(outcomes: str, status: Status, says: str, versions: str | None) -> None:
    found = web.legacy(WebVersions(probes=probes(*outcomes)), ALONE)
    assert (found.status, found.says, found.values.get("versions")) == (status, says, versions)
    assert len(found.evidence) == len(outcomes)
    assert found == mail.legacy(MailVersions(probes=probes(*outcomes)), SOLE)


HIDDEN = replace(STARTTLS, offered=False, accepted=False, keywords=("XXXXXXXA",), stripped=True)
STARTS = [
    (STARTTLS, Status.PASS, "ok", None, "spoken"),
    (
        replace(STARTTLS, offered=False, accepted=False, start=TlsStart.NOT_TRIED),
        Status.FAIL, "absent", "offer", "not offered",
    ),
    (HIDDEN, Status.UNKNOWN, "stripped", "inspection", "overwritten"),
    (
        replace(STARTTLS, accepted=False, answer="502 no", start=TlsStart.NOT_TRIED),
        Status.FAIL, "refused", "repair", "offered, then refused",
    ),
    (
        replace(STARTTLS, start=TlsStart.PLAINTEXT, detail="250 injected"),
        Status.FAIL, "plaintext", "repair", "plaintext",
    ),
    (
        replace(STARTTLS, start=TlsStart.SILENT, detail="closed"),
        Status.UNKNOWN, "silent", None, "silent",
    ),
    (replace(STARTTLS, stripped=True), Status.PASS, "ok", None, "spoken"),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "status", "says", "fix", "observed"), STARTS)
def test_starttls(
    seen: StartTls, status: Status, says: str, fix: str | None, observed: str
) -> None:
    found = mail.starttls(seen, SOLE)
    assert (found.status, found.says, found.fix) == (status, says, fix)
    assert (found.observed, found.expected) == (observed, "STARTTLS")
    assert found.evidence


@pytest.mark.parametrize(
    "found",
    [
        mail.trusted(NO_STARTTLS, SOLE),
        mail.name(NO_STARTTLS, SOLE),
        mail.expiry(NO_STARTTLS, SOLE, MOMENT, POLICY),
        mail.legacy(MailVersions(probes=()), SOLE),
    ],
)
def test_without_starttls_there_is_nothing_to_judge(found: Verdict) -> None:
    assert (found.status, found.says) == (Status.NOT_APPLICABLE, "no_starttls")


URL = "http://ca.example/issuer.der"


def published() -> Presented:
    """Incomplete, but the chain says where the missing part is."""
    found = trusting("incomplete_chain", "CN=R10")
    return replace(found, trust=replace(found.trust, url=URL))


def test_the_missing_certificate_can_be_fetched() -> None:
    found = web.trusted(WEB(presented=published()), ALONE)
    assert (found.status, found.says, found.fix) == (Status.FAIL, "incomplete_chain", "fetch")
    assert found.values["url"] == URL
    assert found == mail.trusted(MAIL(presented=published()), SOLE)


def test_pages() -> None:
    assert page_problems(AREA) == []


TRUSTS = [*(trusting(result, detail) for result, detail, *_ in TRUST), published()]
NAMED = [row[0] for row in NAMES]
LIVES = [*(living(days, left) for days, left, *_ in EXPIRY), issued(101, public=True)]
VERSIONS = [probes(*row[0]) for row in LEGACY]
VERDICTS = {
    "tls.web.trusted": [web.trusted(WEB(presented=seen), ALONE) for seen in TRUSTS],
    "tls.web.name": [web.name(WEB(presented=seen), ALONE) for seen in NAMED],
    "tls.web.expiry": [web.expiry(WEB(presented=seen), ALONE, MOMENT, POLICY) for seen in LIVES],
    "tls.web.legacy": [web.legacy(WebVersions(probes=seen), ALONE) for seen in VERSIONS],
    "tls.mail.starttls": [mail.starttls(row[0], SOLE) for row in STARTS],
    "tls.mail.trusted": [
        mail.trusted(seen, SOLE) for seen in (NO_STARTTLS, *(MAIL(presented=x) for x in TRUSTS))
    ],
    "tls.mail.name": [
        mail.name(seen, SOLE) for seen in (NO_STARTTLS, *(MAIL(presented=x) for x in NAMED))
    ],
    "tls.mail.expiry": [
        mail.expiry(seen, SOLE, MOMENT, POLICY)
        for seen in (NO_STARTTLS, *(MAIL(presented=x) for x in LIVES))
    ],
    "tls.mail.legacy": [mail.legacy(MailVersions(probes=seen), SOLE) for seen in ((), *VERSIONS)],
    **test_certificates.VERDICTS,
    **test_flaws.VERDICTS,
    **test_suites.VERDICTS,
    **test_revocation.VERDICTS,
}
for _check, _verdicts in test_addresses.VERDICTS.items():
    VERDICTS[_check] = [*VERDICTS.get(_check, ()), *_verdicts]


def test_every_check_is_here() -> None:
    assert sorted(VERDICTS) == sorted(check.__posture__.id for check in AREA.checks)  # type: ignore[attr-defined]


@pytest.mark.parametrize("check", VERDICTS)
def test_every_text_of_a_page_is_used_and_every_used_one_is_there(check: str) -> None:
    assert wording_problems(AREA.package, check, VERDICTS[check]) == []
