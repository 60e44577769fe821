"""``posture probe mail``: what a domain publishes, what is wrong with it, how to mend it."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from posture.audit import Audit, Entry
from posture.model import Status
from posture.score import is_proven

AREAS = frozenset({"dns", "email"})
_GROUPS = (
    ("Not in order", lambda entry: is_proven(entry.finding)),
    ("Could not be told", lambda entry: entry.finding.status.undecided),
    ("In order", lambda entry: entry.finding.status is Status.PASS),
)


def plan(made: Audit) -> list[Entry]:
    """What is to be done, in order: the worst first, and last what goes by steps.

    A policy that is raised step by step needs all that mail is recognised by in place before.
    """
    todo = [entry for entry in made.entries if is_proven(entry.finding)]
    return sorted(todo, key=_turn)


def _turn(entry: Entry) -> tuple[bool, int, str]:
    waits = any(edit.step for edit in entry.records)
    return waits, -entry.finding.severity.rank, entry.finding.check


def steps(made: Audit) -> list[dict[str, Any]]:
    """The plan for ``--json``."""
    return [
        {
            "check": entry.finding.check,
            "action": made.words[entry.finding.check].action,
            "severity": entry.finding.severity,
            "fix": entry.fix,
            "records": msgspec.to_builtins(entry.records),
        }
        for entry in plan(made)
    ]


def lines(made: Audit) -> Iterator[str]:
    """The same for a terminal."""
    yield made.client_name
    yield from _section("What was seen", _evidence(made.entries))
    for title, belongs in _GROUPS:
        found = [entry for entry in made.entries if belongs(entry)]
        yield from _section(title, [line for entry in found for line in _finding(entry)])
    number = 0
    for number, entry in enumerate(plan(made), 1):
        yield from ("", "Plan") if number == 1 else ()
        yield f"  {number}. {made.words[entry.finding.check].action}"
        yield from (f"     {line}" for line in entry.fix.splitlines())
    if not number:
        yield from ("", "Plan", "  Nothing to do.")


def _section(title: str, found: Sequence[str]) -> Iterator[str]:
    if found:
        yield from ("", title, *found)


def _evidence(entries: Sequence[Entry]) -> list[str]:
    """Each record once, however many findings rest on it."""
    shown = dict.fromkeys(
        (one.source, line)
        for entry in entries
        for one in entry.finding.evidence
        for line in one.record.splitlines()
    )
    return [f"  {source}: {line}" for source, line in shown]


def _finding(entry: Entry) -> Iterator[str]:
    finding = entry.finding
    yield f"  {finding.severity:8} {finding.check}"
    yield from (f"           {line}" for line in entry.summary.splitlines())
