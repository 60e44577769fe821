"""The simulator: what policies demand of whom, and every class of sign-in they can tell apart."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.identity import sign_in
from posture.checks.identity.conditional_access import Answer, applies, demanded
from posture.checks.identity.coverage import ANYBODY
from posture.checks.identity.entra import policy as read_policy
from posture.checks.identity.facts import (
    DIRECTORY_SYNCHRONIZATION,
    Conditions,
    Directory,
    Group,
    Policy,
    UserClass,
    UserKind,
)
from posture.checks.identity.sign_in import DIMENSIONS, outcome, weights
from posture.demo.graph import policy
from posture.model import Failed, Reason

NO, MAYBE, YES = Answer.NO, Answer.MAYBE, Answer.YES
READ = Group(id="g", name="G", members=1, roles=(), failure=None)
UNREAD = Group(id="u", name="", members=None, roles=("r",), failure=Failed(reason=Reason.DENIED))
DIRECTORY = Directory(
    members=1,
    guests=0,
    disabled=0,
    workloads=0,
    classes=(),
    groups=(READ, UNREAD),
    named=("p", "q"),
    undeclared=(),
)


def made(**changes: Any) -> Policy:
    return read_policy(policy("P", **changes))


def granted(**changes: Any) -> Answer:
    source = policy("P")
    source["grantControls"] |= changes
    return demanded(read_policy(source).grant)


STRENGTH = {"id": "custom", "displayName": "S"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, YES),
        ({"builtInControls": ["block"]}, YES),
        ({"builtInControls": ["compliantDevice"]}, NO),
        ({"builtInControls": ["mfa", "compliantDevice"]}, NO),
        ({"builtInControls": ["mfa", "compliantDevice"], "operator": "AND"}, YES),
        ({"builtInControls": ["mfa", "compliantDevice"], "operator": None}, MAYBE),
        ({"builtInControls": ["mfa"], "operator": None}, YES),
        ({"builtInControls": ["mfa", "passwordChange"], "operator": "AND"}, YES),
        ({"builtInControls": ["mfa", "unknownFutureValue"]}, MAYBE),
        ({"builtInControls": ["mfa"], "termsOfUse": ["t"]}, NO),
        ({"builtInControls": [], "customAuthenticationFactors": ["duo"]}, MAYBE),
        ({"builtInControls": []}, NO),
        ({"builtInControls": [], "authenticationStrength": STRENGTH}, MAYBE),
        (
            {
                "builtInControls": [],
                "authenticationStrength": {**STRENGTH, "requirementsSatisfied": "mfa"},
            },
            YES,
        ),
        (
            {
                "builtInControls": [],
                "authenticationStrength": {**STRENGTH, "requirementsSatisfied": "none"},
            },
            NO,
        ),
        (
            {
                "builtInControls": [],
                "authenticationStrength": {"id": "00000000-0000-0000-0000-000000000004"},
            },
            YES,
        ),
        (
            {
                "builtInControls": ["compliantDevice"],
                "authenticationStrength": {**STRENGTH, "requirementsSatisfied": "mfa"},
            },
            NO,
        ),
    ],
)
def test_what_a_policy_demands(changes: Mapping[str, Any], expected: Answer) -> None:
    assert granted(**changes) is expected


def test_a_policy_that_only_limits_sessions_demands_nothing() -> None:
    assert demanded(None) is NO


MEMBER = replace(ANYBODY, groups=("g",), roles=("r",), named="p")
OTHER_MEMBER = ANYBODY
OUTSIDER = replace(ANYBODY, kind=UserKind.EXTERNAL_GUEST)
SECONDED = replace(ANYBODY, kind=UserKind.EXTERNAL_MEMBER)
PART = replace(ANYBODY, scoped_roles=("x",))
GUESTS = {"guestOrExternalUserTypes": "b2bCollaborationGuest"}
SOME_GUESTS = {**GUESTS, "externalTenants": {"membershipKind": "enumerated"}}
ELSEWHERE = {"guestOrExternalUserTypes": "otherExternalUser"}
WHO: list[tuple[Mapping[str, Any], UserClass, Answer]] = [
    ({"includeUsers": ["All"]}, OTHER_MEMBER, YES),
    ({"includeUsers": ["None"]}, OTHER_MEMBER, NO),
    ({"includeUsers": ["p"]}, MEMBER, YES),
    ({"includeUsers": ["p"]}, OTHER_MEMBER, NO),
    ({"includeUsers": ["stranger"]}, OTHER_MEMBER, MAYBE),
    ({"includeUsers": ["All"], "excludeUsers": ["p"]}, MEMBER, NO),
    ({"includeUsers": ["All"], "excludeUsers": ["stranger"]}, MEMBER, MAYBE),
    ({"includeGroups": ["g"]}, MEMBER, YES),
    ({"includeGroups": ["g"]}, OTHER_MEMBER, NO),
    ({"includeGroups": ["u"]}, OTHER_MEMBER, MAYBE),
    ({"includeGroups": ["unheard of"]}, OTHER_MEMBER, MAYBE),
    ({"includeUsers": ["All"], "excludeGroups": ["g"]}, MEMBER, NO),
    ({"includeUsers": ["All"], "excludeGroups": ["u"]}, MEMBER, MAYBE),
    ({"includeRoles": ["r"]}, MEMBER, YES),
    ({"includeRoles": ["r"]}, OTHER_MEMBER, MAYBE),
    ({"includeRoles": ["x"]}, OTHER_MEMBER, NO),
    ({"includeRoles": ["x"]}, PART, NO),
    ({"includeUsers": ["All"], "excludeRoles": ["r"]}, MEMBER, NO),
    ({"includeUsers": ["GuestsOrExternalUsers"]}, OUTSIDER, YES),
    ({"includeUsers": ["GuestsOrExternalUsers"]}, SECONDED, MAYBE),
    ({"includeUsers": ["GuestsOrExternalUsers"]}, OTHER_MEMBER, NO),
    ({"includeUsers": ["All"], "excludeUsers": ["GuestsOrExternalUsers"]}, OUTSIDER, NO),
    ({"includeGuestsOrExternalUsers": GUESTS}, OUTSIDER, YES),
    ({"includeGuestsOrExternalUsers": GUESTS}, OTHER_MEMBER, NO),
    ({"includeGuestsOrExternalUsers": GUESTS}, SECONDED, NO),
    ({"includeGuestsOrExternalUsers": SOME_GUESTS}, OUTSIDER, MAYBE),
    ({"includeGuestsOrExternalUsers": ELSEWHERE}, OUTSIDER, MAYBE),
    ({"includeUsers": ["All"], "excludeGuestsOrExternalUsers": GUESTS}, OUTSIDER, NO),
]


@pytest.mark.parametrize(("users", "who", "expected"), WHO)
def test_whom_a_policy_is_for(users: Mapping[str, Any], who: UserClass, expected: Answer) -> None:
    assert applies(made(users=users), who, DIRECTORY) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "enabled"}, YES),
        ({"state": "disabled"}, NO),
        ({"state": "enabledForReportingButNotEnforced"}, NO),
        ({"state": "unknownFutureValue"}, MAYBE),
        ({"conditions": {"somethingNew": ["x"]}}, MAYBE),
        ({"conditions": {"clientApplications": {"includeServicePrincipals": ["x"]}}}, NO),
    ],
)
def test_whether_a_policy_is_in_force(changes: Mapping[str, Any], expected: Answer) -> None:
    assert applies(made(**changes), ANYBODY, DIRECTORY) is expected


def places(include: Sequence[str], exclude: Sequence[str] = ()) -> Mapping[str, Any]:
    found = {"includeLocations": list(include), "excludeLocations": list(exclude)}
    return {"conditions": {"locations": found}}


def apps(**changes: Any) -> Mapping[str, Any]:
    return {"applications": {"includeApplications": [], **changes}}


def device(mode: str) -> Mapping[str, Any]:
    return {"conditions": {"devices": {"deviceFilter": {"mode": mode, "rule": "R"}}}}


def platforms(include: Sequence[str], exclude: Sequence[str] = ()) -> Mapping[str, Any]:
    found = {"includePlatforms": list(include), "excludePlatforms": list(exclude)}
    return {"conditions": {"platforms": found}}


MATCHES: list[tuple[str, Mapping[str, Any], str, Answer]] = [
    ("application", {}, "other", YES),
    ("application", apps(includeApplications=["a"]), "a", YES),
    ("application", apps(includeApplications=["a"]), "other", NO),
    ("application", apps(includeApplications=["None"]), "other", NO),
    ("application", apps(includeUserActions=["urn:user:registersecurityinfo"]), "other", NO),
    ("application", apps(includeApplications=["Office365"]), "a", MAYBE),
    ("application", apps(includeApplications=["Office365"]), "Office365", YES),
    ("application", apps(includeApplications=["Office365"]), "other", NO),
    ("application", apps(includeApplications=["All"], excludeApplications=["a"]), "a", NO),
    (
        "application",
        apps(includeApplications=["All"], excludeApplications=["Office365"]),
        "a",
        MAYBE,
    ),
    ("application", apps(applicationFilter={"mode": "include", "rule": "R"}), "other", MAYBE),
    (
        "application",
        apps(includeApplications=["All"], applicationFilter={"mode": "exclude", "rule": "R"}),
        "other",
        MAYBE,
    ),
    ("client", {}, "browser", YES),
    ("client", {"conditions": {"clientAppTypes": ["browser"]}}, "browser", YES),
    ("client", {"conditions": {"clientAppTypes": ["browser"]}}, "other", NO),
    ("client", {"conditions": {"clientAppTypes": []}}, "other", MAYBE),
    ("client", {"conditions": {"clientAppTypes": ["easSupported"]}}, "exchangeActiveSync", MAYBE),
    ("platform", {}, "other", YES),
    ("platform", platforms(["all"]), "other", YES),
    ("platform", platforms(["iOS"]), "iOS", YES),
    ("platform", platforms(["iOS"]), "other", NO),
    ("platform", platforms(["all"], ["iOS"]), "iOS", NO),
    ("location", {}, "other", YES),
    ("location", places(["All"]), "AllTrusted", YES),
    ("location", places(["All"], ["AllTrusted"]), "AllTrusted", NO),
    ("location", places(["All"], ["AllTrusted"]), "other", YES),
    ("location", places(["All"], ["AllTrusted"]), "office", MAYBE),
    ("location", places(["office"]), "office", YES),
    ("location", places(["office"]), "other", NO),
    ("location", places(["office"]), "AllTrusted", MAYBE),
    ("location", places(["AllTrusted"]), "office", MAYBE),
    ("location", places(["All"], ["office"]), "office", NO),
    ("sign-in risk", {"conditions": {"signInRiskLevels": ["high"]}}, "none", NO),
    ("sign-in risk", {"conditions": {"signInRiskLevels": ["high"]}}, "high", YES),
    ("user risk", {"conditions": {"userRiskLevels": ["low"]}}, "high", NO),
    ("insider risk", {"conditions": {"insiderRiskLevels": "minor,moderate"}}, "minor", YES),
    ("insider risk", {"conditions": {"insiderRiskLevels": "minor"}}, "none", NO),
    ("device", {}, "R", YES),
    ("device", device("include"), "R", YES),
    ("device", device("include"), "not (R)", NO),
    ("device", device("include"), "S", MAYBE),
    ("device", device("exclude"), "R", NO),
    ("device", device("exclude"), "not (R)", YES),
    (
        "flow",
        {"conditions": {"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}},
        "deviceCodeFlow",
        YES,
    ),
    (
        "flow",
        {"conditions": {"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}},
        "none",
        NO,
    ),
]


@pytest.mark.parametrize(("name", "changes", "value", "expected"), MATCHES)
def test_to_which_sign_ins_a_policy_applies(
    name: str, changes: Mapping[str, Any], value: str, expected: Answer
) -> None:
    assert DIMENSIONS[name].match(made(**changes).conditions, value) is expected


def judged(*policies: Policy) -> sign_in.Outcome:
    return outcome(policies, weights(policies, ANYBODY, DIRECTORY))


def test_no_policy_asks_for_nothing() -> None:
    assert judged() == sign_in.Outcome(NO)


def test_something_new_leaves_it_open() -> None:
    assert judged(made(conditions={"somethingNew": ["x"]})).second_factor is MAYBE


def test_too_many_classes_of_sign_in_leave_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "LIMIT", 1)
    narrow = made(**platforms(["iOS"]))
    assert judged(narrow) == sign_in.Outcome(MAYBE)


def test_policies_of_the_same_id_are_told_apart() -> None:
    assert judged(made(), made(state="disabled")).second_factor is YES


def test_narrow_and_wide() -> None:
    assert not DIMENSIONS["device"].narrows(made())
    assert DIMENSIONS["device"].narrows(made(**device("include")))


# ── against a plain evaluation of single sign-ins ────────────────────────────────────────────────

CHOICES: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "platforms": [
        {},
        platforms(["iOS"])["conditions"],
        platforms(["all"], ["linux"])["conditions"],
    ],
    "locations": [{}, places(["All"], ["AllTrusted"])["conditions"], places(["x"])["conditions"]],
    "clients": [
        {},
        {"clientAppTypes": ["browser", "mobileAppsAndDesktopClients"]},
        {"clientAppTypes": ["exchangeActiveSync", "other"]},
    ],
    "risks": [{}, {"signInRiskLevels": ["high", "medium"]}],
    "devices": [{}, device("exclude")["conditions"], device("include")["conditions"]],
}
APPLICATIONS = [{}, {"excludeApplications": ["a"]}, {"includeApplications": ["a"]}]
POLICIES = st.builds(
    lambda parts, app, controls, operator: made(
        conditions={key: value for part in parts for key, value in part.items()},
        applications=app,
        controls=controls,
        operator=operator,
    ),
    st.tuples(*(st.sampled_from(list(found)) for found in CHOICES.values())),
    st.sampled_from(APPLICATIONS),
    st.sampled_from([("mfa",), ("block",), ("mfa", "compliantDevice"), ("somethingNew",)]),
    st.sampled_from(["AND", "OR"]),
)


def plainly(policies: Sequence[Policy], values: Mapping[str, str]) -> Answer:
    """One sign-in, evaluated as Microsoft describes it, policy by policy."""

    def holds(conditions: Conditions) -> Answer:
        return min(DIMENSIONS[name].match(conditions, value) for name, value in values.items())

    found = (
        min(applies(p, ANYBODY, DIRECTORY), demanded(p.grant), holds(p.conditions))
        for p in policies
    )
    return max(found, default=NO)


@given(st.lists(POLICIES, max_size=4), st.randoms(use_true_random=False))
def test_the_weakest_sign_in_is_found(policies: list[Policy], chance: Any) -> None:
    found = judged(*policies)
    axes = {name: d.values(policies) or ["other"] for name, d in DIMENSIONS.items()}
    ordinary = {name: values[0] for name, values in axes.items()}
    # What is reported is really as weak as that.
    if found.second_factor is not YES:
        assert plainly(policies, {**ordinary, **dict(found.sign_in)}) is found.second_factor
    # And nothing is weaker.
    for _ in range(50):
        values = {name: chance.choice(values) for name, values in axes.items()}
        assert plainly(policies, values) >= found.second_factor


def test_the_machine_account_is_one_only_by_its_role() -> None:
    assert replace(ANYBODY, roles=(DIRECTORY_SYNCHRONIZATION,)).machine
    assert not ANYBODY.machine
