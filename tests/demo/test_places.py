"""A perfect client, seen from places that do not show everything, is never called a bare D or F."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from posture.model import ACTIVE, Failed, Reason
from posture.render import text
from posture.score import GRADES
from tests.demo.support import Visit, registry, visiting

if TYPE_CHECKING:
    from pathlib import Path

    from posture.audit import Audit
    from posture.snapshot import Snapshot

Perfect = tuple[Visit, "Snapshot"]

# Place: which facts cannot be seen there, and the reason.
PLACES = {
    "lan only": (r"(dns|email|tls|web)\.", Reason.UNREACHABLE),
    "outside only": (r"(network|backup)\.", Reason.WRONG_VANTAGE),
    "no consent at the identity provider": (r"identity\.", Reason.DENIED),
    "no interface to the backups": (r"backup\.", Reason.NO_CREDENTIAL),
    "nothing but what was signed": (r"(?!governance\.)", Reason.UNREACHABLE),
}


@pytest.fixture(scope="module")
def perfect(tmp_path_factory: pytest.TempPathFactory) -> Perfect:
    async def look() -> Perfect:
        async with visiting(tmp_path_factory.mktemp("perfect") / "o", frozenset()) as visit:
            return visit, await visit.look()

    return asyncio.run(look())


def blinded(snapshot: Snapshot, pattern: str, reason: Reason) -> Snapshot:
    """The same look with some facts, and what they would have revealed, out of sight."""
    failed = Failed(reason=reason)
    lost = re.compile(pattern)
    observations = tuple(
        replace(o, value=None, failed=failed) if lost.match(o.fact) else o
        for o in snapshot.observations
    )
    discoveries = tuple(
        replace(d, found=(), failed=failed) if lost.match(d.discoverer) else d
        for d in snapshot.discoveries
    )
    gone = {name for d in snapshot.discoveries if lost.match(d.discoverer) for name in d.found}
    subjects = tuple(s for s in snapshot.subjects if s.declared or s.id not in gone)
    return replace(snapshot, observations=observations, discoveries=discoveries, subjects=subjects)


def headline(audit: Audit) -> str:
    return text.summary(audit).splitlines()[1]


@pytest.mark.parametrize("place", PLACES)
def test_half_a_view_is_printed_as_a_range(perfect: Perfect, place: str, tmp_path: Path) -> None:
    visit, snapshot = perfect
    audit = visit.audit(blinded(snapshot, *PLACES[place]))
    assert GRADES.index(audit.score.floor.grade) < GRADES.index("B")
    assert audit.score.ceiling.grade in {"A", "A+"}
    assert headline(audit).startswith(f"Not settled: {audit.score.floor.grade} to A")
    assert not re.search(r"\b[Gg]rade [DF]\b", text.summary(audit).split("What keeps")[0])


def test_tests_nobody_opted_into_leave_the_profile(perfect: Perfect) -> None:
    visit, snapshot = perfect
    assert ACTIVE in snapshot.consents
    runs = tuple(replace(run, consents=()) for run in snapshot.runs)
    snapshot = replace(snapshot, runs=runs)
    active = {
        check.id
        for check in registry().checks.values()
        for name in registry().feeders(check.needs)
        if registry().collectors[name].spec.consent == ACTIVE
    }
    audit = visit.audit(snapshot)
    assert set(audit.not_tested) == active & set(visit.setup.policy.rules)
    assert {"dns.servers.transfer", "dns.servers.recursion", "dns.servers.version"} <= active
    assert not active & {entry.finding.check for entry in audit.entries}
    assert audit.score.floor.points == visit.audit(perfect[1]).score.floor.points
    assert headline(audit).startswith("Grade A")
