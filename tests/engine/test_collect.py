import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from posture import codec
from posture.collect import collect, normalised
from posture.model import ACTIVE, Company, Failed, Host, Reason, SecretRef, Tenant, View, WebSite
from posture.net.threads import in_thread
from posture.snapshot import Snapshot, failures, load
from tests.engine import toy


def seen(snapshot: Snapshot) -> dict[tuple[str, str], Any]:
    return {(o.subject, o.fact): o.failed or o.value for o in snapshot.observations}


def test_facts_reveal_subjects_and_are_seen_once_each() -> None:
    world = toy.World()
    snapshot = toy.look(world, rules=("toy.page.green", "toy.size.small", "toy.pages.all"))
    assert seen(snapshot) == {
        ("domain:a.example", "toy.names"): {"names": ["www.a.example"]},
        ("website:www.a.example", "toy.page"): {"colour": "green", "weight": 1.0},
        ("website:www.a.example", "toy.size"): {"bytes": 5},
    }
    assert world.asked == ["www.a.example"]
    site = next(s for s in snapshot.subjects if s.kind == "website")
    assert (site.parents, site.declared) == (("domain:a.example",), False)
    assert snapshot.complete
    assert snapshot.runs[0].collectors == ("toy.names", "toy.page", "toy.size")
    assert load(codec.encode(snapshot), "x") == snapshot


def test_a_declared_subject_that_is_also_found_stays_declared() -> None:
    site = WebSite(host="www.a.example")
    snapshot = toy.look(subjects=(toy.COMPANY, toy.DOMAIN, site))
    record = next(s for s in snapshot.subjects if s.id == site.id)
    assert (record.declared, record.parents) == (True, ("domain:a.example",))


@pytest.mark.parametrize(
    ("error", "reason", "detail"),
    [
        (toy.lost(Reason.DENIED), Reason.DENIED, "told to"),
        (TimeoutError(), Reason.TIMEOUT, "no result within 5 s"),
        (RuntimeError("secret"), Reason.BUG, "RuntimeError"),
        (SystemExit(0), Reason.BUG, "SystemExit"),
    ],
)
def test_a_collector_that_fails_leaves_a_reason(
    error: BaseException, reason: Reason, detail: str
) -> None:
    world = toy.World()
    world.colours["www.a.example"] = error
    found = seen(toy.look(world, rules=("toy.size.small",)))
    failed = Failed(reason=reason, detail=detail)
    assert found["website:www.a.example", "toy.page"] == failed
    assert found["website:www.a.example", "toy.size"] == failed


def test_a_failed_discovery_is_written_down() -> None:
    world = toy.World()
    world.names["a.example"] = toy.lost()
    snapshot = toy.look(world)
    assert [d.failed.reason for d in snapshot.discoveries if d.failed] == [Reason.TIMEOUT]
    assert [f.reason for f in failures(snapshot)] == [Reason.TIMEOUT, Reason.TIMEOUT]


def test_a_discoverer_that_breaks_is_written_down() -> None:
    world = toy.World()
    world.names["a.example"] = (3,)  # type: ignore[assignment]
    snapshot = toy.look(world)
    assert all(f.reason is Reason.BUG for f in failures(snapshot))


def test_consent_counts_only_on_targets_declared_owned() -> None:
    ours = Host(address="192.0.2.1", view=View.EXTERNAL, owned=True)
    theirs = Host(address="192.0.2.2", view=View.EXTERNAL)
    snapshot = toy.look(
        subjects=(toy.COMPANY, ours, theirs), rules=("toy.door.shut",), consents=(ACTIVE,)
    )
    found = seen(snapshot)
    assert found[ours.id, "toy.door"] == {"shut": True}
    assert found[theirs.id, "toy.door"] == Failed(reason=Reason.NO_CONSENT, detail=ACTIVE)
    assert snapshot.consents == {ACTIVE}


def test_out_of_time_ends_in_a_partial_snapshot() -> None:
    world = toy.World()
    world.hang = True
    snapshot = toy.look(world, deadline=0.2, rules=("toy.size.small",))
    assert not snapshot.complete
    assert snapshot.runs[0].interrupted == "deadline"
    assert seen(snapshot)["website:www.a.example", "toy.page"] == Failed(reason=Reason.DEADLINE)


def test_being_stopped_ends_in_a_partial_snapshot() -> None:
    world = toy.World()
    world.names["b.example"] = toy.lost()

    async def go() -> Snapshot:
        world.hang = True
        task = asyncio.create_task(collect(toy.order(world)))
        await world.reached.wait()
        task.cancel()
        return await task

    snapshot = asyncio.run(go())
    assert snapshot.runs[0].interrupted == "interrupted"
    assert seen(snapshot)["domain:a.example", "toy.names"] == {"names": ["www.a.example"]}
    assert Failed(reason=Reason.INTERRUPTED) in list(failures(snapshot))


def test_being_stopped_at_once_says_that_nothing_was_seen() -> None:
    async def go() -> Snapshot:
        world = toy.World()
        world.hang_names = True
        task = asyncio.create_task(collect(toy.order(world)))
        await asyncio.sleep(0)
        task.cancel()
        return await task

    snapshot = asyncio.run(go())
    assert [d.failed for d in snapshot.discoveries] == [Failed(reason=Reason.INTERRUPTED)]


def test_progress_is_told() -> None:
    class Log:
        def __init__(self) -> None:
            self.lines: list[object] = []

        def planned(self, area: str) -> None:
            self.lines.append(area)

        def observed(self, area: str, failed: Failed | None) -> None:
            self.lines.append((area, failed))

    log = Log()

    async def go() -> None:
        await collect(toy.order(toy.World()), log)

    asyncio.run(go())
    assert log.lines == ["toy", ("toy", None), "toy", ("toy", None)]


@pytest.mark.parametrize(
    "value",
    [
        toy.Page(colour="x", weight=float("nan")),
        toy.Page(colour="x", weight=float("inf")),
        toy.Names(names=["a"]),  # type: ignore[arg-type]
    ],
)
def test_a_fact_that_does_not_survive_storage_is_our_mistake(value: Any) -> None:
    with pytest.raises(ValueError, match=r"not a finite number|changes when"):
        normalised(value, type(value))


def test_only_utc_is_stored() -> None:
    @dataclass(frozen=True)
    class At:
        when: datetime
        parts: tuple[dict[str, datetime], ...] = ()

    assert normalised(At(toy.NOW), At) == At(toy.NOW)
    naive = toy.NOW.replace(tzinfo=None)
    for value in At(naive), At(toy.NOW, ({"a": naive},)):
        with pytest.raises(ValueError, match="not in UTC"):
            normalised(value, At)


def test_threads_hand_over_results_and_errors() -> None:
    def fail() -> None:
        raise KeyError("x")

    async def go() -> None:
        assert await in_thread(lambda: 3) == 3
        with pytest.raises(KeyError):
            await in_thread(fail)

    asyncio.run(go())


def test_an_abandoned_thread_disturbs_nobody() -> None:
    import threading

    hold, ended = threading.Event(), threading.Event()

    def work() -> None:
        hold.wait(5)
        ended.set()

    async def cancelled() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await in_thread(work)
        hold.set()
        await in_thread(ended.wait)

    asyncio.run(cancelled())


def test_the_company_is_the_subject_of_a_snapshot() -> None:
    snapshot = toy.look(subjects=(toy.COMPANY,))
    assert (snapshot.client_id, snapshot.client_name) == ("acme", "Acme")
    assert [s.id for s in snapshot.subjects] == [Company(client_id="acme", name="Acme").id]


def test_where_secrets_are_stays_out_of_the_evidence() -> None:
    tenant = Tenant(
        name="t", provider="entra", client_id="id", secret=SecretRef(command=("vault", "s.canary"))
    )
    snapshot = toy.look(subjects=(toy.COMPANY, tenant))
    assert b"canary" not in codec.encode(snapshot)
    record = next(r for r in snapshot.subjects if r.kind == "tenant")
    assert codec.convert(record.fields, Tenant) == replace(tenant, secret=SecretRef())
