"""Runs a plan: every needed fact once per subject, side by side, and always a snapshot at the end.

This is the only stage that touches the world, and it does so through the tools it is handed.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from posture import codec
from posture.model import Clock, CollectError, Failed, Reason, SecretRef, Subject, fact_name
from posture.net.threads import in_thread
from posture.plan import Plan
from posture.plugins import Collector, Discoverer, Need
from posture.snapshot import Discovery, Observation, Run, Snapshot, SubjectRecord

log = logging.getLogger(__name__)

THREADS = 8
"""Blocking collectors at a time."""
TASKS = 128
"""Collectors on the event loop at a time; connections have limits of their own beneath."""


class Progress(Protocol):
    """Is told what happens; must not raise."""

    def planned(self, area: str) -> None:
        """One more observation of ``area`` is to be made."""

    def observed(self, area: str, failed: Failed | None) -> None:
        """One observation of ``area`` was made, or could not be."""


class Silent:
    """Progress for nobody."""

    def planned(self, area: str) -> None:
        """Say nothing."""

    def observed(self, area: str, failed: Failed | None) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to collect, with what, and for how long."""

    plan: Plan
    subjects: Sequence[Subject]
    """Declared subjects; the company first."""
    absent: Mapping[str, str]
    run: Run
    """Everything known of the run before it starts; times and outcome are filled in here."""
    tools: Callable[[type[Any], Subject], object]
    """Hands a collector the tool of a type, bound to its subject."""
    clock: Clock
    deadline: float = 1800.0
    """Seconds for the whole run."""


async def collect(order: Order, progress: Progress | None = None) -> Snapshot:
    """Carry out an order. Being cancelled, or out of time, ends in a partial snapshot."""
    return await _Collection(order, progress or Silent()).carry_out()


class _Collection:
    """The state of one run."""

    def __init__(self, order: Order, progress: Progress) -> None:
        self.order = order
        self.progress = progress
        self.subjects: dict[str, Subject] = {}
        self.parents: dict[str, set[str]] = {}
        self.declared: set[str] = set()
        self.facts: dict[tuple[str, type[Any]], asyncio.Task[Any]] = {}
        self.sources = {c.fact: c for c in order.plan.collectors}
        self.discoveries: list[Discovery] = []
        self.observations: dict[tuple[str, str], Observation] = {}
        self.pending: set[asyncio.Task[Any]] = set()
        self.idle = asyncio.Event()
        self.slots = {True: asyncio.Semaphore(THREADS), False: asyncio.Semaphore(TASKS)}

    async def carry_out(self) -> Snapshot:
        started = self.order.clock.now()
        interrupted = ""
        try:
            async with asyncio.timeout(self.order.deadline):
                for subject in self.order.subjects:
                    self.declared.add(subject.id)
                    self.meet(subject, None)
                if self.pending:
                    await self.idle.wait()
        except TimeoutError:
            interrupted = Reason.DEADLINE
        except asyncio.CancelledError:
            interrupted = Reason.INTERRUPTED
        if interrupted:
            await self.abandon(Reason(interrupted))
        return self.snapshot(started, interrupted)

    def meet(self, subject: Subject, parent: str | None) -> None:
        """Take up a subject, unless it is known already, and start all work on it."""
        self.parents.setdefault(subject.id, set()).update({parent} if parent else ())
        if subject.id in self.subjects:
            return
        self.subjects[subject.id] = subject
        for collector in self.order.plan.collectors:
            if isinstance(subject, collector.subject):
                _ = self.fact(collector, subject)
        for discoverer in self.order.plan.discoverers:
            if isinstance(subject, discoverer.subject):
                _ = self.start(self.discover(discoverer, subject))

    def start(self, work: Awaitable[Any]) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self.pending.add(task)
        task.add_done_callback(self.ended)
        return task

    def ended(self, task: asyncio.Task[Any]) -> None:
        """Work that leads to more has started it by now: when none is left, all is done."""
        self.pending.discard(task)
        if not self.pending:
            self.idle.set()

    def fact(self, collector: Collector, subject: Subject) -> asyncio.Task[Any]:
        """The one task that observes this fact of this subject."""
        key = (subject.id, collector.fact)
        if key not in self.facts:
            self.progress.planned(collector.area.name)
            self.facts[key] = self.start(self.observe(collector, subject))
        return self.facts[key]

    async def needed(self, needs: Sequence[Need], subject: Subject) -> dict[str, Any]:
        """Await the facts that fill these parameters; one consumer's end never cancels another."""
        tasks = [self.fact(self.sources[need.fact], subject) for need in needs]
        results = [t.result() if t.done() else await asyncio.shield(t) for t in tasks]
        return {need.parameter: result for need, result in zip(needs, results, strict=True)}

    async def observe(self, collector: Collector, subject: Subject) -> Any:
        """See one fact, or why not, and write it down."""
        value: Any
        stored: Any = None
        try:
            value, stored = as_stored(await self.see(collector, subject), collector.fact)
        except CollectError as error:
            value = error.failed
        except TimeoutError:
            value = Failed(
                reason=Reason.TIMEOUT, detail=f"no result within {collector.spec.deadline:g} s"
            )
        except (Exception, SystemExit) as error:
            log.exception("collector %s broke on %s", collector.name, subject.id)
            value = Failed(reason=Reason.BUG, detail=type(error).__name__)
        self.note(collector, subject, stored, value if isinstance(value, Failed) else None)
        return value

    async def see(self, collector: Collector, subject: Subject) -> Any:
        """Call a collector in its slot, with its facts and tools, within its deadline."""
        arguments = await self.needed(collector.needs, subject)
        for need in collector.needs:
            value = arguments[need.parameter]
            if isinstance(value, Failed) and not need.failures:
                raise CollectError(value.reason, value.detail)
        if collector.spec.consent and not (
            collector.spec.consent in self.order.run.consents and subject.active_tests_allowed
        ):
            raise CollectError(Reason.NO_CONSENT, collector.spec.consent)
        arguments[collector.subject_parameter] = subject
        for parameter, kind in collector.tools:
            arguments[parameter] = self.order.tools(kind, subject)
        async with self.slots[collector.threaded], asyncio.timeout(collector.spec.deadline):
            if collector.threaded:
                return await in_thread(lambda: collector.function(**arguments))
            return await collector.function(**arguments)

    def note(
        self, collector: Collector, subject: Subject, stored: Any, failed: Failed | None
    ) -> None:
        name = fact_name(collector.fact)
        self.observations[subject.id, collector.name] = Observation(
            subject=subject.id,
            fact=name.name if name else "",
            version=name.version if name else 0,
            collector=collector.name,
            run=self.order.run.id,
            seen_at=self.order.clock.now(),
            value=stored,
            failed=failed,
        )
        self.progress.observed(collector.area.name, failed)

    async def discover(self, discoverer: Discoverer, subject: Subject) -> None:
        """Take up the subjects that facts of ``subject`` reveal, and write down who was found."""
        found: list[Subject] = []
        failed: Failed | None = None
        arguments = await self.needed(discoverer.needs, subject)
        missing = [value for value in arguments.values() if isinstance(value, Failed)]
        if missing:
            failed = missing[0]
        else:
            arguments[discoverer.subject_parameter] = subject
            try:
                found = discoverer.function(**arguments)
            except Exception as error:
                log.exception("discoverer %s broke on %s", discoverer.name, subject.id)
                failed = Failed(reason=Reason.BUG, detail=type(error).__name__)
        self.discoveries.append(_discovery(discoverer, subject, found, failed))
        for new in found:
            self.meet(new, subject.id)

    async def abandon(self, reason: Reason) -> None:
        """Cancel what is under way and write down what will not be seen any more."""
        for task in self.pending:
            task.cancel()
        if self.pending:
            await asyncio.wait(self.pending, timeout=2.0)
        failed = Failed(reason=reason)
        known = {(d.discoverer, d.parent) for d in self.discoveries}
        for subject in list(self.subjects.values()):
            for collector in self.order.plan.collectors:
                seen = (subject.id, collector.name) in self.observations
                if isinstance(subject, collector.subject) and not seen:
                    self.note(collector, subject, None, failed)
            for found in self.order.plan.discoverers:
                if isinstance(subject, found.subject) and (found.name, subject.id) not in known:
                    self.discoveries.append(_discovery(found, subject, [], failed))

    def snapshot(self, started: datetime, interrupted: str) -> Snapshot:
        run = replace(
            self.order.run,
            started=started,
            ended=self.order.clock.now(),
            complete=not interrupted,
            interrupted=interrupted,
            collectors=tuple(c.name for c in self.order.plan.collectors),
        )
        company = self.order.subjects[0]
        return Snapshot(
            client_id=company.key,
            client_name=company.label,
            taken=started,
            runs=(run,),
            absent=dict(self.order.absent),
            subjects=tuple(self.record(s) for _, s in sorted(self.subjects.items())),
            observations=tuple(o for _, o in sorted(self.observations.items())),
            discoveries=tuple(sorted(self.discoveries, key=lambda d: (d.discoverer, d.parent))),
        )

    def record(self, subject: Subject) -> SubjectRecord:
        return SubjectRecord(
            id=subject.id,
            kind=subject.kind,
            fields=codec.plain(_without_references(subject)),
            parents=tuple(sorted(self.parents[subject.id])),
            declared=subject.id in self.declared,
        )


def _without_references(subject: Subject) -> Subject:
    """Blank where the secrets are: an evidence file passes through more hands than they do."""
    fields: Any = subject
    found = [f.name for f in dataclasses.fields(fields)]
    secret = [name for name in found if isinstance(getattr(subject, name), SecretRef)]
    return replace(fields, **dict.fromkeys(secret, SecretRef())) if secret else subject


def normalised(value: Any, kind: type[Any]) -> Any:
    """Encode and decode a fact; what does not survive that unchanged is our own mistake."""
    return as_stored(value, kind)[0]


def as_stored(value: Any, kind: Any) -> tuple[Any, Any]:
    """Return a fact as it will be read, and as it is stored."""
    if not codec.always_sound(kind) and (wrong := codec.unsound(value)) is not None:
        raise ValueError(wrong)
    data = codec.encode(value)
    copy = codec.decode(data, kind)
    if copy != value:
        raise ValueError(f"{kind.__name__} changes when it is stored and read")
    return copy, codec.decode(data, object)


def _discovery(
    discoverer: Discoverer, subject: Subject, found: Sequence[Subject], failed: Failed | None
) -> Discovery:
    return Discovery(
        discoverer=discoverer.name,
        parent=subject.id,
        finds=discoverer.finds.kind,
        found=tuple(sorted({new.id for new in found})),
        failed=failed,
    )
