"""What Conditional Access does to one class of sign-in, worked out without asking Microsoft.

Conditions inside a policy are AND-ed, policies are AND-ed, and only the controls inside one policy
know an operator. So a sign-in needs a second factor exactly when one policy that applies to it
demands one. Every class of sign-in that the policies can tell apart is tried.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .conditional_access import Answer, answer, applies, demanded
from .facts import Conditions, Directory, Policy, UserClass

LIMIT = 200_000
"""Classes of sign-in tried for one class of people."""

OTHER = "other"
"""Everything that no policy names."""

_SUITES = {"Office365", "MicrosoftAdminPortals"}


def _application(conditions: Conditions, value: str) -> Answer:
    wanted, left_out = conditions.include_applications, conditions.exclude_applications
    inside = answer("All" in wanted or value in wanted)
    outside = answer(value in left_out)
    if value != OTHER and value not in _SUITES:
        # Microsoft does not publish for good which applications a suite consists of.
        inside = max(inside, Answer.MAYBE if _SUITES & set(wanted) else Answer.NO)
        outside = max(outside, Answer.MAYBE if _SUITES & set(left_out) else Answer.NO)
    if conditions.application_filter:
        including = conditions.application_filter.mode == "include"
        inside = max(inside, Answer.MAYBE) if including else inside
        outside = outside if including else max(outside, Answer.MAYBE)
    return min(inside, outside.opposite)


def _client(conditions: Conditions, value: str) -> Answer:
    types = conditions.client_app_types
    if {"all", value} & set(types):
        return Answer.YES
    eas = value == "exchangeActiveSync" and "easSupported" in types
    return Answer.MAYBE if eas or not types else Answer.NO


def _platform(conditions: Conditions, value: str) -> Answer:
    wanted = conditions.include_platforms
    inside = not wanted or "all" in wanted or value in wanted
    return answer(inside and value not in conditions.exclude_platforms)


def _location(conditions: Conditions, value: str) -> Answer:
    wanted, left_out = conditions.include_locations, conditions.exclude_locations
    inside = answer(not wanted or "All" in wanted or value in wanted)
    return min(
        max(inside, _trusted(wanted, value)),
        max(answer(value in left_out), _trusted(left_out, value)).opposite,
    )


def _trusted(names: Sequence[str], value: str) -> Answer:
    """A named location may be a trusted one, and the trusted one may be it."""
    ids = set(names) - {"All", "AllTrusted"}
    either = value not in {OTHER, "AllTrusted"} and "AllTrusted" in names
    return Answer.MAYBE if either or (value == "AllTrusted" and ids) else Answer.NO


def _device(conditions: Conditions, value: str) -> Answer:
    rule = conditions.device_filter
    if rule is None:
        return Answer.YES
    matches = {rule.rule: Answer.YES, f"not ({rule.rule})": Answer.NO}.get(value, Answer.MAYBE)
    return matches if rule.mode == "include" else matches.opposite


def _one_of(pick: Callable[[Conditions], Sequence[str]]) -> Callable[[Conditions, str], Answer]:
    return lambda conditions, value: answer(not pick(conditions) or value in pick(conditions))


def _devices(conditions: Conditions) -> Iterable[str]:
    rule = conditions.device_filter
    return (f"not ({rule.rule})", rule.rule) if rule else ()


@dataclass(frozen=True, slots=True)
class Dimension:
    """One thing in which sign-ins differ."""

    fixed: tuple[str, ...]
    """Values that always exist, the everyday one first."""
    named: Callable[[Conditions], Iterable[str]]
    """Further values that a policy names."""
    match: Callable[[Conditions, str], Answer]

    def values(self, policies: Iterable[Policy]) -> list[str]:
        """Every value these policies can tell apart from the others."""
        extra = {name for policy in policies for name in self.named(policy.conditions)}
        extra -= {"All", "None", "all", *self.fixed}
        return [*self.fixed, *sorted(extra)]

    def narrows(self, policy: Policy) -> bool:
        """Whether the policy leaves out some sign-ins by this."""
        found = (self.match(policy.conditions, value) for value in self.values([policy]))
        return min(found, default=Answer.YES) < Answer.YES


_NONE: Callable[[Conditions], Iterable[str]] = lambda _: ()  # noqa: E731 - a table's blank

DIMENSIONS: Mapping[str, Dimension] = {
    "application": Dimension(
        (OTHER,), lambda c: (*c.include_applications, *c.exclude_applications), _application
    ),
    "client": Dimension(
        ("browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", OTHER), _NONE, _client
    ),
    "platform": Dimension(
        ("windows", "macOS", "iOS", "android", "linux", "windowsPhone", OTHER), _NONE, _platform
    ),
    "location": Dimension(
        (OTHER, "AllTrusted"), lambda c: (*c.include_locations, *c.exclude_locations), _location
    ),
    "sign-in risk": Dimension(
        ("none", "low", "medium", "high"), _NONE, _one_of(lambda c: c.sign_in_risk_levels)
    ),
    "user risk": Dimension(
        ("none", "low", "medium", "high"), _NONE, _one_of(lambda c: c.user_risk_levels)
    ),
    "insider risk": Dimension(
        ("none", "minor", "moderate", "elevated"), _NONE, _one_of(lambda c: c.insider_risk_levels)
    ),
    "device": Dimension((), _devices, _device),
    "flow": Dimension(
        ("none", "deviceCodeFlow", "authenticationTransfer"),
        _NONE,
        _one_of(lambda c: c.transfer_methods),
    ),
}


def matches_somewhere(policy: Policy) -> bool:
    """Whether there surely is a sign-in that the policy applies to."""
    return all(
        any(
            dimension.match(policy.conditions, value) is Answer.YES
            for value in dimension.values([policy]) or [OTHER]
        )
        for dimension in DIMENSIONS.values()
    )


SignIn = tuple[tuple[str, str], ...]
"""Dimension and value, only where they make a difference."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What every sign-in of a class of people comes to."""

    second_factor: Answer
    """YES: at every sign-in. NO: there is one with a password only."""
    sign_in: SignIn = ()
    """The weakest sign-in found."""


def weights(policies: Sequence[Policy], who: UserClass, directory: Directory) -> tuple[Answer, ...]:
    """For each policy: whether it demands a second factor of these people at all."""
    return tuple(min(applies(p, who, directory), demanded(p.grant)) for p in policies)


def outcome(policies: Sequence[Policy], weighed: Sequence[Answer]) -> Outcome:
    """Try every class of sign-in; the first of the weakest is the example."""
    pairs = [(p, w) for p, w in zip(policies, weighed, strict=True) if w > Answer.NO]
    axes = {name: _axis(dim, [p for p, _ in pairs]) for name, dim in DIMENSIONS.items()}
    if math.prod(len(axis) for axis in axes.values()) > LIMIT:
        return Outcome(Answer.MAYBE)
    worst = Outcome(Answer.YES)
    for chosen in itertools.product(*axes.values()):
        found = max(
            (min(w, *(row[n] for _, row in chosen)) for n, (_, w) in enumerate(pairs)),
            default=Answer.NO,
        )
        if found < worst.second_factor:
            worst = Outcome(found, _describe(axes, [value for value, _ in chosen]))
        if worst.second_factor is Answer.NO:
            break
    return worst


Axis = list[tuple[str, tuple[Answer, ...]]]
"""A value of a dimension, and for each policy whether it applies there."""


def _axis(dimension: Dimension, policies: Sequence[Policy]) -> Axis:
    """The values of a dimension with each policy's answer; values alike to all policies are one."""
    rows: dict[tuple[Answer, ...], str] = {}
    for value in dimension.values(policies) or [OTHER]:
        row = tuple(dimension.match(policy.conditions, value) for policy in policies)
        rows.setdefault(row, value)
    return [(value, row) for row, value in rows.items()]


def _describe(axes: Mapping[str, Axis], values: Sequence[str]) -> SignIn:
    named = zip(axes.items(), values, strict=True)
    return tuple((name, value) for (name, axis), value in named if len(axis) > 1)
