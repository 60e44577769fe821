"""The beginning of a page: asked for as a range, and no more is read, whatever the server does."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from posture.model import CollectError, Reason
from posture.net.threads import in_thread
from tests.net.peers import network, run, site, tcp

if TYPE_CHECKING:
    import asyncio

    from posture.net.http import HttpResponse

NAMES = {"www.example.com": {"A": ["127.0.0.1"]}}
RANGE = (
    b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/9\r\nContent-Length: 4\r\n\r\nabcd"
)
OK = b"HTTP/1.1 200 OK\r\n"


class Server:
    """Sends a head, then a piece until the client has had enough."""

    def __init__(self, head: bytes, piece: bytes = b"") -> None:
        self.head, self.piece, self.request = head, piece, ""
        self.hung_up = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.request = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.write(self.head)
        try:
            while self.piece:
                writer.write(self.piece)
                await writer.drain()
        except OSError:
            self.hung_up = True
        writer.close()


def begin(server: Server, octets: int = 4) -> HttpResponse:
    async def scene() -> HttpResponse:
        async with tcp(server) as port:
            http = network(NAMES).http(site(port))
            url = f"http://www.example.com:{port}/"
            return await in_thread(lambda: http.begin(url, octets=octets, deadline=20))

    return run(scene())  # type: ignore[no-any-return]


def test_a_range_is_asked_for() -> None:
    server = Server(RANGE)
    found = begin(server)
    assert (found.status, found.body) == (206, b"abcd")
    assert "\r\nRange: bytes=0-3\r\n" in server.request


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (OK + b"\r\n", b"abcd" * 4096),
        (OK + b"Content-Length: 99999999999\r\n\r\n", b"abcd" * 4096),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"4000\r\n" + b"abcd" * 4096 + b"\r\n"),
    ],
)
def test_an_endless_answer_is_left_after_its_beginning(head: bytes, piece: bytes) -> None:
    server = Server(head, piece)
    assert begin(server).body == b"abcd"
    assert server.hung_up


def test_a_short_answer_is_whole() -> None:
    assert begin(Server(OK + b"Content-Length: 2\r\n\r\nab")).body == b"ab"


def test_compression_is_undone_as_far_as_it_came() -> None:
    packed = gzip.compress(b"x" * 100_000)
    head = OK + b"Content-Encoding: gzip\r\n\r\n"
    assert begin(Server(head + packed), 64).body == b"x" * 64
    assert begin(Server(head + packed[:12]), 64).body == b""


def test_what_only_says_that_it_is_compressed_is_no_answer() -> None:
    with pytest.raises(CollectError) as caught:
        begin(Server(OK + b"Content-Encoding: gzip\r\n\r\nplain"))
    assert caught.value.reason is Reason.MALFORMED
