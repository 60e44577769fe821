from __future__ import annotations

import gzip
import json
import socket
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any

import pytest

from posture.model import CollectError, Domain, Reason
from posture.net import CertificateError
from posture.net.http import Http, HttpResponse, redirect
from posture.net.tcp import Line
from posture.net.threads import in_thread
from tests.net.peers import forever, network, run, site, tcp

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

    from tests.net.peers import Authority, Handler

NAMES = {"www.example.com": {"A": ["127.0.0.1"]}, "two.example.com": {"A": ["127.0.0.9"]}}
URL = "http://www.example.com"


class Server:
    """Answers requests with what the test says, and remembers them."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.got: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = [line for line in request.splitlines() if line.startswith("Content-Length")]
        body = await reader.readexactly(int(length[0].split()[1])) if length else b""
        self.got.append(request + body.decode())
        writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        await writer.drain()
        writer.close()
        await writer.wait_closed()


def answer(*headers: str, status: str = "200 OK", body: bytes = b"hello") -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode("latin-1") + body


def fetch(server: Handler, step: Callable[[Http, int], Any] | None = None, **options: Any) -> Any:
    """Run ``step`` in a thread beside the loop that resolves and dials for it."""
    step = step or (lambda http, port: http.get(f"{URL}:{port}/x"))
    tls = options.pop("tls", None)

    async def scene() -> Any:
        async with tcp(server, tls=tls) as port:
            http = network(NAMES, **options).http(site(port))
            return await in_thread(step, http, port)

    return run(scene())


def reason(server: Handler, step: Callable[[Http, int], Any] | None = None) -> Reason:
    with pytest.raises(CollectError) as caught:
        fetch(server, step)
    return caught.value.reason


def test_a_page() -> None:
    server = Server(answer("Server: x", "X-A: 1", "X-A: 2"))
    found = fetch(server)
    assert (found.status, found.body, found.peer) == (200, b"hello", "127.0.0.1")
    assert found.headers == (
        ("Content-Length", "5"),
        ("Server", "x"),
        ("X-A", "1"),
        ("X-A", "2"),
    )
    assert (found.header("x-a"), found.header("none")) == ("1", None)


def test_what_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password secret")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server = Server(answer())
    fetch(server, lambda http, port: http.get(f"{URL}:{port}/a?b=c", headers={"X-Y": "z"}))
    (request,) = server.got
    lines = request.split("\r\n")
    assert lines[0] == "GET /a?b=c HTTP/1.1"
    names = {line.partition(":")[0] for line in lines[1:] if line}
    assert names == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection", "X-Y"}
    assert "Accept-Encoding: identity" in lines


def test_a_form_and_a_json_value_are_posted() -> None:
    server = Server(answer())
    fetch(server, lambda http, port: http.post(f"{URL}:{port}/t", form={"a": "b c"}))
    fetch(server, lambda http, port: http.post(f"{URL}:{port}/t", json={"a": [1]}))
    form, value = server.got
    assert form.startswith("POST /t HTTP/1.1")
    assert form.endswith("\r\n\r\na=b+c")
    assert json.loads(value.rpartition("\r\n")[2]) == {"a": [1]}


def test_an_error_status_is_an_answer() -> None:
    assert fetch(Server(answer(status="404 Not Found"))).status == 404


def test_redirects_are_not_followed_by_themselves() -> None:
    server = Server(answer("Location: /y", status="301 Moved"))
    assert fetch(server).status == 301
    assert len(server.got) == 1


def test_the_default_port_is_not_in_the_host_header(authority: Authority, tmp_path: Path) -> None:
    context = authority.server(tmp_path, "www.example.com")

    async def scene(server: Server) -> None:
        async with tcp(server) as plain, tcp(server, tls=context) as secure:
            connect = {
                "www.example.com:80": f"127.0.0.1:{plain}",
                "www.example.com:443": f"127.0.0.1:{secure}",
            }
            root = network(NAMES, connect=connect, ca_file=authority.ca_file(tmp_path))
            http = root.http(site(443))
            for scheme in ("http", "https"):
                await in_thread(http.get, f"{scheme}://www.example.com/")

    server = Server(answer())
    run(scene(server))
    assert [request.count("Host: www.example.com\r\n") for request in server.got] == [1, 1]


def over_tls(
    authority: Authority, folder: Path, name: str, trusted: bool = True, **options: Any
) -> HttpResponse:
    context = authority.server(folder, name)
    step = lambda http, port: http.get(f"https://www.example.com:{port}/", **options)  # noqa: E731
    ca_file = authority.ca_file(folder) if trusted else None
    return fetch(Server(answer()), step, tls=context, ca_file=ca_file)  # type: ignore[no-any-return]


def test_a_trusted_certificate_for_the_name(authority: Authority, tmp_path: Path) -> None:
    assert over_tls(authority, tmp_path, "www.example.com").body == b"hello"


@pytest.mark.parametrize(("name", "trusted"), [("other.example", True), ("www.example.com", False)])
def test_any_other_certificate_is_refused_unless_it_does_not_matter(
    authority: Authority, tmp_path: Path, name: str, trusted: bool
) -> None:
    with pytest.raises(CertificateError) as caught:
        over_tls(authority, tmp_path, name, trusted)
    assert "certificate not accepted" in caught.value.detail
    assert over_tls(authority, tmp_path, name, trusted, verify=False).body == b"hello"


async def blunt(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await writer.drain()
    await forever(reader)


def test_plain_http_where_tls_was_expected_is_malformed() -> None:
    step = lambda http, port: http.get(f"https://www.example.com:{port}/")  # noqa: E731
    assert reason(blunt, step) is Reason.MALFORMED


@pytest.mark.parametrize(
    "url",
    ["http://two.example.com:{port}/", "http://www.example.com:1/", "http://127.0.0.1:{port}/"],
)
def test_what_does_not_belong_to_the_subject_is_out_of_scope(url: str) -> None:
    step = lambda http, port: http.get(url.format(port=port))  # noqa: E731
    assert reason(Server(answer()), step) is Reason.OUT_OF_SCOPE


@pytest.mark.parametrize(
    "url",
    [
        "ftp://www.example.com/",
        "file:///etc/passwd",
        "http:///x",
        "http://www.example.com:port/",
        "http://user@www.example.com/",
        "http://[::1%25eth0]/",
        "http://[::1/",
        "www.example.com",
    ],
)
def test_what_is_not_a_plain_web_address_is_malformed(url: str) -> None:
    assert reason(Server(answer()), lambda http, _: http.get(url)) is Reason.MALFORMED


def test_a_collector_may_name_the_origin_of_a_provider() -> None:
    async def scene() -> HttpResponse:
        async with tcp(Server(answer())) as port:
            http = network(NAMES).http(Domain(name="example.com"))
            origin = f"http://www.example.com:{port}"
            return await in_thread(lambda: http.get(f"{origin}/v1.0/users", allow=[origin]))

    assert run(scene()).body == b"hello"


def test_an_answer_is_limited_in_size() -> None:
    step = lambda http, port: http.get(f"{URL}:{port}/", max_bytes=4)  # noqa: E731
    assert reason(Server(answer()), step) is Reason.TOO_LARGE
    step = lambda http, port: http.get(f"{URL}:{port}/", max_bytes=5)  # noqa: E731
    assert fetch(Server(answer()), step).body == b"hello"


def test_compression_nobody_asked_for_is_undone() -> None:
    server = Server(answer("Content-Encoding: gzip", body=gzip.compress(b"hello" * 9)))
    assert fetch(server).body == b"hello" * 9


def test_json() -> None:
    assert HttpResponse(url="u", status=200, body=b'{"a": 1}').json() == {"a": 1}
    for body in (b"<html>", b"", b"\xff", b"[" * 100_000, b"1" * 5000):
        with pytest.raises(CollectError) as caught:
            HttpResponse(url="u", status=200, body=body).json()
        assert caught.value.reason is Reason.MALFORMED


def hops(*locations: str, **options: Any) -> list[tuple[int, str]]:
    answers = [answer(f"Location: {place}", status="302 Found") for place in locations]
    server = Server(*answers, answer())
    found = fetch(server, lambda http, port: http.follow(f"{URL}:{port}/0", **options))
    return [(item.status, item.url.rpartition("/")[2]) for item in found]


def test_redirects_are_followed_within_the_subject() -> None:
    assert hops("/1", "2") == [(302, "0"), (302, "1"), (200, "2")]


@pytest.mark.parametrize(
    "place",
    [
        "http://two.example.com/",
        "http://169.254.169.254/latest",
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "//two.example.com/",
        "http://[broken/",
        "http://user:password@www.example.com/",
    ],
)
def test_a_redirect_out_of_scope_is_the_last_answer(place: str) -> None:
    assert hops(place) == [(302, "0")]


def test_redirects_end() -> None:
    assert hops("/1", "/0") == [(302, "0"), (302, "1")]
    assert [status for status, _ in hops(*(f"/{n}" for n in range(1, 20)))] == [302] * 6
    assert hops("/1", "/2", hops=1) == [(302, "0"), (302, "1")]


def test_headers_go_to_the_first_origin_only() -> None:
    async def scene(first: Server, second: Server) -> None:
        async with tcp(first) as one, tcp(second) as two:
            connect = {f"www.example.com:{one}": f"127.0.0.1:{one}"}
            connect["www.example.com:80"] = f"127.0.0.1:{two}"
            http = network(NAMES, connect=connect).http(site(one))
            await in_thread(lambda: http.follow(f"{URL}:{one}/", headers={"Cookie": "secret"}))

    first = Server(answer("Location: http://www.example.com/", status="302 Found"))
    second = Server(answer())
    run(scene(first, second))
    assert "secret" in first.got[0]
    assert "secret" not in second.got[0]


@pytest.mark.parametrize(
    ("status", "location", "expected"),
    [
        (302, "/b", "http://x.example/b"),
        (308, " //y.example/c ", "http://y.example/c"),
        (302, None, None),
        (200, "/b", None),
        (302, "javascript:alert(1)", None),
        (302, "http://[", None),
    ],
)
def test_where_a_redirect_leads(status: int, location: str | None, expected: str | None) -> None:
    headers = (("location", location),) if location else ()
    found = HttpResponse(url="http://x.example/a", status=status, headers=headers)
    assert redirect(found) == expected


def test_without_a_loop_names_are_resolved_all_the_same() -> None:
    root = network({})
    with pytest.raises(CollectError, match="has no address"):
        root.http(site(443)).get("https://www.example.com/")


def test_every_slot_is_given_back() -> None:
    async def scene() -> None:
        async with tcp(Server(answer())) as port:
            root = network(NAMES, per_host=1, connections=1)
            http = root.http(site(port))
            for _ in range(3):
                await in_thread(http.get, f"{URL}:{port}/")
            with pytest.raises(CollectError):
                await in_thread(lambda: http.get(f"{URL}:{port}/", max_bytes=1))
            await in_thread(http.get, f"{URL}:{port}/")

    run(scene())


def test_a_slot_that_does_not_come_is_a_timeout() -> None:
    async def scene() -> Reason:
        async with tcp(Server(answer())) as port:
            root = network(NAMES, per_host=1)
            async with await root.bound(site(port)).connect("www.example.com", port):
                http = root.http(site(port))
                with pytest.raises(CollectError) as caught:
                    await in_thread(lambda: http.get(f"{URL}:{port}/", deadline=0.2))
                return caught.value.reason

    assert run(scene()) is Reason.TIMEOUT


def test_a_connection_that_comes_in_the_last_moment_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Late(Future[Line]):
        """Not there when asked for, and yet too late to be cancelled."""

        def result(self, timeout: float | None = None) -> Line:
            if timeout is not None:
                raise FutureTimeoutError
            return super().result()

    def late_on_loop(*_: object) -> Late:
        return late

    async def scene() -> Reason:
        http = network(NAMES).http(site(80))
        with pytest.raises(CollectError) as caught:
            await in_thread(http.get, f"{URL}:80/")
        return caught.value.reason

    released: list[bool] = []
    sock = socket.socket()
    late = Late()
    late.set_result(Line(sock, "127.0.0.1", lambda: released.append(True)))
    monkeypatch.setattr("posture.net.http.on_loop", late_on_loop)
    assert run(scene()) is Reason.TIMEOUT
    assert sock.fileno() == -1
    assert released == [True]


def test_an_ipv6_literal_is_asked_for_as_one() -> None:
    async def scene(server: Server) -> None:
        async with tcp(server) as port:
            root = network(connect={f"2606:4700::1111:{port}": f"127.0.0.1:{port}"})
            http = root.http(site(port, "2606:4700::1111"))
            await in_thread(http.get, f"http://[2606:4700::1111]:{port}/")

    server = Server(answer())
    run(scene(server))
    assert "Host: [2606:4700::1111]:" in server.got[0]
