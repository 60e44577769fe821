"""Policies and findings made by hand."""

from collections.abc import Iterable
from typing import Any

from posture.model import Finding, Severity, Status, View
from posture.policy import Caps, Cost, Policy, Rule, Where

AREAS = {
    "identity": 25.0,
    "backup": 20.0,
    "email": 15.0,
    "network": 15.0,
    "governance": 12.0,
    "tls": 8.0,
    "dns": 5.0,
}


def rule(check: str, severity: Any = Severity.MEDIUM, area: str = "email", **more: Any) -> Rule:
    fields: dict[str, Any] = {
        "weight": None,
        "where": (Where.OUTSIDE,),
        "effort_minutes": 30,
        "cost": Cost.NONE,
    }
    return Rule(check=check, severity=severity, score_area=area, **{**fields, **more})


def policy(rules: Iterable[Rule]) -> Policy:
    return Policy(
        id="test",
        version="1",
        title="Test",
        area_weights=AREAS,
        severity_weights={
            Severity.CRITICAL: 10.0,
            Severity.HIGH: 6.0,
            Severity.MEDIUM: 3.0,
            Severity.LOW: 1.0,
            Severity.INFO: 0.0,
        },
        bands={"A": 90.0, "B": 75.0, "C": 60.0, "D": 40.0},
        caps=Caps(critical_f=3, critical_d=1, area_c=40.0, high_b=1),
        profiles={"all": tuple(Where)},
        default_profile="all",
        rules={one.check: one for one in rules},
    )


def finding(made: Rule, status: Status = Status.PASS, subject: str = "s", **more: Any) -> Finding:
    view: View | None = more.get("view")
    fields: dict[str, Any] = {
        "fingerprint": f"{made.check}/{subject}",
        "check": made.check,
        "subject": subject,
        "label": subject,
        "area": made.score_area,
        "score_area": made.score_area,
        "status": status,
        "severity": made.severity_for(view),
        "says": "ok",
    }
    return Finding(**{**fields, **more})
