"""Judges whether people are made to use a second factor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from posture.model import (
    Evidence,
    Failed,
    Status,
    Verdict,
    check,
    failed,
    params,
    passed,
    unknown,
)

from . import records
from .coverage import SignIns, Tally, in_words, near_miss, reason, tally
from .facts import ConditionalAccess, Directory, PerUserMfa, SecurityDefaults, UserClass


@params
class Coverage:
    """Settings of the two checks."""

    break_glass: int
    """Emergency accounts that may go without; when more are declared, none may."""


@check("identity.mfa.everyone")
def everyone(
    defaults: SecurityDefaults | Failed,
    access: ConditionalAccess | Failed,
    directory: Directory | Failed,
    per_user: PerUserMfa | Failed,
    params: Coverage,
) -> Verdict:
    """Everyone who can sign in is made to use a second factor."""
    settings = _Settings(defaults, access, per_user)
    if settings.defaults_on:
        return _by_defaults(settings)
    if isinstance(directory, Failed):
        return unknown("unread", *settings.evidence, reason=directory.reason)
    return _judge(settings, directory, params.break_glass, lambda who: who.kind.member)


@check("identity.mfa.admins")
def admins(
    defaults: SecurityDefaults | Failed,
    access: ConditionalAccess | Failed,
    directory: Directory | Failed,
    per_user: PerUserMfa | Failed,
    params: Coverage,
) -> Verdict:
    """Every administrator is made to use a second factor."""
    settings = _Settings(defaults, access, per_user)
    if settings.defaults_on:
        return _by_defaults(settings)
    if isinstance(directory, Failed):
        return unknown("unread", *settings.evidence, reason=directory.reason)
    verdict = _judge(settings, directory, params.break_glass, lambda who: who.administrator)
    hidden = [group.failure for group in directory.groups if group.failure and group.roles]
    if verdict.status is Status.PASS and hidden:
        # Whoever is in a group that holds a role is an administrator, and nobody knows who that is.
        return unknown("unread", *verdict.evidence, reason=hidden[0].reason)
    return verdict


@dataclass(frozen=True, slots=True)
class _Settings:
    """The three ways to make people use a second factor."""

    defaults: SecurityDefaults | Failed
    access: ConditionalAccess | Failed
    per_user: PerUserMfa | Failed

    @property
    def defaults_on(self) -> bool:
        return isinstance(self.defaults, SecurityDefaults) and self.defaults.enabled

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return records.seen(self.defaults, self.access, self.per_user)


def _by_defaults(settings: _Settings) -> Verdict:
    verdict = passed("defaults", *records.seen(settings.defaults))
    return replace(verdict, observed="security defaults on", expected=_EXPECTED)


def _judge(
    settings: _Settings,
    directory: Directory,
    break_glass: int,
    wanted: Callable[[UserClass], bool],
) -> Verdict:
    classes = [who for who in directory.classes if wanted(who) and not who.machine]
    emergency = [who for who in classes if who.break_glass]
    if sum(who.count for who in emergency) <= break_glass:
        classes = [who for who in classes if not who.break_glass]
    counted = tally(SignIns(settings.access, directory), settings.per_user, classes)
    spared = [person for who in emergency for person in who.people]
    evidence = (*settings.evidence, *records.named("declared emergency accounts", spared))
    return replace(_verdict(settings, directory, counted, evidence), expected=_EXPECTED)


_EXPECTED = "second factor at every sign-in"


def _verdict(
    settings: _Settings, directory: Directory, counted: Tally, evidence: Sequence[Evidence]
) -> Verdict:
    if counted.total and counted.covered == counted.total:
        return passed("enforced", *evidence, total=counted.total)
    if counted.gaps and isinstance(settings.defaults, SecurityDefaults):
        return _gap(settings, directory, counted, evidence)
    why = reason(settings.defaults, settings.access, settings.per_user)
    open_or_unclear = counted.total - counted.covered
    return unknown("unclear", *evidence, reason=why, unclear=open_or_unclear, total=counted.total)


def _gap(
    settings: _Settings, directory: Directory, counted: Tally, evidence: Sequence[Evidence]
) -> Verdict:
    worst = max(counted.gaps, key=lambda gap: (gap.who.administrator, len(gap.people)))
    without = [person for gap in counted.gaps for person in gap.people]
    policies = settings.access.policies if isinstance(settings.access, ConditionalAccess) else ()
    verdict = failed(
        "some" if counted.covered else "nobody",
        *evidence,
        *records.named("can sign in with a password only", without),
        # Microsoft refuses security defaults while a Conditional Access policy is in force.
        fix="policy" if any(policy.state == "enabled" for policy in policies) else "defaults",
        open=counted.open,
        total=counted.total,
    )
    verdict = replace(verdict, observed=f"password only at {in_words(worst.sign_in)}")
    if counted.covered:
        verdict = replace(verdict, status=Status.PARTIAL, share=counted.share)
    found = near_miss(policies, worst, directory)
    if found is None:
        return verdict
    text, extra = _near_miss_text(found.because)
    values = {**verdict.values, "policy": found.policy[:120], **extra}
    return replace(verdict, near_miss=text, values=values)


def _near_miss_text(because: str) -> tuple[str, dict[str, str]]:
    """The text for what keeps a policy from covering a sign-in."""
    if because in {"reporting", "alternative", "exempt", "others"}:
        return because, {}
    return "narrow", {"condition": because}
