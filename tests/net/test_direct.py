"""Questions to a name server itself: over UDP, over TCP, twice, and to nobody else."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import dns.flags
import dns.message
import dns.rcode
import pytest

from posture.model import CollectError, NameServer, Reason
from posture.net import Query, Statement, Transfer, direct, wire
from tests.net.peers import forever, network, run, tcp, udp

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable

    from tests.net.peers import Handler

HOST = "ns.example.com"
ADDRESS = "192.0.2.53"
ZONES: dict[str, Any] = {HOST: {"A": [ADDRESS], "AAAA": ["2001:db8::53"]}}
SERVER = NameServer(host=HOST, zone="example.com")
SOA = "example.com. 300 IN SOA ns.example.com. h.example.com. 7 2 3 4 5"
NS = "example.com. 300 IN NS ns.example.com."
ASK = Query(name="example.com", rdtype="SOA", recursion=False)
VERSION = Query(name="version.bind", rdtype="TXT", rdclass=wire.CHAOS, recursion=False)
HASTY = (0.05, 0.05)


def said(
    data: bytes, *records: str, rcode: int = 0, flags: int = dns.flags.AA, authority: str = ""
) -> bytes:
    """Reply as a name server does."""
    message = dns.message.make_response(dns.message.from_wire(data))
    message.flags |= flags
    message.set_rcode(dns.rcode.Rcode(rcode))
    for section, lines in (message.answer, records), (message.authority, filter(None, [authority])):
        for line in lines:
            owner, ttl, kind, rdtype, rest = line.split(" ", 4)
            section.append(dns.rrset.from_text(owner, int(ttl), kind, rdtype, rest))
    return message.to_wire()


def framed(data: bytes) -> bytes:
    return len(data).to_bytes(2) + data


def over_tcp(*answers: Callable[[bytes], bytes]) -> Handler:
    """Serve one question with these messages, then wait to be left."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
        for answer in answers:
            writer.write(framed(answer(query)))
        await writer.drain()
        await forever(reader)

    return handle


@contextlib.asynccontextmanager
async def at(port: int, **options: Any) -> AsyncIterator[Any]:
    net = network(ZONES, connect={f"{HOST}:53": f"127.0.0.1:{port}"}, **options).bound(SERVER)
    assert await net.addresses(HOST, either=True) == (ADDRESS,)
    yield net


async def asked(
    *answers: Callable[[bytes], bytes | None], query: Query = ASK
) -> tuple[Statement, list[dns.message.Message]]:
    steps, got = list(answers), list[dns.message.Message]()

    def answer(data: bytes) -> list[bytes]:
        got.append(dns.message.from_wire(data))
        found = (steps.pop(0) if len(steps) > 1 else steps[0])(data)
        return [found] if found else []

    async with udp(answer) as port, at(port) as net:
        return await net.ask(ADDRESS, query), got


async def copied(handler: Handler) -> Transfer:
    async with tcp(handler) as port, at(port) as net:
        return await net.transfer(ADDRESS, "example.com")  # type: ignore[no-any-return]


def test_what_a_server_says_is_taken_as_it_is() -> None:
    found, (query,) = run(asked(lambda data: said(data, SOA)))
    assert found == Statement(
        rcode="NOERROR",
        authoritative=True,
        records=("ns.example.com. h.example.com. 7 2 3 4 5",),
    )
    assert not query.flags & (dns.flags.RD | dns.flags.AD | dns.flags.CD)
    assert query.edns == 0


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda data: said(data, rcode=5, flags=0), Statement(rcode="REFUSED")),
        (
            lambda data: said(data, SOA, flags=dns.flags.RA),
            Statement(rcode="NOERROR", recursive=True, records=(SOA.split(" ", 4)[4],)),
        ),
        (
            lambda data: said(data, flags=0, authority=". 300 IN NS a.root.example."),
            Statement(rcode="NOERROR", referral="."),
        ),
        # The name servers beside an answer are no referral.
        (
            lambda data: said(data, SOA, authority=NS),
            Statement(rcode="NOERROR", authoritative=True, records=(SOA.split(" ", 4)[4],)),
        ),
        (
            lambda data: said(data, "other.example. 300 IN SOA a. b. 1 2 3 4 5"),
            Statement(rcode="NOERROR", authoritative=True),
        ),
    ],
)
def test_every_kind_of_statement(answer: Callable[[bytes], bytes], expected: Statement) -> None:
    found, _ = run(asked(answer))
    assert found == expected


def test_a_recursive_question_says_so_and_another_class_is_kept_apart() -> None:
    a = "example.net. 300 IN A 192.0.2.1"
    query = Query(name="example.net", rdtype="A")
    found, (sent,) = run(asked(lambda data: said(data, a), query=query))
    assert sent.flags & dns.flags.RD
    assert found.records == ("192.0.2.1",)
    version = "version.bind. 0 CH TXT server-9"
    found, (sent,) = run(asked(lambda data: said(data, version), query=VERSION))
    assert sent.question[0].rdclass == 3
    assert found.records == ("server-9",)
    found, _ = run(asked(lambda data: said(data, version.replace("CH", "IN")), query=VERSION))
    assert found.records == ()


def test_a_lost_datagram_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct.ask, "__kwdefaults__", {"tries": (0.05, 20.0)})
    found, got = run(asked(lambda _: None, lambda data: said(data, SOA)))
    assert found.records
    assert len(got) == 2


def test_a_server_that_knows_no_edns_is_asked_without() -> None:
    found, got = run(asked(lambda data: said(data, rcode=1), lambda data: said(data, SOA)))
    assert found.records
    assert [query.edns for query in got] == [0, -1]


def reason_of(step: Any) -> Reason:
    with pytest.raises(CollectError) as caught:
        run(step)
    return caught.value.reason


def test_silence_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct.ask, "__kwdefaults__", {"tries": HASTY})
    assert reason_of(asked(lambda _: None)) is Reason.TIMEOUT


def test_a_server_that_understands_neither_says_so() -> None:
    found, got = run(asked(lambda data: said(data, rcode=4)))
    assert found.rcode == "NOTIMP"
    assert len(got) == 2


def test_a_server_that_was_never_asked_in_its_words_was_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(direct.ask, "__kwdefaults__", {"tries": (20.0,)})
    assert reason_of(asked(lambda data: said(data, rcode=1))) is Reason.MALFORMED


def test_what_cannot_be_read_is_malformed() -> None:
    assert reason_of(asked(lambda data: said(data, SOA)[:-3])) is Reason.MALFORMED
    rare = r"example.com. 300 IN TYPE65280 \# 2 0000"
    short = asked(lambda data: said(data, rare).replace(b"\xff\0\0\1", b"\0\6\0\1"))
    assert reason_of(short) is Reason.MALFORMED


def test_a_closed_port_refuses() -> None:
    async def scene() -> None:
        async with udp(lambda _: []) as port:
            pass
        async with at(port) as net:
            await net.ask(ADDRESS, ASK)

    assert reason_of(scene()) is Reason.REFUSED


def test_only_the_subject_s_own_addresses_are_asked() -> None:
    async def scene(address: str) -> None:
        async with at(9) as net:
            await net.ask(address, ASK)

    assert reason_of(scene("192.0.2.54")) is Reason.OUT_OF_SCOPE

    async def unmapped() -> None:
        net = network(ZONES, connect={}).bound(SERVER)
        await net.addresses(HOST)
        await net.ask(ADDRESS, ASK)

    assert reason_of(unmapped()) is Reason.OUT_OF_SCOPE

    async def private() -> None:
        net = network({HOST: {"A": ["10.0.0.1"]}}).bound(SERVER)
        await net.addresses(HOST)
        await net.ask("10.0.0.1", ASK)

    assert reason_of(private()) is Reason.OUT_OF_SCOPE


def test_ipv6_is_looked_up_only_where_there_is_no_ipv4() -> None:
    async def found(zones: dict[str, Any]) -> tuple[tuple[str, ...], list[str]]:
        net = network({HOST: zones}).bound(SERVER)
        addresses = await net.addresses(HOST, either=True)
        return addresses, [rdtype for _, rdtype in net.dns._resolver.asked]  # type: ignore[attr-defined]

    six = ["2001:db8::53"]
    assert run(found({"A": [ADDRESS], "AAAA": six})) == ((ADDRESS,), ["A"])
    assert run(found({"AAAA": six})) == (("2001:db8::53",), ["A", "AAAA"])
    assert run(found({"A": "TIMEOUT", "AAAA": six})) == (("2001:db8::53",), ["A", "AAAA"])
    assert run(found({"TXT": ["x"]})) == ((), ["A", "AAAA"])
    assert reason_of(found({"A": "TIMEOUT"})) is Reason.TIMEOUT


def test_a_long_answer_is_fetched_over_tcp() -> None:
    long = f'example.com. 300 IN TXT "{"x" * 200}"'

    async def scene() -> Statement:
        handler = over_tcp(lambda data: said(data, long))
        async with tcp(handler) as port, udp(cut, port), at(port) as net:
            query = Query(name="example.com", rdtype="TXT", recursion=False)
            return await net.ask(ADDRESS, query)  # type: ignore[no-any-return]

    def cut(data: bytes) -> list[bytes]:
        return [said(data, flags=dns.flags.AA | dns.flags.TC)]

    assert run(scene()).records == ("x" * 200,)


A = "www.example.com. 300 IN A 192.0.2.1"


def test_a_transfer_is_left_as_soon_as_it_begins() -> None:
    found = run(copied(over_tcp(lambda data: said(data, SOA, A, NS), lambda data: said(data, A))))
    assert (found.rcode, found.records, found.begun) == ("NOERROR", 3, True)


def test_records_that_come_one_by_one_are_seen() -> None:
    found = run(copied(over_tcp(lambda data: said(data, SOA), lambda data: said(data, A))))
    assert (found.records, found.begun) == (2, True)
    assert found.octets > len(said(ASK.wire(), SOA))


@pytest.mark.parametrize(
    "second",
    [
        lambda _: b"",
        lambda data: said(data, A)[:-3],
        lambda data: b"\0\0" + said(data, A)[2:] if data[:2] != b"\0\0" else b"\1" * 12,
    ],
)
def test_a_first_record_without_a_second_stays_alone(second: Callable[[bytes], bytes]) -> None:
    found = run(copied(over_tcp(lambda data: said(data, SOA), second)))
    assert (found.records, found.begun) == (1, True)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda data: said(data, rcode=5), ("REFUSED", 0, False)),
        (said, ("NOERROR", 0, False)),
        (lambda data: said(data, A, SOA), ("NOERROR", 2, False)),
    ],
)
def test_what_is_no_transfer(
    answer: Callable[[bytes], bytes], expected: tuple[str, int, bool]
) -> None:
    found = run(copied(over_tcp(answer)))
    assert (found.rcode, found.records, found.begun) == expected


@pytest.mark.parametrize(
    "answer",
    [
        lambda data: said(data, SOA, flags=dns.flags.TC),
        lambda data: b"\0\0" + data[2:],
        lambda _: b"\1",
    ],
)
def test_a_transfer_by_somebody_else_is_malformed(answer: Callable[[bytes], bytes]) -> None:
    assert reason_of(copied(over_tcp(answer))) is Reason.MALFORMED


def test_a_server_that_hangs_up_is_malformed() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)
        writer.close()

    assert reason_of(copied(handle)) in {Reason.MALFORMED, Reason.REFUSED}


def test_a_drip_ends_with_the_time_of_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "TCP_SECONDS", 0.2)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\xff\xff" + b"x" * 100)
        await forever(reader)

    assert reason_of(copied(handle)) is Reason.TIMEOUT
