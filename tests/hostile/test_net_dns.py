"""Resolvers that lie, stutter and loop: every question ends, and says why."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import pytest

from posture.model import CollectError, Reason
from posture.net.dns import Absent, Answer, StubResolver
from tests.net.peers import forever, reply, run, tcp, udp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.net.peers import Handler

GOOD = "example.com. 300 IN TXT good"
FORGED = "example.com. 300 IN TXT forged"
PATIENT = (20.0,)
HASTY = (0.05, 0.05)


async def asked(
    answer: Callable[[bytes], list[bytes]], tries: tuple[float, ...] = PATIENT
) -> Answer | Absent:
    async with udp(answer) as port:
        return await StubResolver([("127.0.0.1", port)], tries=tries).query("example.com", "TXT")


def wrong_id(wire: bytes) -> bytes:
    forged = bytearray(reply(wire, FORGED).to_wire())
    forged[0] ^= 0xFF
    return bytes(forged)


def wrong_question(wire: bytes) -> bytes:
    other = dns.message.make_query("example.net", "TXT", id=dns.message.from_wire(wire).id)
    return reply(other.to_wire(), FORGED).to_wire()


def garbage(wire: bytes) -> bytes:
    return wire[:2] + b"\xff" * 40


def echo(wire: bytes) -> bytes:
    return wire


@pytest.mark.parametrize("forger", [wrong_id, wrong_question, garbage, echo, lambda _: b""])
def test_a_forgery_neither_counts_nor_ends_the_wait(forger: Callable[[bytes], bytes]) -> None:
    found = run(asked(lambda wire: [forger(wire)] * 5 + [reply(wire, GOOD).to_wire()]))
    assert isinstance(found, Answer)
    assert found.records == ("good",)


@pytest.mark.parametrize("forger", [wrong_id, wrong_question, garbage, echo])
def test_forgeries_alone_are_silence(forger: Callable[[bytes], bytes]) -> None:
    with pytest.raises(CollectError) as caught:
        run(asked(lambda wire: [forger(wire)], HASTY))
    assert caught.value.reason is Reason.TIMEOUT


def test_a_stranger_s_datagram_does_not_arrive() -> None:
    """Another socket answers correctly, sooner; only the server's own answer counts."""
    seen: list[bytes] = []

    async def scene() -> Answer | Absent:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.setblocking(False)
            server.bind(("127.0.0.1", 0))
            resolver = StubResolver([server.getsockname()], tries=PATIENT)
            asking = asyncio.create_task(resolver.query("example.com", "TXT"))
            wire, client = await loop.sock_recvfrom(server, 4096)
            seen.append(wire)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.sendto(reply(wire, FORGED).to_wire(), client)
            server.sendto(reply(wire, GOOD).to_wire(), client)
            return await asking

    found = run(scene())
    assert isinstance(found, Answer)
    assert found.records == ("good",)
    assert len(seen) == 1


def pointer_loop(wire: bytes) -> bytes:
    """Answer with an owner name that is a compression pointer to itself."""
    message = bytearray(reply(wire).to_wire())
    message[6:8] = b"\0\1"
    at = 12 + len(b"\7example\3com\0") + 4
    record = (0xC000 | at).to_bytes(2) + b"\0\x10\0\1\0\0\0\1\0\2\1x"
    return bytes(message[:at]) + record + bytes(message[at:])


def short_record(wire: bytes) -> bytes:
    return reply(wire, GOOD).to_wire()[:-20]


@pytest.mark.parametrize("liar", [pointer_loop, short_record])
def test_a_reply_that_cannot_be_read_is_malformed(liar: Callable[[bytes], bytes]) -> None:
    with pytest.raises(CollectError) as caught:
        run(asked(lambda wire: [liar(wire)]))
    assert caught.value.reason is Reason.MALFORMED


def truncated(wire: bytes) -> list[bytes]:
    message = reply(wire)
    message.flags |= dns.flags.TC
    return [message.to_wire()]


async def over_tcp(handler: Handler) -> Answer | Absent:
    async with tcp(handler) as port, udp(truncated, port):
        resolver = StubResolver([("127.0.0.1", port)], tries=PATIENT)
        return await resolver.query("example.com", "TXT")


def serving(make: Callable[[bytes], bytes]) -> Handler:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2))
        writer.write(make(await reader.readexactly(size)))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    return serve


def framed(message: dns.message.Message) -> bytes:
    wire = message.to_wire(max_size=65535)
    return len(wire).to_bytes(2) + wire


def test_a_truncated_answer_comes_whole_over_tcp() -> None:
    text = " ".join('"' + "a" * 250 + '"' for _ in range(240))
    big = f"example.com. 300 IN TXT {text}"
    found = run(over_tcp(serving(lambda wire: framed(reply(wire, big)))))
    assert isinstance(found, Answer)
    assert found.records == ("a" * 60_000,)


def test_hostile_text_comes_as_it_is_one_character_an_octet() -> None:
    data = '"\\027[2J" "<img onerror=x>" "\\255\\000"'
    found = run(
        asked(lambda wire: [reply(wire, f"example.com. 2147483647 IN TXT {data}").to_wire()])
    )
    assert isinstance(found, Answer)
    assert found.records == ("\x1b[2J<img onerror=x>\xff\x00",)


def test_truncated_and_tcp_refused_is_a_failure_not_an_absence() -> None:
    with pytest.raises(CollectError, match="after a truncated answer") as caught:
        run(asked(truncated))
    assert caught.value.reason is Reason.UNREACHABLE


async def mute(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await forever(reader)


def test_truncated_and_silent_over_tcp_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posture.net.dns.TCP_SECONDS", 0.1)
    with pytest.raises(CollectError) as caught:
        run(over_tcp(mute))
    assert caught.value.reason is Reason.TIMEOUT


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda wire: framed(reply(wire, GOOD))[:-5], id="cut off"),
        pytest.param(lambda _: b"\x40", id="cut off in the length"),
        pytest.param(lambda wire: len(wrong_id(wire)).to_bytes(2) + wrong_id(wire), id="wrong id"),
        pytest.param(
            lambda wire: len(truncated(wire)[0]).to_bytes(2) + truncated(wire)[0], id="truncated"
        ),
        pytest.param(lambda _: b"\0\0", id="empty"),
    ],
)
def test_what_is_not_whole_over_tcp_is_malformed(make: Callable[[bytes], bytes]) -> None:
    with pytest.raises(CollectError) as caught:
        run(over_tcp(serving(make)))
    assert caught.value.reason is Reason.MALFORMED
