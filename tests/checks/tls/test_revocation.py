"""Revocation: what is asked for, what is believed, and how it is judged."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from posture.checks.tls import collect_revocation, revocation
from posture.checks.tls.facts import (
    Certificate,
    MailCertificate,
    Presented,
    Profile,
    TrustResult,
    WebCertificate,
)
from posture.checks.tls.revocation_facts import (
    MailRevocation,
    Revocation,
    Standing,
    WebRevocation,
)
from posture.model import CollectError, Failed, MailServer, Reason, Status, WebSite
from posture.net import TrustAnchors
from posture.net.http import HttpResponse
from posture.testing import FakeClock, FakeHttp, observe
from tests.checks.pages import wording_problems
from tests.checks.tls.facts import LEAF, PRESENTED
from tests.net_tls import ca
from tests.net_tls.test_crl import REASON, SERIAL, entry, made

HOST = "www.example.com"
URL, SECOND = "http://crl.ca.example/1.crl", "http://mirror.ca.example/1.crl"
ROOT = ca.root()
BELOW = ca.intermediate(ROOT)
CLOCK = FakeClock(ca.NOW)
SITE, SERVER = WebSite(host=HOST), MailServer(host="mx.example.com")


def answer(body: bytes, status: int = 200) -> HttpResponse:
    return HttpResponse(url=URL, status=status, headers=(), body=body)


def print_of(issued: ca.Issued) -> str:
    return sha256(issued.der[0]).hexdigest()


def naming(*urls: str) -> Certificate:
    profile = Profile(digest="sha256", uses=(), timestamps=0, lists=urls, issuers=())
    return replace(LEAF, serial=f"{SERIAL:x}", profile=profile)


def verified(*urls: str, issuer: ca.Issued = BELOW, sent: bool = True) -> Presented:
    """A certificate that names these lists, on a path through ``issuer``."""
    trust = replace(PRESENTED.trust, path=("leaf", print_of(issuer), print_of(ROOT)))
    raw = (b"leaf", issuer.der[0]) if sent else (b"leaf",)
    return replace(PRESENTED, chain=(naming(*urls),), raw=raw, trust=trust)


def web(presented: Presented, http: FakeHttp) -> WebRevocation | Failed:
    fact = WebCertificate(presented=presented)
    found: WebRevocation | Failed = observe(collect_revocation.web, SITE, fact, http, CLOCK)
    mailed = observe(
        collect_revocation.mail, SERVER, MailCertificate(presented=presented), http, CLOCK
    )
    assert mailed == (found if isinstance(found, Failed) else MailRevocation(found=found.found))
    return found


def test_a_certificate_that_still_stands() -> None:
    http = FakeHttp({URL: answer(made(entry(1), issuer=BELOW))})
    found = web(verified(URL), http)
    assert found == WebRevocation(
        found=Revocation(
            standing=Standing.GOOD,
            serial="4a1b",
            url=URL,
            issued=ca.NOW - ca.DAY,
            until=ca.NOW + 6 * ca.DAY,
        )
    )
    assert {(sent.method, sent.url) for sent in http.sent} == {("GET", URL)}


def test_a_revoked_one() -> None:
    body = made(entry(SERIAL, REASON.key_compromise), issuer=BELOW)
    found = web(verified(URL), FakeHttp({URL: answer(body)}))
    assert isinstance(found, WebRevocation)
    assert (found.found.standing, found.found.why) == (Standing.REVOKED, "keyCompromise")
    assert found.found.since == ca.NOW - 5 * ca.DAY


def test_an_issuer_in_the_store_need_not_be_sent() -> None:
    http = FakeHttp({URL: answer(made(issuer=ROOT))})
    http.anchors = TrustAnchors(BELOW.pem + ROOT.pem, "store")
    found = web(verified(URL, issuer=ROOT, sent=False), http)
    assert isinstance(found, WebRevocation)
    assert found.found.standing is Standing.GOOD


def test_an_issuer_that_was_not_kept_leaves_it_open() -> None:
    found = web(verified(URL, sent=False), FakeHttp({URL: answer(made(issuer=BELOW))}))
    assert isinstance(found, Failed)
    assert found.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    "urls",
    [
        (),
        ("https://crl.ca.example/1.crl",),
        ("http://crl.ca.example:8080/1.crl",),
        ("http://crl.ca.example:22/",),
    ],
)
def test_nothing_is_asked_for_where_no_plain_list_is_named(urls: tuple[str, ...]) -> None:
    http = FakeHttp({})
    assert web(verified(*urls), http) == _only(Standing.UNLISTED)
    assert http.sent == []


@pytest.mark.parametrize("result", [result for result in TrustResult if result != "trusted"])
def test_no_address_is_believed_that_no_authority_chose(result: TrustResult) -> None:
    seen, http = verified(URL), FakeHttp({})
    assert web(replace(seen, trust=replace(seen.trust, result=result)), http) == _only(
        Standing.UNTRUSTED
    )
    alone = replace(seen, trust=replace(seen.trust, path=("leaf",)))
    assert web(alone, http) == _only(Standing.UNTRUSTED)
    assert http.sent == []


def test_old_evidence_names_no_list() -> None:
    seen = verified(URL)
    assert web(replace(seen, chain=(LEAF,)), FakeHttp({})) == _only(Standing.UNLISTED)


def _only(standing: Standing) -> WebRevocation:
    return WebRevocation(found=Revocation(standing=standing))


def test_a_mail_server_without_starttls_has_no_certificate() -> None:
    fact = MailCertificate(presented=None)
    found = observe(collect_revocation.mail, SERVER, fact, FakeHttp({}), CLOCK)
    assert found == MailRevocation(found=Revocation(standing=Standing.ABSENT))


GOOD = answer(made(issuer=BELOW))
STALE = answer(made(issuer=BELOW, since=9 * ca.DAY, until=-timedelta(seconds=1)))
DEAD = CollectError(Reason.TIMEOUT, "no answer")
HUGE = CollectError(Reason.TOO_LARGE, "more than 8388608 octets")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (DEAD, Reason.TIMEOUT),
        (HUGE, Reason.TOO_LARGE),
        (answer(b"", 404), Reason.INCONCLUSIVE),
        (answer(b"<html>sign in to the guest network</html>"), Reason.INCONCLUSIVE),
        (answer(made(issuer=ROOT)), Reason.INCONCLUSIVE),
        (STALE, Reason.INCONCLUSIVE),
    ],
)
def test_what_cannot_be_had_or_believed_is_not_known(
    reply: HttpResponse | CollectError, reason: Reason
) -> None:
    found = web(verified(URL), FakeHttp({URL: reply}))
    assert isinstance(found, Failed)
    assert found.reason is reason


@pytest.mark.parametrize("first", [DEAD, STALE, answer(b"", 500)])
def test_the_second_place_is_tried(first: HttpResponse | CollectError) -> None:
    found = web(verified(URL, SECOND), FakeHttp({URL: first, SECOND: GOOD}))
    assert isinstance(found, WebRevocation)
    assert found.found.url == SECOND


def test_a_third_place_is_not() -> None:
    http = FakeHttp({URL: DEAD, SECOND: DEAD})
    found = web(verified(URL, SECOND, "http://third.example/1.crl"), http)
    assert isinstance(found, Failed)
    assert {sent.url for sent in http.sent} == {URL, SECOND}


SEEN = Revocation(
    standing=Standing.GOOD,
    serial="4a1b",
    url=URL,
    issued=ca.NOW,
    until=ca.NOW + 7 * ca.DAY,
)
REVOKED = replace(SEEN, standing=Standing.REVOKED, since=ca.NOW - ca.DAY)
JUDGED = [
    (SEEN, Status.PASS, "ok"),
    (REVOKED, Status.FAIL, "revoked"),
    (replace(REVOKED, why="keyCompromise"), Status.FAIL, "revoked"),
    (replace(REVOKED, since=None), Status.FAIL, "revoked"),
    (Revocation(standing=Standing.UNLISTED), Status.NOT_APPLICABLE, "unlisted"),
    (Revocation(standing=Standing.UNTRUSTED), Status.NOT_APPLICABLE, "untrusted"),
]
ABSENT = MailRevocation(found=Revocation(standing=Standing.ABSENT))


@pytest.mark.parametrize(("found", "status", "says"), JUDGED)
def test_judged(found: Revocation, status: Status, says: str) -> None:
    verdict = revocation.web(WebRevocation(found=found))
    assert (verdict.status, verdict.says) == (status, says)
    assert (verdict.fix is not None) == (status is Status.FAIL)
    assert verdict == revocation.mail(MailRevocation(found=found))


def test_the_list_is_the_evidence() -> None:
    verdict = revocation.web(WebRevocation(found=replace(REVOKED, why="keyCompromise")))
    assert verdict.values == {"date": "2026-11-20", "why": "keyCompromise"}
    (seen,) = verdict.evidence
    assert seen.source == f"list of revoked certificates at {URL}"
    assert seen.record.endswith("serial 4a1b: revoked keyCompromise")


VERDICTS = {
    "tls.web.unrevoked": [revocation.web(WebRevocation(found=row[0])) for row in JUDGED],
    "tls.mail.unrevoked": [
        revocation.mail(ABSENT),
        *(revocation.mail(MailRevocation(found=row[0])) for row in JUDGED),
    ],
}


def test_without_starttls_there_is_nothing_to_judge() -> None:
    found = VERDICTS["tls.mail.unrevoked"][0]
    assert (found.status, found.says) == (Status.NOT_APPLICABLE, "no_starttls")


@pytest.mark.parametrize("check", VERDICTS)
def test_every_text_is_used_and_there(check: str) -> None:
    assert wording_problems("posture.checks.tls", check, VERDICTS[check]) == []
