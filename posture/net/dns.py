"""A stub resolver: asks the configured servers, and never takes silence for an answer."""

import asyncio
import socket
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from posture.model import CollectError, Reason
from posture.net.datagrams import Inquiry, Lines, Where, opened
from posture.net.memory import Memory
from posture.net.message import (
    MAX_CHAIN,
    Absent,
    Alias,
    Answer,
    BogusError,
    Query,
    Reply,
    asked_name,
    joined,
)
from posture.net.scope import literal, split
from posture.net.suffix import registrable
from posture.net.threads import in_thread

__all__ = [
    "Absent",
    "Answer",
    "BogusError",
    "Outcome",
    "Ration",
    "Resolver",
    "StubResolver",
    "addresses",
    "every",
    "outcome",
    "server",
    "system_servers",
]

TRIES = (0.4, 0.8, 1.6, 3.2)
"""Seconds that each try waits; the second goes to the second server, if there is one.

Where one datagram in twenty is lost, each way, one question in eleven thousand stays unanswered."""
TCP_SECONDS = 5.0
AT_ONCE = 64
"""Questions under way at a time."""
RATION = 400
"""Questions about one subject: hostile records must not make us ask without end."""

Key = tuple[str, str]
Outcome = Answer | Absent | CollectError


class Resolver(Protocol):
    """What collectors ask."""

    async def query(self, name: str, rdtype: str) -> Answer | Absent:
        """Return the records or the proof that there are none.

        Raises ``CollectError``: TIMEOUT, SERVFAIL, REFUSED, UNREACHABLE, MALFORMED, INCONCLUSIVE;
        ``BogusError`` (SERVFAIL) when only DNSSEC is in the way of an answer.
        """
        ...  # pragma: no cover - protocol

    def begin(self, *questions: Key) -> None:
        """Ask these side by side: ``query`` will find them under way. Costs no task each."""
        ...  # pragma: no cover - protocol


async def outcome(resolver: Resolver, name: str, rdtype: str) -> Outcome:
    """Return what ``query`` does, and a failure instead of raising it."""
    try:
        return await resolver.query(name, rdtype)
    except CollectError as error:
        return error


async def every(resolver: Resolver, questions: Iterable[Key]) -> tuple[Outcome, ...]:
    """Ask side by side, and return the outcomes in order."""
    asked = tuple(questions)
    resolver.begin(*asked)
    return tuple([await outcome(resolver, *question) for question in asked])


def server(text: str) -> tuple[str, int]:
    """Read a resolver's address, ``ip``, ``ip:port`` or ``[ip]:port``; raises ``ValueError``."""
    host, port = split(text, 53)
    if literal(host) is None:
        message = f"{text!r} is not an IP address and port"
        raise ValueError(message)
    return host, port


async def addresses(resolver: Resolver, host: str, *, either: bool = False) -> tuple[str, ...]:
    """Return the IPv4, then the IPv6 addresses of ``host``; none if it provably has none.

    With ``either``, IPv6 is asked for only where there is no IPv4. An address is returned as it
    is. If only one of the two questions fails, the answer to the other counts as long as it holds
    an address; else the failure is raised.
    """
    if found := literal(host):
        return (str(found),)
    both: tuple[Outcome, ...]
    if either:
        both = (await outcome(resolver, host, "A"),)
        if not isinstance(both[0], Answer):
            both = (*both, await outcome(resolver, host, "AAAA"))
    else:
        both = await every(resolver, ((host, "A"), (host, "AAAA")))
    known = tuple(item for found in both if isinstance(found, Answer) for item in found.records)
    if not known:
        for error in both:
            if isinstance(error, CollectError):
                raise error
    return known


class StubResolver:
    """Asks recursive servers over UDP, and over TCP what does not fit.

    A question has a random id, and a random port that it shares with at most 63 others. It is
    answered once per run: equal ones share one exchange, and its outcome is kept, failures
    included, so that everything judged together rests on the same observation.
    """

    def __init__(self, servers: Iterable[Where] = (), *, tries: Sequence[float] = TRIES) -> None:
        """Take IP addresses and ports; none means those the system is configured with."""
        self.servers = list(servers)
        self._tries = tries
        self._lines = Lines()
        self._known: Memory[Outcome] = Memory()
        self._asked: dict[Key, list[asyncio.Future[Outcome]]] = {}
        """Who waits for the outcome of a question."""
        self._queue: deque[Key] = deque()
        self._workers: set[asyncio.Task[None]] = set()

    async def query(self, name: str, rdtype: str) -> Answer | Absent:
        """Return the records or the proof that there are none; see :class:`Resolver`."""
        key = asked_name(name), rdtype.upper()
        found = self._known.get(key)
        if found is None:
            found = await self._outcome(key)
        if isinstance(found, CollectError):
            raise type(found)(found.reason, found.detail)
        if isinstance(found, Absent) and not found.proven:
            await self._confirm(found)
        return found

    def _outcome(self, key: Key) -> asyncio.Future[Outcome]:
        """Wait for what comes of a question; whoever gives up takes it from nobody else."""
        waiting: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._begin(key).append(waiting)
        return waiting

    def begin(self, *questions: Key) -> None:
        """Ask what is not known yet; see :class:`Resolver`."""
        for name, rdtype in questions:
            with suppress(CollectError):  # of what is no name, query says so
                key = asked_name(name), rdtype.upper()
                if self._known.get(key) is None:
                    self._begin(key)

    def _begin(self, key: Key) -> list[asyncio.Future[Outcome]]:
        """Have a question asked, unless it is being asked, and return who waits for it."""
        if key not in self._asked:
            self._asked[key] = []
            self._queue.append(key)
            if len(self._workers) < AT_ONCE:
                worker = asyncio.create_task(self._work())
                self._workers.add(worker)
                worker.add_done_callback(self._workers.discard)
        return self._asked[key]

    async def _work(self) -> None:
        """Ask what waits to be asked, one question after the other."""
        while self._queue:
            key = self._queue.popleft()
            found: Outcome | None = None
            try:
                found = await self._resolve(*key)
            except CollectError as error:
                found = error.with_traceback(None)
            finally:
                self._settle(key, found)

    def _settle(self, key: Key, found: Outcome | None) -> None:
        """Keep it and tell those who wait; there is no outcome where the run was ended."""
        if found is not None:
            self._known.put(key, found, _size(found))
        for waiting in self._asked.pop(key):
            if waiting.done():
                continue  # whoever asked has given up
            if found is None:
                waiting.cancel()
            else:
                waiting.set_result(found)

    async def _confirm(self, found: Absent) -> None:
        """Believe a denial without SOA only if the zone it is about answers, and is not denied.

        Caches leave the SOA out; but a resolver whose servers for the zone are lame may say the
        same, and so does a filter. One question settles it for a whole zone.
        """
        last = found.chain[-1] if found.chain else found.name
        zone = _zone(last)
        if found.rdtype != "SOA":  # nobody asks for proof of the proof: that could go in circles
            seen = await self.query(zone, "SOA")
            exists = isinstance(seen, Answer) or not seen.nxdomain
            if not (found.nxdomain and exists and zone == last):
                return
        detail = f"{found.rdtype} {found.name}: a denial, and no zone that bears it out"
        raise CollectError(Reason.INCONCLUSIVE, detail)

    async def _resolve(self, name: str, rdtype: str) -> Answer | Absent:
        """Follow aliases over as many exchanges as the server needs."""
        chain: tuple[str, ...] = ()
        authenticated = True
        while True:
            query = Query(name=chain[-1] if chain else name, rdtype=rdtype)
            found = (await self._exchange(query)).interpret()
            if not chain and not isinstance(found, Alias):
                return found
            authenticated &= found.authenticated
            chain += found.chain
            if len(chain) > MAX_CHAIN or len({name, *chain}) <= len(chain):
                raise query.failure(Reason.MALFORMED, "the aliases loop or are too many")
            if not isinstance(found, Alias):
                return joined(found, name, chain, authenticated=authenticated)

    async def _exchange(self, query: Query) -> Reply:
        """Try until a server gives a usable reply; raise what the last try met."""
        servers = self.servers or await in_thread(system_servers)
        inquiry = Inquiry()
        try:
            found = await self._tried(query, servers, inquiry)
        finally:
            inquiry.end()
        if isinstance(found, Reply):
            return found
        if found.reason is not Reason.SERVFAIL:
            raise found
        return await self._unchecked(query, found, servers[0])

    async def _tried(
        self, query: Query, servers: Sequence[Where], inquiry: Inquiry
    ) -> Reply | CollectError:
        error: CollectError | None = None
        for number, seconds in enumerate(self._tries):
            try:
                reply = await self._ask(query, servers[number % len(servers)], seconds, inquiry)
            except CollectError as failure:
                error = failure
                continue
            error = reply.error()
            if error is None:
                return reply
            if reply.without_edns:
                query = replace(query, edns=False)
            elif number + 1 >= len(servers):
                break  # every server has spoken
        return error or query.failure(Reason.TIMEOUT, "no try was made")

    async def _unchecked(self, query: Query, error: CollectError, where: Where) -> Reply:
        """Tell a zone whose signatures are wrong from one whose servers are broken, and raise it.

        What is refused only as long as it is checked, before and after, is bogus; a failure that
        has passed meanwhile was another one.
        """
        try:
            unchecked = await self._once(replace(query, checking_disabled=True), where)
            checked = await self._once(query, where)
        except CollectError:
            raise error from None
        again = checked.error()
        if again is None:
            return checked
        if unchecked.error() is None and again.reason is Reason.SERVFAIL:
            detail = f"{query.rdtype} {query.name}: DNSSEC validation fails (bogus)"
            raise BogusError(Reason.SERVFAIL, detail)
        raise error

    async def _once(self, query: Query, where: Where) -> Reply:
        inquiry = Inquiry()
        try:
            return await self._ask(query, where, self._tries[0], inquiry)
        finally:
            inquiry.end()

    async def _ask(self, query: Query, where: Where, seconds: float, inquiry: Inquiry) -> Reply:
        """Put the question to one server, over TCP if the answer does not fit into a datagram."""
        whom = f"resolver {where[0]} port {where[1]}"
        try:
            reply, where = await inquiry.reply(self._lines.line(where), query, seconds)
            if not reply.truncated:
                return reply
            whom += " over TCP, after a truncated answer"
            async with asyncio.timeout(TCP_SECONDS):
                return await _tcp(reply.query, where)
        except TimeoutError:
            raise query.failure(Reason.TIMEOUT, f"{whom} does not answer") from None
        except OSError as error:
            raise query.failure(Reason.UNREACHABLE, f"{whom}: {error.strerror}") from None


class Ration:
    """A resolver that answers so many different questions about one subject, and no more."""

    def __init__(self, resolver: Resolver, questions: int = RATION) -> None:
        """Pass questions on to ``resolver``."""
        self._resolver = resolver
        self._left = questions
        self._asked: set[int] = set()

    async def query(self, name: str, rdtype: str) -> Answer | Absent:
        """Ask; raises ``CollectError(TOO_LARGE)`` when the ration is used up."""
        if not self._allows(name, rdtype):
            detail = f"{rdtype} {name}: too many DNS questions about one subject"
            raise CollectError(Reason.TOO_LARGE, detail)
        return await self._resolver.query(name, rdtype)

    def begin(self, *questions: Key) -> None:
        """Ask those that the ration reaches; ``query`` tells of the others."""
        self._resolver.begin(*[question for question in questions if self._allows(*question)])

    def _allows(self, name: str, rdtype: str) -> bool:
        question = hash((name, rdtype))
        if question not in self._asked:
            if not self._left:
                return False
            self._left -= 1
            self._asked.add(question)
        return True


def _zone(name: str) -> str:
    """The zone to ask about a name; at a public suffix itself the name without its underscores."""
    labels = name.split(".")
    while len(labels) > 1 and labels[0].startswith("_"):
        labels = labels[1:]
    return registrable(name) or ".".join(labels)


def _size(found: Outcome) -> int:
    if isinstance(found, Answer):
        return sum(len(record) + 50 for record in found.records)
    return 0


async def _tcp(query: Query, where: Where) -> Reply:
    loop = asyncio.get_running_loop()
    wire = query.wire()
    with opened(where, socket.SOCK_STREAM) as sock:
        await loop.sock_connect(sock, where)
        await loop.sock_sendall(sock, len(wire).to_bytes(2) + wire)  # RFC 1035 §4.2.2
        size = int.from_bytes(await _exactly(sock, 2, query))
        reply = query.read(await _exactly(sock, size, query))
    if reply is None or reply.truncated:
        raise query.failure(Reason.MALFORMED, "the reply over TCP is not whole, or not ours")
    return reply


async def _exactly(sock: socket.socket, size: int, query: Query) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = await asyncio.get_running_loop().sock_recv(sock, size - len(data))
        if not part:
            raise query.failure(Reason.MALFORMED, "the reply over TCP was cut off")
        data += part
    return bytes(data)


def system_servers() -> list[tuple[str, int]]:
    """Read whom this computer asks; raises ``CollectError(UNREACHABLE)`` if nobody."""
    from dns.resolver import NoResolverConfiguration
    from dns.resolver import Resolver as Configured

    try:
        configured = Configured()
    except NoResolverConfiguration:
        configured = None
    found = [str(item) for item in configured.nameservers] if configured else []
    found = [item for item in found if "://" not in item]  # DNS over HTTPS is not spoken here
    if configured is None or not found:
        raise CollectError(Reason.UNREACHABLE, "this computer has no DNS server configured")
    return [(item, configured.port) for item in found]
