from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from posture.model import Reason, Severity, Status
from posture.render import digest, phrases
from posture.score import Hold
from tests.render import sample
from tests.render.sample_score import SCORE


@pytest.mark.parametrize(
    ("critical", "outside", "expected"),
    [
        (5, 4, "5 critical questions open, 4 need a look from the other side of the firewall"),
        (1, 1, "1 critical question open, 1 needs a look from the other side of the firewall"),
        (2, 0, "2 critical questions open"),
        (0, 0, "4 questions open"),
    ],
)
def test_why_a_grade_is_not_settled(critical: int, outside: int, expected: str) -> None:
    score = replace(SCORE, open_questions=critical, from_outside=outside)
    assert digest.why_unsettled(replace(sample.AUDIT, score=score)) == expected


def test_a_settled_grade_needs_no_reason() -> None:
    assert digest.why_unsettled(sample.SETTLED) == ""
    assert digest.grade(sample.SETTLED.score) == "Grade D"
    assert digest.grade(sample.UNGRADED.score) == "No grade"


def test_a_printed_figure_is_never_better_than_the_true_one() -> None:
    score = replace(
        SCORE,
        floor=replace(SCORE.floor, points=89.97),
        ceiling=replace(SCORE.ceiling, points=89.99),
        coverage=0.999,
    )
    assert digest.points(score) == "89 of 100 points"
    assert digest.coverage(score) == "99 % of what counts could be checked"
    assert phrases.whole(63 - 1e-12) == 63


@pytest.mark.parametrize(
    ("hold", "expected"),
    [
        (
            Hold(cause="critical", at_most="D", rules=("email.dmarc.enforced",)),
            "1 open point of critical severity allows no better grade than D",
        ),
        (
            Hold(cause="area", at_most="C", area="tls", rules=("web.https.redirect",)),
            "“Encryption and website” has too few points for better than C",
        ),
        (
            Hold(cause="area", at_most="C", area="printers", rules=("web.https.redirect",)),
            "“printers” has too few points for better than C",
        ),
        (
            Hold(cause="points", at_most="B", rules=("web.https.redirect",)),
            "No single point limits the grade; these cost the most",
        ),
    ],
)
def test_what_holds_the_grade(hold: Hold, expected: str) -> None:
    floor = replace(SCORE.floor, held_by=(hold,))
    (held,) = digest.held(replace(sample.AUDIT, score=replace(SCORE, floor=floor)))
    assert held.cause == expected


def test_rules_that_hold_are_listed_dearest_first() -> None:
    (held,) = digest.held(sample.AUDIT)
    assert held.rules == (
        ("Remote Desktop cannot be reached from the internet", "could not be checked"),
        ("The newest good backup is younger than its target", "needs work"),
        ("Every administrator signs in with a second factor", "needs work"),
    )


def test_steps_name_what_is_to_be_done_and_not_what_was_accepted() -> None:
    entries = sample.AUDIT.entries
    accepted = tuple(
        replace(e, finding=replace(e.finding, waived=True, label="other")) for e in entries
    )
    steps = digest.steps(replace(sample.AUDIT, entries=(*entries, *accepted)), limit=2)
    assert [step.systems for step in steps] == [("smile",), ("192.168.1.20",)]
    assert [step.afterwards for step in steps] == ["at least grade D", "at least grade D"]


def test_what_is_fine_is_measured_before_told_and_of_many_areas() -> None:
    good = [thing.good for thing in digest.fine(sample.AUDIT, limit=9)]
    words = sample.AUDIT.words
    order = (
        *("backup.copies.old", "tls.certificate.trusted"),
        *("email.spf.valid", "governance.training.yearly"),
    )
    assert good == [words[check].good for check in order]
    same = tuple(replace(r, score_area="email") for r in SCORE.rules)
    rules = (*same, replace(SCORE.rules[4], check="dns.caa.present", score_area="dns"))
    found = digest.fine(replace(sample.AUDIT, score=replace(SCORE, rules=rules)))
    assert found[1].good == words["dns.caa.present"].good


def test_what_could_not_be_checked_is_told_worst_first_by_rule() -> None:
    entries = tuple(
        replace(e, finding=replace(e.finding, reason=reason))
        for e in sample.AUDIT.entries
        if e.finding.check == "web.https.redirect"
        for reason in (Reason.REFUSED, Reason.TIMEOUT, Reason.TIMEOUT)
    )
    audit = replace(sample.AUDIT, entries=(*sample.AUDIT.entries, *entries))
    told = digest.unseen(audit)
    assert [rule.check for rule in told] == [
        "network.exposure.rdp",
        "governance.incident.plan",
        "identity.admins.count",
        "web.https.redirect",
    ]
    assert told[3].why == "no answer came in time, and other reasons"
    assert told[3].systems == 4
    assert told[2].why == "our check broke"
    assert digest.reasons_unseen(audit)[0] == ("no answer came in time", 3)


def test_an_unknown_without_a_reason_is_still_told() -> None:
    finding = sample.AUDIT.entries[0].finding
    bare = replace(finding, status=Status.UNKNOWN, reason=None)
    assert phrases.why_unseen(bare) == "could not be checked"
    assert phrases.next_step(bare) == ""
    assert phrases.next_step(replace(bare, reason=Reason.INTERRUPTED)) == "Scan again."


def test_a_rule_costs_once_however_often_it_was_accepted() -> None:
    risk = sample.AUDIT.accepted[0]
    other = replace(risk, check="email.dmarc.enforced", points=10.7)
    audit = replace(sample.AUDIT, accepted=(risk, risk, other))
    assert digest.accepted(audit) == "3 accepted risks, costing 15.7 of 100 points"
    assert digest.accepted(sample.SETTLED) == "No risk was accepted"


def test_an_audit_that_is_not_complete_says_so_whatever_its_runs_say() -> None:
    assert digest.cut_short(replace(sample.AUDIT, complete=False)) == (
        "This audit is not complete",
    )
    run = replace(sample.RUN, complete=False, interrupted="power cut")
    (told,) = digest.cut_short(replace(sample.AUDIT, complete=False, runs=(run,)))
    assert told.endswith("was not finished: the reason was not recorded")


def test_places_and_people_are_named_once() -> None:
    runs = (sample.RUN, sample.RUN, replace(sample.RUN, vantage=None))
    audit = replace(sample.AUDIT, runs=runs)
    assert digest.looked_from(audit) == "inside the office and a place nobody told us"
    assert digest.authorised(audit) == ("A. Owner, managing director",)


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (1, "1 minute"),
        (45, "45 minutes"),
        (60, "1 hour"),
        (61, "1½ hours"),
        (90, "1½ hours"),
        (120, "2 hours"),
        (480, "1 day"),
        (500, "1½ days"),
        (2400, "5 days"),
    ],
)
def test_effort(minutes: int, expected: str) -> None:
    assert phrases.effort(minutes) == expected


def test_times_are_told_in_utc_and_english() -> None:
    at = datetime(2026, 3, 1, 1, 5, tzinfo=timezone(timedelta(hours=2)))
    assert phrases.day(at) == "28 February 2026"
    assert phrases.minute(at) == "2026-02-28 23:05 UTC"
    assert phrases.day(datetime(2026, 12, 31, tzinfo=UTC)) == "31 December 2026"


def test_costs_and_severities_have_words() -> None:
    assert phrases.cost("none") == "nothing to buy"
    assert phrases.cost("low") == "low cost"
    assert phrases.of_severity(Severity.INFO) == "for information"
