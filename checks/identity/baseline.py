"""Judges whether any rule about second factors is in force."""

from dataclasses import replace

from posture.model import Failed, Status, Verdict, check, failed, passed, unknown

from . import records
from .conditional_access import Answer, applies, demanded
from .coverage import ANYBODY, SignIns, reason
from .facts import ConditionalAccess, Directory, PerUserMfa, Policy, SecurityDefaults, UserClass
from .sign_in import matches_somewhere


@check("identity.baseline.present")
def present(
    defaults: SecurityDefaults | Failed,
    access: ConditionalAccess | Failed,
    directory: Directory | Failed,
    per_user: PerUserMfa | Failed,
) -> Verdict:
    """A rule that demands a second factor is in force."""
    verdict = _verdict(defaults, access, directory, per_user)
    return replace(
        verdict,
        evidence=records.seen(defaults, access, per_user),
        expected="security defaults, Conditional Access or per-user MFA",
    )


def _verdict(
    defaults: SecurityDefaults | Failed,
    access: ConditionalAccess | Failed,
    directory: Directory | Failed,
    per_user: PerUserMfa | Failed,
) -> Verdict:
    if isinstance(defaults, SecurityDefaults) and defaults.enabled:
        return replace(passed("defaults"), observed="security defaults")
    if isinstance(directory, Failed):
        return unknown("unclear", reason=directory.reason)
    answers = _answers(access, directory)
    if Answer.YES in answers:
        return replace(passed("conditional-access"), observed="Conditional Access")
    if isinstance(per_user, Failed):
        return unknown("unclear", reason=reason(defaults, access, per_user))
    spared = {p.id for w in directory.classes if w.break_glass or w.machine for p in w.people}
    off = len(set(per_user.off) - spared)
    whole = bool(per_user.on) and not off and not per_user.unread
    closed = Answer.MAYBE not in answers and isinstance(defaults, SecurityDefaults)
    if not whole and closed and off and (policy := _somewhere(access, directory)):
        return _sometimes(policy)
    if whole or (closed and off and per_user.on):
        return _switches(access, len(per_user.on), off, per_user.unread)
    if not closed or not off or per_user.unread:
        return unknown("unclear", reason=reason(defaults, access))
    return replace(failed("absent", fix=_fix(access)), observed="none")


def _answers(access: ConditionalAccess | Failed, directory: Directory) -> set[Answer]:
    """What Conditional Access does to anybody at all, and to each class of people."""
    sign_ins, policies = SignIns(access, directory), _policies(access)
    found = set[Answer]()
    for who in (ANYBODY, *directory.classes):
        answer = sign_ins.outcome(who).second_factor
        asked = any(_asks(policy, who, directory) for policy in policies)
        # Whoever is kept out altogether is asked for nothing.
        found.add(Answer.NO if answer is Answer.YES and not asked else answer)
    return found


def _asks(policy: Policy, who: UserClass, directory: Directory) -> bool:
    """Whether the policy is one that demands a second factor of these people."""
    lets_in = policy.grant is not None and "block" not in policy.grant.built_in
    demand = min(applies(policy, who, directory), demanded(policy.grant))
    return lets_in and demand is Answer.YES


def _somewhere(access: ConditionalAccess | Failed, directory: Directory) -> Policy | None:
    """A policy that demands a second factor of somebody, at some of their sign-ins."""
    found = (
        policy
        for policy in _policies(access)
        if matches_somewhere(policy)
        and any(_asks(policy, who, directory) for who in directory.classes)
    )
    return next(found, None)


def _sometimes(policy: Policy) -> Verdict:
    name = policy.name or policy.id
    verdict = failed("sometimes", fix="policy", policy=name[:120])
    return replace(
        verdict, status=Status.PARTIAL, share=0.5, observed="Conditional Access, some sign-ins"
    )


def _switches(access: ConditionalAccess | Failed, on: int, off: int, unread: int) -> Verdict:
    """Per-user MFA is all there is; ``unread`` people may have it or not."""
    asked = on + off + unread
    observed = f"per-user MFA on {on} of {asked}"
    if on == asked:
        return replace(passed("per-user", asked=asked), observed=observed)
    fix = "replace" if _fix(access) == "defaults" else "policy"
    verdict = failed("per-user-some", fix=fix, on=on, asked=asked)
    share = on * 10_000 // asked / 10_000
    return replace(verdict, status=Status.PARTIAL, share=share, observed=observed)


def _fix(access: ConditionalAccess | Failed) -> str:
    # Microsoft refuses security defaults while a Conditional Access policy is in force.
    in_use = any(policy.state == "enabled" for policy in _policies(access))
    return "policy" if in_use else "defaults"


def _policies(access: ConditionalAccess | Failed) -> tuple[Policy, ...]:
    return access.policies if isinstance(access, ConditionalAccess) else ()
