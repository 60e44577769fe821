"""Collects and judges a demo office: what every test here starts from."""

from __future__ import annotations

import functools
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from posture import plugins, run
from posture.client import load_client
from posture.demo.office import start_office
from posture.waivers import Waivers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from posture.audit import Audit
    from posture.demo.faults import Fault
    from posture.model import Status
    from posture.plan import Plan
    from posture.plugins import Registry
    from posture.snapshot import Snapshot

Row = tuple[str, str]
"""Check and subject."""


class WallClock:
    """The real time: certificates are verified by a library that knows no other."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@functools.cache
def registry() -> Registry:
    return plugins.load(third_party=False)


@dataclass(frozen=True)
class Visit:
    """An open office, ready to be looked at any number of times."""

    setup: run.Setup

    async def look(self, plan: Plan | None = None) -> Snapshot:
        return await run.scan(self.setup, WallClock(), deadline=120.0, only=plan)

    def audit(self, snapshot: Snapshot, *, waived: bool = True) -> Audit:
        setup = self.setup if waived else replace(self.setup, waivers=Waivers())
        return run.audit(setup, snapshot)


@asynccontextmanager
async def visiting(folder: Path, faults: frozenset[Fault]) -> AsyncIterator[Visit]:
    async with start_office(folder, faults, datetime.now(UTC)) as office:
        client = load_client(office.client_file, registry())
        yield Visit(run.prepare(client, registry(), datetime.now(UTC)))


async def audited(folder: Path, faults: frozenset[Fault]) -> Audit:
    """Open an office, look at it once and judge it."""
    async with visiting(folder, faults) as visit:
        return visit.audit(await visit.look())


def statuses(audit: Audit) -> dict[Row, Status]:
    """What was found, without how."""
    return {(e.finding.check, e.finding.subject): e.finding.status for e in audit.entries}
