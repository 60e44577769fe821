from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING, Any

import dns.message
import pytest

from posture.model import CollectError, Reason
from posture.net import datagrams
from posture.net.datagrams import Inquiry, Lines
from posture.net.dns import Absent, Answer, Ration, StubResolver
from posture.net.memory import OVERHEAD, Memory
from posture.net.message import Query
from posture.testing import FakeResolver
from tests.net.peers import reply, run, udp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

A = "example.com. 300 IN A 192.0.2.1"
PATIENT = (20.0,)
QUERY = Query(name="example.com", rdtype="A")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[socket.socket]]:
    """Every socket a test opens: none is left open."""
    made: list[socket.socket] = []
    original = datagrams.opened

    def remembered(*arguments: Any) -> socket.socket:
        made.append(original(*arguments))
        return made[-1]

    monkeypatch.setattr(datagrams, "opened", remembered)
    yield made
    assert all(sock.fileno() == -1 for sock in made)


def echo(wire: bytes) -> list[bytes]:
    name = dns.message.from_wire(wire).question[0].name
    return [reply(wire, f"{name} 300 IN A 192.0.2.1").to_wire()]


class Held:
    """Keeps questions until it is told to answer them."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.arrived = asyncio.Semaphore(0)
        self.server: Any = None

    async def __aenter__(self) -> tuple[str, int]:
        loop = asyncio.get_running_loop()
        outer = self

        class Protocol(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                outer.got.append(data)
                outer.callers.append(addr)
                outer.arrived.release()

        self.callers: list[tuple[str, int]] = []
        self.server, _ = await loop.create_datagram_endpoint(Protocol, local_addr=("127.0.0.1", 0))
        where = self.server.get_extra_info("sockname")
        return str(where[0]), int(where[1])

    async def __aexit__(self, *_: object) -> None:
        self.server.abort()

    def answer(self, number: int, data: bytes) -> None:
        self.server.sendto(data, self.callers[number])


def asked(scene: Callable[[StubResolver, Held, Held], Any], *tries: float) -> Any:
    async def whole() -> Any:
        first, second = Held(), Held()
        async with first as one, second as two:
            resolver = StubResolver([one, two], tries=tries)
            return await scene(resolver, first, second)

    return run(whole())


def test_a_late_reply_to_an_earlier_try_counts(opened: list[socket.socket]) -> None:
    async def scene(resolver: StubResolver, held: Held, other: Held) -> Answer | Absent:
        asking = asyncio.create_task(resolver.query("example.com", "A"))
        await held.arrived.acquire()
        await other.arrived.acquire()
        held.answer(0, echo(held.got[0])[0])
        return await asking

    found = asked(scene, 0.05, 20.0)
    assert isinstance(found, Answer)
    assert len(opened) == 2


@pytest.mark.parametrize("late", ["servfail", "garbage"])
def test_a_late_failure_does_not(late: str, opened: list[socket.socket]) -> None:
    async def scene(resolver: StubResolver, held: Held, other: Held) -> Reason:
        asking = asyncio.create_task(resolver.query("example.com", "A"))
        await held.arrived.acquire()
        await other.arrived.acquire()
        good = echo(held.got[0])[0]
        bad = reply(held.got[0], rcode=2).to_wire() if late == "servfail" else good[:-9]
        held.answer(0, bad)
        with pytest.raises(CollectError) as caught:
            await asking
        return caught.value.reason

    assert asked(scene, 0.05, 0.3) is Reason.TIMEOUT


def test_many_questions_share_a_port_but_not_all(opened: list[socket.socket]) -> None:
    async def scene() -> int:
        async with udp(echo) as port:
            resolver = StubResolver([("127.0.0.1", port)], tries=PATIENT)
            names = [f"n{number}.example" for number in range(200)]
            found = await asyncio.gather(*(resolver.query(name, "A") for name in names))
            return sum(isinstance(one, Answer) for one in found)

    assert run(scene()) == 200
    assert 200 // datagrams.QUESTIONS < len(opened) < 100


def test_one_after_the_other_each_has_its_own_port(opened: list[socket.socket]) -> None:
    async def scene() -> None:
        async with udp(echo) as port:
            resolver = StubResolver([("127.0.0.1", port)], tries=PATIENT)
            for number in range(5):
                await resolver.query(f"n{number}.example", "A")

    run(scene())
    assert len(opened) == 5


def test_ids_that_are_taken_are_not_given_again(
    monkeypatch: pytest.MonkeyPatch, opened: list[socket.socket]
) -> None:
    drawn = iter([7, 7, 7, 8])
    monkeypatch.setattr("secrets.randbits", lambda _: next(drawn))

    async def scene() -> list[int]:
        async with udp(lambda _: []) as port:
            line = Lines().line(("127.0.0.1", port))
            idents = [line.send(QUERY, Inquiry()) for _ in range(2)]
            for ident in idents:
                line.forget(ident)
                line.forget(ident)
            await asyncio.wait([line._listener])
            return idents

    assert run(scene()) == [7, 8]


class Refusing:
    """A socket whose datagrams cannot be sent."""

    def __init__(self, sock: socket.socket, error: OSError) -> None:
        self.sock, self.error = sock, error

    def send(self, _: bytes) -> int:
        raise self.error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BlockingIOError(errno.EAGAIN, "again"), Reason.TIMEOUT),
        (OSError(errno.ENETUNREACH, "no way"), Reason.UNREACHABLE),
    ],
)
def test_what_cannot_be_sent_is_lost_or_unreachable(
    error: OSError, reason: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = datagrams.opened
    monkeypatch.setattr(datagrams, "opened", lambda *a: Refusing(original(*a), error))
    monkeypatch.setattr(
        datagrams.Line, "_listen", lambda self: asyncio.Event().wait()
    )  # the loop asks the real thing

    async def scene() -> None:
        async with udp(lambda _: []) as port:
            await StubResolver([("127.0.0.1", port)], tries=(0.05, 0.05)).query("example.com", "A")

    with pytest.raises(CollectError) as caught:
        run(scene())
    assert caught.value.reason is reason


def test_no_way_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lost(socket.socket):
        def connect(self, _: object) -> None:
            raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr("socket.socket", Lost)

    async def scene() -> None:
        await StubResolver([("127.0.0.1", 9)], tries=PATIENT).query("example.com", "A")

    with pytest.raises(CollectError, match="Network is unreachable") as caught:
        asyncio.run(scene())
    assert caught.value.reason is Reason.UNREACHABLE


def test_a_flood_does_not_keep_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forged datagrams are always there; still the time of the try runs out."""

    class Flooded(socket.socket):
        def recv(self, *_: Any) -> bytes:
            return b"\0\0 forged"

    monkeypatch.setattr(datagrams, "opened", lambda *_: Flooded(type=socket.SOCK_DGRAM))

    async def scene() -> None:
        await StubResolver([("127.0.0.1", 9)], tries=(0.05,)).query("example.com", "A")

    with pytest.raises(CollectError) as caught:
        asyncio.run(scene())
    assert caught.value.reason is Reason.TIMEOUT


def test_a_type_that_is_none_is_malformed() -> None:
    with pytest.raises(CollectError, match="not a record type") as caught:
        run(StubResolver([("127.0.0.1", 9)], tries=PATIENT).query("example.com", "NONSENSE"))
    assert caught.value.reason is Reason.MALFORMED


def test_a_memory_has_room_for_so_much() -> None:
    memory: Memory[str] = Memory(room=3 * OVERHEAD + 30)
    for key in "abc":
        memory.put(key, key, 10)
    assert memory.get("a") == "a"  # from now on the one used last
    memory.put("d", "d", 10)
    assert [memory.get(key) for key in "abcd"] == ["a", None, "c", "d"]
    memory.put("e", "e", 3 * OVERHEAD)
    assert len(memory) == 0


def test_one_subject_has_so_many_questions() -> None:
    async def scene() -> FakeResolver:
        fake = FakeResolver({"example.com": {"A": ["192.0.2.1"]}})
        ration = Ration(fake, 2)
        for _ in range(3):
            assert isinstance(await ration.query("Example.com.", "a"), Answer | Absent)
            await ration.query("example.com", "MX")
        with pytest.raises(CollectError, match="TXT example") as caught:
            await ration.query("example.com", "TXT")
        assert caught.value.reason is Reason.TOO_LARGE
        return fake

    assert run(scene()).asked == [("example.com", "a"), ("example.com", "MX")] * 3
