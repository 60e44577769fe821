"""The shape of a policy file: its tables, what their values must be, and which it extends."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

from posture.model import Severity, View
from posture.tomlfile import (
    Builder,
    ConfigError,
    ConfigErrors,
    Document,
    Rules,
    did_you_mean,
    parse,
    quote,
    read,
)

PACKAGE = "posture.policies"
MAX_EXTENDS = 8
AREAS = ("identity", "backup", "email", "network", "governance", "tls", "dns")
"""The areas of the score: a report has words for these."""


class Where(StrEnum):
    """Where a rule's evidence comes from; a profile is a set of these."""

    OUTSIDE = "outside"
    """What a browser or a mail server sees, without credentials."""
    SCAN = "scan"
    """The ports of declared addresses."""
    LAN = "lan"
    PROVIDER = "provider"
    """A provider's API, an agent or a log."""
    ATTESTED = "attested"
    STRANGERS = "strangers"
    """What the DNS says of names that are not the client's."""


class Cost(StrEnum):
    """What closing a finding costs in money."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTable:
    """A rule as written; what is left out comes from the policy it extends."""

    enabled: bool | None = None
    severity: Severity | dict[View, Severity] | None = None
    weight: float | None = None
    score_area: str | None = None
    where: tuple[Where, ...] | None = None
    effort_minutes: int | None = None
    cost: Cost | None = None
    params: dict[str, Any] | None = None
    maps: dict[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CapsTable:
    """Caps as written."""

    critical_f: int | None = None
    critical_d: int | None = None
    area_c: float | None = None
    high_b: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """Everything a policy file may hold."""

    id: str
    version: str
    title: str
    extends: str | None = None
    default_profile: str | None = None
    area_weights: dict[str, float] | None = None
    severity_weights: dict[Severity, float] | None = None
    bands: dict[str, float] | None = None
    caps: CapsTable | None = None
    profiles: dict[str, tuple[Where, ...]] | None = None
    rules: dict[str, RuleTable] | None = None


def built_in() -> tuple[str, ...]:
    """Names of the policies that come with posture."""
    found = (entry.name for entry in files(PACKAGE).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


@cache
def mapping(framework: str) -> Mapping[str, str]:
    """Titles, in our own words, of a framework's requirements by id; empty if we have none."""
    table = files(PACKAGE).joinpath("mappings", f"{framework}.toml")
    if not framework.isidentifier() or not table.is_file():
        return {}
    found: dict[str, str] = parse(table.read_bytes(), table.name).data["ids"]
    return found


def chain(name: str) -> Iterator[Builder]:
    """The documents to merge, the one that was asked for first."""
    document = _open(name, None)
    seen = {document.name}
    while True:
        yield Builder(document, _VALUES)
        base = document.data.get("extends")
        if not isinstance(base, str):
            return
        line = document.line(("extends",))
        try:
            extended = _open(base, document)
        except ConfigErrors as error:
            _refuse(document, line, "; ".join(each.message for each in error.errors))
        if extended.name in seen or len(seen) == MAX_EXTENDS:
            _refuse(document, line, f"extends: {quote(base)} leads back here or too deep")
        seen.add(extended.name)
        document = extended


def _refuse(document: Document, line: int, what: str) -> NoReturn:
    raise ConfigErrors([ConfigError(document.name, line, what)]) from None


def _open(name: str, beside: Document | None) -> Document:
    """Open a policy; a path is relative to the document that extends it."""
    if name.endswith(".toml"):
        return read(Path(beside.name).parent / name if beside else Path(name))
    if name not in built_in():
        known = f"is not one of {', '.join(built_in())}"
        what = f"{quote(name)} {known} nor a .toml file{did_you_mean(name, built_in())}"
        raise ConfigErrors([ConfigError("policy", 0, what)])
    entry = files(PACKAGE).joinpath(f"{name}.toml")
    return parse(entry.read_bytes(), f"{PACKAGE}/{entry.name}")


def _one_line(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > 200:
        raise ValueError("must be one line of text")
    return text


def _weights(table: dict[Any, float]) -> dict[Any, float]:
    if any(not 0 <= weight <= 1000 for weight in table.values()) or not any(table.values()):
        raise ValueError("weights lie between 0 and 1000, and one is more than 0")
    return table


def _area_weights(table: dict[str, float]) -> dict[str, float]:
    for area in table:
        if area not in AREAS:
            raise ValueError(f"{quote(area)} is not an area{did_you_mean(area, AREAS)}")
    return _weights(table)


def _between(low: float, high: float) -> Callable[[Any], Any]:
    def check(number: float | None) -> float | None:
        if number is not None and not low <= number <= high:
            raise ValueError(f"must be between {low:g} and {high:g}")
        return number

    return check


def _not_empty(value: Any) -> Any:
    if not value:
        raise ValueError("is empty")
    return value


def _profiles(table: dict[str, tuple[Where, ...]]) -> dict[str, tuple[Where, ...]]:
    for name, places in table.items():
        if not places or not name.isidentifier():
            raise ValueError(f"{quote(name)} must be a word and must not be empty")
    return table


_VALUES: Rules = {
    PolicyFile: {
        "id": _one_line,
        "version": _one_line,
        "title": _one_line,
        "area_weights": _area_weights,
        "severity_weights": _weights,
        "profiles": _profiles,
    },
    CapsTable: {
        "critical_f": _between(1, 100),
        "critical_d": _between(1, 100),
        "area_c": _between(0, 100),
        "high_b": _between(1, 100),
    },
    RuleTable: {
        "severity": _not_empty,
        "weight": _between(0, 1000),
        "where": _not_empty,
        "effort_minutes": _between(0, 100_000),
    },
}
