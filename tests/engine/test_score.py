from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.model import Finding, Reason, Severity, Status, View
from posture.policy import Policy, Rule
from posture.score import GRADES, Score, score
from tests.engine.policies import AREAS, finding, policy, rule

CRITICAL = [rule(f"id.mfa.{n}", Severity.CRITICAL, "identity") for n in range(3)]
HIGH = rule("em.spf.present", Severity.HIGH, "email")
MEDIUM = rule("em.dmarc.x", Severity.MEDIUM, "email")
LOW = rule("dn.caa.x", Severity.LOW, "dns")
INFO = rule("tl.txt.x", Severity.INFO, "tls")
RULES = [*CRITICAL, HIGH, MEDIUM, LOW, INFO]
POLICY = policy(RULES)


def scored(**statuses: Status) -> Score:
    """All rules pass, but the named ones (by the id's dots as underscores)."""
    made = [finding(r, statuses.get(r.check.replace(".", "_"), Status.PASS)) for r in RULES]
    return score(made, POLICY)


def test_a_perfect_client() -> None:
    made = scored()
    assert (made.floor.grade, made.floor.points, made.coverage) == ("A+", 100.0, 1.0)
    assert made.settled
    assert made.floor.held_by == ()
    assert made.actions == ()


@pytest.mark.parametrize(
    ("failing", "grade", "cause"),
    [
        (["id_mfa_0"], "D", "critical"),
        (["id_mfa_0", "id_mfa_1", "id_mfa_2"], "F", "critical"),
        (["em_spf_present"], "C", "area"),
        (["em_dmarc_x"], "B", "points"),
        (["dn_caa_x"], "C", "area"),
        (["tl_txt_x"], "A+", "points"),
    ],
)
def test_what_is_open_holds_the_grade(failing: list[str], grade: str, cause: str) -> None:
    made = scored(**dict.fromkeys(failing, Status.FAIL))
    assert made.floor.grade == made.ceiling.grade == grade
    assert made.floor.held_by[0].cause == cause


def test_a_high_rule_holds_at_b() -> None:
    high = rule("em.a.b", Severity.HIGH, "email", weight=0.1)
    made = score([*[finding(r) for r in RULES], finding(high, Status.FAIL)], policy([*RULES, high]))
    assert made.floor.grade == "B"
    assert made.floor.held_by[0].rules == ("em.a.b",)


def test_an_f_of_points_alone() -> None:
    lows = [rule(f"x.y.{area}", Severity.LOW, area) for area in AREAS]
    made = score([finding(r, Status.FAIL) for r in lows], policy(lows))
    assert (made.floor.grade, made.floor.points) == ("F", 0.0)


def test_low_findings_keep_an_a_plus_only_with_full_coverage() -> None:
    lows = [rule(f"x.y.{n}", Severity.LOW, "email") for n in range(40)]
    rules = [*RULES, *lows]
    made = [finding(r) for r in rules[:-1]]
    one = score([*made, finding(lows[-1], Status.FAIL)], policy(rules))
    assert one.floor.grade == "A+"
    two = score([*made, finding(lows[-1], Status.UNKNOWN)], policy(rules))
    assert (two.floor.grade, two.ceiling.grade) == ("A", "A")


def test_unknown_is_the_range_between_floor_and_ceiling() -> None:
    made = scored(id_mfa_0=Status.UNKNOWN, id_mfa_1=Status.ERROR, id_mfa_2=Status.UNKNOWN)
    assert (made.floor.grade, made.ceiling.grade) == ("F", "A")
    assert not made.settled
    assert made.open_questions == 3
    assert made.coverage < 1


def test_a_thousand_good_hosts_do_not_hide_a_bad_one() -> None:
    made = [finding(MEDIUM, subject=str(n)) for n in range(1000)]
    result = score([*made, finding(MEDIUM, Status.FAIL, "bad")], POLICY).rules[0]
    assert (result.floor, result.ceiling) == (0.5, 0.5)


def test_partial_is_its_share_but_never_more_than_half() -> None:
    for share, worth in [(0.2, 0.2), (0.9, 0.5), (None, 0.0), (-1.0, 0.0)]:
        made = score([finding(MEDIUM, Status.PARTIAL, share=share)], POLICY)
        assert made.rules[0].floor == worth
        assert made.actions[0].subjects == 1


def test_what_does_not_apply_does_not_count() -> None:
    made = score([finding(r, Status.NOT_APPLICABLE) for r in RULES], POLICY)
    assert (made.floor.grade, made.rules, made.coverage) == ("-", (), 0.0)


def test_declared_to_have_none_is_told() -> None:
    made = [finding(HIGH, Status.NOT_APPLICABLE, says="engine.none_declared"), finding(MEDIUM)]
    assert score(made, POLICY).declared_absent == pytest.approx(2 / 3)
    assert score([], POLICY).declared_absent == 0


def test_an_incomplete_discovery_earns_nothing_at_the_floor() -> None:
    made = [finding(MEDIUM), finding(MEDIUM, Status.UNKNOWN, "parent", incomplete=True)]
    result = score(made, POLICY).rules[0]
    assert (result.floor, result.ceiling, result.coverage) == (0.0, 1.0, 0.0)


def test_a_waiver_takes_off_the_list_and_nothing_else() -> None:
    open_ = score([finding(HIGH, Status.FAIL), finding(MEDIUM)], POLICY)
    waived = score([finding(HIGH, Status.FAIL, waived=True), finding(MEDIUM)], POLICY)
    assert (open_.floor, open_.ceiling) == (waived.floor, waived.ceiling)
    assert ([a.check for a in open_.actions], waived.actions) == ([HIGH.check], ())
    assert waived.rules[1].waived == 1


def test_severity_and_weight_follow_the_view() -> None:
    both = {View.INTERNAL: Severity.LOW, View.EXTERNAL: Severity.CRITICAL}
    rdp = rule("n.rdp.x", both, "network")
    inside = finding(rdp, Status.FAIL, "in", view=View.INTERNAL)
    outside = finding(rdp, Status.PASS, "out", view=View.EXTERNAL)
    one = score([inside], policy([rdp])).rules[0]
    assert (one.severity, one.weight) == (Severity.LOW, 1.0)
    two = score([inside, outside], policy([rdp])).rules[0]
    assert (two.severity, two.weight) == (Severity.LOW, 10.0)


def test_attested_points_are_told_apart() -> None:
    made = [finding(HIGH, attested=True), finding(MEDIUM)]
    assert score(made, POLICY).areas[0].attested == pytest.approx(2 / 3)


def test_a_look_from_the_other_side_is_counted() -> None:
    made = score([finding(HIGH, Status.UNKNOWN, reason=Reason.WRONG_VANTAGE)], POLICY)
    assert made.from_outside == 1


def test_actions_put_criticals_and_highs_first_then_points_per_minute() -> None:
    quick = rule("em.a.quick", Severity.LOW, "email", effort_minutes=0)
    slow = rule("em.a.slow", Severity.HIGH, "email", effort_minutes=600)
    rules = [slow, quick, CRITICAL[0]]
    made = score([finding(r, Status.FAIL) for r in rules], policy(rules))
    assert [a.check for a in made.actions] == ["id.mfa.0", "em.a.slow", "em.a.quick"]
    assert [a.grade_after for a in made.actions] == ["C", "A", "A+"]


# --- the promises that cannot be gamed ------------------------------------------------------------

MIXED = [
    *RULES,
    rule("n.rdp.x", {View.INTERNAL: Severity.MEDIUM, View.EXTERNAL: Severity.CRITICAL}, "network"),
    rule("b.age.x", Severity.CRITICAL, "backup"),
    rule("g.edr.x", Severity.CRITICAL, "governance"),
    rule("t.crt.x", Severity.HIGH, "tls"),
]
STATUS = st.sampled_from(list(Status))


@st.composite
def states(draw: st.DrawFn) -> list[Finding]:
    made = []
    for one in MIXED:
        for subject in range(draw(st.integers(0, 4))):
            more: dict[str, Any] = {"share": draw(st.floats(0, 1))}
            if isinstance(one.severity, dict):
                more["view"] = draw(st.sampled_from(View))
            made.append(finding(one, draw(STATUS), str(subject), **more))
    return made


def graded(findings: list[Finding]) -> tuple[int, float]:
    made = score(findings, policy(MIXED))
    grade = made.floor.grade
    return (GRADES.index(grade) if grade in GRADES else -1, made.floor.points)


def not_better(after: list[Finding], before: list[Finding]) -> bool:
    one, two = graded(after), graded(before)
    return two[0] == -1 or (one[0] <= two[0] and one[1] <= two[1] + 1e-9)


def change(findings: list[Finding], at: int, **how: Any) -> list[Finding]:
    return [replace(f, **how) if n == at else f for n, f in enumerate(findings)]


@given(states(), st.data())
def test_losing_sight_never_raises_score_or_grade(made: list[Finding], data: st.DataObject) -> None:
    if made:
        at = data.draw(st.integers(0, len(made) - 1))
        assert not_better(change(made, at, status=Status.UNKNOWN), made)


@given(states(), st.data())
def test_a_waiver_never_moves_score_or_grade(made: list[Finding], data: st.DataObject) -> None:
    if made:
        at = data.draw(st.integers(0, len(made) - 1))
        assert graded(change(made, at, waived=True)) == graded(made)


@given(states(), st.data())
def test_fixing_never_lowers_score_or_grade(made: list[Finding], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, max(len(made) - 1, 0)))
    if made and made[at].status is not Status.NOT_APPLICABLE:
        assert not_better(made, change(made, at, status=Status.PASS))


@given(states(), st.sampled_from([r.check for r in MIXED]))
def test_losing_a_whole_discovery_never_raises_score_or_grade(
    made: list[Finding], check: str
) -> None:
    lost = [f for f in made if f.check != check or f.subject == "0"]
    gone = [f for f in made if f not in lost]
    if gone:
        worst = max(gone, key=lambda f: f.severity.rank)
        parent = replace(worst, status=Status.UNKNOWN, subject="parent", incomplete=True)
        assert not_better([*lost, parent], made)


@given(states())
def test_the_floor_is_never_above_the_ceiling(made: list[Finding]) -> None:
    result = score(made, policy(MIXED))
    if result.areas:
        assert GRADES.index(result.floor.grade) <= GRADES.index(result.ceiling.grade)
        assert result.floor.points <= result.ceiling.points + 1e-9
        assert result.settled == (result.floor.grade == result.ceiling.grade)


@given(states(), st.sampled_from(MIXED))
def test_more_good_subjects_never_lift_a_failing_rule_above_half(
    made: list[Finding], one: Rule
) -> None:
    more = [*made, finding(one, Status.FAIL, "bad", view=View.EXTERNAL)]
    more += [finding(one, subject=f"good{n}", view=View.EXTERNAL) for n in range(20)]
    assert next(r for r in score(more, policy(MIXED)).rules if r.check == one.check).floor <= 0.5


def test_the_seven_areas_weigh_a_hundred() -> None:
    weights: Policy = POLICY
    assert sum(weights.area_weights.values()) == 100
