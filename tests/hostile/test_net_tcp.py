"""TCP peers that stall, flood and hang up: every stream ends, and says why."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from typing import TYPE_CHECKING

import pytest

from posture.model import CollectError, Reason
from posture.net import PortState
from tests.net.peers import forever, host, network, run, tcp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from posture.net import Stream


async def mute(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await forever(reader)


async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"2")
        await writer.drain()
        await asyncio.sleep(0.02)


async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def half_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"bye")
    writer.write_eof()
    await forever(reader)


async def line(stream: Stream) -> None:
    await stream.readline(1000)


async def everything(stream: Stream) -> None:
    while await stream.read(65536):
        pass


async def write_for_ever(stream: Stream) -> None:
    while True:
        await stream.write(bytes(1 << 20))


async def handshake(stream: Stream) -> None:
    await stream.start_tls(ssl.create_default_context(), "www.example.com")


async def no_reading(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("peer", "step", "expected"),
    [
        pytest.param(mute, line, Reason.TIMEOUT, id="T3 never speaks"),
        pytest.param(mute, handshake, Reason.TIMEOUT, id="L1 stalls in the handshake"),
        pytest.param(drip, line, Reason.TIMEOUT, id="T4 drips"),
        pytest.param(flood, line, Reason.TOO_LARGE, id="T5 floods a line"),
        pytest.param(flood, everything, Reason.TIMEOUT, id="T5 floods for ever"),
        pytest.param(no_reading, write_for_ever, Reason.TIMEOUT, id="T8 never reads"),
        pytest.param(flood, handshake, Reason.MALFORMED, id="floods the handshake"),
    ],
)
def test_a_stream_ends_and_says_why(
    peer: Callable[..., Awaitable[None]],
    step: Callable[[Stream], Awaitable[None]],
    expected: Reason,
) -> None:
    lifetime = 0.3 if expected is Reason.TIMEOUT else 20.0

    async def scene() -> None:
        async with tcp(peer) as port:
            net = network().bound(host())
            async with await net.connect("127.0.0.1", port, lifetime=lifetime) as stream:
                await step(stream)

    with pytest.raises(CollectError) as caught:
        run(scene())
    assert caught.value.reason is expected


def test_a_reset_is_a_refusal_not_an_end() -> None:
    async def scene() -> None:
        net = network().bound(host())
        async with tcp(reset) as port, await net.connect("127.0.0.1", port) as stream:
            await stream.readline()

    with pytest.raises(CollectError) as caught:
        run(scene())
    assert caught.value.reason is Reason.REFUSED


def test_a_port_that_resets_after_accepting_is_open() -> None:
    async def scene() -> PortState:
        async with tcp(reset) as port:
            return await network().bound(host()).probe("127.0.0.1", port)

    assert run(scene()) is PortState.OPEN


def test_a_half_closed_connection_gives_what_came() -> None:
    async def scene() -> list[bytes]:
        net = network().bound(host())
        async with tcp(half_close) as port, await net.connect("127.0.0.1", port) as stream:
            return [await stream.readline(), await stream.readline(), await stream.read(9)]

    assert run(scene()) == [b"bye", b"", b""]


def test_a_probe_sends_nothing() -> None:
    got: list[bytes] = []

    async def scene() -> None:
        ended = asyncio.Event()

        async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            got.append(await reader.read())
            ended.set()

        async with tcp(listen) as port:
            await network().bound(host()).probe("127.0.0.1", port)
            await ended.wait()

    run(scene())
    assert got == [b""]


def test_a_cancelled_collector_gives_its_slots_back() -> None:
    async def scene() -> None:
        async with tcp(mute) as port:
            net = network(per_host=1).bound(host())

            async def collector() -> None:
                async with await net.connect("127.0.0.1", port) as stream:
                    started.set()
                    await stream.read(1)

            started = asyncio.Event()
            task = asyncio.create_task(collector())
            await started.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await (await net.connect("127.0.0.1", port)).close()

    run(scene())
