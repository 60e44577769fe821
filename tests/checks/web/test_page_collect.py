"""The front page and security.txt, without traffic: what is asked, followed and kept."""

from dataclasses import replace

import pytest

from posture.checks.web import collect_http, collect_page, collect_security_txt
from posture.checks.web.facts import HttpPort, PlainVisit
from posture.checks.web.page_facts import LandingPage, SecurityTxt
from posture.model import CollectError, Failed, Reason, WebSite
from posture.net.http import HttpResponse
from posture.testing import FakeHttp, observe

SITE = WebSite(host="www.example.com")
URL = "https://www.example.com/"
HTML = ("Content-Type", "text/html; charset=utf-8")


def says(url: str, *headers: tuple[str, str], status: int = 200, body: bytes = b"") -> HttpResponse:
    return HttpResponse(url=url, status=status, headers=headers, body=body)


def to(url: str, target: str, *headers: tuple[str, str]) -> HttpResponse:
    return says(url, ("Location", target), *headers, status=302)


def page(pages: dict[str, HttpResponse | CollectError], site: WebSite = SITE) -> LandingPage:
    found = observe(collect_page.page, site, FakeHttp(pages))
    assert isinstance(found, LandingPage)
    return found


def test_a_front_page() -> None:
    body = b"<!doctype html><script>x</script><form></form>"
    headers = [HTML, ("Server", "nginx"), ("X-Frame-Options", "DENY"), ("Date", "now")]
    cookies = [("Set-Cookie", "sid=s3cret; Secure"), ("set-cookie", ";")]
    transport = ("Strict-Transport-Security", "max-age=1")
    found = page({URL: says(URL, *headers, *cookies, transport, body=body)})
    assert (found.url, found.status, found.media_type) == (URL, 200, "text/html")
    assert [(f.name, f.value) for f in found.headers] == [
        ("server", "nginx"),
        ("x-frame-options", "DENY"),
    ]
    assert found.transport == ("max-age=1",)
    assert [each.name for each in found.cookies] == ["sid"]
    assert found.document is not None
    assert (found.document.scripts, len(found.document.forms)) == (1, 1)
    assert "s3cret" not in repr(found)


def test_redirects_on_the_same_host_are_followed_and_their_cookies_kept() -> None:
    home = f"{URL}home"
    first = to(URL, "/home", ("Set-Cookie", "a=1"), ("Strict-Transport-Security", "max-age=1"))
    found = page({URL: first, home: says(home, HTML, ("Set-Cookie", "b=1"), body=b"<p>")})
    assert (found.asked, found.first_status, found.url) == (URL, 302, home)
    assert [each.name for each in found.cookies] == ["a", "b"]
    assert found.transport == ("max-age=1",)
    assert found.document is not None


@pytest.mark.parametrize(
    "target",
    [
        "https://example.com/",
        "http://www.example.com/",
        "https://www.example.com:8443/",
        "http://169.254.169.254/latest/",
        "https://127.0.0.1/",
        URL,
    ],
)
def test_redirects_elsewhere_are_not_followed(target: str) -> None:
    found = page({URL: to(URL, target, HTML), target.replace(URL, "-"): says(target)})
    assert (found.leads_to, found.document, found.status) == (target, None, 302)


def test_an_endless_trail_is_left() -> None:
    pages = {URL + "x" * n: to(URL + "x" * n, URL + "x" * (n + 1)) for n in range(20)}
    found = page(dict(pages))
    assert found.url == URL + "x" * collect_page.HOPS
    assert found.leads_to == found.url + "x"


def test_a_step_that_fails_leaves_the_first_answer() -> None:
    late = CollectError(Reason.TIMEOUT, "late")
    found = page({URL: to(URL, "/a"), f"{URL}a": late})
    assert found.failed == "timeout: late"
    assert found.document is None


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "BR"])
def test_what_cannot_be_read_is_no_page_without_faults(coding: str) -> None:
    answer = says(URL, HTML, ("Content-Encoding", coding), body=b"\x1b\x00")
    found = observe(collect_page.page, SITE, FakeHttp({URL: answer}))
    assert isinstance(found, Failed)
    assert found.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    ("headers", "body", "scripts"),
    [
        ([HTML], b"<script>", 1),
        ([("Content-Type", "application/xhtml+xml")], b"<script>", 1),
        ([], b" \n<script>", 1),
        ([], b"hello", None),
        ([("Content-Type", "application/json")], b"<script>", None),
        ([("Content-Type", "text/html; charset=utf-16")], "<script>".encode("utf-16-le"), 1),
        ([("Content-Type", "text/html; charset=utf-16be")], "<script>".encode("utf-16-be"), 1),
        ([HTML], b"\xfe\xff" + "<script>".encode("utf-16-be"), 1),
        ([("Content-Type", "text/html; charset=utf-7")], b"+ADw-script+AD4-", 0),
        ([HTML], b"\xff\x80<script>\xe9", 1),
    ],
)
def test_pages_by_type_and_encoding(
    headers: list[tuple[str, str]], body: bytes, scripts: int | None
) -> None:
    found = page({URL: says(URL, *headers, body=body)}).document
    assert (found and found.scripts) == scripts


def test_only_the_beginning_of_a_long_page_is_read() -> None:
    found = page({URL: says(URL, HTML, body=b"<p>" + b"x" * collect_page.MAX_PARSED)}).document
    assert found is not None
    assert not found.whole


@pytest.mark.parametrize(
    ("host", "registered"), [("example.co.uk", True), ("www.example.co.uk", False)]
)
def test_a_registered_domain_is_told_from_what_is_beneath(host: str, registered: bool) -> None:
    url = f"https://{host}/"
    assert page({url: says(url, HTML)}, WebSite(host=host)).registered is registered


def test_other_ports_and_addresses() -> None:
    for site, url in (
        (WebSite(host="www.example.com", port=8443), "https://www.example.com:8443/"),
        (WebSite(host="2001:db8::1"), "https://[2001:db8::1]/"),
    ):
        assert page({url: says(url, HTML, body=b"<p>")}, site).asked == url


def test_a_storm_of_cookies_and_headers_is_kept_in_part() -> None:
    storm = [("Set-Cookie", f"c{n}=v") for n in range(200)]
    storm += [("X-Powered-By", "x" * 99_999)] * 200
    found = page({URL: says(URL, HTML, *storm, body=b"<p>")})
    assert len(found.cookies) == collect_page.MAX_COOKIES
    assert len(found.headers) == collect_page.MAX_FIELDS
    assert {len(field.value) for field in found.headers} == {collect_page.MAX_HEADER}


def test_the_page_over_plain_http_is_looked_into_where_one_is_shown() -> None:
    http = "http://www.example.com/"
    opened = HttpPort(address="192.0.2.1", closed=False)
    body = b"<form><input type=password></form>"
    for answer, forms in ((says(http, HTML, body=body), 1), (to(http, URL, HTML), None)):
        found = observe(collect_http.plain, SITE, opened, FakeHttp({http: answer}))
        assert isinstance(found, PlainVisit)
        assert (found.document and len(found.document.forms)) == forms


NOTICE = f"{URL}.well-known/security.txt"
OLD = f"{URL}security.txt"
TEXT = ("Content-Type", "text/plain; charset=utf-8")
BODY = b"Contact: mailto:jane@example.com\nExpires: 2027-01-01T00:00:00Z\n"


def notice(
    pages: dict[str, HttpResponse | CollectError], site: WebSite = SITE
) -> SecurityTxt | Failed:
    found = observe(collect_security_txt.notice, site, FakeHttp(pages))
    assert isinstance(found, SecurityTxt | Failed)
    return found


FOUND = SecurityTxt(
    url=NOTICE,
    status=200,
    found=True,
    contacts=("mailto:…@example.com",),
    expires="2027-01-01T00:00:00Z",
)
GONE = says(NOTICE, HTML, status=404)
SOFT = says(NOTICE, HTML, body=b"<html>")
THERE = says(OLD, TEXT, body=BODY)
LATE = CollectError(Reason.TIMEOUT, "late")
LARGE = CollectError(Reason.TOO_LARGE, "large")
FAR = "https://example.com/x"


def none(url: str, status: int) -> SecurityTxt:
    return SecurityTxt(url=url, status=status, found=False)


@pytest.mark.parametrize(
    ("pages", "found"),
    [
        ({NOTICE: says(NOTICE, TEXT, body=BODY)}, FOUND),
        ({NOTICE: says(NOTICE, body=BODY)}, FOUND),
        ({NOTICE: GONE, OLD: THERE}, replace(FOUND, url=OLD)),
        ({NOTICE: SOFT, OLD: THERE}, replace(FOUND, url=OLD)),
        ({NOTICE: to(NOTICE, "/security.txt"), OLD: THERE}, replace(FOUND, url=OLD)),
        ({NOTICE: GONE, OLD: says(OLD, status=410)}, none(OLD, 410)),
        ({NOTICE: says(NOTICE), OLD: SOFT}, none(NOTICE, 200)),
        ({NOTICE: to(NOTICE, FAR)}, none(FAR, 302)),
        (
            {NOTICE: says(NOTICE, status=403)},
            Failed(reason=Reason.INCONCLUSIVE, detail=f"{NOTICE}: status 403"),
        ),
        ({NOTICE: LATE}, LATE.failed),
        ({NOTICE: GONE, OLD: LARGE}, LARGE.failed),
    ],
)
def test_notices(
    pages: dict[str, HttpResponse | CollectError], found: SecurityTxt | Failed
) -> None:
    assert notice(pages) == found


def test_a_notice_that_cannot_be_read_says_why() -> None:
    for body in (b"Contact: \xff", b"Contact: \x1b[2J", b"Contact: \xe2\x80\xaeevil"):
        found = notice({NOTICE: says(NOTICE, TEXT, body=body)})
        assert isinstance(found, SecurityTxt)
        assert found.problem
        assert found.problem.isprintable()


def test_notices_of_other_ports() -> None:
    site = WebSite(host="2001:db8::1", port=8443)
    url = "https://[2001:db8::1]:8443/.well-known/security.txt"
    found = notice({url: says(url, TEXT, body=BODY)}, site)
    assert found == replace(FOUND, url=url)
