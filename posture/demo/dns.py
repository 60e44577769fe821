"""A small DNS server: it answers for the demo office's whole world, over UDP and TCP."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from posture.demo.conversation import listening

MAX_UDP = 1232
"""Octets that cross any path unfragmented; more is left to TCP."""
TTL = 3600
MAX_CHAIN = 8
TRIES = 20


class Fate(StrEnum):
    """What becomes of a question instead of an answer."""

    TIMEOUT = "timeout"
    SERVFAIL = "servfail"


@dataclass(slots=True)
class Zones:
    """Every name there is, with its records in presentation form."""

    names: dict[str, dict[str, list[str] | Fate]] = field(default_factory=dict)
    signed: set[str] = field(default_factory=set)
    """Domains whose answers carry the AD bit."""

    def add(self, name: str, rdtype: str, *records: str) -> None:
        """Add records, names in them absolute."""
        found = self.names.setdefault(name, {}).setdefault(rdtype, [])
        if isinstance(found, list):
            found.extend(records)

    def text(self, name: str, *texts: str) -> None:
        """Add TXT records, each cut into strings of at most 255 octets."""
        self.add(name, "TXT", *(" ".join(_strings(text)) for text in texts))

    def fail(self, name: str, rdtype: str, fate: Fate) -> None:
        """Let every question for this name and type meet this fate."""
        self.names.setdefault(name, {})[rdtype] = fate

    def exists(self, name: str) -> bool:
        """Whether the name, or one below it, has records (RFC 8020)."""
        return any(known == name or known.endswith(f".{name}") for known in self.names)

    def is_signed(self, name: str) -> bool:
        """Whether the name lies in a signed domain."""
        return any(name == top or name.endswith(f".{top}") for top in self.signed)

    def reply(self, query: dns.message.Message) -> dns.message.Message | None:
        """Answer one question, aliases followed; None is silence."""
        reply = dns.message.make_response(query, recursion_available=True, our_payload=MAX_UDP)
        question = query.question[0]
        rdtype = dns.rdatatype.to_text(question.rdtype)
        owner = self._follow(question.name, rdtype, reply)
        name = _text(owner)
        records = self.names.get(name, {}).get(rdtype, [])
        if records is Fate.TIMEOUT:
            return None
        if records is Fate.SERVFAIL:
            reply.set_rcode(dns.rcode.SERVFAIL)
            return reply
        if records:
            reply.answer.append(rrset(owner, rdtype, records))
            signatures = self.names[name].get(f"RRSIG {rdtype}", [])
            if query.ednsflags & dns.flags.DO and isinstance(signatures, list) and signatures:
                reply.answer.append(rrset(owner, "RRSIG", signatures))
        else:
            reply.authority.append(rrset(dns.name.root, "SOA", [_SOA]))
            if not self.exists(name):
                reply.set_rcode(dns.rcode.NXDOMAIN)
        if self.is_signed(name):
            reply.flags |= dns.flags.AD
        return reply

    def _follow(
        self, owner: dns.name.Name, rdtype: str, reply: dns.message.Message
    ) -> dns.name.Name:
        """Put the chain of CNAMEs into the reply and return the name it ends at."""
        for _ in range(MAX_CHAIN):
            records = self.names.get(_text(owner), {}).get("CNAME")
            if rdtype == "CNAME" or not isinstance(records, list):
                break
            reply.answer.append(rrset(owner, "CNAME", records))
            owner = dns.name.from_text(records[0])
        return owner


_SOA = "ns.demo.example. hostmaster.demo.example. 1 7200 900 1209600 300"


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def rrset(
    owner: dns.name.Name,
    rdtype: str,
    records: Iterable[str],
    rdclass: dns.rdataclass.RdataClass = dns.rdataclass.IN,
) -> dns.rrset.RRset:
    """Build a set of records from their presentation form."""
    return dns.rrset.from_text_list(owner, TTL, rdclass, rdtype, list(records))


def _strings(text: str) -> Iterator[str]:
    escaped = [c if c not in '"\\' else f"\\{c}" for c in text]
    for start in range(0, max(len(escaped), 1), 255):
        yield f'"{"".join(escaped[start : start + 255])}"'


class Answering(Protocol):
    """What knows the answers."""

    def reply(self, query: dns.message.Message) -> dns.message.Message | None:
        """Answer a message that holds a question; None is silence."""
        ...  # pragma: no cover - protocol


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, zones: Answering) -> None:
        self.zones = zones
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The event loop's own class does not derive from the one it is documented to be.
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        wire = _respond(self.zones, data, MAX_UDP)
        if wire and self.transport:
            self.transport.sendto(wire, address)


def _respond(zones: Answering, data: bytes, most: int) -> bytes | None:
    try:
        query = dns.message.from_wire(data)
    except dns.exception.DNSException:
        return None
    reply = zones.reply(query) if query.question else None
    if reply is None:
        return None
    try:
        return reply.to_wire(max_size=most)
    except dns.exception.TooBig:
        short = dns.message.make_response(query)
        short.flags = reply.flags | dns.flags.TC
        return short.to_wire()


@asynccontextmanager
async def serve(zones: Answering) -> AsyncIterator[int]:
    """Serve answers on a free loopback port, UDP and TCP alike, until the context ends."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            size = int.from_bytes(await reader.readexactly(2))  # RFC 1035 §4.2.2
            if wire := _respond(zones, await reader.readexactly(size), 65535):
                writer.write(len(wire).to_bytes(2) + wire)
                await writer.drain()

    # The port that TCP was given may be taken for UDP by somebody else.
    for _ in range(TRIES):
        async with listening(answer) as port:
            try:
                udp = await _udp(zones, port)
            except OSError:
                continue
            try:
                yield port
            finally:
                udp.close()
            return
    raise OSError("no port is free for both UDP and TCP")


async def _udp(zones: Answering, port: int) -> asyncio.DatagramTransport:
    loop = asyncio.get_running_loop()
    made, _ = await loop.create_datagram_endpoint(
        lambda: _Udp(zones), local_addr=("127.0.0.1", port)
    )
    return made
