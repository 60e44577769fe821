"""What hostile resolvers do to their answers, and what hostile zones hold."""

from __future__ import annotations

import secrets
from itertools import pairwise
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from posture.demo.dns import Fate
from tests.hostile.worlds import NAME, SOA, Twist, World, fitting, office
from tests.net.peers import forever

if TYPE_CHECKING:
    import asyncio

    from tests.net_tls.servers import Handler

    Message = dns.message.Message

DMARC = f"_dmarc.{NAME}"


def asked(query: Message) -> tuple[str, str]:
    """Name and type of a question."""
    (question,) = query.question
    return question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(
        question.rdtype
    )


def texts(change: Twist, over_tcp: Handler | None = None, *, refuses_tcp: bool = False) -> World:
    """Do something to the answers to questions for text."""

    def only_texts(query: Message, reply: Message) -> list[bytes] | None:
        return change(query, reply) if asked(query)[1] == "TXT" else None

    return World(twist=only_texts, over_tcp=over_tcp, refuses_tcp=refuses_tcp)


def coded(rcode: int) -> World:
    """Fail every question for text in this way."""

    def change(query: Message, reply: Message) -> list[bytes]:
        empty = dns.message.make_response(query, recursion_available=True)
        empty.set_rcode(dns.rcode.Rcode.make(rcode))
        return [empty.to_wire()]

    return texts(change)


def referral(query: Message, _: Message) -> list[bytes]:
    """Name other servers instead of an answer, as a lame one does."""
    reply = dns.message.make_response(query)
    reply.authority = [dns.rrset.from_text("example.", 60, "IN", "NS", "ns.demo.example.")]
    return [reply.to_wire()]


def silent(query: Message, _: Message) -> list[bytes]:
    """Send nothing."""
    del query
    return []


def cut_off(query: Message, _: Message) -> list[bytes]:
    reply = dns.message.make_response(query, recursion_available=True)
    reply.flags |= dns.flags.TC
    return [reply.to_wire()]


async def mute(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await forever(reader)


async def in_half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(2)
    writer.write(b"\x40\0half of it")
    await writer.drain()


def pointing_at_itself(query: Message, _: Message) -> list[bytes]:
    wire = dns.message.make_response(query, recursion_available=True).to_wire()
    at = len(query.question[0].name.to_wire() or b"") + 16
    record = (0xC000 | at).to_bytes(2) + b"\0\x10\0\1\0\0\0\1\0\2\1x"
    return [wire[:6] + b"\0\1" + wire[8:at] + record + wire[at:]]


def forged(query: Message) -> Message:
    """A reply in the wrong words: nobody is let in, all is rejected."""
    made = dns.message.make_response(query, recursion_available=True)
    text = '"v=spf1 -all" "v=DMARC1; p=none"'
    made.answer = [dns.rrset.from_text(query.question[0].name, 60, "IN", "TXT", text)]
    return made


def with_wrong_id(query: Message, _: Message) -> list[bytes]:
    wire = bytearray(forged(query).to_wire())
    wire[0] ^= 0xFF
    return [bytes(wire)] * 5


def with_wrong_question(query: Message, _: Message) -> list[bytes]:
    other = dns.message.make_query("other.example", "TXT", id=query.id)
    return [forged(other).to_wire()] * 5


def early(*forgers: Twist) -> Twist:
    """Send forgeries, then the honest reply."""

    def change(query: Message, reply: Message) -> list[bytes]:
        first = [wire for forger in forgers for wire in forger(query, reply) or ()]
        return [*first, b"", secrets.token_bytes(60), fitting(query, reply)]

    return change


def answering(*records: str) -> Twist:
    """Put these records into the answer to each question about DMARC, and nothing else."""

    def change(query: Message, reply: Message) -> list[bytes] | None:
        if not asked(query)[0].endswith(DMARC):
            return None
        made = dns.message.make_response(query, recursion_available=True)
        made.answer = [rrset(record) for record in records]
        return [made.to_wire()]

    return change


def rrset(record: str) -> dns.rrset.RRset:
    """Read ``owner ttl class type data``."""
    owner, ttl, kind, rdtype, data = record.split(" ", 4)
    return dns.rrset.from_text(owner, int(ttl), kind, rdtype, data)


def zones(*records: tuple[str, str, str]) -> World:
    """The office with these records; those that were there instead make way."""
    made = office()
    for owner, rdtype, _ in records:
        node = made.names.setdefault(owner, {})
        node.pop(rdtype, None)
        if rdtype == "CNAME":
            node.clear()
    for owner, rdtype, data in records:
        made.add(owner, rdtype, data)
    return World(made)


def policy(*records: str) -> World:
    """The office with these DMARC records."""
    return zones(*((DMARC, "TXT", f'"{record}"') for record in records))


def sender(record: str, **more: str) -> World:
    """The office with this SPF record, and others beneath it."""
    beneath = [(f"{label}.{NAME}", "TXT", f'"{text}"') for label, text in more.items()]
    return zones((NAME, "TXT", f'"{record}"'), *beneath)


def keeping_silent(world: World, *names: str) -> World:
    """Let questions for the addresses of these names go unanswered."""
    for name in names:
        world.zones.fail(name, "A", Fate.TIMEOUT)
    return world


def chained(length: int, *, loop: bool = False) -> World:
    made = office()
    del made.names[DMARC]
    names = [DMARC, *(f"c{number}.{NAME}" for number in range(length))]
    for owner, target in pairwise(names):
        made.add(owner, "CNAME", f"{target}.")
    if loop:
        made.add(names[-1], "CNAME", f"{DMARC}.")
    else:
        made.text(names[-1], "v=DMARC1; p=reject")
    return World(made, twist=one_step)


def one_step(query: Message, reply: Message) -> list[bytes]:
    """Give the first alias only: the resolver is to follow."""
    reply.answer = reply.answer[:1]
    reply.authority = [] if reply.answer else reply.authority
    return [fitting(query, reply)]


def inventive(query: Message, reply: Message) -> list[bytes] | None:
    """Have an address for every name that is not there, as some providers do."""
    name, rdtype = asked(query)
    if rdtype != "A" or reply.rcode() != dns.rcode.NXDOMAIN:
        return None
    made = dns.message.make_response(query, recursion_available=True)
    made.answer = [dns.rrset.from_text(name + ".", 60, "IN", "A", "203.0.113.66")]
    return [made.to_wire()]


def led_astray() -> World:
    made = zones((NAME, "MX", "10 mail.lapsed.test."), (f"www.{NAME}", "CNAME", "shop.lost.test."))
    made.zones.add("test", "SOA", SOA)
    made.twist = inventive
    return made


def bogus(*questions: str) -> World:
    """A signed domain whose SOA, and the answers to these questions, do not hold when checked."""
    broken = {f"SOA {NAME}", *questions}

    def change(query: Message, reply: Message) -> list[bytes] | None:
        name, rdtype = asked(query)
        if query.flags & dns.flags.CD or f"{rdtype} {name}" not in broken:
            return None
        failed = dns.message.make_response(query, recursion_available=True)
        failed.set_rcode(dns.rcode.SERVFAIL)
        return [failed.to_wire()]

    made = zones((NAME, "DS", f"4711 13 2 {'ab' * 32}"), ("example", "DS", f"1 13 2 {'cd' * 32}"))
    made.twist = change
    return made


def vouching(query: Message, reply: Message) -> list[bytes]:
    """Say of everything that it was validated, as a forwarder does that copies our flags."""
    reply.flags |= dns.flags.AD
    return [fitting(query, reply)]


def copying(query: Message, reply: Message) -> list[bytes]:
    """Say that it was validated of whatever is asked with the flag that asks so."""
    reply.flags &= ~dns.flags.AD
    reply.flags |= query.flags & dns.flags.AD
    return [fitting(query, reply)]


def copied() -> World:
    """A signed domain, seen through a forwarder that validates nothing."""
    made = zones(
        (NAME, "DS", f"4711 13 2 {'ab' * 32}"),
        (NAME, "RRSIG SOA", f"SOA 13 2 300 20991205010203 20261107040506 4711 {NAME}. c2ln"),
        ("example", "DS", f"1 13 2 {'cd' * 32}"),
    )
    made.twist = copying
    return made


def flipping() -> World:
    """Deny every second question."""
    turns: list[object] = []

    def change(query: Message, reply: Message) -> list[bytes]:
        turns.append(query)
        return denied(query, reply) if len(turns) % 2 else [fitting(query, reply)]

    return World(twist=change)


def denied(query: Message, _: Message) -> list[bytes]:
    """Deny without any zone that says so."""
    reply = dns.message.make_response(query, recursion_available=True)
    reply.set_rcode(dns.rcode.NXDOMAIN)
    return [reply.to_wire()]


def living(seconds: int) -> World:
    """Records of this lifetime."""

    def change(query: Message, reply: Message) -> list[bytes]:
        for rrset in reply.answer:
            rrset.ttl = seconds
        return [fitting(query, reply)]

    return World(twist=change)
