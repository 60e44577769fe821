"""Turns findings into points and a grade. Pure arithmetic; the formula is in docs/scoring.md.

Every grade is computed twice: the floor takes what is not known for a failure, the ceiling for a
pass. Exit codes, trends and comparisons use the floor; the ceiling never appears alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from posture.model import Finding, Severity, Status
from posture.policy import Policy, Rule

GRADES = ("F", "D", "C", "B", "A", "A+")
"""From worst to best."""
UNGRADED = "-"
"""The grade when no rule applies at all."""
_BEST_POINTS = 97.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleScore:
    """One rule over all its subjects."""

    check: str
    score_area: str
    severity: Severity
    """The worst over its open findings, or over all when none is open."""
    weight: float
    floor: float
    """0 to 1 with everything unknown taken for a failure."""
    ceiling: float
    """0 to 1 with everything unknown taken for a pass."""
    coverage: float
    """Share of its subjects with a result."""
    attested: float
    """Share of its value that rests on somebody's word."""
    open: bool
    open_ceiling: bool
    findings: int
    to_do: int
    """Findings proven not in order and not waived."""
    waived: int
    points: float
    """What it costs of the total now, in points of 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaScore:
    """One of the seven areas, in percent."""

    name: str
    weight: float
    floor: float
    ceiling: float
    coverage: float
    attested: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What keeps the grade from being better, and the rules behind it."""

    cause: str
    """``critical``, ``high``, ``area`` or ``points``."""
    at_most: str
    rules: tuple[str, ...]
    area: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A grade, its points of 100, and what holds it there."""

    grade: str
    points: float
    held_by: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing to do, and the floor grade after it and all before it are done."""

    check: str
    severity: Severity
    points: float
    effort_minutes: int
    cost: str
    subjects: int
    grade_after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What the policy makes of all findings."""

    floor: Estimate
    ceiling: Estimate
    coverage: float
    """Share of the applicable weight with a result, 0 to 1."""
    open_questions: int
    """Rules of critical severity that are not settled."""
    from_outside: int
    """Rules among all unsettled ones that need a look from the other side of the firewall."""
    declared_absent: float
    """Share of the weight the client declared to have none of, 0 to 1."""
    areas: tuple[AreaScore, ...]
    rules: tuple[RuleScore, ...]
    actions: tuple[Action, ...]

    @property
    def settled(self) -> bool:
        """What is not known could not change the grade."""
        return self.floor.grade == self.ceiling.grade


def score(findings: Sequence[Finding], policy: Policy) -> Score:
    """Score findings, waivers already marked on them."""
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_rule[finding.check].append(finding)
    scored = [_rule(policy.rules[c], by_rule[c], policy) for c in sorted(by_rule)]
    rules = _with_points([rule for rule in scored if rule is not None], policy)
    areas = _areas(rules, policy)
    unsettled = {f.check for f in findings if f.status.undecided}
    return Score(
        floor=_estimate(rules, areas, policy, ceiling=False),
        ceiling=_estimate(rules, areas, policy, ceiling=True),
        coverage=_total(areas, [area.coverage for area in areas]),
        open_questions=sum(r.severity is Severity.CRITICAL for r in rules if r.check in unsettled),
        from_outside=len({f.check for f in findings if f.reason == "wrong_vantage"}),
        declared_absent=_declared_absent(by_rule, policy),
        areas=tuple(areas),
        rules=tuple(rules),
        actions=tuple(_actions(rules, policy)),
    )


def is_open(finding: Finding) -> bool:
    """Not proven to be in order: what the floor takes for a failure. A waiver changes nothing."""
    return finding.status not in {Status.PASS, Status.NOT_APPLICABLE}


def is_proven(finding: Finding) -> bool:
    """Proven not to be in order."""
    return finding.status in {Status.FAIL, Status.PARTIAL}


def _rule(rule: Rule, findings: Sequence[Finding], policy: Policy) -> RuleScore | None:
    applicable = [f for f in findings if f.status is not Status.NOT_APPLICABLE]
    if not applicable:
        return None
    open_ = [f for f in applicable if is_open(f)]
    floor = _value(applicable, unknown=0.0)
    if any(f.incomplete for f in applicable):
        # Which subjects there are is itself unknown, so nothing can be claimed for all of them.
        floor = 0.0
    good = [f for f in applicable if f.status in {Status.PASS, Status.PARTIAL}]
    settled = [f for f in applicable if not f.status.undecided]
    return RuleScore(
        check=rule.check,
        score_area=rule.score_area,
        severity=_worst(open_ or applicable),
        weight=_weight(rule, findings, policy),
        floor=floor,
        ceiling=_value(applicable, unknown=1.0),
        coverage=0.0 if any(f.incomplete for f in applicable) else len(settled) / len(applicable),
        attested=sum(f.attested for f in good) / len(good) if good else 0.0,
        open=bool(open_),
        open_ceiling=any(is_proven(f) for f in applicable),
        findings=len(applicable),
        to_do=sum(is_proven(f) and not f.waived for f in applicable),
        waived=sum(f.waived for f in applicable),
        points=0.0,
    )


def _weight(rule: Rule, findings: Iterable[Finding], policy: Policy) -> float:
    """Weigh by the worst view among all subjects: results must not move a weight."""
    if rule.weight is not None:
        return rule.weight
    return policy.severity_weights[_worst(findings)]


def _worst(findings: Iterable[Finding]) -> Severity:
    return max((f.severity for f in findings), key=lambda severity: severity.rank)


def _value(findings: Sequence[Finding], *, unknown: float) -> float:
    """The mean over the subjects, at most one half while any of them is not in order."""
    values = [_worth(f, unknown) for f in findings]
    mean = sum(values) / len(values)
    return mean if min(values) == 1.0 else min(mean, 0.5)


def _worth(finding: Finding, unknown: float) -> float:
    if finding.status is Status.PASS:
        return 1.0
    if finding.status is Status.PARTIAL:
        return min(max(finding.share or 0.0, 0.0), 0.5)
    return unknown if finding.status.undecided else 0.0


def _areas(rules: Sequence[RuleScore], policy: Policy) -> list[AreaScore]:
    return [
        AreaScore(
            name=name,
            weight=weight,
            floor=100 * _mean(own, [r.floor for r in own]),
            ceiling=100 * _mean(own, [r.ceiling for r in own]),
            coverage=_mean(own, [r.coverage for r in own]),
            attested=_mean(own, [r.attested * r.floor for r in own]),
        )
        for name, weight in policy.area_weights.items()
        if (own := [r for r in rules if r.score_area == name and r.weight])
    ]


def _mean(rules: Sequence[RuleScore], values: Sequence[float]) -> float:
    total = sum(rule.weight for rule in rules)
    return sum(r.weight * value for r, value in zip(rules, values, strict=True)) / total


def _total(areas: Sequence[AreaScore], values: Sequence[float]) -> float:
    total = sum(area.weight for area in areas)
    if not total:
        return 0.0
    return sum(a.weight * value for a, value in zip(areas, values, strict=True)) / total


def _with_points(rules: Sequence[RuleScore], policy: Policy) -> list[RuleScore]:
    """Say of each rule what it costs of the total."""
    weights: dict[str, float] = defaultdict(float)
    for rule in rules:
        weights[rule.score_area] += rule.weight
    total = sum(policy.area_weights[area] for area, weight in weights.items() if weight)
    return [_replace_points(rule, weights[rule.score_area], total, policy) for rule in rules]


def _replace_points(rule: RuleScore, area: float, total: float, policy: Policy) -> RuleScore:
    if not area or not total:
        return rule
    share = policy.area_weights[rule.score_area] / total * rule.weight / area
    return replace(rule, points=100 * share * (1 - rule.floor))


def _estimate(
    rules: Sequence[RuleScore], areas: Sequence[AreaScore], policy: Policy, *, ceiling: bool
) -> Estimate:
    if not areas:
        return Estimate(grade=UNGRADED, points=0.0)
    points = _total(areas, [area.ceiling if ceiling else area.floor for area in areas])
    holds = [
        *_caps(rules, policy, ceiling=ceiling),
        *_area_caps(rules, areas, policy, ceiling=ceiling),
    ]
    band = _band(points, policy)
    open_ = [r for r in rules if _open(r, ceiling=ceiling)]
    if band == "A" and points >= _BEST_POINTS and not _keeps_from_best(rules, areas, open_):
        band = "A+"
    worst = min([band, *(hold.at_most for hold in holds)], key=GRADES.index)
    if worst == band and open_:
        costly = sorted(open_, key=lambda r: (-r.points, r.check))
        holds.append(Hold(cause="points", at_most=band, rules=tuple(r.check for r in costly[:3])))
    held = tuple(hold for hold in holds if hold.at_most == worst)
    return Estimate(grade=worst, points=points, held_by=held)


def _open(rule: RuleScore, *, ceiling: bool) -> bool:
    return rule.open_ceiling if ceiling else rule.open


def _band(points: float, policy: Policy) -> str:
    bands = sorted(policy.bands.items(), key=lambda band: -band[1])
    return next((grade for grade, least in bands if points >= least), "F")


def _keeps_from_best(
    rules: Sequence[RuleScore], areas: Sequence[AreaScore], open_: Sequence[RuleScore]
) -> bool:
    serious = any(r.severity.rank >= Severity.MEDIUM.rank for r in open_)
    return serious or any(a.coverage < 1 for a in areas) or not rules


def _caps(rules: Sequence[RuleScore], policy: Policy, *, ceiling: bool) -> list[Hold]:
    """Caps count rules, never findings."""
    open_ = [r for r in rules if _open(r, ceiling=ceiling)]
    critical = tuple(r.check for r in open_ if r.severity is Severity.CRITICAL)
    high = tuple(r.check for r in open_ if r.severity is Severity.HIGH)
    holds = []
    if len(critical) >= policy.caps.critical_f:
        holds.append(Hold(cause="critical", at_most="F", rules=critical))
    elif len(critical) >= policy.caps.critical_d:
        holds.append(Hold(cause="critical", at_most="D", rules=critical))
    if len(high) >= policy.caps.high_b:
        holds.append(Hold(cause="high", at_most="B", rules=high))
    return holds


def _area_caps(
    rules: Sequence[RuleScore], areas: Sequence[AreaScore], policy: Policy, *, ceiling: bool
) -> list[Hold]:
    return [
        Hold(
            cause="area",
            at_most="C",
            area=area.name,
            rules=tuple(
                r.check for r in rules if r.score_area == area.name and _open(r, ceiling=ceiling)
            ),
        )
        for area in areas
        if (area.ceiling if ceiling else area.floor) < policy.caps.area_c
    ]


def _declared_absent(by_rule: Mapping[str, Sequence[Finding]], policy: Policy) -> float:
    weights = {c: _weight(policy.rules[c], found, policy) for c, found in by_rule.items()}
    total = sum(weights.values())
    declared = [
        weights[c]
        for c, found in by_rule.items()
        if all(f.says == "engine.none_declared" for f in found)
    ]
    return sum(declared) / total if total else 0.0


def _actions(rules: Sequence[RuleScore], policy: Policy) -> list[Action]:
    """Critical before high before the rest, then by points per minute; with the grade after."""

    def order(rule: RuleScore) -> tuple[int, float, int, str]:
        effort = max(policy.rules[rule.check].effort_minutes, 1)
        tier = max(rule.severity.rank, Severity.MEDIUM.rank)
        return (-tier, -rule.points / effort, -rule.severity.rank, rule.check)

    todo = sorted((rule for rule in rules if rule.to_do), key=order)
    actions, state = [], list(rules)
    for rule in todo:
        state = [replace(r, floor=1.0, open=False) if r.check == rule.check else r for r in state]
        after = _estimate(state, _areas(state, policy), policy, ceiling=False)
        actions.append(
            Action(
                check=rule.check,
                severity=rule.severity,
                points=rule.points,
                effort_minutes=policy.rules[rule.check].effort_minutes,
                cost=policy.rules[rule.check].cost,
                subjects=rule.to_do,
                grade_after=after.grade,
            )
        )
    return actions
