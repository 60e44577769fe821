"""Which collectors must run for these rules, and what that will do, before anything is done."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from posture import codec
from posture.model import Subject
from posture.plugins import Check, Collector, Discoverer, Registry

_BLANK = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The work of one run, in a stable order."""

    checks: tuple[Check, ...]
    not_tested: tuple[Check, ...]
    """Enabled, but they need a consent nobody gave."""
    collectors: tuple[Collector, ...]
    discoverers: tuple[Discoverer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One line of a dry run: what will be sent, where to, and what it takes."""

    target: str
    traffic: str
    collector: str
    needs: tuple[str, ...] = ()
    consent: str | None = None


def plan(registry: Registry, check_ids: Iterable[str], consents: frozenset[str]) -> Plan:
    """Work out the collectors and discoverers that the enabled checks need."""
    enabled = [registry.checks[check_id] for check_id in sorted(check_ids)]
    untested = [c for c in enabled if not _allowed(registry, c, consents)]
    checks = [c for c in enabled if c not in untested]
    wanted = {check.subject for check in checks}
    names: set[str] = set()
    for check in checks:
        names |= registry.feeders(check.needs)
        wanted |= {registry.sources[need.fact].subject for need in check.needs}
    discoverers = _discoverers(registry, wanted)
    for found in discoverers:
        names |= registry.feeders(found.needs)
    collectors = [c for name, c in sorted(registry.collectors.items()) if name in names]
    return Plan(
        checks=tuple(checks),
        not_tested=tuple(untested),
        collectors=tuple(collectors),
        discoverers=tuple(discoverers),
    )


def _allowed(registry: Registry, check: Check, consents: frozenset[str]) -> bool:
    needed = registry.feeders(need for need in check.needs if not need.failures)
    asked = {registry.collectors[name].spec.consent for name in needed} - {None}
    return asked <= consents


def _discoverers(registry: Registry, wanted: set[type[Subject]]) -> list[Discoverer]:
    """Every discoverer that leads, in any number of steps, to a wanted kind of subject."""
    chosen: dict[str, Discoverer] = {}
    grown = True
    while grown:
        grown = False
        for name, found in sorted(registry.discoverers.items()):
            if name not in chosen and found.finds in wanted:
                chosen[name] = found
                wanted = wanted | {found.subject}
                grown = True
    return [chosen[name] for name in sorted(chosen)]


def announce(made: Plan, subjects: Sequence[Subject]) -> list[Announcement]:
    """Say what the plan will do: to each declared subject, then by each rule of discovery."""
    lines = [
        Announcement(
            target=subject.label,
            traffic=fill(collector.spec.traffic, subject),
            collector=collector.name,
            needs=collector.spec.needs,
            consent=collector.spec.consent,
        )
        for subject in subjects
        for collector in made.collectors
        if isinstance(subject, collector.subject)
    ]
    for found in _reachable(made, {type(subject) for subject in subjects}):
        parents = [s for s in subjects if isinstance(s, found.subject)]
        targets = [fill(found.rule, parent) for parent in parents] or [
            _BLANK.sub(r"‹\1›", found.rule)
        ]
        lines.extend(
            Announcement(
                target=target,
                traffic=_BLANK.sub(r"‹\1›", collector.spec.traffic),
                collector=collector.name,
                needs=collector.spec.needs,
                consent=collector.spec.consent,
            )
            for target in targets
            for collector in made.collectors
            if collector.subject is found.finds
        )
    return lines


def _reachable(made: Plan, kinds: set[type[Subject]]) -> list[Discoverer]:
    """The discoverers that can come to work, starting from declared kinds of subject."""
    found: list[Discoverer] = []
    for _ in made.discoverers:
        found = [d for d in made.discoverers if d.subject in kinds]
        kinds = kinds | {d.finds for d in found}
    return found


def fill(pattern: str, subject: Subject) -> str:
    """Fill ``{field}`` of a traffic line with the subject's own fields."""
    return pattern.format(**codec.plain(subject))
