from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from posture.judge import fingerprint, judge
from posture.model import (
    Failed,
    Finding,
    Host,
    Reason,
    Severity,
    Status,
    View,
    WebSite,
)
from posture.snapshot import Snapshot
from tests.engine import toy


def judged(snapshot: Snapshot, *rules: str, **how: Any) -> dict[tuple[str, str], Finding]:
    found = judge(snapshot, toy.registry(), {r: toy.RULES[r] for r in rules}, **how)
    return {(f.check, f.subject): f for f in found.findings}


def looked(*rules: str, world: toy.World | None = None, **how: Any) -> dict[str, Finding]:
    """Findings by subject of one rule."""
    return {s: f for (_, s), f in judged(toy.look(world, rules=rules, **how), *rules).items()}


def test_a_verdict_becomes_a_finding() -> None:
    finding = looked("toy.page.green")["website:www.a.example"]
    assert (finding.status, finding.severity, finding.says) == (Status.PASS, Severity.HIGH, "ok")
    assert finding.values == {"colour": "green"}
    assert finding.fingerprint == fingerprint("acme", "toy.page.green", "website:www.a.example")
    assert (finding.area, finding.score_area, finding.label) == ("toy", "network", "www.a.example")
    assert finding.seen_at is not None


def test_the_same_snapshot_gives_the_same_findings() -> None:
    snapshot = toy.look(rules=tuple(toy.RULES))
    assert judged(snapshot, *toy.RULES) == judged(snapshot, *toy.RULES)


def test_what_was_not_seen_is_unknown_with_its_reason() -> None:
    world = toy.World()
    world.colours["www.a.example"] = toy.lost(Reason.DENIED)
    finding = looked("toy.page.green", world=world)["website:www.a.example"]
    assert (finding.status, finding.reason, finding.detail) == (
        Status.UNKNOWN,
        Reason.DENIED,
        "told to",
    )


def test_a_judge_may_ask_for_the_failure() -> None:
    world = toy.World()
    world.colours["www.a.example"] = toy.lost()
    finding = looked("toy.size.small", world=world)["website:www.a.example"]
    assert (finding.status, finding.share) == (Status.PARTIAL, 0.25)
    assert looked("toy.size.small")["website:www.a.example"].status is Status.PASS


def test_a_judge_that_breaks_is_an_error_of_ours() -> None:
    finding = looked("toy.check.broken")["domain:a.example"]
    assert (finding.status, finding.reason, finding.detail) == (
        Status.ERROR,
        Reason.BUG,
        "RuntimeError",
    )


def test_a_failed_discovery_makes_every_rule_it_feeds_unknown_on_the_parent() -> None:
    world = toy.World()
    world.names["a.example"] = toy.lost()
    finding = looked("toy.page.green", world=world)["domain:a.example"]
    assert (finding.status, finding.incomplete) == (Status.UNKNOWN, True)
    assert looked("toy.pages.all", world=world)["company:acme"].status is Status.UNKNOWN


def test_nothing_found_by_a_complete_search_does_not_apply() -> None:
    world = toy.World()
    world.names["a.example"] = ()
    for rule in ("toy.page.green", "toy.pages.all"):
        finding = looked(rule, world=world)["company:acme"]
        assert (finding.status, finding.says) == (Status.NOT_APPLICABLE, "engine.none_found")


def test_what_nobody_declared_is_unknown_unless_declared_to_be_none() -> None:
    for rule in ("toy.page.green", "toy.pages.all"):
        silent = looked(rule, subjects=(toy.COMPANY,))["company:acme"]
        assert (silent.status, silent.reason) == (Status.UNKNOWN, Reason.NOT_DECLARED)
        none = looked(rule, subjects=(toy.COMPANY,), absent={"website": "has no web site"})
        assert none["company:acme"].status is Status.NOT_APPLICABLE


def test_many_needs_every_descendant() -> None:
    world = toy.World()
    world.names["a.example"] = ("www.a.example", "b.a.example")
    assert looked("toy.pages.all", world=world)["company:acme"].status is Status.PASS
    world.colours["b.a.example"] = toy.lost(Reason.DENIED)
    assert looked("toy.pages.all", world=world)["company:acme"].reason is Reason.DENIED
    assert looked("toy.pages.any", world=world)["domain:a.example"].status is Status.PASS


def test_a_failed_descendant_may_be_taken_and_unfound_ones_may_not() -> None:
    world = toy.World()
    world.names["a.example"] = toy.lost(Reason.DENIED)
    found = looked("toy.pages.any", world=world)["domain:a.example"]
    assert (found.status, found.reason) == (Status.UNKNOWN, Reason.DENIED)


def test_many_sees_only_its_own_descendants() -> None:
    world = toy.World()
    alone = WebSite(host="elsewhere.example")
    finding = looked("toy.pages.any", world=world, subjects=(toy.COMPANY, toy.DOMAIN, alone))
    assert finding["domain:a.example"].status is Status.PASS
    world.colours["www.a.example"] = toy.lost()
    finding = looked("toy.pages.any", world=world, subjects=(toy.COMPANY, toy.DOMAIN, alone))
    assert finding["domain:a.example"].status is Status.FAIL


def test_severity_follows_the_view() -> None:
    outside = Host(address="192.0.2.1", view=View.EXTERNAL, owned=True)
    snapshot = toy.look(
        subjects=(toy.COMPANY, outside), rules=("toy.door.shut",), consents=("active-tests",)
    )
    finding = judged(snapshot, "toy.door.shut")["toy.door.shut", outside.id]
    assert (finding.status, finding.severity, finding.view) == (
        Status.PASS,
        Severity.CRITICAL,
        View.EXTERNAL,
    )


def test_what_nobody_consented_to_is_listed_not_judged() -> None:
    snapshot = toy.look(rules=("toy.door.shut",))
    made = judge(snapshot, toy.registry(), {"toy.door.shut": toy.RULES["toy.door.shut"]})
    assert (made.findings, made.not_tested) == ((), ("toy.door.shut",))


def test_a_later_moment_moves_only_validity() -> None:
    snapshot = toy.look(rules=("toy.size.small",))
    later = judged(snapshot, "toy.size.small", at=toy.NOW + timedelta(days=400))
    assert later == judged(snapshot, "toy.size.small")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fact": "toy.other"}, Reason.NOT_COLLECTED),
        ({"value": {"colour": 3}}, Reason.MALFORMED),
        ({"failed": Failed(reason=Reason.SERVFAIL)}, Reason.SERVFAIL),
    ],
)
def test_evidence_that_is_missing_or_odd_is_unknown(change: dict[str, Any], reason: Reason) -> None:
    snapshot = toy.look()
    observations = tuple(
        replace(o, **change) if o.fact == "toy.page" else o for o in snapshot.observations
    )
    found = judged(replace(snapshot, observations=observations), "toy.page.green")
    finding = found["toy.page.green", "website:www.a.example"]
    assert (finding.status, finding.reason) == (Status.UNKNOWN, reason)


def test_facts_and_subjects_of_absent_plugins_pass_through() -> None:
    snapshot = toy.look()
    foreign = replace(
        snapshot,
        subjects=(*snapshot.subjects, replace(snapshot.subjects[0], id="x:1", kind="x")),
        observations=(
            *snapshot.observations,
            replace(snapshot.observations[0], fact="x.y", subject="x:1"),
        ),
    )
    assert judged(foreign, "toy.page.green") == judged(snapshot, "toy.page.green")
