"""What an audit says in short, in the owner's words; report and terminal say the same.

No sentence here names a person besides who authorised the scan, and none carries what a scanned
party wrote, save the labels of systems. The outlets make those harmless.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from posture.model import Severity, Status
from posture.render import phrases
from posture.render.phrases import count, day, of_area, whole
from posture.score import UNGRADED, is_open, is_proven

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from posture.audit import Audit, Change, Entry
    from posture.score import Action, Hold, RuleScore, Score

FIRST = "First audit: there is nothing to compare with yet"
OTHER_SIDE = "a look from the other side of the firewall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One cause that keeps the grade from being better, and the rules behind it."""

    cause: str
    rules: tuple[tuple[str, str], ...]
    """Title of each rule, and its state in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do."""

    check: str
    action: str
    risk: str
    effort: str
    cost: str
    severity: Severity
    systems: tuple[str, ...]
    afterwards: str
    """What the grade is at least after this step and all before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fine:
    """One thing that is in order."""

    good: str
    attested: bool
    """Somebody said so; it was not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """One rule that could not be checked everywhere."""

    check: str
    title: str
    why: str
    """A sentence without its full stop."""
    systems: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What changed since the last audit, by title of the rule and label of the system."""

    summary: str
    new: tuple[str, ...]
    fixed: tuple[str, ...]


def grade(score: Score) -> str:
    """The letter once it is settled, else the whole range: no letter that could be wrong."""
    if score.floor.grade == UNGRADED:
        return "No grade"
    if score.settled:
        return f"Grade {score.floor.grade}"
    return f"Not settled: {score.floor.grade} to {score.ceiling.grade}"


def points(score: Score) -> str:
    """The points of 100, as a range while something is not known."""
    least, most = whole(score.floor.points), whole(score.ceiling.points)
    return f"{least} of 100 points" if least == most else f"{least} to {most} of 100 points"


def coverage(score: Score) -> str:
    """How much of what counts has a result."""
    return f"{whole(100 * score.coverage)} % of what counts could be checked"


def result(score: Score) -> str:
    """Points and coverage in one sentence without its full stop."""
    if score.floor.grade == UNGRADED:
        return "No rule of this policy applied to anything"
    return f"{points(score)}; {coverage(score)}"


def why_unsettled(audit: Audit) -> str:
    """What keeps a grade from being settled, empty when it is."""
    if audit.score.settled:
        return ""
    critical, outside = audit.score.open_questions, audit.score.from_outside
    if critical:
        reasons = [f"{count(critical, 'critical question')} open"]
    else:
        reasons = [f"{count(len(unseen(audit)), 'question')} open"]
    if outside:
        reasons.append(f"{outside} {'needs' if outside == 1 else 'need'} {OTHER_SIDE}")
    return ", ".join(reasons)


def held(audit: Audit) -> tuple[Held, ...]:
    """What keeps the grade down, as the lower grade sees it."""
    return tuple(
        Held(
            cause=_cause(hold),
            rules=tuple(
                (audit.words[check].title, _state(check, audit.entries))
                for check in _worst_first(hold, audit)
            ),
        )
        for hold in audit.score.floor.held_by
    )


def _worst_first(hold: Hold, audit: Audit) -> list[str]:
    cost = {rule.check: rule.points for rule in audit.score.rules}
    return sorted(hold.rules, key=lambda check: (-cost[check], check))


def _cause(hold: Hold) -> str:
    if hold.cause == "points":
        return "No single point limits the grade; these cost the most"
    if hold.cause == "area":
        return f"“{of_area(hold.area)}” has too few points for better than {hold.at_most}"
    allow = "allows" if len(hold.rules) == 1 else "allow"
    open_ = count(len(hold.rules), "open point")
    return f"{open_} of {hold.cause} severity {allow} no better grade than {hold.at_most}"


def _state(check: str, entries: Iterable[Entry]) -> str:
    """Say of an open rule whether it is proven not to be in order, or not known.

    Only its worst open findings count: what is bad inside the office says nothing of the outside.
    """
    open_ = [e.finding for e in entries if e.finding.check == check and is_open(e.finding)]
    worst = max((finding.severity.rank for finding in open_), default=0)
    proven = any(is_proven(finding) for finding in open_ if finding.severity.rank == worst)
    return phrases.of_status(Status.FAIL if proven else Status.UNKNOWN)


def steps(audit: Audit, limit: int = 3) -> tuple[Step, ...]:
    """The first things to do."""
    return tuple(_step(audit, action) for action in audit.score.actions[:limit])


def _step(audit: Audit, action: Action) -> Step:
    words = audit.words[action.check]
    return Step(
        check=action.check,
        action=words.action,
        risk=words.risk,
        effort=phrases.effort(action.effort_minutes),
        cost=phrases.cost(action.cost),
        severity=action.severity,
        systems=tuple(
            e.finding.label
            for e in audit.entries
            if e.finding.check == action.check and is_proven(e.finding) and not e.finding.waived
        ),
        afterwards=f"at least grade {action.grade_after}",
    )


def fine(audit: Audit, limit: int = 3) -> tuple[Fine, ...]:
    """The weightiest rules that are wholly in order: measured ones first, of different areas."""
    rules = sorted(
        (rule for rule in audit.score.rules if not rule.open),
        key=lambda rule: (rule.attested > 0, -rule.severity.rank, -rule.weight, rule.check),
    )
    return tuple(
        Fine(good=audit.words[rule.check].good, attested=rule.attested > 0)
        for rule in _spread(rules)[:limit]
    )


def _spread(rules: Sequence[RuleScore]) -> list[RuleScore]:
    """Put the first rule of every area before the second of any."""
    seen: Counter[str] = Counter()
    turns = []
    for place, rule in enumerate(rules):
        turns.append((rule.attested > 0, seen[rule.score_area], place, rule))
        seen[rule.score_area] += 1
    return [rule for *_, rule in sorted(turns, key=lambda turn: turn[:3])]


def unseen(audit: Audit) -> tuple[Unseen, ...]:
    """Every rule with something that could not be checked, worst severity first."""
    by_check: dict[str, list[Entry]] = {}
    for entry in audit.entries:
        if entry.finding.status.undecided:
            by_check.setdefault(entry.finding.check, []).append(entry)
    order = sorted(by_check, key=lambda c: (-_rank(by_check[c]), c))
    return tuple(_unseen(audit, by_check[check]) for check in order)


def _rank(entries: Sequence[Entry]) -> int:
    return max(entry.finding.severity.rank for entry in entries)


def _unseen(audit: Audit, entries: Sequence[Entry]) -> Unseen:
    reasons = Counter(phrases.why_unseen(entry.finding) for entry in entries)
    (why, _), *others = reasons.most_common()
    return Unseen(
        check=entries[0].finding.check,
        title=audit.words[entries[0].finding.check].title,
        why=f"{why}, and other reasons" if others else why,
        systems=len(entries),
    )


def reasons_unseen(audit: Audit) -> tuple[tuple[str, int], ...]:
    """How many findings could not be made, by the reason in words, most first."""
    found = (phrases.why_unseen(e.finding) for e in audit.entries if e.finding.status.undecided)
    return tuple(sorted(Counter(found).items(), key=lambda pair: (-pair[1], pair[0])))


def compared(audit: Audit) -> Compared:
    """What changed since the last complete audit."""
    changes = audit.changes
    if changes is None:
        return Compared(summary=FIRST, new=(), fixed=())
    return Compared(
        summary=f"Since {day(changes.since)}: {len(changes.new)} new, {len(changes.fixed)} fixed, "
        f"{len(changes.still_open)} still open; the grade then was at least "
        f"{changes.grade_before} ({whole(changes.points_before)} points)",
        new=_named(audit, changes.new),
        fixed=_named(audit, changes.fixed),
    )


def _named(audit: Audit, changes: Iterable[Change]) -> tuple[str, ...]:
    return tuple(f"{audit.words[c.check].title} – {c.label}" for c in changes)


def accepted(audit: Audit) -> str:
    """How many risks were accepted and what they cost; a rule costs once, however often waived."""
    if not audit.accepted:
        return "No risk was accepted"
    cost = sum({risk.check: risk.points for risk in audit.accepted}.values())
    return f"{count(len(audit.accepted), 'accepted risk')}, costing {cost:.1f} of 100 points"


def authorised(audit: Audit) -> tuple[str, ...]:
    """Who allowed the scan; several only after merging scans."""
    return tuple(dict.fromkeys(run.authorisation.by for run in audit.runs))


def looked_from(audit: Audit) -> str:
    """From where was looked, over all runs."""
    places = dict.fromkeys(phrases.of_vantage(run.vantage) for run in audit.runs)
    return " and ".join(places)


def cut_short(audit: Audit) -> tuple[str, ...]:
    """One sentence for each scan that was not finished; without its full stop."""
    told = tuple(
        f"The scan of {day(run.started)} was not finished: {phrases.of_interruption(run)}"
        for run in audit.runs
        if not run.complete
    )
    return told if told or audit.complete else ("This audit is not complete",)
