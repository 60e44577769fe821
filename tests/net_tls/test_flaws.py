"""Flaws shown, flaws shown not to be there, and everything that settles nothing."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posture.model import CollectError, Reason
from posture.net.tls import flaws
from posture.net.tls.flaws import Shown, Shows
from posture.testing import FakeChannel, FakeStream
from tests.net_tls import ca, servers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.net_tls.servers import Handler

HOST = "www.example.com"
FLAW, NONE, UNSETTLED = Shows.FLAW, Shows.NONE, Shows.UNSETTLED
TESTS = (flaws.heartbleed, flaws.injection, flaws.ssl3_cbc, flaws.compression)
BEGUN = b"\x16\x03\x03\x00\x04\x10\x00\x01\x00"
CHANGE, NONSENSE = b"\x14\x03\x03\x00\x01\x01", b"\x16\x03\x03\x00\x40"


def record(kind: int, body: bytes) -> bytes:
    return bytes((kind, 3, 3)) + len(body).to_bytes(2) + body


def alert(code: int) -> bytes:
    return record(21, bytes((2, code)))


def flight(
    *, version: int = 0x0303, suite: int = 0xC02F, heartbeat: bool = False, compression: int = 0
) -> bytes:
    extensions = b"\x00\x0f\x00\x01\x01" if heartbeat else b""
    body = version.to_bytes(2) + bytes(33) + suite.to_bytes(2) + bytes((compression,))
    body += len(extensions).to_bytes(2) + extensions
    hello = b"\x02" + len(body).to_bytes(3) + body
    return record(22, hello + b"\x0e\x00\x00\x00")


class Server:
    """Answers a hello, and then whatever comes by what the test says; None hangs up."""

    def __init__(self, first: bytes, then: Callable[[bytes], bytes | None]) -> None:
        self.first, self.then = first, then
        self.connections = 0
        self.client_random = b""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        head = await reader.readexactly(5)
        hello = await reader.readexactly(int.from_bytes(head[3:5]))
        self.client_random = hello[6:38]
        writer.write(self.first)
        heard = b""
        while data := await reader.read(4096):
            heard += data
            if (said := self.then(heard)) is None:
                return
            writer.write(said)


def shown(test: Callable[..., Awaitable[Shown]], server: Handler) -> Shown:
    async def scene() -> Shown:
        async with servers.serving(server) as port:
            return await test(servers.dial(port), HOST)

    return asyncio.run(scene())


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flaws, "PATIENCE", 0.4)


def silent(_: bytes) -> bytes:
    return b""


def test_a_server_that_gives_its_memory_away() -> None:
    asked = []

    def bleed(heard: bytes) -> bytes:
        asked.append(heard)
        return record(24, b"\x02\x00\x10" + b"SECRET-OF-MEMORY" + bytes(16))

    found = shown(flaws.heartbleed, Server(flight(heartbeat=True), bleed))
    assert found == Shown(FLAW, "an answer of 35 octets to a heartbeat of 3")
    assert asked[0].startswith(b"\x18\x03\x03\x00\x03\x01\x00\x10")  # 16 octets, none of them sent


def test_the_memory_is_never_received() -> None:
    answer = record(24, b"\x02\x00\x10" + b"SECRET-OF-MEMORY" + bytes(16))

    async def scene() -> tuple[Shown, bytes]:
        channel = FakeChannel([flight(heartbeat=True), answer])
        stream = FakeStream(channel, "192.0.2.1")

        async def dial() -> FakeStream:
            return stream

        return await flaws.heartbleed(dial, HOST), await channel.recv(99) + stream.ahead

    found, left = asyncio.run(scene())
    assert found.shows is FLAW
    assert left == answer[5:]


@pytest.mark.parametrize(
    ("says", "shows"),
    [
        (record(24, b"\x02\x00\x01\x00" + bytes(16)), NONE),
        (alert(10), NONE),
        (b"", UNSETTLED),
        (None, UNSETTLED),
        (record(24, b"\x02\x00\x00"), UNSETTLED),
        (record(22, b"x"), UNSETTLED),
    ],
)
def test_a_heartbeat_that_is_answered_otherwise(says: bytes | None, shows: Shows) -> None:
    assert shown(flaws.heartbleed, Server(flight(heartbeat=True), lambda _: says)).shows is shows


def test_who_takes_no_heartbeats_has_nothing_to_give_away() -> None:
    assert shown(flaws.heartbleed, Server(flight(), silent)).shows is NONE


def changing(after: bytes | None, without: bytes | None) -> Callable[[bytes], bytes | None]:
    """Take a change in silence; then answer nonsense after it, and without it."""

    def then(heard: bytes) -> bytes | None:
        if NONSENSE not in heard:
            return b""
        return after if heard.startswith(CHANGE) else without

    return then


@pytest.mark.parametrize(
    ("then", "shows"),
    [
        (changing(alert(20), alert(10)), FLAW),
        (changing(alert(21), alert(50)), FLAW),
        (changing(alert(20), alert(20)), UNSETTLED),
        (changing(alert(20), None), UNSETTLED),
        (changing(alert(10), alert(10)), NONE),
        (changing(None, None), UNSETTLED),
        (changing(b"", b""), UNSETTLED),
        (lambda _: alert(10), NONE),
        (lambda _: alert(20), UNSETTLED),
        (lambda _: record(23, b"x"), UNSETTLED),
        (lambda _: None, UNSETTLED),
    ],
)
def test_an_early_change_of_keys(then: Callable[[bytes], bytes | None], shows: Shows) -> None:
    assert shown(flaws.injection, Server(flight(), then)).shows is shows


class Silent(Server):
    """Says nothing when it breaks off, as Node 0.10 has OpenSSL do.

    ``secret``: the master secret it makes the change with; None: it refuses the change.
    """

    def __init__(self, secret: bytes | None, *, suite: int = 0xC02F) -> None:
        super().__init__(flight(suite=suite), self.judge)
        self.secret = secret

    def judge(self, heard: bytes) -> bytes | None:
        if not heard.startswith(CHANGE):
            return b"" if heard == BEGUN else None
        if self.secret is None:
            return None
        sealed = flaws.seal(self.client_random, bytes(32), self.secret, BEGUN[5:])
        return b"" if heard in {CHANGE, CHANGE + record(22, sealed)} else None


@pytest.mark.parametrize(
    ("server", "shows"),
    [
        (Silent(b""), FLAW),  # as OpenSSL 1.0.1g does
        (Silent(None), NONE),  # as OpenSSL 1.0.1h does
        (Silent(b"secret"), UNSETTLED),
        (Silent(b"", suite=0x002F), UNSETTLED),
        (Server(flight(), lambda heard: b"x" if len(heard) > 6 else b""), UNSETTLED),
    ],
)
def test_who_breaks_off_without_a_word(server: Server, shows: Shows) -> None:
    assert shown(flaws.injection, server).shows is shows
    assert server.connections <= 17


def test_the_key_of_no_secret() -> None:
    """A record that OpenSSL 1.0.1g deciphered."""
    sealed = flaws.seal(b"c" * 32, b"s" * 32, b"", BEGUN[5:])
    assert sealed.hex() == "000000000000000052771202557509cfc8c83728ae4e61e5f6873a6d"


@pytest.mark.parametrize(
    ("reason", "shows"), [(Reason.UNREACHABLE, UNSETTLED), (Reason.REFUSED, NONE)]
)
def test_an_error_is_a_break_only_as_a_reset(reason: Reason, shows: Shows) -> None:
    """The server waits where no change is sent, and breaks off after one."""

    class Channel(FakeChannel):
        async def recv(self, size: int) -> bytes:
            if CHANGE in self.sent:
                raise CollectError(reason, "gone")
            if not self._replies:
                await asyncio.Event().wait()
            return await super().recv(size)

    async def scene() -> Shown:
        async def dial() -> FakeStream:
            return FakeStream(Channel([flight()]), "192.0.2.1")

        return await flaws.injection(dial, HOST)

    assert asyncio.run(scene()).shows is shows


def test_what_does_not_happen_again_is_not_settled() -> None:
    alerts = [alert(20), alert(10), alert(10)]

    def then(heard: bytes) -> bytes:
        return alerts.pop(0) if NONSENSE in heard else b""

    assert shown(flaws.injection, Server(flight(), then)).shows is UNSETTLED
    assert alerts == []


@pytest.mark.parametrize(
    ("first", "shows"),
    [
        (flight(version=0x0300, suite=0x0035), FLAW),
        (flight(version=0x0300, suite=0x0005), UNSETTLED),
        (flight(version=0x0301, suite=0x0035), UNSETTLED),
        (alert(70), NONE),
        (alert(40), NONE),
        (alert(80), UNSETTLED),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", UNSETTLED),
        (b"", UNSETTLED),
    ],
)
def test_ssl_3(first: bytes, shows: Shows) -> None:
    assert shown(flaws.ssl3_cbc, Server(first, silent)).shows is shows


@pytest.mark.parametrize(
    ("first", "shows"),
    [
        (flight(compression=1), FLAW),
        (flight(), NONE),
        (alert(70), NONE),
        (alert(40), UNSETTLED),
        (flight(version=0x0304), UNSETTLED),
    ],
)
def test_compression(first: bytes, shows: Shows) -> None:
    assert shown(flaws.compression, Server(first, silent)).shows is shows


def test_diffie_hellman_is_offered_by_itself() -> None:
    server = Server(alert(40), silent)
    shown(flaws.compression, server)
    assert server.connections == 2


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("server", [servers.idle, servers.reset], ids=["silent", "reset"])
def test_nothing_heard_is_nothing_known(test: Any, server: Handler) -> None:
    assert shown(test, server).shows is UNSETTLED


@pytest.mark.parametrize("test", TESTS)
def test_nobody_there_is_said_by_whoever_dials(test: Any) -> None:
    async def dial() -> FakeStream:
        raise CollectError(Reason.REFUSED, "closed")

    with pytest.raises(CollectError):
        asyncio.run(test(dial, HOST))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(TESTS), st.lists(st.binary(max_size=80), max_size=4))
def test_random_octets_show_no_flaw(test: Any, pieces: list[bytes]) -> None:
    async def scene() -> Shown:
        async def dial() -> FakeStream:
            return FakeStream(FakeChannel(list(pieces)), "192.0.2.1")

        return await test(dial, HOST)  # type: ignore[no-any-return]

    assert asyncio.run(scene()).shows is not FLAW


@pytest.mark.parametrize("oldest", [ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_3])
def test_an_openssl_of_today(oldest: ssl.TLSVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flaws, "PATIENCE", 20.0)
    context = ca.leaf(ca.intermediate(ca.root()), HOST).context()
    context.minimum_version = oldest
    assert {test: shown(test, answering(context)).shows for test in TESTS} == dict.fromkeys(
        TESTS, NONE
    )


def answering(context: ssl.SSLContext) -> Handler:
    """Go on with a handshake as long as OpenSSL does, and send its alert in the end."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(incoming, outgoing, server_side=True)
        while data := await reader.read(1 << 16):
            incoming.write(data)
            with contextlib.suppress(ssl.SSLError):
                server.do_handshake()
            writer.write(outgoing.read())

    return handle
