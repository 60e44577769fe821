"""The evidence file: what was seen, when, by which method, and what could not be seen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from posture import codec
from posture.model import Company, Failed, Reason, Subject, View

SCHEMA = "posture.snapshot/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorisation:
    """Who allowed the audit, for what and until when, as declared."""

    by: str
    covers: tuple[str, ...] = ()
    valid_from: str = ""
    valid_until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One look at the client, from one place. A merged snapshot holds several."""

    id: str
    tool: str
    started: datetime
    ended: datetime
    complete: bool
    interrupted: str = ""
    """Why it ended early: ``deadline`` or ``interrupted``; empty when it did not."""
    vantage: View | None = None
    """Inside or outside the office's firewall; None when nobody said."""
    consents: tuple[str, ...] = ()
    authorisation: Authorisation
    resolver: str = ""
    connect: dict[str, str] = field(default_factory=dict)
    """``host:port`` to the address really spoken to, when the client maps them."""
    collectors: tuple[str, ...] = ()
    """Names of the planned collectors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRecord:
    """A subject as it was when audited."""

    id: str
    kind: str
    fields: dict[str, Any]
    parents: tuple[str, ...] = ()
    """Ids of the subjects whose facts revealed it; empty when declared."""
    declared: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One fact about one subject, or why it could not be seen."""

    subject: str
    fact: str
    version: int
    collector: str
    run: str
    seen_at: datetime
    value: Any = None
    """The fact as plain JSON; None when ``failed`` is set."""
    failed: Failed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What one discoverer found below one subject."""

    discoverer: str
    parent: str
    finds: str
    found: tuple[str, ...] = ()
    failed: Failed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything seen of one client. Nothing edits it later."""

    schema: str = SCHEMA
    client_id: str
    client_name: str
    taken: datetime
    """The time evidence is judged at: the start of the last run."""
    runs: tuple[Run, ...]
    absent: dict[str, str] = field(default_factory=dict)
    """Kinds of subject the client declares to have none of, with the reason."""
    subjects: tuple[SubjectRecord, ...] = ()
    observations: tuple[Observation, ...] = ()
    discoveries: tuple[Discovery, ...] = ()

    @property
    def complete(self) -> bool:
        """No run ended early."""
        return all(run.complete for run in self.runs)

    @property
    def consents(self) -> frozenset[str]:
        """What any of its runs was allowed to do beyond ordinary use."""
        return frozenset(consent for run in self.runs for consent in run.consents)


def load(data: bytes, name: str) -> Snapshot:
    """Read a snapshot; raises DocumentError naming the file and the next step."""
    snapshot = codec.read_document(data, SCHEMA, Snapshot, name)
    ids = {record.id for record in snapshot.subjects}
    if Company(client_id=snapshot.client_id, name=snapshot.client_name).id not in ids:
        raise codec.DocumentError(f"{name}: names no company among its subjects; scan again")
    return snapshot


class Index:
    """Read access to a snapshot with the subjects and facts of the installed areas decoded."""

    def __init__(self, snapshot: Snapshot, kinds: dict[str, type[Subject]]) -> None:
        """Decode subjects; those of plugins that are not installed are passed over."""
        self.snapshot = snapshot
        self._observed = {(o.subject, o.fact): o for o in snapshot.observations}
        self._records = {record.id: record for record in snapshot.subjects}
        self._facts: dict[tuple[str, str], Any] = {}
        self._kinds: dict[type[Subject], tuple[Subject, ...]] = {}
        self._beneath: dict[type[Subject], dict[str, list[Subject]]] = {}
        self.subjects: dict[str, Subject] = {}
        for record in snapshot.subjects:
            if (kind := kinds.get(record.kind)) is None:
                continue
            try:
                self.subjects[record.id] = codec.convert(record.fields, kind)
            except msgspec.ValidationError as error:
                raise codec.DocumentError(f"subject {record.id} cannot be read: {error}") from error
        self.failed_discoveries = tuple(
            d for d in snapshot.discoveries if d.failed and d.parent in self.subjects
        )
        """Below whom there may be more than was found."""
        self.sought = frozenset(d.finds for d in snapshot.discoveries)
        """Kinds of subject that somebody looked for."""

    @property
    def company(self) -> Company:
        """The client itself."""
        return next(s for s in self.subjects.values() if isinstance(s, Company))

    def of_kind(self, kind: type[Subject]) -> Sequence[Subject]:
        """All subjects of a kind, in order of their ids."""
        if kind not in self._kinds:
            every = sorted(self.subjects.items())
            self._kinds[kind] = tuple(found for _, found in every if isinstance(found, kind))
        return self._kinds[kind]

    def observation(self, subject: str, fact: str) -> Observation | None:
        """What was seen, or that it could not be; None when nobody looked."""
        return self._observed.get((subject, fact))

    def fact(self, seen: Observation, kind: type[Any]) -> Any:
        """What an observation holds, read once for all who judge it; Failed if it cannot be."""
        key = seen.subject, seen.fact
        if key not in self._facts:
            try:
                self._facts[key] = codec.convert(seen.value, kind)
            except msgspec.ValidationError as error:
                detail = f"{seen.fact}: {error}"
                self._facts[key] = Failed(reason=Reason.MALFORMED, detail=detail)
        return self._facts[key]

    def below(self, subject: str, ancestor: Subject) -> bool:
        """Whether a subject was revealed, directly or not, by ``ancestor``."""
        if isinstance(ancestor, Company):
            return True
        return ancestor.id in self._ancestors(subject)

    def beneath(self, ancestor: Subject, kind: type[Subject]) -> Sequence[Subject]:
        """Return all subjects of a kind that ``ancestor`` revealed, directly or not."""
        if isinstance(ancestor, Company):
            return self.of_kind(kind)
        if kind not in self._beneath:
            every: dict[str, list[Subject]] = {}
            for found in self.of_kind(kind):
                for name in self._ancestors(found.id):
                    every.setdefault(name, []).append(found)
            self._beneath[kind] = every
        return self._beneath[kind].get(ancestor.id, ())

    def _ancestors(self, subject: str) -> set[str]:
        found: set[str] = set()
        todo: list[str] = [subject]
        while todo:
            name = todo.pop()
            if name not in found and name in self._records:
                found.add(name)
                todo.extend(self._records[name].parents)
        return found


def failures(snapshot: Snapshot) -> Iterable[Failed]:
    """Every failed observation and discovery."""
    yield from (o.failed for o in snapshot.observations if o.failed)
    yield from (d.failed for d in snapshot.discoveries if d.failed)
