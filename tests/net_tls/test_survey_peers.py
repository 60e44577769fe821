"""Peers that are no TLS server, or a hostile one: no yes, no no, few questions, an early end."""

import asyncio

import pytest

from posture.model import CollectError, Reason
from posture.net.tcp import Stream
from posture.net.tls.asker import Budget, Heard
from posture.net.tls.conclusions import judge, judge_ssl2, unbiased_pair
from posture.net.tls.interview import survey
from posture.net.tls.questions import lists
from posture.net.tls.sift import Sifted, _apart
from posture.net.tls.ssl2 import Ssl2Hello
from posture.net.tls.survey import Order, Spoken, Survey
from posture.net.tls.versions import Outcome
from posture.net.tls.wire import Version
from tests.net_tls.servers import Handler, answering, dial, reset, serving
from tests.net_tls.simulated import Simulated, vector
from tests.net_tls.test_flight import hello, ssl2_answer
from tests.net_tls.test_hello import message, record

HASTY = Budget(patience=0.2)
MANY = vector(3, vector(3, b"the same again" * 20) * 101)


def surveyed(handler: Handler, budget: Budget = HASTY) -> Survey:
    async def scenario() -> Survey:
        async with serving(handler) as port:
            return await survey(dial(port), name="www.example.com", budget=budget)

    return asyncio.run(scenario())


def simulated(server: Simulated, budget: Budget | None = None) -> Survey:
    async def scenario() -> Survey:
        return await survey(server.dial, name="www.example.com", budget=budget)

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("handler", "spoken", "most"),
    [
        (answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Spoken.PLAINTEXT, 1),
        (answering(b"220 mail ready\r\n", then_close=False), Spoken.PLAINTEXT, 1),
        (answering(b"\x16\x03\x03\x40\x00" + bytes(99)), Spoken.NOTHING, 250),
        (answering(b"\x16\x03\x03\x00\x05\x99\xba\xad\xf0\x0d"), Spoken.NOTHING, 25),
        (answering(record(22, b"\x02\xff\xff\xff") * 9), Spoken.NOTHING, 25),
        (answering(then_close=False), Spoken.NOTHING, 25),
        (answering(), Spoken.NOTHING, 250),
        (reset, Spoken.NOTHING, 250),
        (answering(record(21, b"\2\x50")), Spoken.TLS, 250),
        (answering(record(21, b"\2\x28")), Spoken.TLS, 20),
        (answering(hello(0x0303, 0x009C) + message(11, MANY)), Spoken.NOTHING, 25),
        (answering(hello(0x0303, 0x009C) + record(22, b"\x0b\xff\xff\xff")), Spoken.NOTHING, 25),
    ],
)
def test_nothing_is_concluded_from_a_peer_that_never_says_yes(
    handler: Handler, spoken: Spoken, most: int
) -> None:
    seen = surveyed(handler)
    assert seen.spoken is spoken
    assert {found.outcome for found in seen.versions.values()} == {Outcome.INCONCLUSIVE}
    assert seen.accepted == ()
    assert seen.chains == ()
    assert seen.connections <= most


def test_where_plain_http_is_spoken_it_is_named() -> None:
    seen = surveyed(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    assert "HTTP/1.1 400" in seen.detail
    assert list(seen.versions) == ["SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"]


def test_a_port_that_is_closed_is_no_survey() -> None:
    async def refused() -> Stream:
        raise CollectError(Reason.REFUSED, "127.0.0.1 port 1")

    with pytest.raises(CollectError) as caught:
        asyncio.run(survey(refused, name="www.example.com"))
    assert caught.value.reason is Reason.REFUSED


ONE = Simulated(suites={Version.TLS12: (0xC02F, 0x009C), Version.TLS13: (0x1301,)})


def test_a_server_that_is_busy_is_left_alone() -> None:
    calls = 0

    async def busy() -> Stream:
        nonlocal calls
        calls += 1
        if calls > 12:
            raise CollectError(Reason.RATE_LIMITED, "421 too many connections")
        return await ONE.dial()

    budget = Budget(parallel=1)
    seen = asyncio.run(survey(busy, name="www.example.com", budget=budget))
    assert calls == seen.connections == 13
    assert "421" in seen.detail
    assert set(seen.versions["TLS 1.2"].suites) <= {0xC02F, 0x009C}
    assert any(found.inconclusive for found in seen.versions.values())


@pytest.mark.parametrize("connections", [1, 4, 8])
def test_a_budget_is_kept(connections: int) -> None:
    server = Simulated(suites=ONE.suites)
    seen = simulated(server, Budget(connections=connections))
    assert seen.connections == server.connections == connections
    assert "budget" in seen.detail
    assert Outcome.INCONCLUSIVE in {found.outcome for found in seen.versions.values()}


def test_one_question_at_a_time_finds_the_same() -> None:
    alone, side_by_side = (
        simulated(Simulated(suites=ONE.suites), Budget(parallel=parallel)) for parallel in (1, 12)
    )
    assert alone == side_by_side


def test_what_a_server_that_was_shut_says_late_is_taken_back() -> None:
    server = Simulated(suites=ONE.suites, patience=14, throttle="alert")
    seen = simulated(server, Budget(parallel=1))
    assert seen.degraded
    assert Outcome.REFUSED not in {seen.versions[label].outcome for label in ("TLS 1.0", "TLS 1.2")}


def test_ssl2_is_asked_for_by_its_own_hello() -> None:
    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.read(1 << 16)
        writer.write(ssl2_answer(b"\1\0\x80") if head[0] & 0x80 else record(21, b"\2\x28"))
        await writer.drain()
        writer.write_eof()
        await reader.read()

    found = surveyed(old).versions["SSL 2.0"]
    assert (found.outcome, found.suites) == (Outcome.ACCEPTED, (0x010080,))


def test_an_ssl2_hello_without_ciphers_settles_nothing() -> None:
    empty = Ssl2Hello(ciphers=(), certificate=b"x")
    assert judge_ssl2(Heard(), [empty], alive=True).outcome is Outcome.INCONCLUSIVE
    assert judge_ssl2(None, [], alive=True).detail == "not asked"


def test_what_was_not_asked_is_inconclusive() -> None:
    assert judge(None, Order.INCONCLUSIVE, "").detail == "not asked"
    assert judge(Sifted(), Order.INCONCLUSIVE, "busy").detail == "busy"
    assert unbiased_pair(Sifted()) is None


@pytest.mark.parametrize("version", list(Version))
def test_no_list_has_128_suites(version: Version) -> None:
    assert max(len(items) for items in lists(version)) < 127
    together = _apart([item for items in lists(version) for item in items], lambda _: "one")
    assert max(map(len, together)) < 127


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 40, 350])
def test_of_any_two_quiet_ones_each_stands_somewhere_without_the_other(count: int) -> None:
    together = _apart(list(range(count)), lambda item: "even" if item % 2 else "odd")
    where = {
        item: {at for at, part in enumerate(together) if item in part} for item in range(count)
    }
    for one in range(count):
        for other in range(one % 2, count, 2):
            assert one == other or where[one] - where[other]


def test_silence_to_older_versions_costs_few_questions_and_proves_nothing() -> None:
    server = Simulated(suites=ONE.suites, silent_below=Version.TLS12)
    seen = simulated(server)
    assert seen.accepted == ("TLS 1.2", "TLS 1.3")
    older = {seen.versions[label].outcome for label in ("SSL 3.0", "TLS 1.0", "TLS 1.1")}
    assert older == {Outcome.INCONCLUSIVE}
    assert not seen.degraded
    assert sum(hello.version < Version.TLS12 for hello in server.asked) <= 12
