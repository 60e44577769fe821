from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rdatatype
import dns.resolver
import pytest

from posture.model import CollectError, Reason
from posture.net import dns as own
from posture.net.dns import (
    Absent,
    Answer,
    BogusError,
    Ration,
    StubResolver,
    addresses,
    every,
    server,
    system_servers,
)
from posture.testing import FakeResolver
from tests.net.peers import reply, run, udp

if TYPE_CHECKING:
    from collections.abc import Callable

    from posture.testing import Records

A = "example.com. 300 IN A 192.0.2.1"
SOA = "example.com. 300 IN SOA ns.example.com. h.example.com. 1 2 3 4 5"
PATIENT = (20.0, 20.0, 20.0)
HASTY = (0.05, 0.05, 0.05)


class Scripted:
    """A server that gives out its replies in turn, the last one for ever."""

    def __init__(self, *replies: Callable[[bytes], list[bytes]]) -> None:
        self.replies = list(replies)
        self.got: list[dns.message.Message] = []

    def __call__(self, wire: bytes) -> list[bytes]:
        self.got.append(dns.message.from_wire(wire))
        step = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return step(wire)


def says(*records: str, rcode: int = 0, authority: str = "") -> Callable[[bytes], list[bytes]]:
    return lambda wire: [reply(wire, *records, rcode=rcode, authority=authority).to_wire()]


def silent(_: bytes) -> list[bytes]:
    return []


async def asked(*servers: Scripted, tries: tuple[float, ...] = PATIENT) -> Answer | Absent:
    async with udp(servers[0]) as first, udp(servers[-1]) as second:
        ports = [first, second][: len(servers)]
        resolver = StubResolver([("127.0.0.1", port) for port in ports], tries=tries)
        return await resolver.query("Example.com.", "a")


def failing(*servers: Scripted, tries: tuple[float, ...] = PATIENT) -> CollectError:
    with pytest.raises(CollectError) as caught:
        run(asked(*servers, tries=tries))
    return caught.value


def test_an_answer() -> None:
    found = run(asked(Scripted(says(A))))
    assert found == Answer("example.com", "A", ("192.0.2.1",), authenticated=False, ttl=300)


def test_an_absence() -> None:
    found = run(asked(Scripted(says(rcode=3, authority=SOA))))
    assert found == Absent(
        "example.com", "A", nxdomain=True, authenticated=False, zone="example.com"
    )


def test_a_lost_datagram_is_asked_again() -> None:
    peer = Scripted(silent, says(A))
    assert isinstance(run(asked(peer, tries=(0.05, 20.0))), Answer)
    assert len(peer.got) == 2


def test_each_try_has_an_id_of_its_own() -> None:
    peer = Scripted(silent)
    failing(peer, tries=HASTY * 4)
    assert len({message.id for message in peer.got}) > 9


def test_the_second_try_goes_to_the_second_server() -> None:
    first, second = Scripted(silent), Scripted(says(A))
    assert isinstance(run(asked(first, second, tries=(0.05, 20.0, 20.0))), Answer)
    assert (len(first.got), len(second.got)) == (1, 1)


def test_silence_is_a_timeout() -> None:
    error = failing(Scripted(silent), tries=HASTY)
    assert error.reason is Reason.TIMEOUT
    assert "A example.com" in error.detail


def test_another_server_may_know_what_the_first_refuses() -> None:
    assert isinstance(run(asked(Scripted(says(rcode=5)), Scripted(says(A)))), Answer)


@pytest.mark.parametrize(("rcode", "reason"), [(2, Reason.SERVFAIL), (5, Reason.REFUSED)])
def test_when_all_servers_have_spoken_it_is_over(rcode: int, reason: Reason) -> None:
    first, second = Scripted(says(rcode=rcode)), Scripted(says(rcode=rcode))
    assert failing(first, second).reason is reason
    assert len(second.got) == 1


def test_a_zone_with_wrong_signatures_is_told_from_a_broken_one() -> None:
    forged = Scripted(says(rcode=2), says(A), says(rcode=2))
    error = failing(forged)
    assert isinstance(error, BogusError)
    assert error.reason is Reason.SERVFAIL
    assert "bogus" in error.detail
    assert [bool(message.flags & dns.flags.CD) for message in forged.got] == [False, True, False]


@pytest.mark.parametrize(
    "then", [says(rcode=2), silent, says(A, rcode=5)], ids=["broken", "silent", "refused"]
)
def test_what_fails_unchecked_too_is_not_called_forged(
    then: Callable[[bytes], list[bytes]],
) -> None:
    error = failing(Scripted(says(rcode=2), then), tries=(2.0,))  # silence is waited for once
    assert not isinstance(error, BogusError)
    assert error.reason is Reason.SERVFAIL


def test_a_failure_that_changes_its_kind_is_not_called_forged() -> None:
    error = failing(Scripted(says(rcode=2), says(A), says(rcode=5)))
    assert not isinstance(error, BogusError)


def test_a_failure_that_has_passed_is_an_answer() -> None:
    assert isinstance(run(asked(Scripted(says(rcode=2), says(A)))), Answer)


def resolved(
    answers: Callable[[str, str], Callable[[bytes], list[bytes]]], *questions: tuple[str, str]
) -> tuple[list[Answer | Absent | Reason], list[tuple[str, str]]]:
    """What a resolver makes of a server that answers by name and type, and what it asked."""
    got: list[tuple[str, str]] = []

    def server(wire: bytes) -> list[bytes]:
        (question,) = dns.message.from_wire(wire).question
        name = question.name.to_text(omit_final_dot=True)
        rdtype = dns.rdatatype.to_text(question.rdtype)
        got.append((name, rdtype))
        return answers(name, rdtype)(wire)

    async def scene() -> list[Answer | Absent | Reason]:
        found: list[Answer | Absent | Reason] = []
        async with udp(server) as port:
            resolver = StubResolver([("127.0.0.1", port)], tries=PATIENT)
            for question in questions:
                try:
                    found.append(await resolver.query(*question))
                except CollectError as error:
                    found.append(error.reason)
        return found

    return run(scene()), got


EMPTY = says()
THREE = (("_dmarc.example.com", "TXT"), ("www.example.com", "CAA"), ("example.com", "MX"))


def test_an_empty_reply_counts_once_the_zone_has_spoken() -> None:
    """Caches and home routers leave the SOA out."""
    found, got = resolved(lambda _, rdtype: says(SOA) if rdtype == "SOA" else EMPTY, *THREE)
    assert all(isinstance(one, Absent) for one in found)
    assert len(got) == 4
    assert got.count(("example.com", "SOA")) == 1


def test_a_lame_zone_s_empty_replies_prove_nothing() -> None:
    found, got = resolved(lambda _, __: EMPTY, *THREE, ("example.com", "SOA"))
    assert set(found) == {Reason.INCONCLUSIVE}
    assert len(got) == 4


def test_a_zone_that_denies_its_own_existence_proves_nothing() -> None:
    gone = says(rcode=3)
    found, _ = resolved(lambda _, rdtype: gone if rdtype == "SOA" else EMPTY, THREE[0])
    assert found == [Reason.INCONCLUSIVE]


def test_a_denial_without_zone_counts_once_the_zone_has_spoken() -> None:
    """Home routers leave the SOA out of these as well; a filter's are not the zone's."""
    gone = says(rcode=3)
    names = (("_dmarc.com", "TXT"), ("_dmarc.example.com", "SOA"))
    found, got = resolved(lambda _, rdtype: says(SOA) if rdtype == "SOA" else gone, THREE[0])
    assert isinstance(found[0], Absent)
    com = says("com. 9 IN SOA a. b. 1 2 3 4 5")
    found, got = resolved(lambda name, _: com if name == "com" else gone, *names)
    assert (isinstance(found[0], Absent), found[1]) == (True, Reason.INCONCLUSIVE)
    assert ("com", "SOA") in got


@pytest.mark.parametrize(("rcode", "believed"), [(0, False), (3, True)])
def test_a_zone_is_denied_by_the_one_above_only(rcode: int, believed: bool) -> None:
    """Some filters answer NXDOMAIN to every question for text."""
    above = says(rcode=rcode, authority="com. 300 IN SOA a. b. 1 2 3 4 5")
    gone = says(rcode=3)
    found, _ = resolved(lambda _, rdtype: above if rdtype == "SOA" else gone, THREE[2])
    assert isinstance(found[0], Absent) is believed


def test_a_name_below_a_zone_may_be_denied_by_the_zone_above() -> None:
    above = says(authority="com. 300 IN SOA ns.example.com. h.example.com. 1 2 3 4 5")
    found, _ = resolved(lambda _, rdtype: above if rdtype == "SOA" else EMPTY, THREE[0])
    assert isinstance(found[0], Absent)


def test_the_zone_at_the_end_of_the_aliases_has_to_speak() -> None:
    alias = says("www.example.com. 9 IN CNAME a.b.example.")

    def answers(name: str, rdtype: str) -> Callable[[bytes], list[bytes]]:
        return {"www.example.com": alias}.get(name, EMPTY)

    found, got = resolved(answers, ("www.example.com", "TXT"))
    assert found == [Reason.INCONCLUSIVE]
    assert got[-1] == ("b.example", "SOA")


def test_a_server_without_extensions_is_asked_plainly() -> None:
    peer = Scripted(says(rcode=1), says(A))
    assert isinstance(run(asked(peer)), Answer)
    assert [message.edns for message in peer.got] == [0, -1]


def test_nobody_there_is_unreachable() -> None:
    async def scene() -> None:
        async with udp(silent) as port:
            pass
        await StubResolver([("127.0.0.1", port)]).query("example.com", "A")

    with pytest.raises(CollectError) as caught:
        run(scene())
    assert caught.value.reason is Reason.UNREACHABLE


def test_aliases_are_followed_over_several_replies() -> None:
    lame = "x. 300 IN NS ns.x."
    peer = Scripted(
        says("example.com. 9 IN CNAME b.example.", authority=lame),
        says("b.example. 9 IN A 192.0.2.7"),
    )
    found = run(asked(peer))
    assert isinstance(found, Answer)
    assert (found.name, found.chain, found.records) == (
        "example.com",
        ("b.example",),
        ("192.0.2.7",),
    )


def test_aliases_that_loop_over_several_replies_are_malformed() -> None:
    lame = "x. 300 IN NS ns.x."
    peer = Scripted(
        says("example.com. 9 IN CNAME b.example.", authority=lame),
        says("b.example. 9 IN CNAME example.com.", authority=lame),
    )
    assert failing(peer).reason is Reason.MALFORMED


def test_what_was_begun_is_asked_once_and_failures_come_in_their_place() -> None:
    questions = [("example.com", "A"), ("EXAMPLE.com.", "a"), ("a..b", "A"), ("b.example", "A")]

    async def scene(peer: Scripted) -> None:
        async with udp(peer) as port:
            resolver = StubResolver([("127.0.0.1", port)], tries=PATIENT)
            resolver.begin(*questions[:3])
            found = await every(Ration(resolver, 3), questions)
            assert [isinstance(one, Answer) for one in found] == [True, True, False, False]
            reasons = [one.reason for one in found if isinstance(one, CollectError)]
            assert reasons == [Reason.MALFORMED, Reason.TOO_LARGE]
            resolver.begin(*questions[:3])
            assert not resolver._asked

    peer = Scripted(says(A))
    run(scene(peer))
    assert len(peer.got) == 1


def test_equal_questions_are_asked_once_per_run() -> None:
    async def scene(peer: Scripted) -> None:
        async with udp(peer) as port:
            resolver = StubResolver([("127.0.0.1", port)], tries=PATIENT)
            names = ["example.com", "EXAMPLE.com."] * 20
            await asyncio.gather(*(resolver.query(name, "A") for name in names))
            await resolver.query("example.com", "A")
            assert not resolver._asked

    peer = Scripted(says(A))
    run(scene(peer))
    assert len(peer.got) == 1


def test_a_failure_is_remembered_too() -> None:
    async def scene(peer: Scripted) -> None:
        async with udp(peer) as port:
            resolver = StubResolver([("127.0.0.1", port)], tries=PATIENT)
            for _ in range(3):
                with pytest.raises(CollectError):
                    await resolver.query("example.com", "A")

    peer = Scripted(says(rcode=5))
    run(scene(peer))
    assert len(peer.got) == 1


def test_one_who_gives_up_does_not_take_the_answer_from_the_others() -> None:
    async def scene() -> Answer | Absent:
        arrived = asyncio.Event()

        def late(wire: bytes) -> list[bytes]:
            arrived.set()
            return [reply(wire, A).to_wire()]

        async with udp(late) as port:
            resolver = StubResolver([("127.0.0.1", port)], tries=PATIENT)
            first = asyncio.create_task(resolver.query("example.com", "A"))
            second = asyncio.create_task(resolver.query("example.com", "A"))
            await arrived.wait()
            first.cancel()
            return await second

    assert isinstance(run(scene()), Answer)


ZONES: dict[str, dict[str, Records]] = {
    "both.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]},
    "half.example": {"A": ["192.0.2.1"], "AAAA": "SERVFAIL"},
    "none.example": {"A": "TIMEOUT"},
    "mail.example": {"MX": ["0 ."]},
}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("both.example", ("192.0.2.1", "2001:db8::1")),
        ("half.example", ("192.0.2.1",)),
        ("mail.example", ()),
        ("missing.example", ()),
        ("192.0.2.9", ("192.0.2.9",)),
        ("[2001:DB8::9]", ("2001:db8::9",)),
    ],
)
def test_addresses(host: str, expected: tuple[str, ...]) -> None:
    assert run(addresses(FakeResolver(ZONES), host)) == expected


def test_addresses_that_could_not_be_asked_for_are_not_absent() -> None:
    with pytest.raises(CollectError) as caught:
        run(addresses(FakeResolver(ZONES), "none.example"))
    assert caught.value.reason is Reason.TIMEOUT


def test_a_resolver_is_given_by_address() -> None:
    assert server("127.0.0.1:5300") == ("127.0.0.1", 5300)
    assert server("::1") == ("::1", 53)
    with pytest.raises(ValueError, match="not an IP address"):
        server("dns.example:53")


class _Configured:
    port = 53
    nameservers = ("192.0.2.53", "https://dns.example/query")


def test_the_system_s_resolvers_are_read_when_they_are_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dns.resolver, "Resolver", _Configured)
    assert system_servers() == [("192.0.2.53", 53)]


def test_a_computer_without_a_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver, "Resolver", none)
    with pytest.raises(CollectError) as caught:
        run(StubResolver().query("example.com", "A"))
    assert caught.value.reason is Reason.UNREACHABLE
    assert own.TRIES == (0.4, 0.8, 1.6, 3.2)
