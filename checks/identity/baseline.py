"""Judges whether any rule about second factors is in force."""

from dataclasses import replace

from posture.model import Failed, Status, Verdict, check, failed, passed, unknown

from . import records
from .conditional_access import Answer
from .coverage import ANYBODY, SignIns, reason
from .facts import ConditionalAccess, Directory, PerUserMfa, SecurityDefaults


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
    if whole or (closed and off and per_user.on):
        return _switches(len(per_user.on), off, per_user.unread)
    if not closed or not off or per_user.unread:
        return unknown("unclear", reason=reason(defaults, access))
    return _absent(access)


def _answers(access: ConditionalAccess | Failed, directory: Directory) -> set[Answer]:
    """What Conditional Access does to anybody at all, and to each class of people."""
    sign_ins = SignIns(access, directory)
    return {sign_ins.outcome(who).second_factor for who in (ANYBODY, *directory.classes)}


def _switches(on: int, off: int, unread: int) -> Verdict:
    """Per-user MFA is all there is; ``unread`` people may have it or not."""
    asked = on + off + unread
    observed = f"per-user MFA on {on} of {asked}"
    if on == asked:
        return replace(passed("per-user", asked=asked), observed=observed)
    verdict = failed("per-user-some", fix="replace", on=on, asked=asked)
    share = on * 10_000 // asked / 10_000
    return replace(verdict, status=Status.PARTIAL, share=share, observed=observed)


def _absent(access: ConditionalAccess | Failed) -> Verdict:
    policies = access.policies if isinstance(access, ConditionalAccess) else ()
    # Microsoft refuses security defaults while a Conditional Access policy is in force.
    in_use = any(policy.state == "enabled" for policy in policies)
    return replace(failed("absent", fix="policy" if in_use else "defaults"), observed="none")
