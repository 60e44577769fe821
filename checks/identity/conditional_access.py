"""What one Conditional Access policy demands, and of whom."""

from collections.abc import Sequence
from enum import IntEnum

from .facts import Directory, Grant, Policy, Strength, UserClass, UserKind, Users


class Answer(IntEnum):
    """Three-valued truth: ``min`` is and, ``max`` is or."""

    NO = 0
    MAYBE = 1
    YES = 2

    @property
    def opposite(self) -> "Answer":
        """Not."""
        return Answer(Answer.YES - self)


def answer(truth: object) -> Answer:
    """Say yes or no."""
    return Answer.YES if truth else Answer.NO


_CONTROLS = {
    "block": Answer.YES,
    "mfa": Answer.YES,
    "approvedApplication": Answer.NO,
    "compliantApplication": Answer.NO,
    "compliantDevice": Answer.NO,
    "domainJoinedDevice": Answer.NO,
    "passwordChange": Answer.NO,
}
_BUILT_IN_STRENGTHS = {f"00000000-0000-0000-0000-00000000000{n}" for n in (2, 3, 4)}


def controls(grant: Grant) -> list[Answer]:
    """Whether each control alone stops somebody who has no more than a password."""
    found = [_CONTROLS.get(name, Answer.MAYBE) for name in grant.built_in]
    # Another maker's second factor may be one; Microsoft does not count it as such.
    found += [Answer.MAYBE] * len(grant.custom_factors)
    found += [Answer.NO] * len(grant.terms_of_use)
    return [*found, _strength(grant.strength)] if grant.strength else found


def demanded(grant: Grant | None) -> Answer:
    """Whether nobody gets past this policy without a second factor."""
    found = controls(grant) if grant else []
    if not grant or not found:
        return Answer.NO
    if grant.operator == "AND":
        return max(found)
    if grant.operator == "OR" or min(found) == max(found):
        return min(found)
    return Answer.MAYBE


def _strength(strength: Strength) -> Answer:
    if strength.requirements_satisfied == "mfa" or strength.id in _BUILT_IN_STRENGTHS:
        return Answer.YES
    return Answer.NO if strength.requirements_satisfied == "none" else Answer.MAYBE


def included(users: Users, who: UserClass, directory: Directory) -> Answer:
    """Whether the policy names this class of people."""
    return max(
        _by_name(users.include_users, who, directory),
        _by_group(users.include_groups, who, directory),
        _by_role(users.include_roles, who, directory),
        _by_kind(users.include_guests, who, limited=users.guest_tenants_limited),
    )


def excluded(users: Users, who: UserClass, directory: Directory) -> Answer:
    """Whether the policy exempts this class of people."""
    return max(
        _by_name(users.exclude_users, who, directory),
        _by_group(users.exclude_groups, who, directory),
        _by_role(users.exclude_roles, who, directory),
        _by_kind(users.exclude_guests, who, limited=users.guest_tenants_limited),
    )


def applies(policy: Policy, who: UserClass, directory: Directory) -> Answer:
    """Whether the policy is in force for this class of people."""
    users = policy.conditions.users
    known = Answer.MAYBE if policy.conditions.unread else Answer.YES
    if policy.conditions.workloads:
        return Answer.NO
    return min(
        _in_force(policy.state),
        known,
        included(users, who, directory),
        excluded(users, who, directory).opposite,
    )


def _in_force(state: str) -> Answer:
    if state in {"disabled", "enabledForReportingButNotEnforced"}:
        return Answer.NO
    return Answer.YES if state == "enabled" else Answer.MAYBE


def _by_name(names: Sequence[str], who: UserClass, directory: Directory) -> Answer:
    if "All" in names or (who.named and who.named in names):
        return Answer.YES
    if "GuestsOrExternalUsers" in names and who.kind is not UserKind.MEMBER:
        return Answer.MAYBE if who.kind is UserKind.EXTERNAL_MEMBER else Answer.YES
    unseen = set(names) - {"None", "GuestsOrExternalUsers", *directory.named}
    return Answer.MAYBE if unseen else Answer.NO


def _by_group(names: Sequence[str], who: UserClass, directory: Directory) -> Answer:
    if set(names) & set(who.groups):
        return Answer.YES
    read = {group.id for group in directory.groups if group.failure is None}
    return Answer.NO if read.issuperset(names) else Answer.MAYBE


def _by_role(names: Sequence[str], who: UserClass, directory: Directory) -> Answer:
    # A role held over an administrative unit only does not count (Microsoft: "Users and groups").
    if set(names) & set(who.roles):
        return Answer.YES
    hidden = {role for group in directory.groups if group.failure for role in group.roles}
    return Answer.MAYBE if hidden & set(names) else Answer.NO


def _by_kind(kinds: Sequence[str], who: UserClass, *, limited: bool) -> Answer:
    if who.kind is UserKind.MEMBER or not kinds:
        return Answer.NO
    if who.kind in kinds:
        return Answer.MAYBE if limited else Answer.YES
    elsewhere = {"b2bDirectConnectUser", "otherExternalUser", "unknownFutureValue"}
    return Answer.MAYBE if elsewhere & set(kinds) else Answer.NO
