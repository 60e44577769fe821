"""Demo offices with any subset of faults are found to be exactly what they are."""

from __future__ import annotations

import asyncio
import os
import random
from typing import TYPE_CHECKING

import pytest

from posture.demo.faults import DEMO_FAULTS, Fault
from posture.model import Reason, Status
from tests.demo import support
from tests.demo.expected import CHANGES, expected

if TYPE_CHECKING:
    from pathlib import Path

    from posture.audit import Audit
    from tests.demo.support import Row

OFFICES = 100 if os.environ.get("POSTURE_PROOF") == "1" else 12
FAULTS = sorted(Fault)


def planted(seed: int) -> frozenset[Fault]:
    """The faults of one office: none in every tenth, else few, many or most."""
    chance = random.Random(seed)
    if seed % 10 == 0:
        return frozenset()
    share = chance.choice((0.1, 0.3, 0.5, 0.8))
    return frozenset(fault for fault in FAULTS if chance.random() < share)


def found(folder: Path, faults: frozenset[Fault]) -> dict[Row, Status]:
    return support.statuses(asyncio.run(support.audited(folder, faults)))


def differing(one: dict[Row, Status], other: dict[Row, Status]) -> dict[Row, Status]:
    """Rows of ``one`` that are not so in ``other``."""
    assert one.keys() == other.keys()
    return {row: status for row, status in one.items() if other[row] is not status}


def test_every_fault_is_in_the_table_and_in_one_place() -> None:
    assert set(CHANGES) == set(Fault)
    assert len(Fault) >= 30
    touched = [row for change in CHANGES.values() for row in change.rows()]
    assert len(touched) == len(set(touched))


def test_a_tenth_of_the_offices_is_without_fault() -> None:
    assert sum(not planted(seed) for seed in range(OFFICES)) * 10 >= OFFICES


def test_an_office_without_fault_leaves_nothing_open() -> None:
    assert set(expected(()).values()) == {Status.PASS, Status.NOT_APPLICABLE}


@pytest.mark.parametrize("seed", range(OFFICES))
def test_findings_are_those_of_the_table_and_one_fault_changes_one(
    tmp_path: Path, seed: int
) -> None:
    faults = planted(seed)
    before = found(tmp_path / "before", faults)
    assert before == expected(faults)

    flipped = FAULTS[seed % len(FAULTS)]
    after = found(tmp_path / "after", faults ^ {flipped})
    with_it, without = (before, after) if flipped in faults else (after, before)
    assert differing(with_it, without) == CHANGES[flipped].rows()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return asyncio.run(support.audited(tmp_path_factory.mktemp("demo") / "office", DEMO_FAULTS))


def test_the_demo_is_its_table(demo: Audit) -> None:
    assert support.statuses(demo) == expected(DEMO_FAULTS)


def test_the_demo_shows_every_status_flag_and_area(demo: Audit) -> None:
    findings = [entry.finding for entry in demo.entries]
    shown = {finding.status for finding in findings}
    assert shown == set(Status) - {Status.ERROR}  # that would be our own mistake
    assert any(finding.waived for finding in findings)
    assert any(finding.attested for finding in findings)
    assert {area.name for area in demo.score.areas} == {f.score_area for f in findings}
    to_do = {f.score_area for f in findings if f.status not in {Status.PASS, Status.NOT_APPLICABLE}}
    assert to_do == {area.name for area in demo.score.areas}


def test_the_demo_is_bad_enough_to_be_worth_a_look(demo: Audit) -> None:
    assert demo.complete
    assert demo.score.floor.grade not in {"A+", "A", "-"}
    assert len(demo.score.actions) >= 3


def test_an_office_without_fault_gets_the_best_grade(tmp_path: Path) -> None:
    audit = asyncio.run(support.audited(tmp_path / "office", frozenset()))
    assert audit.score.floor.grade == "A+"
    assert audit.score.settled


def test_nothing_leaves_loopback(tmp_path: Path) -> None:
    async def visit() -> tuple[str, dict[str, str]]:
        async with support.visiting(tmp_path / "office", DEMO_FAULTS) as open_office:
            run = (await open_office.look()).runs[0]
            return run.resolver, run.connect

    resolver, connect = asyncio.run(visit())
    assert connect
    assert {end.rpartition(":")[0] for end in (resolver, *connect.values())} == {"127.0.0.1"}


def test_offices_run_side_by_side(tmp_path: Path) -> None:
    async def both() -> list[dict[Row, Status]]:
        visits = [
            support.audited(tmp_path / "good", frozenset()),
            support.audited(tmp_path / "bad", frozenset(Fault)),
        ]
        return [support.statuses(audit) for audit in await asyncio.gather(*visits)]

    assert asyncio.run(both()) == [expected(()), expected(Fault)]


def test_only_nmap_cannot_be_shown(tmp_path: Path) -> None:
    """Every other collector sees something in a sound office."""

    async def visit() -> set[tuple[str, Reason]]:
        async with support.visiting(tmp_path / "office", frozenset()) as open_office:
            seen = (await open_office.look()).observations
            return {(o.collector, o.failed.reason) for o in seen if o.failed}

    assert asyncio.run(visit()) == {("network.products", Reason.OUT_OF_SCOPE)}
