"""Finds the areas, reads their signatures, and refuses what does not fit together."""

import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from posture import model
from posture.model import Area, CheckSpec, CollectorSpec, DiscovererSpec, Failed, Moment, Seen

GROUP = "posture.areas"
_CHECK_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_-]+)+\Z")
_MARK = "__posture__"


class PluginError(Exception):
    """An installed area that breaks the contract; names the area and the rule it breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One parameter that is filled with what was seen."""

    parameter: str
    fact: type[Any]
    many: bool = False
    """All descendants' facts, as ``Sequence[Seen[T]]``."""
    failures: bool = False
    """Takes ``Failed`` too, instead of not being called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """A collector function and what its signature says."""

    name: str
    """That of its fact: a fact has exactly one collector."""
    area: Area
    function: Callable[..., Any]
    spec: CollectorSpec
    subject: type[model.Subject]
    subject_parameter: str
    needs: tuple[Need, ...]
    tools: tuple[tuple[str, Any], ...]
    """Parameter name and type of everything that is neither subject nor fact."""
    fact: type[Any]
    threaded: bool
    """A plain function blocks, so it runs beside the loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discoverer:
    """A function from facts to further subjects."""

    name: str
    area: Area
    function: Callable[..., list[model.Subject]]
    rule: str
    subject: type[model.Subject]
    subject_parameter: str
    needs: tuple[Need, ...]
    finds: type[model.Subject]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A judge and what its signature says."""

    id: str
    area: Area
    function: Callable[..., model.Verdict]
    claim: str
    subject: type[model.Subject]
    subject_parameter: str | None
    needs: tuple[Need, ...]
    params: type[Any] | None
    params_parameter: str | None
    moment_parameter: str | None


@dataclass(slots=True)
class Registry:
    """Everything the loaded areas bring, by name."""

    areas: dict[str, Area] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """Area name to the distribution it came from, with its version."""
    subjects: dict[str, type[model.Subject]] = field(default_factory=dict)
    collectors: dict[str, Collector] = field(default_factory=dict)
    discoverers: dict[str, Discoverer] = field(default_factory=dict)
    checks: dict[str, Check] = field(default_factory=dict)
    probes: dict[str, model.Probe] = field(default_factory=dict)
    facts: dict[str, type[Any]] = field(default_factory=dict)
    sources: dict[type[Any], Collector] = field(default_factory=dict)
    """Fact type to the one collector that sees it."""

    def feeders(self, needs: Iterable[Need]) -> set[str]:
        """Names of all collectors needed, directly or through others, to fill ``needs``."""
        names: set[str] = set()
        todo = [need.fact for need in needs]
        while todo:
            source = self.sources[todo.pop()]
            if source.name not in names:
                names.add(source.name)
                todo.extend(need.fact for need in source.needs)
        return names


_BUILT_IN_SUBJECTS = (
    model.Company,
    model.Domain,
    model.WebSite,
    model.MailServer,
    model.NameServer,
    model.Network,
    model.Host,
    model.Tenant,
    model.BackupSet,
    model.System,
)


def load(*, third_party: bool = True) -> Registry:
    """Load every installed area. Ours load exactly as anyone's do."""
    found = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    chosen = [p for p in found if third_party or p.value.startswith("posture.checks.")]
    if not any(p.value.startswith("posture.checks.") for p in chosen):
        raise PluginError("the built-in areas are not registered: install posture again")
    return build([(_area(point), _origin(point)) for point in chosen])


def build(areas: Iterable[tuple[Area, str]]) -> Registry:
    """Wire areas into a registry; raises PluginError on the first broken rule."""
    registry = Registry(subjects={kind.kind: kind for kind in _BUILT_IN_SUBJECTS})
    loaded = list(areas)
    for area, origin in loaded:
        _claim(registry.areas, area.name, area, "area")
        registry.origins[area.name] = origin
        for kind in area.subjects:
            _claim(registry.subjects, kind.kind, kind, "subject kind")
        for probe in area.probes:
            _claim(registry.probes, probe.name, probe, "probe")
    for area, _ in loaded:
        for function in area.collectors:
            _add_collector(registry, area, function)
    for area, _ in loaded:
        for function in area.discoverers:
            found = _read_discoverer(registry, area, function)
            _claim(registry.discoverers, found.name, found, "discoverer")
        for function in area.checks:
            judge = _read_check(registry, area, function)
            _claim(registry.checks, judge.id, judge, "check")
    _refuse_cycles(registry)
    return registry


def _area(point: EntryPoint) -> Area:
    area = point.load()
    if not isinstance(area, Area):
        raise PluginError(f"{point.value} is not an Area")
    return area


def _origin(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"


def _claim(table: dict[str, Any], name: str, value: object, what: str) -> None:
    if name in table:
        raise PluginError(f"two plugins bring the {what} {name!r}: remove one of them")
    table[name] = value


def _mark(area: Area, function: object, kind: type[Any]) -> tuple[str, Any]:
    """Name and mark of a declared function; refuses modules, lambdas and undecorated ones."""
    if not inspect.isfunction(function):
        raise PluginError(f"area {area.name}: {function!r} is not a function")
    mark = getattr(function, _MARK, None)
    if not isinstance(mark, kind):
        raise PluginError(f"area {area.name}: {function.__name__} is not a {kind.__name__}")
    return f"{area.name}.{function.__name__}", mark


def _hints(function: Callable[..., Any]) -> tuple[dict[str, Any], Any]:
    hints = typing.get_type_hints(function)
    returns = hints.pop("return", None)
    return hints, returns


def _add_collector(registry: Registry, area: Area, function: Callable[..., Any]) -> None:
    written, spec = _mark(area, function, CollectorSpec)
    hints, fact = _hints(function)
    declared = model.fact_name(fact) if isinstance(fact, type) else None
    if declared is None or not isinstance(fact, type):
        raise PluginError(f"collector {written} must return a declared fact")
    name = declared.name
    parameter, subject = _subject_of(name, hints)
    needs, rest = _split(hints)
    made = Collector(
        name=name,
        area=area,
        function=function,
        spec=spec,
        subject=subject,
        subject_parameter=parameter,
        needs=needs,
        tools=tuple(rest.items()),
        fact=fact,
        threaded=not inspect.iscoroutinefunction(function),
    )
    _claim(registry.collectors, name, made, "collector of the fact")
    registry.facts[name] = fact
    registry.sources[fact] = made


def _read_discoverer(registry: Registry, area: Area, function: Callable[..., Any]) -> Discoverer:
    name, spec = _mark(area, function, DiscovererSpec)
    hints, returns = _hints(function)
    finds = typing.get_args(returns)
    if typing.get_origin(returns) is not list or not _is_subject(finds[0]):
        raise PluginError(f"discoverer {name} must return a list of one kind of subject")
    parameter, subject = _subject_of(name, hints)
    needs, rest = _split(hints)
    if rest or any(need.many for need in needs):
        raise PluginError(f"discoverer {name} may take its subject and its facts, nothing else")
    _known(registry, name, needs)
    return Discoverer(
        name=name,
        area=area,
        function=function,
        rule=spec.rule,
        subject=subject,
        subject_parameter=parameter,
        needs=needs,
        finds=finds[0],
    )


def _read_check(registry: Registry, area: Area, function: Callable[..., Any]) -> Check:
    _, spec = _mark(area, function, CheckSpec)
    if not _CHECK_ID.match(spec.id):
        raise PluginError(f"check id {spec.id!r} must look like area.topic.claim")
    hints, _ = _hints(function)
    own = {p: hint for p, hint in hints.items() if _is_subject(hint)}
    needs, rest = _split({p: hint for p, hint in hints.items() if p not in own})
    _known(registry, spec.id, needs)
    settings = {p: hint for p, hint in rest.items() if getattr(hint, "__params__", False)}
    moments = [p for p, hint in rest.items() if hint is Moment]
    if len(settings) > 1 or len(own) > 1 or set(rest) != {*settings, *moments}:
        raise PluginError(f"check {spec.id}: a parameter is no subject, fact, Moment or params")
    claim = (inspect.getdoc(function) or "").split("\n", 1)[0].strip()
    if not claim:
        raise PluginError(f"check {spec.id} has no claim: write one as its docstring's first line")
    return Check(
        id=spec.id,
        area=area,
        function=function,
        claim=claim,
        subject=next(iter(own.values()), None) or _judged(registry, spec.id, needs),
        subject_parameter=next(iter(own), None),
        needs=needs,
        params=next(iter(settings.values()), None),
        params_parameter=next(iter(settings), None),
        moment_parameter=moments[0] if moments else None,
    )


def _judged(registry: Registry, name: str, needs: Sequence[Need]) -> type[model.Subject]:
    """The subject a check without a subject parameter is about: that of its facts."""
    kinds = {registry.sources[need.fact].subject for need in needs if not need.many}
    if len(kinds) > 1:
        raise PluginError(f"check {name} mixes facts about different kinds of subject")
    return kinds.pop() if kinds else model.Company


def _known(registry: Registry, name: str, needs: Sequence[Need]) -> None:
    for need in needs:
        if need.fact not in registry.sources:
            raise PluginError(f"{name} needs {need.fact.__name__}, which no collector sees")


def _subject_of(name: str, hints: dict[str, Any]) -> tuple[str, type[model.Subject]]:
    """Take the subject parameter out of ``hints``."""
    for parameter, hint in hints.items():
        if _is_subject(hint):
            del hints[parameter]
            return parameter, hint
    raise PluginError(f"{name} must take a subject")


def _split(hints: dict[str, Any]) -> tuple[tuple[Need, ...], dict[str, Any]]:
    """Part parameters into facts and the rest."""
    needs: list[Need] = []
    rest: dict[str, Any] = {}
    for parameter, hint in hints.items():
        need = _need(parameter, hint)
        if need is None:
            rest[parameter] = hint
        else:
            needs.append(need)
    return tuple(needs), rest


def _need(parameter: str, hint: Any) -> Need | None:
    if typing.get_origin(hint) in {Sequence, list, tuple}:
        inner = typing.get_args(hint)[0]
        if typing.get_origin(inner) is not Seen:
            return None
        fact, failures = _or_failed(typing.get_args(inner)[0])
        return Need(parameter=parameter, fact=fact, many=True, failures=failures)
    fact, failures = _or_failed(hint)
    if not isinstance(fact, type) or model.fact_name(fact) is None:
        return None
    return Need(parameter=parameter, fact=fact, failures=failures)


def _or_failed(hint: Any) -> tuple[Any, bool]:
    """Strip ``| Failed`` from a hint."""
    if isinstance(hint, types.UnionType):
        others = [arm for arm in typing.get_args(hint) if arm is not Failed]
        if len(others) == 1 and Failed in typing.get_args(hint):
            return others[0], True
    return hint, False


def _is_subject(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, model.Subject)


def _refuse_cycles(registry: Registry) -> None:
    done: set[type[Any]] = set()

    def visit(fact: type[Any], path: tuple[type[Any], ...]) -> None:
        if fact in path:
            raise PluginError(f"collectors wait for each other around {fact.__name__}")
        if fact in done:
            return
        source = registry.sources[fact]
        _known(registry, source.name, source.needs)
        for need in source.needs:
            if need.many or registry.sources[need.fact].subject is not source.subject:
                raise PluginError(f"{source.name} may only need facts about its own subject")
            visit(need.fact, (*path, fact))
        done.add(fact)

    for fact in registry.sources:
        visit(fact, ())
