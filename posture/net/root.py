"""The run's network: one resolver, one set of limits, and a ``Net`` for each collector call."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from posture.model import Subject, View
from posture.net import direct, process
from posture.net.direct import Statement, Transfer
from posture.net.dns import TRIES, Ration, Resolver, StubResolver, addresses, server
from posture.net.limits import Limits
from posture.net.memory import OVERHEAD, Memory
from posture.net.message import Query
from posture.net.scope import Scope, Territory, normal
from posture.net.tcp import (
    CONNECT_SECONDS,
    LIFETIME,
    PROBE_SECONDS,
    Dialler,
    PortState,
    SocketChannel,
    Stream,
)
from posture.net.trust import TrustAnchors

if TYPE_CHECKING:
    from posture.net.http import Http

SUBJECTS = 4096
"""Whose questions are counted; those looked at last, where one run sees more."""
GENTLE = 300.0
"""New connections a second with ``--gentle``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetConfig:
    """How this run talks, from ``[network]`` and what the client declared."""

    resolver: str = ""
    """``ip:port`` of a recursive DNS server; empty: the system's own."""
    ca_file: Path | None = None
    """PEM file of the certificates to trust instead of the public ones."""
    connect: Mapping[str, str] | None = None
    """``host:port`` (or ``host:*``) to ``ip:port`` (or ``ip:*``). Exhaustive when given."""
    declared: tuple[str, ...] = ()
    """Declared networks (CIDR) and host addresses; of all others only public ones are dialled."""
    vantage: View | None = None
    """Where we stand, seen from the office's firewall; None when nobody said."""
    connections: int = 256
    per_host: int = 4
    per_mail_server: int = 2
    rate: float | None = None
    """New TCP connections a second; None: no limit."""
    connect_seconds: float = CONNECT_SECONDS
    probe_seconds: tuple[float, ...] = PROBE_SECONDS
    dns_tries: tuple[float, ...] = TRIES


class Net:
    """What an asynchronous collector is given: only its subject's endpoints can be reached."""

    direct: bool = True
    """No connect map redirects connections, so that a program run on its own reaches the same."""
    vantage: View | None = None
    """Where we stand, seen from the office's firewall; None when nobody said."""

    def __init__(
        self,
        subject: Subject,
        dns: Resolver,
        anchors: TrustAnchors,
        dialler: Dialler,
        vantage: View | None = None,
    ) -> None:
        """Bind the run's tools to one subject. :class:`NetRoot` does this."""
        self.subject = subject
        self.vantage = vantage
        self.dns = dns
        self.anchors = anchors
        self._dialler = dialler

    @cached_property
    def _scope(self) -> Scope:
        return Scope(self.subject)  # most collectors only ask the DNS

    async def addresses(self, host: str, *, either: bool = False) -> tuple[str, ...]:
        """Return IPv4 and IPv6 addresses; ``()`` if there provably are none.

        With ``either``, IPv6 is looked up only where there is no IPv4. They may be dialled like
        ``host`` itself. Raises what the resolver raises.
        """
        found = await addresses(self.dns, host, either=either)
        self._scope.learn(normal(host), found)
        return found

    async def places(self, host: str, port: int) -> tuple[str, ...]:
        """Return the addresses at which :meth:`connect` tries ``host``, IPv4 first.

        They may be dialled like ``host`` itself. One only where a map leads to the name as such.
        Raises as :meth:`connect` does.
        """
        return await self._dialler.places(self._scope, host, port)

    async def connect(self, host: str, port: int, *, lifetime: float = LIFETIME) -> Stream:
        """Open a connection that may last ``lifetime`` seconds from now on.

        Raises ``CollectError`` OUT_OF_SCOPE, REFUSED, TIMEOUT, UNREACHABLE, INCONCLUSIVE (out of
        sockets), or what the resolver raised.
        """
        line = await self._dialler.open(self._scope, host, port)
        return Stream(SocketChannel(line), peer=line.peer, lifetime=lifetime)

    async def probe(self, address: str, port: int) -> PortState:
        """Connect to an IP address and hang up at once, without a byte sent.

        Two tries before ``SILENT``. Raises ``CollectError`` OUT_OF_SCOPE, UNREACHABLE or
        INCONCLUSIVE.
        """
        return await self._dialler.probe(self._scope, address, port)

    async def ask(self, address: str, query: Query) -> Statement:
        """Ask the DNS server at an address of the subject's, and nobody else, at its port 53.

        Over UDP, twice before it is a TIMEOUT; over TCP what does not fit. Raises ``CollectError``
        OUT_OF_SCOPE, TIMEOUT, REFUSED (nothing listens), UNREACHABLE, MALFORMED or INCONCLUSIVE.
        """
        return await direct.ask(self._dialler, self._scope, address, query)

    async def transfer(self, address: str, zone: str) -> Transfer:
        """Ask that server for a copy of ``zone``, and hang up as soon as one begins to come.

        Raises as :meth:`ask` does.
        """
        return await direct.transfer(self._dialler, self._scope, address, zone)

    async def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        deadline: float = process.DEADLINE,
        max_output: int = process.MAX_OUTPUT,
    ) -> process.Completed:
        """Run an installed program; see :func:`posture.net.process.run`."""
        return await process.run(argv, env=env, deadline=deadline, max_output=max_output)


class NetRoot:
    """Everything collectors of one run share. It holds no resource that needs closing."""

    def __init__(self, config: NetConfig, *, resolver: Resolver | None = None) -> None:
        """Raise ``ValueError`` for a wrong address, network or map, ``OSError`` for the CA file."""
        self.config = config
        servers = [server(config.resolver)] if config.resolver else []
        self.dns: Resolver = resolver or StubResolver(servers, tries=config.dns_tries)
        self._rations: Memory[Ration] = Memory(SUBJECTS * OVERHEAD)
        self._anchors: TrustAnchors | None = None
        if config.ca_file:
            self._anchors = TrustAnchors.from_file(config.ca_file)
        limits = Limits(
            connections=config.connections,
            per_host=config.per_host,
            per_mail_server=config.per_mail_server,
            rate=config.rate,
        )
        self._dialler = Dialler(
            Territory(config.declared, config.connect),
            limits,
            self.dns,
            connect_seconds=config.connect_seconds,
            probe_seconds=config.probe_seconds,
        )

    @property
    def anchors(self) -> TrustAnchors:
        """The certificates this run trusts."""
        if self._anchors is None:
            self._anchors = TrustAnchors.public()
        return self._anchors

    def bound(self, subject: Subject) -> Net:
        """Return the tool for one call of an asynchronous collector."""
        net = Net(subject, self._ration(subject), self.anchors, self._dialler, self.config.vantage)
        net.direct = self.config.connect is None
        return net

    def _ration(self, subject: Subject) -> Ration:
        found = self._rations.get(subject.id)
        if found is None:
            found = Ration(self.dns)
            self._rations.put(subject.id, found, 0)
        return found

    def http(self, subject: Subject) -> "Http":
        """Return the tool for one call of a plain ``def`` collector, which runs in a thread.

        Call it on the event loop: the thread will have its names resolved and its connections
        opened there.
        """
        from posture.net.http import Http

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        return Http(subject, self.anchors, self._dialler, loop)


__all__ = ["GENTLE", "Net", "NetConfig", "NetRoot"]
