"""Web servers that lie about their front page: each case of the list ends, and none is a pass."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from posture.checks.web import (
    collect_page,
    collect_security_txt,
    content,
    cookies,
    csp,
    disclosure,
    headers,
)
from posture.checks.web.page_facts import LandingPage, SecurityTxt
from posture.model import CollectError, Status
from posture.net.threads import in_thread
from tests.checks.tls.facts import MOMENT
from tests.hostile.test_net_http import OK, endless, once
from tests.net.peers import Authority, network, run, site, tcp

if TYPE_CHECKING:
    import asyncio
    import ssl

    from tests.net.peers import Handler

HOST = "www.example.com"
HTML = OK + b"Content-Type: text/html\r\n"
WORST = b"<script>x</script><form action=http://evil.example/><input type=password></form>"
JUDGES = (headers.nosniff, headers.framing, csp.effective, content.encrypted)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return Authority().server(tmp_path_factory.mktemp("keys"), HOST)


@pytest.fixture(autouse=True)
def little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What only time can end gets little of it."""
    monkeypatch.setattr(collect_page, "SECONDS", 2.0)
    monkeypatch.setattr(collect_security_txt, "SECONDS", 2.0)


def look(server: Handler, context: ssl.SSLContext) -> LandingPage | CollectError:
    async def scene() -> LandingPage:
        async with tcp(server, tls=context) as port:
            there = site(port)
            http = network({HOST: {"A": ["127.0.0.1"]}}).http(there)
            return await in_thread(lambda: collect_page.page(there, http))

    try:
        return run(scene())  # type: ignore[no-any-return]
    except CollectError as error:
        return error


def away(target: bytes) -> Handler:
    return once(b"HTTP/1.1 302 Found\r\nLocation: " + target + b"\r\nContent-Length: 0\r\n\r\n")


BOMB = b"\r\n" + gzip.compress(bytes(50 << 20))
UNSEEN = {
    "H1 drips its headers": endless(OK, b"X", 0.05),
    "H2 a body without an end": endless(
        HTML + b"Transfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n"
    ),
    "H3 a gzip bomb": once(HTML + b"Content-Encoding: gzip\r\n" + BOMB),
    "H3 a brotli body unasked": once(HTML + b"Content-Encoding: br\r\n\r\n\x1b\xff\xff"),
    "H3 a zstd body unasked": once(HTML + b"Content-Encoding: zstd\r\n\r\n\x28\xb5\x2f\xfd"),
    "H3 gzip cut off": once(HTML + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(WORST)[:-12]),
    "H3 a bomb on a redirect": once(
        b"HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Encoding: gzip\r\n" + BOMB
    ),
    "H5 headers of 10 MB": endless(OK, b"A: " + b"b" * 60_000 + b"\r\n"),
    "H5 5,000 headers": once(OK + b"A: b\r\n" * 5000 + b"\r\n"),
    "H6 two lengths": once(HTML + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    "H7 an endless line of NUL": endless(OK, b"\0" * 65_536),
    "H7 a bare CR": once(HTML + b"A: b\rX-Frame-Options: DENY\r\n\r\n" + WORST),
    "H8 100 for ever": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "H14 HTTP/0.9": once(b"<html>old</html>\r\n"),
}


@pytest.mark.parametrize("name", UNSEEN)
def test_nothing_is_seen_of_it(name: str, context: ssl.SSLContext) -> None:
    found = look(UNSEEN[name], context)
    assert isinstance(found, CollectError), found
    assert found.detail.isprintable()


def hops(start: bytes) -> Handler:
    """Redirect from each path to one that is longer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        path = request.split()[1] + start
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: " + path + b"\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    return serve


AWAY = {
    "H4 20 steps": hops(b"a"),
    "H4 a circle": away(b"/"),
    "H4 cloud metadata": away(b"http://169.254.169.254/latest/meta-data/"),
    "H4 another port of this computer": away(b"https://127.0.0.1:1/"),
    "H4 another port of this name": away(b"https://www.example.com:1/"),
    "H4 a file": away(b"file:///etc/passwd"),
    "H4 no URL": away(b"https://["),
    "H9 asks for a password": once(
        b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="Your bank"\r\nContent-Length: 0\r\n\r\n'
    ),
    "an error page": once(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
}


@pytest.mark.parametrize("name", AWAY)
def test_a_page_elsewhere_is_not_fetched_and_not_judged(name: str, context: ssl.SSLContext) -> None:
    found = look(AWAY[name], context)
    assert isinstance(found, LandingPage)
    assert found.document is None or found.status >= 300
    states = {judge(found).status for judge in JUDGES}
    assert states <= {Status.UNKNOWN, Status.NOT_APPLICABLE}


LIES = {
    "H7 a folded header": HTML
    + b"X-Frame-Options:\r\n ALLOWALL\r\nA: b\r\n X-Frame-Options: DENY\r\n",
    "H10 a storm of cookies": HTML + b"".join(b"Set-Cookie: s%d=v\r\n" % n for n in range(80)),
    "H11 UTF-7": OK + b"Content-Type: text/html; charset=utf-7\r\n",
    "H11 no encoding at all": OK + b"Content-Type: text/html; charset=\xff\xfe\r\n",
    "a policy that only reports": HTML
    + b"Content-Security-Policy-Report-Only: default-src 'none'\r\n",
    "H13 an escape in a header": HTML + b"Server: a\x1b]0;pwn\x07\r\n",
}


@pytest.mark.parametrize("name", LIES)
def test_what_is_wrong_is_still_found(name: str, context: ssl.SSLContext) -> None:
    body = b"+ADw-script+AD4-\xff\xfe\x80" + WORST
    found = look(once(LIES[name] + b"\r\n" + body), context)
    assert isinstance(found, LandingPage)
    assert csp.effective(found).status is Status.FAIL
    assert headers.framing(found).status is Status.FAIL
    assert cookies.secure(found).status is not Status.PASS
    assert found.document
    assert found.document.forms[0].target == "http://evil.example"
    assert all(field.value.isprintable() for field in found.headers)


@pytest.mark.parametrize(
    "body",
    [
        b"Contact: https://a.example\x1b[2J\nExpires: 2027-01-01T00:00:00Z\n",
        b"Contact: https://a.example\nExpires: 2027-01-01T00:00:00Z\xe2\x80\xae\n",
        b"Contact: mailto:a@example.com\nExpires: 9999999-01-01T00:00:00Z\n",
        b"Contact: x\n" * 5000,
        b"x" * 40_000,
        b"\xff\xfeC\0",
    ],
)
def test_h13_a_hostile_notice_is_never_in_order(body: bytes, context: ssl.SSLContext) -> None:
    async def scene() -> SecurityTxt:
        plain = OK + b"Content-Type: text/plain\r\n\r\n"
        async with tcp(once(plain + body), tls=context) as port:
            there = site(port)
            http = network({HOST: {"A": ["127.0.0.1"]}}).http(there)
            return await in_thread(lambda: collect_security_txt.notice(there, http))

    found = run(scene())
    assert disclosure.valid(found, MOMENT).status is Status.FAIL
    assert found.problem.isprintable()
    assert all(contact.isprintable() for contact in found.contacts)
