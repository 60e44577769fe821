"""A stub resolver: asks the configured servers, and never takes silence for an answer."""

import asyncio
import secrets
import socket
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from posture.model import CollectError, Reason
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
    "Resolver",
    "StubResolver",
    "addresses",
    "server",
    "system_servers",
]

TRIES = (0.8, 1.6, 3.2)
"""Seconds that each try waits; the second goes to the second server, if there is one."""
TCP_SECONDS = 5.0
AT_ONCE = 64


class Resolver(Protocol):
    """What collectors ask."""

    async def query(self, name: str, rdtype: str) -> Answer | Absent:
        """Return the records or the proof that there are none.

        Raises ``CollectError``: TIMEOUT, SERVFAIL, REFUSED, UNREACHABLE, MALFORMED, INCONCLUSIVE;
        ``BogusError`` (SERVFAIL) when only DNSSEC is in the way of an answer.
        """
        ...  # pragma: no cover - protocol


def server(text: str) -> tuple[str, int]:
    """Read a resolver's address, ``ip``, ``ip:port`` or ``[ip]:port``; raises ``ValueError``."""
    host, port = split(text, 53)
    if literal(host) is None:
        message = f"{text!r} is not an IP address and port"
        raise ValueError(message)
    return host, port


async def addresses(resolver: Resolver, host: str) -> tuple[str, ...]:
    """Return the IPv4, then the IPv6 addresses of ``host``; none if it provably has none.

    An address is returned as it is. If only one of the two questions fails, the answer to the
    other counts as long as it holds an address; else the failure is raised.
    """
    if found := literal(host):
        return (str(found),)
    four, six = await asyncio.gather(_family(resolver, host, "A"), _family(resolver, host, "AAAA"))
    known = tuple(item for part in (four, six) if isinstance(part, tuple) for item in part)
    if not known:
        for part in four, six:
            if isinstance(part, CollectError):
                raise part
    return known


async def _family(resolver: Resolver, host: str, rdtype: str) -> tuple[str, ...] | CollectError:
    try:
        found = await resolver.query(host, rdtype)
    except CollectError as error:
        return error
    return found.records if isinstance(found, Answer) else ()


class StubResolver:
    """Asks recursive servers over UDP, and over TCP what does not fit.

    Each attempt has its own socket, hence its own random port, besides a random id. Questions
    are answered once per run: equal ones share one exchange, and its outcome is kept, failures
    included, so that everything judged together rests on the same observation.
    """

    def __init__(
        self, servers: Iterable[tuple[str, int]] = (), *, tries: Sequence[float] = TRIES
    ) -> None:
        """Take IP addresses and ports; none means those the system is configured with."""
        self.servers = list(servers)
        self._tries = tries
        self._known: dict[tuple[str, str], Answer | Absent | CollectError] = {}
        self._asked: dict[tuple[str, str], asyncio.Task[Answer | Absent | CollectError]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def query(self, name: str, rdtype: str) -> Answer | Absent:
        """Return the records or the proof that there are none; see :class:`Resolver`."""
        key = asked_name(name), rdtype.upper()
        found = self._known.get(key)
        if found is None:
            if key not in self._asked:
                self._asked[key] = asyncio.create_task(self._settle(key))
            found = await asyncio.shield(self._asked[key])
        if isinstance(found, CollectError):
            raise type(found)(found.reason, found.detail)
        return found

    async def _settle(self, key: tuple[str, str]) -> Answer | Absent | CollectError:
        """Ask, and keep what came of it: a task that raised would have to be listened to."""
        found: Answer | Absent | CollectError
        try:
            async with self._slots:
                found = await self._resolve(*key)
            if isinstance(found, Absent) and not found.proven:
                await self._confirm(found)
        except CollectError as error:
            found = error.with_traceback(None)
        finally:
            del self._asked[key]
        self._known[key] = found
        return found

    async def _confirm(self, found: Absent) -> None:
        """Believe an empty reply without SOA only if the zone it is about answers at all.

        Caches leave the SOA out; but a resolver whose servers for the zone are lame may say the
        same. One question settles it for a whole zone.
        """
        last = found.chain[-1] if found.chain else found.name
        if found.rdtype != "SOA":  # nobody asks for proof of the proof: that could go in circles
            seen = await self.query(registrable(last) or last, "SOA")
            if isinstance(seen, Answer) or seen.zone:
                return
        detail = f"{found.rdtype} {found.name}: an empty reply, and no SOA of the zone"
        raise CollectError(Reason.INCONCLUSIVE, detail)

    async def _resolve(self, name: str, rdtype: str) -> Answer | Absent:
        """Follow aliases over as many exchanges as the server needs."""
        chain: tuple[str, ...] = ()
        authenticated = True
        while True:
            query = Query(name=chain[-1] if chain else name, rdtype=rdtype)
            found = (await self._exchange(query)).interpret()
            authenticated &= found.authenticated
            chain += found.chain
            if len(chain) > MAX_CHAIN or len({name, *chain}) <= len(chain):
                raise query.failure(Reason.MALFORMED, "the aliases loop or are too many")
            if not isinstance(found, Alias):
                return joined(found, name, chain, authenticated=authenticated)

    async def _exchange(self, query: Query) -> Reply:
        """Try until a server gives a usable reply; raise what the last try met."""
        servers = self.servers or await in_thread(system_servers)
        error: CollectError | None = None
        for number, seconds in enumerate(self._tries):
            try:
                reply = await _ask(query, servers[number % len(servers)], seconds)
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
        error = error or query.failure(Reason.TIMEOUT, "no try was made")
        if error.reason is not Reason.SERVFAIL:
            raise error
        return await self._unchecked(query, error, servers[0])

    async def _unchecked(self, query: Query, error: CollectError, where: tuple[str, int]) -> Reply:
        """Tell a zone whose signatures are wrong from one whose servers are broken, and raise it.

        What is refused only as long as it is checked, before and after, is bogus; a failure that
        has passed meanwhile was another one.
        """
        try:
            unchecked = await _ask(replace(query, checking_disabled=True), where, self._tries[0])
            checked = await _ask(query, where, self._tries[0])
        except CollectError:
            raise error from None
        again = checked.error()
        if again is None:
            return checked
        if unchecked.error() is None and again.reason is Reason.SERVFAIL:
            detail = f"{query.rdtype} {query.name}: DNSSEC validation fails (bogus)"
            raise BogusError(Reason.SERVFAIL, detail)
        raise error


async def _ask(query: Query, where: tuple[str, int], seconds: float) -> Reply:
    """Put the question to one server, over TCP if the answer does not fit into a datagram."""
    query = replace(query, id=secrets.randbits(16))
    whom = f"resolver {where[0]} port {where[1]}"
    try:
        reply = await _timed(_udp(query, where), seconds)
        if not reply.truncated:
            return reply
        whom += " over TCP, after a truncated answer"
        return await _timed(_tcp(query, where), TCP_SECONDS)
    except TimeoutError:
        raise query.failure(Reason.TIMEOUT, f"{whom} does not answer") from None
    except OSError as error:
        raise query.failure(Reason.UNREACHABLE, f"{whom}: {error.strerror}") from None


async def _timed(step: Coroutine[None, None, Reply], seconds: float) -> Reply:
    async with asyncio.timeout(seconds):
        return await step


def _socket(where: tuple[str, int], kind: socket.SocketKind) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET, kind)
    sock.setblocking(False)
    return sock


async def _udp(query: Query, where: tuple[str, int]) -> Reply:
    """Wait for the reply, past whatever else arrives: a forger must not end the wait."""
    loop = asyncio.get_running_loop()
    with _socket(where, socket.SOCK_DGRAM) as sock:
        await loop.sock_connect(sock, where)
        await loop.sock_sendall(sock, query.wire())
        while True:
            reply = query.read(await loop.sock_recv(sock, 65535))
            if reply is not None:
                return reply


async def _tcp(query: Query, where: tuple[str, int]) -> Reply:
    loop = asyncio.get_running_loop()
    wire = query.wire()
    with _socket(where, socket.SOCK_STREAM) as sock:
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
