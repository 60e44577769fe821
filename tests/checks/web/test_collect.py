"""The first visit, without traffic: what is asked, followed and kept."""

import asyncio

import pytest

from posture.checks.web import collect_http, collect_page
from posture.checks.web.facts import HttpPort, PlainVisit, SecureVisit
from posture.model import CollectError, Failed, Reason, WebSite
from posture.net.http import HttpResponse
from posture.testing import FakeHttp, FakeNet, observe
from tests.net_tls.servers import idle, net, serving

SITE = WebSite(host="www.example.com")
HTTP, HTTPS = "http://www.example.com/", "https://www.example.com/"
DEEP = HTTP + "a"
OPEN = HttpPort(address="192.0.2.1", closed=False)
CLOSED = HttpPort(address="", closed=True)


def says(url: str, status: int, *headers: tuple[str, str]) -> HttpResponse:
    return HttpResponse(url=url, status=status, headers=headers)


def to(url: str, target: str) -> HttpResponse:
    return says(url, 301, ("Location", target))


def test_an_open_and_a_closed_port() -> None:
    async def scenario() -> HttpPort:
        async with serving(idle) as port:
            return await collect_http.port(SITE, net(SITE, p80=port))

    assert asyncio.run(scenario()) == HttpPort(address="127.0.0.1", closed=False)
    assert asyncio.run(collect_http.port(SITE, net(SITE))) == CLOSED


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.UNREACHABLE])
def test_silence_is_not_a_closed_port(reason: Reason) -> None:
    streams = {(SITE.host, 80): CollectError(reason, "as the test says")}
    assert observe(collect_http.port, SITE, FakeNet(streams=streams)) == Failed(
        reason=reason, detail="as the test says"
    )


def plain(pages: dict[str, HttpResponse | CollectError], port: HttpPort = OPEN) -> PlainVisit:
    fact = observe(collect_http.plain, SITE, port, FakeHttp(pages))
    assert isinstance(fact, PlainVisit)
    return fact


def test_nothing_is_asked_of_a_closed_port() -> None:
    assert plain({}, CLOSED) == PlainVisit(host=SITE.host, closed=True, hops=())


@pytest.mark.parametrize(
    ("pages", "hops"),
    [
        ({HTTP: to(HTTP, HTTPS)}, [(301, HTTPS)]),
        ({HTTP: to(HTTP, "/a"), DEEP: to(DEEP, HTTPS)}, [(301, DEEP), (301, HTTPS)]),
        ({HTTP: to(HTTP, "http://example.com/")}, [(301, "http://example.com/")]),
        ({HTTP: to(HTTP, HTTP)}, [(301, HTTP)]),
        ({HTTP: to(HTTP, "javascript:alert(1)")}, [(301, "")]),
        ({HTTP: says(HTTP, 200)}, [(200, "")]),
        ({HTTP: says(HTTP, 301)}, [(301, "")]),
    ],
)  # fmt: skip
def test_hops(pages: dict[str, HttpResponse], hops: list[tuple[int, str]]) -> None:
    assert [(hop.status, hop.target) for hop in plain(dict(pages)).hops] == hops


def test_an_endless_trail_is_left() -> None:
    pages = {HTTP + "x" * n: to(HTTP + "x" * n, HTTP + "x" * (n + 1)) for n in range(50)}
    assert len(plain(dict(pages)).hops) == collect_http.HOPS


def test_a_long_target_is_cut() -> None:
    found = plain({HTTP: to(HTTP, "https://www.example.com/" + "a" * 5000)})
    assert len(found.hops[0].target) == collect_http.MAX_TEXT


def test_a_long_target_on_this_host_is_not_followed_half() -> None:
    found = plain({HTTP: to(HTTP, HTTP + "a" * 5000)})
    assert len(found.hops) == 1


def test_a_header_that_would_be_cut_is_not_judged() -> None:
    http = FakeHttp({HTTPS: says(HTTPS, 200, ("Strict-Transport-Security", "x" * 1001))})
    found = observe(collect_http.secure, SITE, observe(collect_page.page, SITE, http))
    assert isinstance(found, Failed)
    assert found.reason is Reason.TOO_LARGE


def test_a_reset_is_not_a_closed_port() -> None:
    reset = CollectError(Reason.REFUSED, "the server closed the connection")
    found = observe(collect_http.plain, SITE, OPEN, FakeHttp({HTTP: reset}))
    assert found == Failed(reason=Reason.INCONCLUSIVE, detail="the server closed the connection")
    late = CollectError(Reason.TIMEOUT, "late")
    found = observe(collect_http.plain, SITE, OPEN, FakeHttp({HTTP: late}))
    assert found == Failed(reason=Reason.TIMEOUT, detail="late")


@pytest.mark.parametrize(
    ("site", "url"),
    [
        (SITE, HTTPS),
        (WebSite(host="www.example.com", port=8443), "https://www.example.com:8443/"),
        (WebSite(host="2001:db8::1"), "https://[2001:db8::1]/"),
    ],
)
def test_the_headers_of_the_front_page(site: WebSite, url: str) -> None:
    headers = [("strict-Transport-security", f"max-age={n}") for n in range(20)]
    http = FakeHttp({url: says(url, 200, ("Server", "x"), *headers)})
    found = observe(collect_http.secure, site, observe(collect_page.page, site, http))
    assert isinstance(found, SecureVisit)
    assert (found.url, found.status) == (url, 200)
    assert found.headers == tuple(f"max-age={n}" for n in range(collect_http.MAX_HEADERS))
