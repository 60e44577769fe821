"""The judges of redirects and HSTS, as tables; every text of every page is used."""

import pytest

from posture.checks.tls.facts import Presented, WebCertificate
from posture.checks.web import AREA, hsts, https
from posture.checks.web.facts import Hop, PlainVisit, SecureVisit
from posture.model import Failed, Reason, Status
from tests.checks.pages import page_problems, wording_problems
from tests.checks.tls.facts import PRESENTED, named, trusting
from tests.checks.web.test_left_behind import VERDICTS as OF_FILES
from tests.checks.web.test_page_judges import VERDICTS as OF_PAGES

HOST = "www.example.com"
HTTP, HTTPS = f"http://{HOST}/", f"https://{HOST}/"


def hop(status: int, target: str = "", url: str = HTTP) -> Hop:
    return Hop(url=url, status=status, target=target)


def visit(*hops: Hop, closed: bool = False) -> PlainVisit:
    return PlainVisit(host=HOST, closed=closed, hops=hops)


VISITS = [
    (visit(hop(301, HTTPS)), Status.PASS, "ok"),
    (visit(hop(308, f"https://{HOST}:8443/x")), Status.PASS, "ok"),
    (visit(hop(302, "https://WWW.example.com./")), Status.PASS, "ok"),
    (visit(closed=True), Status.PASS, "closed"),
    (visit(hop(301, "https://example.com/")), Status.PARTIAL, "elsewhere"),
    (visit(hop(301, HTTP + "a"), hop(301, HTTPS, HTTP + "a")), Status.PARTIAL, "detour"),
    (visit(hop(200)), Status.FAIL, "plain"),
    (visit(hop(401)), Status.FAIL, "plain"),
    (visit(hop(302, "http://example.com/")), Status.FAIL, "insecure"),
    (visit(hop(302, HTTP)), Status.FAIL, "insecure"),
    (visit(hop(302, HTTP + "a"), hop(200, "", HTTP + "a")), Status.FAIL, "insecure"),
    (visit(hop(302, "https://[")), Status.FAIL, "insecure"),
    (visit(hop(302, HTTP + "a"), hop(302, HTTP, HTTP + "a")), Status.FAIL, "insecure"),
    (visit(hop(302, HTTP + "a"), hop(503, "", HTTP + "a")), Status.UNKNOWN, "error"),
    (visit(hop(302, HTTP + "a"), hop(302, HTTP + "b", HTTP + "a")), Status.UNKNOWN, "long"),
    (visit(hop(403)), Status.UNKNOWN, "error"),
    (visit(hop(503)), Status.UNKNOWN, "error"),
    (visit(hop(301)), Status.UNKNOWN, "error"),
]


@pytest.mark.parametrize(("seen", "status", "says"), VISITS)
def test_redirected(seen: PlainVisit, status: Status, says: str) -> None:
    found = https.redirected(seen)
    assert (found.status, found.says) == (status, says)
    assert found.expected == f"redirect to {HTTPS}"
    assert found.observed
    assert len(found.evidence) == max(1, len(seen.hops))


def answer(*headers: str, status: int = 200) -> SecureVisit:
    return SecureVisit(url=HTTPS, status=status, headers=headers)


POLICY = hsts.Present(minimum_seconds=15_724_800)
ANSWERS = [
    (answer("max-age=31536000; includeSubDomains"), Status.PASS, "ok"),
    (answer("max-age=15724800"), Status.PASS, "ok"),
    (answer("max-age=31536000", status=404), Status.PASS, "ok"),
    (answer("max-age=31536000", "max-age=0"), Status.PASS, "ok"),
    (answer("max-age=0", "max-age=31536000"), Status.FAIL, "short"),
    (answer("max-age=15724799"), Status.FAIL, "short"),
    (answer("max-age=1y"), Status.FAIL, "invalid"),
    (answer(""), Status.FAIL, "invalid"),
    (answer(), Status.FAIL, "absent"),
    (answer(status=301), Status.FAIL, "absent"),
    (answer(status=403), Status.UNKNOWN, "error"),
    (answer(status=500), Status.UNKNOWN, "error"),
]


@pytest.mark.parametrize(("seen", "status", "says"), ANSWERS)
def test_hsts(seen: SecureVisit, status: Status, says: str) -> None:
    found = hsts.present(seen, ACCEPTED, POLICY)
    assert found == hsts.present(seen, Failed(reason=Reason.TIMEOUT), POLICY)
    assert (found.status, found.says) == (status, says)
    assert found.expected == "max-age=15724800 or more"
    assert found.evidence[0].source == f"GET {HTTPS}"


ACCEPTED = WebCertificate(presented=PRESENTED)
REJECTED = [
    *(trusting(result) for result in ("self_signed", "unknown_issuer", "expired", "not_yet_valid")),
    named("mail.example.com", matches=False),
]


@pytest.mark.parametrize("presented", REJECTED)
def test_a_header_beside_a_certificate_that_browsers_reject_is_ignored(
    presented: Presented,
) -> None:
    certificate = WebCertificate(presented=presented)
    found = hsts.present(answer("max-age=31536000"), certificate, POLICY)
    assert (found.status, found.says) == (Status.NOT_APPLICABLE, "ignored")
    assert hsts.present(answer(), certificate, POLICY).status is Status.FAIL


@pytest.mark.parametrize("result", ["incomplete_chain", "undecided", "other"])
def test_a_certificate_that_some_browsers_accept_changes_nothing(result: str) -> None:
    certificate = WebCertificate(presented=trusting(result))
    found = hsts.present(answer("max-age=31536000"), certificate, POLICY)
    assert found.status is Status.PASS


def test_pages() -> None:
    assert page_problems(AREA) == []


VERDICTS = {
    "web.https.redirect": [https.redirected(row[0]) for row in VISITS],
    "web.hsts.present": [
        *(hsts.present(row[0], ACCEPTED, POLICY) for row in ANSWERS),
        hsts.present(ANSWERS[0][0], WebCertificate(presented=REJECTED[0]), POLICY),
    ],
}


def test_every_check_is_here() -> None:
    judged = sorted([*VERDICTS, *OF_PAGES, *OF_FILES])
    assert judged == sorted(check.__posture__.id for check in AREA.checks)  # type: ignore[attr-defined]


@pytest.mark.parametrize("check", VERDICTS)
def test_every_text_of_a_page_is_used_and_every_used_one_is_there(check: str) -> None:
    assert wording_problems(AREA.package, check, VERDICTS[check]) == []
