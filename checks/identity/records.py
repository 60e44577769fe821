"""The records a verdict rests on, as evidence. People are marked as personal."""

from collections.abc import Iterable

from posture.model import Evidence

from .facts import ConditionalAccess, Grant, Person, PerUserMfa, Policy, SecurityDefaults

SHOWN = 20
"""Policies or people written out; the rest is counted."""


def seen(*facts: object) -> tuple[Evidence, ...]:
    """What was read of the tenant's settings; what was not read leaves no record."""
    found: list[Evidence] = []
    for fact in facts:
        if isinstance(fact, SecurityDefaults):
            found.append(_defaults(fact))
        elif isinstance(fact, ConditionalAccess):
            found.extend(_policies(fact))
        elif isinstance(fact, PerUserMfa):
            found.append(_per_user(fact))
    return tuple(found)


def named(source: str, people: Iterable[Person]) -> tuple[Evidence, ...]:
    """Who they are, for the technician; nothing when it is nobody."""
    names = sorted({person.name or person.id for person in people})
    if not names:
        return ()
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    record = ", ".join(name[:120] for name in names[:SHOWN]) + more
    return (Evidence(source=source, record=record, personal=True),)


def _defaults(fact: SecurityDefaults) -> Evidence:
    return Evidence(
        source="GET /policies/identitySecurityDefaultsEnforcementPolicy",
        record=f"isEnabled: {str(fact.enabled).lower()}",
    )


def _policies(fact: ConditionalAccess) -> Iterable[Evidence]:
    source = "GET /identity/conditionalAccess/policies"
    if not fact.policies:
        yield Evidence(source=source, record="no policies")
    for policy in fact.policies[:SHOWN]:
        yield Evidence(source=source, record=_policy(policy))
    if (more := len(fact.policies) - SHOWN) > 0:
        yield Evidence(source=source, record=f"and {more} more policies")


def _policy(policy: Policy) -> str:
    grant = _grant(policy.grant) if policy.grant else "no grant control"
    return f"{(policy.name or policy.id)[:120]}: {policy.state}; {grant}"


def _grant(grant: Grant) -> str:
    asked = [*grant.built_in, *(f"custom control {name}" for name in grant.custom_factors)]
    asked += ["terms of use"] * bool(grant.terms_of_use)
    if grant.strength:
        asked.append(f"strength {grant.strength.name or grant.strength.id}")
    return f" {grant.operator or '?'} ".join(asked[:SHOWN])


def _per_user(fact: PerUserMfa) -> Evidence:
    return Evidence(
        source="GET /beta/users/{id}/authentication/requirements",
        record=f"perUserMfaState on: {len(fact.on)}, off: {len(fact.off)}, unread: {fact.unread}",
    )
