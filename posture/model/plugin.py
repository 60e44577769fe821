"""What a plugin declares: facts, collectors, discoverers, checks and the area that lists them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, dataclass_transform

from posture.model.subject import Subject
from posture.model.verdict import Verdict

API = 1
"""Version of this contract; raised when it breaks."""

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass_transform(frozen_default=True, kw_only_default=True)
def fact(name: str, *, version: int = 1) -> Callable[[type[T]], type[T]]:
    """Declare a frozen dataclass as what can be seen about one subject.

    Times are aware UTC datetimes, floats are finite, and the only union of dataclasses allowed in
    a field is one with ``Failed``.
    """

    def declare(cls: type[T]) -> type[T]:
        made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        made.__fact__ = FactName(name, version)  # type: ignore[attr-defined]
        return made

    return declare


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(cls: type[T]) -> type[T]:
    """Declare a frozen dataclass that is part of a fact."""
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def params(cls: type[T]) -> type[T]:
    """Declare the settings of a check. A policy gives every value: there are no defaults here."""
    made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
    made.__params__ = True  # type: ignore[attr-defined]
    return made


@dataclass(frozen=True, slots=True)
class FactName:
    """Name and schema version of a fact type."""

    name: str
    version: int


def fact_name(cls: type[Any]) -> FactName | None:
    """The declared name of a fact type, None for any other class."""
    found = getattr(cls, "__fact__", None)
    return found if isinstance(found, FactName) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorSpec:
    """What a collector does to the world, in words a customer can authorise."""

    traffic: str
    needs: tuple[str, ...]
    consent: str | None
    deadline: float
    """Seconds, counted from the moment it gets its slot."""


@dataclass(frozen=True, slots=True)
class DiscovererSpec:
    """Marks a pure function from facts to further subjects."""

    rule: str


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """Marks a judge."""

    id: str


ACTIVE = "active-tests"
"""The consent that tests beyond ordinary use need, on subjects declared ``owned``."""


def collector(
    *, traffic: str, needs: Sequence[str] = (), consent: str | None = None, deadline: float = 30
) -> Callable[[F], F]:
    """Declare a function ``(subject, facts…, tools…) -> fact``.

    ``traffic`` says what is sent, with ``{field}`` of the subject filled in; ``needs`` names
    programs and permissions. ``async def`` runs on the event loop, ``def`` in a thread.
    """
    spec = CollectorSpec(traffic=traffic, needs=tuple(needs), consent=consent, deadline=deadline)
    return lambda function: _mark(function, spec)


def discoverer(rule: str) -> Callable[[F], F]:
    """Declare a pure function ``(subject, facts…) -> list of subjects``; ``rule`` names them."""
    return lambda function: _mark(function, DiscovererSpec(rule))


def check(check_id: str) -> Callable[[F], F]:
    """Declare a judge ``(subject?, facts…, moment?, params?) -> Verdict``.

    The first line of its docstring is the claim that is true when it passes.
    """
    return lambda function: _mark(function, CheckSpec(check_id))


def _mark(function: F, spec: CollectorSpec | DiscovererSpec | CheckSpec) -> F:
    function.__posture__ = spec  # type: ignore[attr-defined]
    return function


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """One descendant of the judged subject, and what was seen of it."""

    subject: Subject
    fact: T


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The two points in time a judge may ask for; both come from outside, never from a clock."""

    taken: datetime
    """When the evidence was gathered."""
    valid_at: datetime
    """When attestations must be valid: ``taken``, unless a later ``--at`` was asked for."""


class Clock(Protocol):
    """The tool that tells a collector the time (aware UTC)."""

    def now(self) -> datetime:
        """Return the current time."""
        ...  # pragma: no cover - protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What an expert's look found."""

    document: Mapping[str, Any]
    """For ``--json``: plain JSON values and declared facts."""
    lines: tuple[str, ...]
    """For a terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """An expert's command that an area adds: ``posture probe <name> TARGET``."""

    name: str
    help: str
    subject: Callable[[str], Subject]
    """Read the target; raises ValueError with a sentence."""
    look: Callable[..., Awaitable[Probed]]
    """``async (subject, net, options) -> Probed``; may raise CollectError or ValueError."""
    options: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Text option without its dashes to its help; what was not given is not in ``options``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """What one plugin brings. The engine reads it; nothing registers itself."""

    name: str
    title: str
    package: str
    """Import name of the package that holds ``docs/<check-id>.md``."""
    collectors: tuple[Callable[..., Any], ...] = ()
    discoverers: tuple[Callable[..., Any], ...] = ()
    checks: tuple[Callable[..., Verdict], ...] = ()
    subjects: tuple[type[Subject], ...] = ()
    """Kinds of subject this area adds, declared under ``[[plugin.<name>]]`` in client.toml."""
    probes: tuple[Probe, ...] = ()
