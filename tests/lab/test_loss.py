"""Where datagrams are lost on the way, no record that is there is called absent."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from posture.model import Status
from tests.lab.batch import Batch, Scanner
from tests.lab.customers import CUSTOMERS, Customers
from tests.lab.daemons import Loopback, Started, program
from tests.lab.path import Path

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.lab

COUNT = CUSTOMERS if os.environ.get("POSTURE_PROOF") == "1" else 40
LOSS = 0.05
UNKNOWN = 0.01


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Customers]:
    missing = [name for name in ("nsd", "unbound") if program(name) is None]
    if missing:
        pytest.skip(f"no lab: not installed: {', '.join(missing)}")
    with ExitStack() as running:
        place = Loopback()
        running.callback(place.close)
        made = Customers(folder=tmp_path_factory.mktemp("town"), place=place, count=COUNT)
        for daemon in made.daemons():
            running.enter_context(Started(daemon)).wait()
        yield made


Seen = dict[tuple[str, str], tuple[Status, set[tuple[str, str]]]]


def statuses(batch: Batch) -> Seen:
    """What was found, and the records it rests on; those it could not see claim nothing."""
    return {
        (one.subject, one.check): (
            one.status,
            {(e.source, e.record) for e in one.evidence if not e.record.startswith("not seen: ")},
        )
        for one in batch.judged.findings
    }


def claimed(expected: Seen, found: Seen, key: tuple[str, str]) -> bool:
    """Whether the same verdict was given, on at least what it rests on now: no record is denied."""
    status, evidence = expected.get(key, (None, set()))
    return found[key][0] is status and found[key][1] <= evidence


def test_lost_datagrams_make_no_record_absent(town: Customers) -> None:
    scanner = Scanner()

    async def through_loss() -> Batch:
        way = Path(town.resolver, loss=LOSS)
        async with way.opened() as port:
            made = await scanner.scan(("127.0.0.1", port), town.names)
        assert way.lost > way.carried * LOSS / 2
        return made

    whole = scanner.batch(town.resolver, town.names)
    assert whole.unseen == []
    lossy = asyncio.run(through_loss())
    expected, found = statuses(whole), statuses(lossy)
    unknown = {key for key, (status, _) in found.items() if status is Status.UNKNOWN}
    known = found.keys() - unknown
    differing = {key: found[key] for key in known if not claimed(expected, found, key)}
    assert differing == {}
    unknown -= {key for key, (status, _) in expected.items() if status is Status.UNKNOWN}
    # Who revealed a host or a server may have been lost: then it is said that there may be some.
    gone = expected.keys() - found.keys()
    assert {check for _, check in gone} <= {f.check for f in lossy.judged.findings if f.incomplete}
    assert len(unknown) + len(gone) <= UNKNOWN * len(expected)
