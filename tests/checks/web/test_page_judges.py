"""The judges of the front page, as tables: passing, failing, unknown, and what does not arise."""

from dataclasses import replace

import pytest

from posture.checks.web import (
    content,
    cookies,
    csp,
    disclosure,
    headers,
    preload,
    supported,
)
from posture.checks.web.facts import Hop, PlainVisit
from posture.checks.web.page_facts import Document, Embedded, Form, LandingPage, Script, SecurityTxt
from posture.model import Failed, Reason, Verdict
from tests.checks.pages import wording_problems
from tests.checks.tls.facts import MOMENT
from tests.checks.web.pages import (
    BROKEN,
    BUSY,
    ELSEWHERE,
    FAILED,
    FORM,
    HOST,
    STILL,
    UNOPENED,
    URL,
    cookie,
    landing,
    with_cookies,
)

XCTO, XFO, CSP = "x-content-type-options", "x-frame-options", "content-security-policy"
REFERRER, REPORT = "referrer-policy", "content-security-policy-report-only"
GOOD = "default-src 'self'; object-src 'none'"
Row = tuple[LandingPage, str, str]


def result(verdict: Verdict) -> tuple[str, str]:
    return verdict.status.value, verdict.says


NOSNIFF: list[Row] = [
    *UNOPENED,
    (landing((XCTO, "NoSniff")), "pass", "ok"),
    (landing((XCTO, "nosniff"), (XCTO, "x")), "pass", "ok"),
    (landing((XCTO, "x, nosniff")), "fail", "absent"),
    (landing(), "fail", "absent"),
    (landing(document=STILL), "not_applicable", "still"),
    (landing(document=replace(STILL, whole=False)), "fail", "absent"),
    (landing((XCTO, "nosniff"), document=STILL), "pass", "ok"),
]
FRAMING: list[Row] = [
    *UNOPENED,
    (landing((CSP, "frame-ancestors 'self'")), "pass", "ancestors"),
    (landing((CSP, "frame-ancestors 'none'"), (XFO, "ALLOWALL")), "pass", "ancestors"),
    (landing((CSP, "frame-ancestors *"), (CSP, "frame-ancestors a.example")), "pass", "ancestors"),
    (landing((XFO, "SAMEORIGIN")), "pass", "options"),
    (landing((XFO, "deny"), (CSP, GOOD)), "pass", "options"),
    (landing((XFO, "deny"), (CSP, "x" * 20_000)), "pass", "options"),
    (landing((XFO, "DENY"), (CSP, "frame-ancestors https:")), "fail", "open"),
    (landing((XFO, "ALLOW-FROM https://a.example")), "fail", "open"),
    (landing((CSP, GOOD)), "fail", "absent"),
    (landing(document=STILL), "not_applicable", "still"),
]
REFERRERS: list[Row] = [
    *UNOPENED,
    (landing(), "pass", "default"),
    (landing((REFERRER, "nonsense")), "pass", "default"),
    (landing((REFERRER, "unsafe-url, strict-origin")), "pass", "ok"),
    (landing((REFERRER, "strict-origin, UNSAFE-URL")), "fail", "leaks"),
    (
        landing((REFERRER, "no-referrer"), document=replace(BUSY, referrer=("unsafe-url",))),
        "fail",
        "leaks",
    ),
]
POLICIES: list[Row] = [
    *UNOPENED,
    (landing((CSP, GOOD)), "pass", "ok"),
    (landing((CSP, "script-src 'self'"), (CSP, "object-src 'none'")), "pass", "ok"),
    (landing(document=replace(BUSY, policies=(GOOD,))), "pass", "ok"),
    (landing((CSP, GOOD), document=STILL), "pass", "ok"),
    (landing(document=STILL), "not_applicable", "still"),
    (landing((CSP, "upgrade-insecure-requests"), document=STILL), "not_applicable", "still"),
    (landing(), "fail", "absent"),
    (landing((REPORT, GOOD)), "fail", "watching"),
    (landing((CSP, "upgrade-insecure-requests")), "fail", "open"),
    (landing((CSP, "default-src 'self' 'unsafe-inline'")), "fail", "open"),
    (landing((CSP, "default-src https: data: 'unsafe-inline'")), "fail", "open"),
    (landing((CSP, "script-src 'self'")), "partial", "nearly"),
    (landing((CSP, "script-src 'nonce-abc'; object-src 'none'")), "partial", "nearly"),
    (landing((CSP, "x" * 20_000)), "unknown", "long"),
]
SECURE: list[Row] = [
    (with_cookies(cookie(), cookie("__Host-a"), cookie("__Secure-b", path="")), "pass", "ok"),
    (with_cookies(cookie(secure=False)), "fail", "bare"),
    (with_cookies(*(cookie(f"c{n}", secure=False) for n in range(12))), "fail", "bare"),
    (with_cookies(cookie("__Secure-b", secure=False)), "fail", "bare"),
    (with_cookies(cookie("__HOST-a", path="/x")), "fail", "refused"),
    (with_cookies(cookie("__Host-a", domain=True)), "fail", "refused"),
    (with_cookies(cookie("", http_only=False, same_site="")), "pass", "ok"),
    (landing(), "not_applicable", "none"),
    (ELSEWHERE, "not_applicable", "none"),
    (FAILED, "unknown", "unseen"),
    (BROKEN, "unknown", "error"),
]
NO_COOKIE = SECURE[-4:]
NO_SESSION = (with_cookies(cookie("lang", session=False)), "not_applicable", "no_session")
HIDDEN: list[Row] = [
    *NO_COOKIE,
    NO_SESSION,
    (with_cookies(cookie()), "pass", "ok"),
    (with_cookies(cookie(), cookie("sid", http_only=False)), "fail", "readable"),
    (with_cookies(cookie(), cookie("lang", session=False, http_only=False)), "pass", "ok"),
]
SAMESITE: list[Row] = [
    *NO_COOKIE,
    NO_SESSION,
    (with_cookies(cookie(), cookie("sid", same_site="strict")), "pass", "ok"),
    (with_cookies(cookie(same_site="none"), cookie("sid", same_site="")), "fail", "sent"),
    (with_cookies(cookie(same_site="")), "fail", "unsaid"),
]
IMAGE = Embedded(element="img", url="http://a.example/x.png")
SCRIPT = Embedded(element="script", url="http://a.example/x.js")
CUT = replace(BUSY, whole=False)
UPGRADE = "upgrade-insecure-requests"
MIXED: list[Row] = [
    *UNOPENED,
    (landing(), "pass", "ok"),
    (landing(document=replace(BUSY, active=(SCRIPT,), passive=(IMAGE,))), "fail", "active"),
    (landing(document=replace(BUSY, passive=(IMAGE,) * 12)), "partial", "passive"),
    (landing((CSP, UPGRADE), document=replace(BUSY, active=(SCRIPT,))), "pass", "upgraded"),
    (landing(document=replace(BUSY, active=(SCRIPT,), policies=(UPGRADE,))), "pass", "upgraded"),
    (landing((CSP, "x" * 20_000), document=replace(BUSY, active=(SCRIPT,))), "fail", "active"),
    (landing((CSP, GOOD), document=replace(BUSY, active=(SCRIPT,))), "fail", "active"),
    (landing(document=CUT), "unknown", "cut"),
    (landing(document=replace(CUT, active=(SCRIPT,))), "fail", "active"),
]
ABROAD = Script(host="cdn.example.net", integrity=False)
SCRIPTS: list[Row] = [
    *UNOPENED,
    (landing(), "not_applicable", "none"),
    (landing(document=replace(BUSY, foreign=(replace(ABROAD, integrity=True),))), "pass", "ok"),
    (landing(document=replace(BUSY, foreign=(ABROAD,))), "fail", "unchecked"),
    (landing(document=CUT), "unknown", "cut"),
]


def asking(*transport: str, registered: bool = True) -> LandingPage:
    return replace(landing(), transport=transport, registered=registered)


WHOLE = "max-age=31536000; includeSubDomains; preload"
PRELOADS: list[Row] = [
    (asking(WHOLE), "pass", "ok"),
    (asking(WHOLE, registered=False), "not_applicable", "beneath"),
    (asking("max-age=31535999; preload"), "fail", "refused"),
    (asking("max-age=31536000; preload"), "fail", "refused"),
    (asking("max-age=31535999; includeSubDomains; preload"), "fail", "refused"),
    (asking("max-age=31536000"), "not_applicable", "not_asked"),
    (asking("preload"), "not_applicable", "not_asked"),
    (asking(), "not_applicable", "not_asked"),
    (asking("max-age=31536000; preload;" + " " * 1000), "unknown", "long"),
]


@pytest.mark.parametrize(
    ("judge", "rows"),
    [
        pytest.param(headers.nosniff, NOSNIFF, id="nosniff"),
        pytest.param(headers.framing, FRAMING, id="framing"),
        pytest.param(headers.referrer, REFERRERS, id="referrer"),
        pytest.param(csp.effective, POLICIES, id="csp"),
        pytest.param(cookies.secure, SECURE, id="secure"),
        pytest.param(cookies.hidden, HIDDEN, id="hidden"),
        pytest.param(cookies.samesite, SAMESITE, id="samesite"),
        pytest.param(content.encrypted, MIXED, id="mixed"),
        pytest.param(content.integrity, SCRIPTS, id="integrity"),
        pytest.param(preload.preload, PRELOADS, id="preload"),
    ],
)
def test_pages(judge: object, rows: list[Row]) -> None:
    assert callable(judge)
    found = [result(judge(page)) for page, _, _ in rows]
    assert found == [(status, says) for _, status, says in rows]


def plain(*, forms: tuple[Form, ...] | None = None) -> PlainVisit:
    document = None if forms is None else Document(scripts=0, handlers=0, forms=forms)
    hop = Hop(url=f"http://{HOST}/", status=200, target="")
    return PlainVisit(host=HOST, closed=False, hops=(hop,), document=document)


LATE = Failed(reason=Reason.TIMEOUT, detail="late")
INSECURE = Form(target="http://www.example.com", password=False)
FORMS: list[tuple[LandingPage, PlainVisit | Failed, str, str]] = [
    *((page, plain(), status, says) for page, status, says in UNOPENED),
    (landing(), plain(), "not_applicable", "none"),
    (landing(document=replace(BUSY, forms=(FORM,))), plain(forms=(FORM,)), "pass", "ok"),
    (landing(document=replace(BUSY, forms=(FORM, INSECURE))), LATE, "fail", "target"),
    (
        landing(document=replace(BUSY, forms=(replace(INSECURE, password=True),))),
        plain(),
        "fail",
        "password",
    ),
    (landing((CSP, UPGRADE), document=replace(BUSY, forms=(INSECURE,))), plain(), "pass", "ok"),
    (landing(), LATE, "unknown", "plain_unseen"),
    (landing(document=CUT), plain(), "unknown", "cut"),
    (BROKEN, plain(forms=(replace(INSECURE, password=True),)), "fail", "plain_page"),
]


@pytest.mark.parametrize(("page", "visit", "status", "says"), FORMS)
def test_forms(page: LandingPage, visit: PlainVisit | Failed, status: str, says: str) -> None:
    found = content.forms_encrypted(page, visit)
    assert result(found) == (status, says)
    assert found.reason is (Reason.TIMEOUT if says == "plain_unseen" else found.reason)


NOTICE = SecurityTxt(
    url=f"{URL}.well-known/security.txt",
    status=200,
    found=True,
    contacts=("mailto:…@example.com",),
    expires="2027-01-01T00:00:00Z",
)
NOTICES = [
    (NOTICE, "pass", "ok"),
    (replace(NOTICE, expires="2026-11-21T14:00:01+02:00"), "pass", "ok"),
    (replace(NOTICE, expires="2026-11-21t12:00:00z"), "fail", "expired"),
    (replace(NOTICE, expires=""), "fail", "no_end"),
    (replace(NOTICE, expires="next year"), "fail", "no_end"),
    (replace(NOTICE, expires="2027-02-30T00:00:00Z"), "fail", "no_end"),
    (replace(NOTICE, expires="0001-01-01T00:00:00+14:00"), "fail", "no_end"),
    (replace(NOTICE, contacts=()), "fail", "no_contact"),
    (replace(NOTICE, problem="line 1 is no field"), "fail", "invalid"),
    (replace(NOTICE, found=False, status=404), "fail", "absent"),
    (replace(NOTICE, found=False, status=301), "not_applicable", "elsewhere"),
]


@pytest.mark.parametrize(("notice", "status", "says"), NOTICES)
def test_security_txt(notice: SecurityTxt, status: str, says: str) -> None:
    assert result(disclosure.valid(notice, MOMENT)) == (status, says)


def made(*generators: str, powered: str = "", server: str = "", said: str = "") -> LandingPage:
    pairs = (("x-powered-by", powered), ("server", server), ("x-generator", said))
    named = [(name, value) for name, value in pairs if value]
    return landing(*named, document=replace(BUSY, generators=generators))


SOFTWARE: list[Row] = [
    *UNOPENED,
    (made(), "not_applicable", "unnamed"),
    (made("WordPress"), "not_applicable", "unnamed"),
    (made("Wix.com Website Builder", server="nginx/1.0"), "not_applicable", "unnamed"),
    (made("WordPress 9.1"), "not_applicable", "undated"),
    (made("Drupal 10 (https://www.drupal.org)"), "not_applicable", "undated"),
    (made("WordPress 4.5.33"), "fail", "ended"),
    (made("WordPress 6.8.3"), "partial", "superseded"),
    (made("MediaWiki 1.43.6"), "pass", "ok"),
    (made("MediaWiki 1.43.6", "WordPress 3.9"), "fail", "ended"),
    (made("TYPO3 12.4 CMS"), "partial", "paid"),
    (made("TYPO3 9.5 CMS"), "fail", "ended"),
    (made("Drupal 7 (http://drupal.org)"), "partial", "paid"),
    (made(said="Drupal 9 (https://www.drupal.org)"), "fail", "ended"),
    (made("Joomla! 1.5 - Open Source Content Management"), "fail", "ended"),
    (made(powered="PHP/5.6.40"), "unknown", "claimed"),
    (made(server="Apache/2.4.6 (CentOS) PHP/5.4.16"), "unknown", "claimed"),
    (made(powered="PHP/8.4.1"), "pass", "ok"),
]


@pytest.mark.parametrize(("page", "status", "says"), SOFTWARE)
def test_software(page: LandingPage, status: str, says: str) -> None:
    found = supported.supported(page, MOMENT)
    assert result(found) == (status, says)


VERDICTS: dict[str, list[Verdict]] = {
    "web.headers.nosniff": [headers.nosniff(row[0]) for row in NOSNIFF],
    "web.headers.framing": [headers.framing(row[0]) for row in FRAMING],
    "web.headers.referrer": [headers.referrer(row[0]) for row in REFERRERS],
    "web.csp.effective": [csp.effective(row[0]) for row in POLICIES],
    "web.cookies.secure": [cookies.secure(row[0]) for row in SECURE],
    "web.cookies.hidden": [cookies.hidden(row[0]) for row in HIDDEN],
    "web.cookies.samesite": [cookies.samesite(row[0]) for row in SAMESITE],
    "web.content.encrypted": [content.encrypted(row[0]) for row in MIXED],
    "web.scripts.integrity": [content.integrity(row[0]) for row in SCRIPTS],
    "web.forms.encrypted": [content.forms_encrypted(row[0], row[1]) for row in FORMS],
    "web.hsts.preload": [preload.preload(row[0]) for row in PRELOADS],
    "web.securitytxt.valid": [disclosure.valid(row[0], MOMENT) for row in NOTICES],
    "web.software.supported": [supported.supported(row[0], MOMENT) for row in SOFTWARE],
}


@pytest.mark.parametrize("check", VERDICTS)
def test_every_text_of_a_page_is_used_and_every_used_one_is_there(check: str) -> None:
    assert wording_problems("posture.checks.web", check, VERDICTS[check]) == []
    assert all(verdict.evidence for verdict in VERDICTS[check])


def test_a_policy_is_quoted_with_the_words_that_open_it() -> None:
    page = landing((CSP, "script-src 'unsafe-inline' https: a.example; default-src 'self'"))
    assert csp.effective(page).values["allows"] == "'unsafe-inline', https:, no base-uri"


def test_many_cookies_are_named_in_part() -> None:
    page = with_cookies(*(cookie(f"c{n}", secure=False) for n in range(12)))
    assert str(cookies.secure(page).values["names"]).endswith("c9 and 2 more")
