"""HTTP servers that drip, bomb and lie: every request ends, and says why."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
from typing import TYPE_CHECKING

import pytest

from posture.model import CollectError, Reason
from posture.net.threads import in_thread
from tests.net.peers import forever, network, run, site, tcp

if TYPE_CHECKING:
    from posture.net.http import HttpResponse
    from tests.net.peers import Handler

NAMES = {"www.example.com": {"A": ["127.0.0.1"]}}
OK = b"HTTP/1.1 200 OK\r\n"


def endless(head: bytes, piece: bytes, pause: float = 0.0) -> Handler:
    """Serve ``head``, then ``piece`` for ever, as fast as it is taken or with pauses."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return serve


def once(data: bytes) -> Handler:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    return serve


async def mute(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await forever(reader)


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


def get(server: Handler, scheme: str = "http", deadline: float = 0.5) -> HttpResponse:
    async def scene() -> HttpResponse:
        async with tcp(server) as port:
            http = network(NAMES).http(site(port))
            url = f"{scheme}://www.example.com:{port}/"
            return await in_thread(lambda: http.get(url, deadline=deadline, max_bytes=1 << 20))

    return run(scene())  # type: ignore[no-any-return]


BOMB = gzip.compress(bytes(50 << 20))


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        pytest.param(mute, Reason.TIMEOUT, id="accepts and never speaks"),
        pytest.param(endless(OK, b"X", 0.05), Reason.TIMEOUT, id="H1 drips a header"),
        pytest.param(endless(OK, b"A: b\r\n", 0.05), Reason.TIMEOUT, id="H1 drips headers"),
        pytest.param(
            endless(OK + b"Content-Length: 99\r\n\r\n", b"x", 0.05),
            Reason.TIMEOUT,
            id="drips a body",
        ),
        pytest.param(
            endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 0.05),
            Reason.TIMEOUT,
            id="drips chunks",
        ),
        pytest.param(
            endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), Reason.TIMEOUT, id="H8 100 for ever"
        ),
        pytest.param(
            endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n"),
            Reason.TOO_LARGE,
            id="H2 endless chunks",
        ),
        pytest.param(endless(OK + b"\r\n", b"x" * 65536), Reason.TOO_LARGE, id="H2 endless body"),
        pytest.param(endless(OK, b"X" * 65536), Reason.MALFORMED, id="H5 an endless header"),
        pytest.param(once(OK + b"A: b\r\n" * 101 + b"\r\n"), Reason.MALFORMED, id="H5 101 headers"),
        pytest.param(
            once(OK + (b"A: " + b"b" * 60000 + b"\r\n") * 9 + b"\r\n"),
            Reason.TOO_LARGE,
            id="H5 headers of half a megabyte",
        ),
        pytest.param(
            once(OK + b"Content-Encoding: gzip\r\n\r\n" + BOMB), Reason.TOO_LARGE, id="H3 a bomb"
        ),
        pytest.param(
            once(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Encoding: gzip\r\n\r\n" + BOMB),
            Reason.TOO_LARGE,
            id="H3 a bomb on a redirect",
        ),
        pytest.param(
            once(OK + b"Content-Encoding: gzip\r\n\r\nnot gzip"), Reason.MALFORMED, id="not gzip"
        ),
        pytest.param(once(OK + b"Server: x\r\n"), Reason.MALFORMED, id="cut off among the headers"),
        pytest.param(once(OK + b"Content-Length: 99\r\n\r\nshort"), Reason.MALFORMED, id="cut off"),
        pytest.param(
            once(OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
            Reason.MALFORMED,
            id="H6 two lengths",
        ),
        pytest.param(
            once(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
            Reason.MALFORMED,
            id="H6 bad chunk",
        ),
        pytest.param(
            once(OK + b"A: b\rC: d\r\nContent-Length: 0\r\n\r\n"),
            Reason.MALFORMED,
            id="H7 a bare CR",
        ),
        pytest.param(
            once(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 999)[:-12]),
            Reason.MALFORMED,
            id="H3 gzip cut off",
        ),
        pytest.param(once(b"<html>old</html>\r\n"), Reason.MALFORMED, id="H14 HTTP/0.9"),
        pytest.param(once(b"SSH-2.0-OpenSSH_9.2\r\n"), Reason.MALFORMED, id="not HTTP"),
        pytest.param(once(b""), Reason.REFUSED, id="hangs up"),
        pytest.param(reset, Reason.REFUSED, id="resets"),
    ],
)
def test_a_request_ends_and_says_why(server: Handler, expected: Reason) -> None:
    # What only time can end gets little of it; what ends by itself must not be cut short.
    deadline = 0.5 if expected is Reason.TIMEOUT else 20.0
    with pytest.raises(CollectError) as caught:
        get(server, deadline=deadline)
    assert caught.value.reason is expected
    assert caught.value.detail.isprintable()


def test_a_handshake_that_never_ends_is_a_timeout() -> None:
    with pytest.raises(CollectError) as caught:
        get(mute, scheme="https")
    assert caught.value.reason is Reason.TIMEOUT


async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def test_a_reset_in_the_handshake_is_a_refusal() -> None:
    with pytest.raises(CollectError) as caught:
        get(hang_up, scheme="https", deadline=20)
    assert caught.value.reason is Reason.REFUSED


def test_an_endless_stream_ahead_of_tls_is_not_tls() -> None:
    with pytest.raises(CollectError) as caught:
        get(flood, scheme="https", deadline=20)
    assert caught.value.reason is Reason.MALFORMED


def test_control_characters_do_not_get_through() -> None:
    raw = OK + b"Server: a\x1b]0;pwn\x07\x00\x9bb\xe9\tc\r\nContent-Length: 0\r\n\r\n"
    found = get(once(raw), deadline=20)
    assert found.header("Server") == "a\ufffd]0;pwn\ufffd\ufffd\ufffdb\xe9 c"


def test_h7_folded_lines_are_no_extra_headers() -> None:
    found = get(once(OK + b"A: b\r\n folded: c\r\nContent-Length: 0\r\n\r\n"), deadline=20)
    assert len(found.headers) == 2
    assert all(value.isprintable() and name.isprintable() for name, value in found.headers)


def test_a_storm_of_cookies_is_kept_within_the_cap() -> None:
    storm = b"".join(b"Set-Cookie: c%d=v\r\n" % n for n in range(99))
    assert len(get(once(OK + storm + b"\r\n"), deadline=20).headers) == 99
