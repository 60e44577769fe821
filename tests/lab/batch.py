"""Scans many domains in one run: the DNS and e-mail areas, as ``posture scan`` does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from posture import plugins, run
from posture.cli.common import run_async
from posture.client import DOMAIN, Authorisation, Client, NetworkSettings
from posture.client_file import Cover
from posture.clock import SystemClock
from posture.judge import Judgement, judge
from posture.model import Company, Domain, Reason
from posture.plan import plan
from posture.snapshot import Snapshot

if TYPE_CHECKING:
    from posture.net import NetRoot

AREAS = ("dns", "email")
CONNECTING = frozenset({"dns.authority", "dns.registration", "email.mta_sts_policy"})
"""Collectors of these areas that ask others than the resolver: name servers, registries, hosts."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one pass over a list of domains took."""

    cpu: float
    """Seconds of this process."""
    wall: float
    """Seconds."""
    snapshot: Snapshot
    judged: Judgement

    @property
    def unseen(self) -> list[str]:
        """Observations that failed, except for connections, which this lab has none of."""
        made = self.snapshot.observations
        away = {Reason.REFUSED, Reason.OUT_OF_SCOPE, Reason.NO_CONSENT}
        return [
            f"{one.subject} {one.collector}: {one.failed.reason} {one.failed.detail}"
            for one in made
            if one.failed and one.failed.reason not in away
        ]


class Scanner:
    """Two areas of the built-in policy, loaded once."""

    def __init__(
        self,
        *,
        dkim: bool = True,
        connect: bool = True,
        collectors: frozenset[str] | None = None,
        root: NetRoot | None = None,
    ) -> None:
        """``dkim``: try the catalogue of selectors too; ``connect``: ask others than the resolver.

        Of ``collectors``, if given, let no others run. All scans share ``root``, if there is one.
        """
        self._root = root
        self._registry = plugins.load()
        allowed = collectors or frozenset(self._registry.collectors)
        if not dkim:
            allowed -= {"email.dkim"}
        if not connect:
            allowed = frozenset(name for name in allowed - CONNECTING if name.startswith(AREAS))
        self._allowed = allowed

    def _setup(self, resolver: tuple[str, int], domains: list[str]) -> run.Setup:
        client = Client(
            company=Company(client_id="bench", name="Bench"),
            authorisation=Authorisation(by="bench", covers=frozenset({Cover.DOMAINS})),
            subjects=tuple(Domain(name=name) for name in domains),
            network=NetworkSettings(resolver=f"{resolver[0]}:{resolver[1]}", connect={}),
            profile=DOMAIN,
        )
        return run.prepare(client, self._registry, SystemClock().now())

    def _collectors(self, check: str) -> set[str]:
        return self._registry.feeders(self._registry.checks[check].needs)

    async def scan(self, resolver: tuple[str, int], domains: list[str]) -> Batch:
        """Collect and judge; nothing but the resolver can be reached."""
        setup = self._setup(resolver, domains)
        rules = setup.policy.rules_of(setup.profile)
        rules = {
            name: rule
            for name, rule in rules.items()
            if name.partition(".")[0] in AREAS and self._collectors(name) <= self._allowed
        }
        chosen = plan(self._registry, rules, frozenset())
        start, cpu = time.perf_counter(), time.process_time()
        snapshot = await run.scan(setup, SystemClock(), only=chosen, root=self._root)
        judged = judge(snapshot, self._registry, dict(rules))
        return Batch(
            cpu=time.process_time() - cpu,
            wall=time.perf_counter() - start,
            snapshot=snapshot,
            judged=judged,
        )

    def batch(self, resolver: tuple[str, int], domains: list[str]) -> Batch:
        """Scan them all in one run."""
        return run_async(self.scan(resolver, domains))
