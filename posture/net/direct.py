"""One name server, asked by itself: what it says stands, and no resolver is in between."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from posture.model import CollectError, Reason
from posture.net import wire
from posture.net.datagrams import Inquiry, Line, Where
from posture.net.message import Query, Reply
from posture.net.scope import Scope
from posture.net.tcp import Dialler, SocketChannel, Stream, failure

PORT = 53
TRIES = (1.0, 2.0)
"""Seconds that each try waits for a datagram."""
TCP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one server said to one question. Everything in it was chosen by the server."""

    rcode: str
    """``NOERROR``, ``REFUSED``, …"""
    authoritative: bool = False
    """It says that it holds the zone (AA)."""
    recursive: bool = False
    """It says that it would ask others (RA)."""
    records: tuple[str, ...] = ()
    """Of the name and type asked, aliases not followed; as :class:`posture.net.Answer` has them."""
    referral: str = ""
    """The zone whose servers it names instead of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """How one server took the wish for a copy of a zone. Of the copy itself nothing is kept."""

    rcode: str
    records: int = 0
    """How many came in what was read: the first message or two."""
    octets: int = 0
    """Size of what was read."""
    begun: bool = False
    """The first record was the zone's SOA, as it is where a transfer begins (RFC 5936 §2.2)."""


async def ask(
    dialler: Dialler,
    scope: Scope,
    address: str,
    query: Query,
    *,
    tries: Sequence[float] = TRIES,
) -> Statement:
    """Put the question to the server at ``address``; see ``Net.ask``."""
    async with dialler.place(scope, address, PORT) as where:
        reply = await _told(where, query, tries)
    if reply.truncated:
        async with await _line(dialler, scope, address) as stream:
            reply = await _over_tcp(stream, reply.query)
    return Statement(
        rcode=reply.rcode,
        authoritative=reply.authoritative,
        recursive=reply.recursive,
        records=reply.records,
        referral=reply.referral,
    )


async def transfer(dialler: Dialler, scope: Scope, address: str, zone: str) -> Transfer:
    """Ask for a copy of ``zone`` and hang up when two records have come; see ``Net.transfer``."""
    query = Query(name=zone, rdtype="AXFR", recursion=False, edns=False, id=secrets.randbits(16))
    async with await _line(dialler, scope, address) as stream:
        first = await _over_tcp(stream, query)
        answer = first.message.answer
        found = Transfer(
            rcode=first.rcode,
            records=len(answer),
            octets=len(first.message.wire),
            begun=bool(answer) and (answer[0].owner, answer[0].rdtype) == (query.name, wire.SOA),
        )
        if found.begun and found.records == 1:
            return await _continued(stream, query, found)
        return found


async def _continued(stream: Stream, query: Query, found: Transfer) -> Transfer:
    """Add the second message: the first, with nothing but the SOA, may be all there is."""
    try:
        data = await _message(stream)
        records = len(wire.decode(data).answer)
    except (CollectError, wire.ParseError):
        return found
    if int.from_bytes(data[:2]) != query.id:
        return found
    return replace(found, records=1 + records, octets=found.octets + len(data))


async def _told(where: Where, query: Query, tries: Sequence[float]) -> Reply:
    """Ask over UDP until a reply comes; raise what the last try met."""
    inquiry = Inquiry()
    error = query.failure(Reason.TIMEOUT, f"{where[0]} does not answer")
    try:
        for seconds in tries:
            try:
                reply, _ = await inquiry.reply(Line(where), query, seconds)
            except TimeoutError:
                continue
            except OSError as problem:
                error = failure(problem, f"{where[0]} port {where[1]}, UDP")
                continue
            except CollectError as problem:
                error = problem
                continue
            if not reply.without_edns:
                return reply
            query = replace(query, edns=False)
            error = query.failure(Reason.MALFORMED, f"{where[0]} answers {reply.rcode}")
    finally:
        inquiry.end()
    raise error


async def _line(dialler: Dialler, scope: Scope, address: str) -> Stream:
    line = await dialler.open(scope, address, PORT)
    return Stream(SocketChannel(line), peer=line.peer, lifetime=TCP_SECONDS)


async def _over_tcp(stream: Stream, query: Query) -> Reply:
    message = query.wire()
    await stream.write(len(message).to_bytes(2) + message)  # RFC 1035 §4.2.2
    reply = query.read(await _message(stream))
    if reply is None or reply.truncated:
        raise query.failure(Reason.MALFORMED, "the reply over TCP is not whole, or not ours")
    return reply


async def _message(stream: Stream) -> bytes:
    return await stream.readexactly(int.from_bytes(await stream.readexactly(2)))
