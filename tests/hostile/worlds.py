"""Resolvers on loopback that answer for a whole domain, and twist their answers as a test says."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.message

from posture.demo.dns import Zones
from posture.model import Reason, Status
from posture.net.dns import StubResolver
from tests.lab.batch import Scanner
from tests.net.peers import tcp, udp
from tests.net_tls.servers import Handler

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from posture.model import Finding

Twist = Callable[[dns.message.Message, dns.message.Message], list[bytes] | None]
"""Question and honest reply to datagrams; None is the honest reply, none at all is silence."""

NAME = "x.example"
SOA = "ns.demo.example. h.demo.example. 1 7200 900 1209600 300"
MEMORY = 64 << 20
"""Octets that no peer may make the audit take beyond what it holds already."""
PATIENT = (20.0, 20.0)
HASTY = (1.5,)
"""Seconds of a resolver that is asked by somebody who has no time, as in tests of silence."""


def office(name: str = NAME) -> Zones:
    """Return a domain that has all it needs, so that whatever fails there is the peer's work."""
    zones = Zones()
    zones.add("example", "SOA", SOA)
    zones.add(name, "SOA", SOA)
    zones.add(name, "NS", f"ns1.{name}.", f"ns2.{name}.")
    zones.add(f"ns1.{name}", "A", "192.0.2.53")
    zones.add(f"ns2.{name}", "A", "198.51.100.53")
    zones.add(name, "A", "192.0.2.1")
    zones.add(f"mail.{name}", "A", "192.0.2.25")
    zones.add(name, "MX", f"10 mail.{name}.")
    zones.text(name, "v=spf1 mx -all")
    zones.text(f"_dmarc.{name}", f"v=DMARC1; p=reject; rua=mailto:d@{name}")
    return zones


@dataclass
class World:
    """Zones, and what becomes of a reply on its way."""

    zones: Zones = field(default_factory=office)
    twist: Twist | None = None
    over_tcp: Handler | None = None
    """None: connections are answered honestly."""
    refuses_tcp: bool = False

    def datagrams(self, wire: bytes) -> list[bytes]:
        query = dns.message.from_wire(wire)
        honest = self.zones.reply(query)
        if honest is None:
            return []
        twisted = self.twist(query, honest) if self.twist else None
        return [fitting(query, honest)] if twisted is None else twisted

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = dns.message.from_wire(
            await reader.readexactly(int.from_bytes(await reader.read(2)))
        )
        reply = self.zones.reply(query)
        wire = reply.to_wire(max_size=65535) if reply else b""
        writer.write(len(wire).to_bytes(2) + wire)
        await writer.drain()

    async def open(self, running: AsyncExitStack) -> tuple[str, int]:
        """Serve until the stack is closed."""
        port = await running.enter_async_context(tcp(self.over_tcp or self._connection))
        if self.refuses_tcp:
            return "127.0.0.1", await running.enter_async_context(udp(self.datagrams))
        await running.enter_async_context(udp(self.datagrams, port))
        return "127.0.0.1", port


def fitting(query: dns.message.Message, reply: dns.message.Message) -> bytes:
    """Write a reply, or, where it does not fit, that it is cut off."""
    try:
        return reply.to_wire(max_size=1232)
    except dns.exception.TooBig:
        short = dns.message.make_response(query, recursion_available=True)
        short.flags |= dns.flags.TC
        return short.to_wire()


@contextmanager
def within(octets: int | None) -> Iterator[None]:
    """Fail if more memory is taken meanwhile; None: do not look, for looking is slow."""
    if octets is None:
        yield
        return
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < octets
    finally:
        tracemalloc.stop()


@cache
def scanner() -> Scanner:
    """Load the two areas once."""
    return Scanner()


Rows = dict[str, tuple[Status, str]]


def audited(
    *worlds: World,
    patch: pytest.MonkeyPatch,
    name: str = NAME,
    hasty: bool = False,
    greedy: bool = False,
) -> list[Finding]:
    """Audit DNS and mail of a domain against these resolvers, as a scan does; it ends, and small.

    The guard of a minute is far beyond what the product's own limits come to.
    """
    seconds = HASTY if hasty else PATIENT

    async def scene() -> list[Finding]:
        async with AsyncExitStack() as running, asyncio.timeout(60):
            servers = [await world.open(running) for world in worlds]
            patch.setattr(
                "posture.net.root.StubResolver",
                lambda *_, **__: StubResolver(servers, tries=seconds),
            )
            return list((await scanner().scan(servers[0], [name])).judged.findings)

    scanner()
    with within(MEMORY if greedy else None):
        findings = asyncio.run(scene())
    broken = [one for one in findings if one.status is Status.ERROR or one.reason is Reason.BUG]
    assert broken == []
    return findings


def rows(findings: list[Finding]) -> Rows:
    """What each check says of the domain itself."""
    return {
        one.check: (one.status, one.says) for one in findings if one.subject.startswith("domain:")
    }
