"""Kill any collector or discoverer: what hung on it is unknown, nothing else moves.

Parametrised over everything that is installed, so that a new one is covered the day it is added.
Collectors that get the dead one's facts look again; the others say what they saw before.
"""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from posture.demo.faults import Fault
from posture.model import CollectError, Reason, Status
from posture.score import GRADES
from posture.snapshot import Index
from tests.demo import support

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from posture.audit import Audit
    from posture.model import Subject
    from posture.plan import Plan
    from posture.plugins import Check, Collector, Discoverer, Need, Registry
    from tests.demo.support import Row, Visit

REGISTRY: Registry = support.registry()
FAULTS = frozenset({Fault.MFA_GAP, Fault.RDP_OPEN, Fault.SITE_NO_HSTS, Fault.MAIL_EXPIRING})
"""A few, so that a failure that disappears would be seen too."""


def _dead(**_: object) -> NoReturn:
    raise CollectError(Reason.TIMEOUT, "killed by the test")


async def _dead_async(**_: object) -> NoReturn:
    raise CollectError(Reason.TIMEOUT, "killed by the test")


def _killed(collector: Collector) -> Collector:
    asynchronous = inspect.iscoroutinefunction(collector.function)
    return replace(collector, function=_dead_async if asynchronous else _dead)


def _remembering(collector: Collector, index: Index) -> Collector:
    def before(**arguments: Any) -> Any:
        seen = index.observation(arguments[collector.subject_parameter].id, collector.name)
        assert seen is not None
        if seen.failed:
            raise CollectError(seen.failed.reason, seen.failed.detail)
        return index.fact(seen, collector.fact)

    async def before_async(**arguments: Any) -> Any:
        return before(**arguments)

    return replace(collector, function=before if collector.threaded else before_async)


def without(plan: Plan, name: str, index: Index) -> Plan:
    """The plan with one of its collectors or discoverers dead."""

    def put(collector: Collector) -> Collector:
        if collector.name == name:
            return _killed(collector)
        looks_again = name in feeders(collector.needs, strict=False)
        return collector if looks_again else _remembering(collector, index)

    return replace(
        plan,
        collectors=tuple(map(put, plan.collectors)),
        discoverers=tuple(
            replace(d, function=_dead) if d.name == name else d for d in plan.discoverers
        ),
    )


class Office:
    """One open office, its event loop, and what a full look at it found."""

    def __init__(self, runner: asyncio.Runner, visit: Visit) -> None:
        self.runner = runner
        self.visit = visit
        snapshot = runner.run(visit.look())
        self.index = Index(snapshot, REGISTRY.subjects)
        self.full = visit.audit(snapshot)

    def audit_without(self, name: str) -> Audit:
        plan = without(self.visit.setup.plan, name, self.index)
        return self.visit.audit(self.runner.run(self.visit.look(plan)))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("kill") / "office"
    with asyncio.Runner() as runner:
        visiting = support.visiting(folder, FAULTS)
        visit = runner.run(visiting.__aenter__())
        try:
            yield Office(runner, visit)
        finally:
            runner.run(visiting.__aexit__(None, None, None))


def feeders(needs: Iterable[Need], *, strict: bool) -> set[str]:
    """Collectors behind these needs; strictly: those without which nobody is asked."""
    names: set[str] = set()
    for need in needs:
        if strict and need.failures:
            continue
        source = REGISTRY.sources[need.fact]
        names |= {source.name} | feeders(source.needs, strict=strict)
    return names


def finders(kind: type[Subject]) -> set[str]:
    """Discoverers, and the collectors that feed them, that subjects of this kind may hang on."""
    names: set[str] = set()
    kinds, todo = set[Any](), [kind]
    while todo:
        wanted = todo.pop()
        kinds.add(wanted)
        for found in REGISTRY.discoverers.values():
            if found.finds is wanted:
                names |= {found.name} | feeders(found.needs, strict=False)
                todo.extend({found.subject} - kinds)
    return names


def seen_kinds(check: Check) -> set[type[Subject]]:
    """The kinds of subject whose absence would change what a check says."""
    return {check.subject, *(REGISTRY.sources[need.fact].subject for need in check.needs)}


def must_be_unknown(check: Check, name: str) -> bool:
    return name in feeders(check.needs, strict=True)


def matters(name: str) -> bool:
    """Whether a verdict cannot be had without it: not so for a fact that may be ``Failed``."""
    return name in REGISTRY.discoverers or any(
        must_be_unknown(check, name) for check in REGISTRY.checks.values()
    )


def may_change(check: Check, name: str) -> bool:
    found = set[str]().union(*(finders(kind) for kind in seen_kinds(check)))
    return name in feeders(check.needs, strict=False) | found


def rows(audit: Audit) -> dict[Row, Any]:
    return {(e.finding.check, e.finding.subject): e.finding for e in audit.entries}


@pytest.mark.parametrize("name", sorted({**REGISTRY.collectors, **REGISTRY.discoverers}))
def test_without_it_less_is_known_and_nothing_is_better(office: Office, name: str) -> None:
    audit = office.audit_without(name)
    full, now = rows(office.full), rows(audit)

    changed = {row for row in full.keys() | now.keys() if _status(full, row) != _status(now, row)}
    checks = {REGISTRY.checks[check] for check, _ in changed} if changed else set()
    assert {check.id for check in checks if not may_change(check, name)} == set()
    assert changed or not matters(name)

    for row, finding in now.items():
        before = _status(full, row)
        if must_be_unknown(REGISTRY.checks[finding.check], name):
            assert finding.status is Status.UNKNOWN, row
        else:
            # A verdict that is there nevertheless is the one that was there before.
            assert finding.status in {Status.UNKNOWN, before}, row
    for check, subject in full.keys() - now.keys():
        # A subject nobody found any more: its parent says that there may be others.
        assert any(f.check == check and f.incomplete for f in now.values()), (check, subject)

    assert audit.score.floor.points <= office.full.score.floor.points
    assert GRADES.index(audit.score.floor.grade) <= GRADES.index(office.full.score.floor.grade)
    assert audit.score.ceiling.points >= audit.score.floor.points


def _status(findings: dict[Row, Any], row: Row) -> Status | None:
    return findings[row].status if row in findings else None


@pytest.mark.parametrize("name", sorted(REGISTRY.collectors))
def test_the_office_has_work_for_every_collector(office: Office, name: str) -> None:
    """Else killing it would prove nothing."""
    assert name in {collector.name for collector in office.visit.setup.plan.collectors}


@pytest.mark.parametrize("name", sorted(REGISTRY.discoverers))
def test_the_office_has_work_for_every_discoverer(office: Office, name: str) -> None:
    discoverer: Discoverer = REGISTRY.discoverers[name]
    declared = office.visit.setup.client.declared()
    found = {target.id for target in office.full.targets if not target.declared}
    assert any(isinstance(subject, discoverer.subject) for subject in declared)
    assert any(subject.startswith(f"{discoverer.finds.kind}:") for subject in found)
