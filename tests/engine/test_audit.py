from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from posture import audit as audits
from posture import codec
from posture.audit import Audit, Basis, compose
from posture.codec import DocumentError
from posture.model import Severity, Status
from posture.snapshot import Snapshot
from posture.waivers import Waiver, Waivers
from tests.engine import toy
from tests.engine.policies import policy, rule

RULE = rule("toy.page.green", Severity.HIGH, params=toy.Wanted(colour="green"))
SITE = "website:www.a.example"


def basis(**more: Any) -> Basis:
    fields: dict[str, Any] = {
        "registry": toy.registry(),
        "policy": policy([RULE]),
        "profile": "all",
        "waivers": Waivers(),
        "tool": "test",
    }
    return Basis(**{**fields, **more})


def coloured(colour: str | Exception) -> Snapshot:
    world = toy.World()
    world.colours["www.a.example"] = colour
    return toy.look(world)


def audit(colour: str | Exception = "green", **more: Any) -> Audit:
    return compose(coloured(colour), basis(**more))


def waiver(**more: Any) -> Waivers:
    fields: dict[str, Any] = {
        "check": "toy.page.green",
        "subject": SITE,
        "reason": "The page is art and stays red.",
        "approved_by": "A. Owner",
        "approved_on": toy.NOW.date(),
        "expires": toy.NOW.date() + timedelta(days=10),
    }
    return Waivers((Waiver(**{**fields, **more}),))


def test_an_audit_is_complete_in_itself() -> None:
    made = audit("red")
    (entry,) = made.entries
    assert entry.summary == "The page is red, not green."
    assert entry.fix == "Paint it."
    assert made.words["toy.page.green"].why == "Because."
    assert made.score.floor.grade == "F"
    assert made.provenance.snapshot_sha256 == codec.sha256(codec.encode(coloured("red")))
    assert audits.load(codec.encode(made), "x") == made


def test_the_same_evidence_gives_the_same_bytes() -> None:
    assert codec.encode(audit("red")) == codec.encode(audit("red"))


def test_a_first_audit_compares_with_nothing() -> None:
    assert audit().changes is None


def test_changes_are_found_by_fingerprint() -> None:
    red, green, dark = audit("red"), audit("green"), audit(toy.lost())
    new = audit("red", previous=green).changes
    fixed = audit("green", previous=red).changes
    unseen = audit(toy.lost(), previous=red).changes
    again = audit("red", previous=dark).changes
    assert new
    assert fixed
    assert unseen
    assert again
    assert [(c.label, c.before, c.after) for c in new.new] == [
        ("www.a.example", Status.PASS, Status.FAIL)
    ]
    assert (new.grade_before, new.fixed, new.still_open) == ("A+", (), ())
    assert [c.check for c in fixed.fixed] == ["toy.page.green"]
    assert (unseen.fixed, len(unseen.still_open)) == ((), 1)
    assert [c.before for c in again.new] == [Status.UNKNOWN]
    assert audit("red", previous=red).changes.still_open  # type: ignore[union-attr]


def test_what_was_not_there_before_is_new() -> None:
    before = compose(toy.look(subjects=(toy.COMPANY,)), basis())
    changes = audit("red", previous=before).changes
    assert changes is not None
    assert [c.before for c in changes.new] == [Status.UNKNOWN]


def test_a_waiver_is_shown_with_what_it_costs() -> None:
    made = audit("red", waivers=waiver())
    (entry,) = made.entries
    assert entry.finding.waived
    assert "A. Owner, until 2026-12-01" in entry.waiver
    (risk,) = made.accepted
    assert (risk.subject, risk.points) == ("www.a.example", 100.0)
    assert made.score.floor == audit("red").score.floor
    assert made.score.actions == ()


def test_a_waiver_of_what_is_in_order_does_nothing() -> None:
    made = audit("green", waivers=waiver())
    assert not made.entries[0].finding.waived
    assert made.accepted == ()


@pytest.mark.parametrize("at", [None, toy.NOW + timedelta(days=11)])
def test_an_expired_waiver_is_open_again(at: Any) -> None:
    gone = date(2026, 11, 20)
    mark = waiver(expires=gone, approved_on=gone) if at is None else waiver()
    made = audit("red", waivers=mark, at=at)
    assert not made.entries[0].finding.waived
    assert any("expired" in notice for notice in made.notices)


def test_later_moves_validity_and_is_recorded() -> None:
    later = toy.NOW + timedelta(days=3)
    made = audit("red", at=later)
    assert made.provenance.judged_at == later
    assert made.taken == toy.NOW


def test_what_is_no_audit_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"^a\.json"):
        audits.load(codec.encode(coloured("red")), "a.json")


@pytest.mark.parametrize(
    "strange",
    [
        lambda made: replace(made, words={}),
        lambda made: replace(made, not_tested=("x.y.z",)),
        lambda made: replace(made, score=replace(made.score, rules=())),
        lambda made: replace(
            made, changes=replace(made.changes, fixed=(replace(made.changes.new[0], check="x"),))
        ),
        lambda made: replace(made, accepted=(replace(made.accepted[0], check="x"),)),
    ],
)
def test_an_audit_that_was_changed_is_refused(strange: Callable[[Audit], Audit]) -> None:
    made = audit("red", previous=audit("green"), waivers=waiver())
    assert audits.load(codec.encode(made), "a") == made
    with pytest.raises(DocumentError, match="a: speaks of checks that it does not explain"):
        audits.load(codec.encode(strange(made)), "a")
