"""Tenants for these tests, and a way to look at them as the audit does."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args, get_type_hints

from posture.checks.identity import AREA
from posture.collect import normalised
from posture.demo.graph import GraphStandIn, Group, Role, TenantModel, User, policy
from posture.model import Clock, CollectError, Failed, SecretRef, Status, Tenant, Verdict, unknown
from posture.net import NetConfig, NetRoot
from posture.net.http import Http
from posture.secrets import Secrets
from posture.testing import FakeClock, FakeSecrets

PARAMS: Mapping[str, Mapping[str, int]] = {
    "identity.mfa.everyone": {"break_glass": 2},
    "identity.mfa.admins": {"break_glass": 2},
    "identity.admins.count": {"minimum": 2, "maximum": 4},
}
EMERGENCY = "emergency@example.com"
STAFF = tuple(f"{name}@example.com" for name in ("owner", "it", "anna", "ben", "cora"))
LEGACY = User(upn="scanner@example.com", per_user_mfa="enforced")

USERS = (
    *(User(upn=upn) for upn in STAFF),
    LEGACY,
    User(upn=EMERGENCY),
    User(upn="Sync_DC1@example.onmicrosoft.com"),
    User(upn="leaver@example.com", enabled=False, capable=False),
    User(upn="tax_adviser.test#EXT#@example.onmicrosoft.com", guest=True, capable=False),
)
GROUPS = (
    Group(name="Exceptions", members=(LEGACY.upn,)),
    Group(name="Master keys", members=(EMERGENCY,)),
)
HOLDERS = (
    Role(role="Global Administrator", holder="owner@example.com"),
    Role(role="Global Administrator", holder="it@example.com"),
    Role(role="Global Administrator", holder="Master keys", expanded=False),
    Role(role="Directory Synchronization Accounts", holder=USERS[7].upn),
    Role(role="Directory Readers", holder="Backup program"),
)
EXCEPT = {
    "includeUsers": ["All"],
    "excludeUsers": [USERS[6].id],
    "excludeGroups": [GROUPS[0].id],
    "excludeRoles": ["d29b2b05-8046-44ba-8758-1e26182fcf32"],
}

GOOD = TenantModel(
    users=USERS,
    groups=GROUPS,
    roles=HOLDERS,
    licence="p1",
    policies=(policy("Second factor for all", users=EXCEPT), policy("Trial", state="disabled")),
)
"""Every check passes, and every endpoint is needed for that."""

BAD = replace(
    GOOD,
    users=tuple(replace(user, per_user_mfa="disabled", capable=False) for user in USERS),
    roles=(HOLDERS[0], Role(role="User Administrator", holder="Exceptions", expanded=False)),
    policies=(policy("Trial", users=EXCEPT, state="enabledForReportingButNotEnforced"),),
)
"""Every check fails, and every endpoint is asked."""

Facts = dict[type[Any], Any]


def tenant(stand_in: GraphStandIn, **changes: Any) -> Tenant:
    """The subject that points at a stand-in."""
    subject = Tenant(
        name="Example",
        provider="entra",
        tenant_id=stand_in.tenant.tenant_id,
        client_id=stand_in.tenant.client_id,
        base_url=stand_in.url,
        login_url=stand_in.url,
        break_glass=(EMERGENCY,),
        secret=SecretRef(env="GRAPH"),
    )
    return replace(subject, **changes)


def http(stand_in: GraphStandIn, subject: Tenant) -> Http:
    """The audit's own HTTP, allowed to reach the stand-in."""
    where = f"127.0.0.1:{stand_in.port}"
    return NetRoot(NetConfig(connect={where: where})).http(subject)


def look(stand_in: GraphStandIn, **changes: Any) -> Facts:
    """Run every collector of the area in order; a failure is kept, as in a snapshot."""
    subject = tenant(stand_in, **changes)
    known: dict[Any, Any] = {
        Tenant: subject,
        Http: http(stand_in, subject),
        Secrets: FakeSecrets({"GRAPH": stand_in.tenant.secret}),
        Clock: FakeClock(),
    }
    facts: Facts = {}
    for collector in AREA.collectors:
        hints = get_type_hints(collector)
        fact = hints.pop("return")
        facts[fact] = _collected(collector, hints, known | facts)
    return facts


def _collected(collector: Any, hints: Mapping[str, Any], known: Mapping[Any, Any]) -> Any:
    given = {name: known[_fact(hint)] for name, hint in hints.items()}
    for name, value in given.items():
        if isinstance(value, Failed) and Failed not in get_args(hints[name]):
            return value
    try:
        return normalised(collector(**given), get_type_hints(collector)["return"])
    except CollectError as error:
        return error.failed


def _fact(hint: Any) -> Any:
    """The fact type of a hint, with or without ``| Failed``."""
    return next((arm for arm in get_args(hint) if arm is not Failed), hint)


def judge(facts: Facts) -> dict[str, Verdict]:
    """Every check's verdict; a needed fact that failed is unknown, as in the engine."""
    return {check.__posture__.id: _judged(check, facts) for check in AREA.checks}  # type: ignore[attr-defined]


def _judged(check: Any, facts: Facts) -> Verdict:
    arguments: dict[str, Any] = {}
    for name, hint in get_type_hints(check).items():
        if name == "return":
            continue
        if getattr(hint, "__params__", False):
            arguments[name] = hint(**PARAMS[check.__posture__.id])
            continue
        fact = facts[_fact(hint)]
        if isinstance(fact, Failed) and Failed not in get_args(hint):
            return unknown("engine.unseen", reason=fact.reason)
        arguments[name] = fact
    verdict = check(**arguments)
    assert isinstance(verdict, Verdict)
    return verdict


def statuses(facts: Facts) -> dict[str, Status]:
    """The verdicts' statuses."""
    return {name: verdict.status for name, verdict in judge(facts).items()}
