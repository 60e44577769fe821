"""The score of the sample, written by hand: rendering is tested without the arithmetic."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from posture.model import Severity, Status
from posture.score import Action, AreaScore, Estimate, Hold, RuleScore, Score
from tests.render.sample_findings import ENTRIES
from tests.render.sample_words import RULES


def rule(check: str, floor: float, ceiling: float, points: float, **fields: Any) -> RuleScore:
    area, severity, *_ = RULES[check]
    found = [e.finding for e in ENTRIES if e.finding.check == check]
    proven = [f for f in found if f.status in {Status.FAIL, Status.PARTIAL}]
    made = RuleScore(
        check=check,
        score_area=area,
        severity=severity,
        weight={"critical": 10, "high": 5, "medium": 2, "low": 1}[severity],
        floor=floor,
        ceiling=ceiling,
        coverage=sum(not f.status.undecided for f in found) / len(found),
        attested=0.0,
        open=floor < 1,
        open_ceiling=bool(proven),
        findings=len(found),
        to_do=sum(not f.waived for f in proven),
        waived=sum(f.waived for f in found),
        points=points,
    )
    return replace(made, **fields)


SCORE = Score(
    floor=Estimate(
        grade="F",
        points=38.6,
        held_by=(
            Hold(
                cause="critical",
                at_most="F",
                rules=("backup.copies.fresh", "identity.mfa.admins", "network.exposure.rdp"),
            ),
        ),
    ),
    ceiling=Estimate(
        grade="D",
        points=61.4,
        held_by=(
            Hold(
                cause="critical", at_most="D", rules=("backup.copies.fresh", "identity.mfa.admins")
            ),
        ),
    ),
    coverage=0.7351,
    open_questions=1,
    from_outside=1,
    declared_absent=0.04,
    areas=(
        AreaScore(name="identity", weight=25, floor=41.7, ceiling=58.3, coverage=0.83, attested=0),
        AreaScore(name="backup", weight=20, floor=33.3, ceiling=33.3, coverage=1, attested=0),
        AreaScore(name="email", weight=15, floor=28.6, ceiling=28.6, coverage=1, attested=0),
        AreaScore(name="network", weight=15, floor=0, ceiling=50, coverage=0, attested=0),
        AreaScore(
            name="governance", weight=12, floor=28.6, ceiling=100, coverage=0.29, attested=0.286
        ),
        AreaScore(name="tls", weight=8, floor=71.4, ceiling=100, coverage=0.71, attested=0),
        AreaScore(name="dns", weight=5, floor=0, ceiling=0, coverage=1, attested=0),
    ),
    rules=(
        rule("backup.copies.fresh", 0, 0, 13.3),
        rule("backup.copies.old", 1, 1, 0),
        rule("dns.caa.present", 0, 0, 5.0),
        rule("email.dmarc.enforced", 0, 0, 10.7),
        rule("email.spf.valid", 1, 1, 0),
        rule("governance.incident.plan", 0, 1, 8.6),
        rule("governance.training.yearly", 1, 1, 0, attested=1.0),
        rule("identity.admins.count", 0, 1, 4.2),
        rule("identity.mfa.admins", 0.5, 0.5, 10.4),
        rule("network.exposure.rdp", 0, 0.5, 15.0),
        rule("tls.certificate.trusted", 1, 1, 0),
        rule("web.https.redirect", 0, 1, 2.3),
    ),
    actions=(
        Action(
            check="identity.mfa.admins",
            severity=Severity.CRITICAL,
            points=10.4,
            effort_minutes=45,
            cost="none",
            subjects=1,
            grade_after="D",
        ),
        Action(
            check="network.exposure.rdp",
            severity=Severity.CRITICAL,
            points=15.0,
            effort_minutes=90,
            cost="low",
            subjects=1,
            grade_after="D",
        ),
        Action(
            check="backup.copies.fresh",
            severity=Severity.CRITICAL,
            points=13.3,
            effort_minutes=120,
            cost="none",
            subjects=1,
            grade_after="C",
        ),
        Action(
            check="email.dmarc.enforced",
            severity=Severity.HIGH,
            points=10.7,
            effort_minutes=20,
            cost="none",
            subjects=1,
            grade_after="B",
        ),
    ),
)
