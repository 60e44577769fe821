"""What findings are judged and weighed by: a policy in TOML, read with every mistake told at once.

A policy may extend another, key by key. Every value keeps the file and line it came from, so that
a mistake is reported where it was written and not where it was merged.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from posture import codec
from posture.model import Severity, View
from posture.plugins import Check, Registry
from posture.policy_file import (
    CapsTable,
    Cost,
    PolicyFile,
    RuleTable,
    Where,
    built_in,
    chain,
    mapping,
)
from posture.toml_lines import Place
from posture.tomlfile import (
    INVALID,
    Builder,
    ConfigError,
    ConfigErrors,
    did_you_mean,
    quote,
)

__all__ = ["Caps", "Cost", "Policy", "Rule", "Where", "built_in", "load_policy", "mapping"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What keeps a grade down whatever the points."""

    critical_f: int
    """So many open critical rules make an F."""
    critical_d: int
    """So many open critical rules make a D at best."""
    area_c: float
    """An area below so many points makes a C at best."""
    high_b: int
    """So many open high rules make a B at best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one check counts."""

    check: str
    severity: Severity | dict[View, Severity]
    weight: float | None
    """None: by the severity."""
    score_area: str
    where: tuple[Where, ...]
    effort_minutes: int
    cost: Cost
    params: Any = None
    """An instance of the check's params class; None when it has none."""
    maps: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Framework to the ids of its requirements that this check feeds."""
    line: int = 0
    """Line of the rule in the file that mentions it last; 0 in the policy's hash."""

    def severity_for(self, view: View | None) -> Severity:
        """How bad a failure is, seen from this side; the worst when the side is not known."""
        if isinstance(self.severity, Severity):
            return self.severity
        worst = max(self.severity.values(), key=lambda each: each.rank)
        return self.severity.get(view, worst) if view else worst


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A complete set of rules and how they add up to a grade."""

    id: str
    version: str
    title: str
    area_weights: dict[str, float]
    severity_weights: dict[Severity, float]
    bands: dict[str, float]
    """Grade to the fewest points that earn it; below all of them is F."""
    caps: Caps
    profiles: dict[str, tuple[Where, ...]]
    default_profile: str
    rules: dict[str, Rule]
    sha256: str = ""
    """Of the merged content: comments, order and layout do not change it."""

    def rules_of(self, profile: str) -> dict[str, Rule]:
        """The rules that a profile asks, by check; raises KeyError for one that does not exist."""
        places = set(self.profiles[profile])
        return {check: rule for check, rule in self.rules.items() if places & set(rule.where)}

    def profile(self, name: str | None) -> str:
        """``name`` or the default; raises ConfigErrors naming the profiles there are."""
        if name is None or name in self.profiles:
            return name or self.default_profile
        what = f"{quote(name)} is not one of {', '.join(self.profiles)}"
        near = did_you_mean(name, self.profiles)
        raise ConfigErrors([ConfigError("profile", 0, what + near)])


@dataclass(frozen=True, slots=True)
class _Origin:
    """A value, and where it was written."""

    value: Any
    builder: Builder
    place: Place

    def problem(self, what: str) -> None:
        self.builder.problem(self.place, what)


def load_policy(name: str, registry: Registry) -> Policy:
    """Read a built-in policy by its name or any other by its path; raises ConfigErrors."""
    builders = list(chain(name))
    made = _Merge(builders, registry).policy()
    errors = [error for builder in builders for error in builder.errors]
    if errors:
        raise ConfigErrors(errors)
    unplaced = {check: replace(rule, line=0) for check, rule in made.rules.items()}
    return replace(made, sha256=codec.sha256(codec.encode(replace(made, rules=unplaced))))


class _Merge:
    """Merges a chain of documents and checks the result against the installed checks."""

    def __init__(self, builders: list[Builder], registry: Registry) -> None:
        self.registry = registry
        self.top = builders[0]
        self.tables = [(b, b.fields(PolicyFile, b.document.data)) for b in builders]

    def policy(self) -> Policy:
        own = self.tables[0][1]
        areas = self._table("area_weights")
        profiles = self._table("profiles")
        return Policy(
            id=own.get("id", ""),
            version=own.get("version", ""),
            title=own.get("title", ""),
            area_weights=areas,
            severity_weights=self._severity_weights(),
            bands=self._bands(),
            caps=self._caps(),
            profiles=profiles,
            default_profile=self._default_profile(profiles),
            rules=self._rules(areas),
        )

    def _all(self, key: str) -> Iterator[_Origin]:
        """Every valid value of a top-level key, the base's first; one is needed."""
        if not any(key in builder.document.data for builder, _ in self.tables):
            self.top.problem((), f'the key "{key}" is missing')
        for builder, values in reversed(self.tables):
            value = values.get(key)
            if value is not None and value is not INVALID:
                yield _Origin(value, builder, (key,))

    def _table(self, key: str) -> dict[Any, Any]:
        merged: dict[Any, Any] = {}
        for origin in self._all(key):
            merged |= origin.value
        return merged

    def _severity_weights(self) -> dict[Severity, float]:
        weights = self._table("severity_weights")
        self._lacks("severity_weights", weights, Severity)
        return weights

    def _bands(self) -> dict[str, float]:
        bands = self._table("bands")
        a, b, c, d = (bands.get(grade, 0.0) for grade in "ABCD")
        if bands and (set(bands) != set("ABCD") or not 100 >= a > b > c > d > 0):
            self.top.problem(("bands",), "must give A, B, C and D, falling, points of 100")
        return bands

    def _caps(self) -> Caps:
        found: dict[str, Any] = {}
        for origin in self._all("caps"):
            given = {name: getattr(origin.value, name) for name in _names(CapsTable)}
            found |= {name: value for name, value in given.items() if value is not None}
        self._lacks("caps", found, _names(CapsTable))
        return Caps(**{name: found.get(name, 0) for name in _names(CapsTable)})

    def _lacks(self, key: str, found: dict[Any, Any], needed: Iterable[str]) -> None:
        missing = [name for name in needed if name not in found]
        if found and missing and not any(builder.errors for builder, _ in self.tables):
            self.top.problem((key,), f"lacks {', '.join(missing)}")

    def _default_profile(self, profiles: dict[str, Any]) -> str:
        chosen = ""
        for origin in self._all("default_profile"):
            chosen = origin.value
            if profiles and chosen not in profiles:
                origin.problem(f"{quote(chosen)} is no profile{did_you_mean(chosen, profiles)}")
        return chosen

    def _rules(self, areas: dict[str, float]) -> dict[str, Rule]:
        self._refuse_unknown_checks()
        merged: dict[str, dict[str, _Origin]] = {}
        for origin in self._all("rules"):
            for check, table in origin.value.items():
                _overlay(merged.setdefault(check, {}), table, origin.builder, check)
        made = {
            check: _rule(self.registry.checks[check], merged[check], areas)
            for check in sorted(merged)
            if check in self.registry.checks
        }
        return {check: rule for check, rule in made.items() if rule}

    def _refuse_unknown_checks(self) -> None:
        """Looks at the text as written, so that another mistake in a rule hides nothing."""
        for builder, _ in self.tables:
            table = builder.document.data.get("rules")
            for check in table if isinstance(table, dict) else ():
                if check not in self.registry.checks:
                    near = did_you_mean(check, self.registry.checks)
                    builder.problem(("rules", check), f"there is no such check installed{near}")


def _overlay(into: dict[str, _Origin], table: RuleTable, builder: Builder, check: str) -> None:
    """Lay one rule's keys over those of the policy it extends; params and maps key by key."""
    place: Place = ("rules", check)
    into[""] = _Origin(None, builder, place)
    for name in _names(RuleTable):
        value = getattr(table, name)
        if name == "params":
            for key, each in (value or {}).items():
                into[f"params.{key}"] = _Origin(each, builder, (*place, name, key))
        elif value is not None:
            before = into[name].value if name == "maps" and name in into else {}
            merged = {**before, **value} if name == "maps" else value
            into[name] = _Origin(merged, builder, (*place, name))


_NEEDED = ("severity", "score_area", "where", "effort_minutes", "cost")


def _rule(check: Check, found: dict[str, _Origin], areas: dict[str, float]) -> Rule | None:
    """Make a rule of merged keys; None when it is switched off or wrong."""
    here = found[""]
    if "enabled" in found and not found["enabled"].value:
        return None
    missing = [name for name in _NEEDED if name not in found]
    for name in missing:
        here.problem(f'the key "{name}" is missing')
    area = found.get("score_area")
    if area and areas and area.value not in areas:
        area.problem(f"{quote(area.value)} is not an area{did_you_mean(area.value, areas)}")
    params = _params(check, found, here)
    if missing or params is INVALID:
        return None
    keys = ("weight", "maps", *_NEEDED)
    return Rule(
        check=check.id,
        params=params,
        line=here.builder.document.line(here.place),
        **{"weight": None, **{name: found[name].value for name in keys if name in found}},
    )


def _params(check: Check, found: dict[str, _Origin], here: _Origin) -> Any:
    """Convert each setting where it was written, then make the check's params of them."""
    origins = {name[7:]: origin for name, origin in found.items() if name.startswith("params.")}
    if check.params is None:
        for origin in origins.values():
            origin.problem("this check takes no params")
        return None
    values: dict[str, Any] = {}
    for key, origin in origins.items():
        values |= origin.builder.given(check.params, {key: origin.value}, origin.place[:-1])
    missing = set(_names(check.params)) - set(origins)
    for key in sorted(missing):
        here.problem(f'the params lack "{key}"')
    if missing or len(values) < len(origins) or INVALID in values.values():
        return INVALID
    try:
        return check.params(**values)
    except ValueError as error:
        here.problem(f"params: {error}")
        return INVALID


def _names(kind: type[Any]) -> list[str]:
    return [each.name for each in dataclasses.fields(kind)]
