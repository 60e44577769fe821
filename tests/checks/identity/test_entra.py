"""Reading Graph's JSON: a value or ParseError, never another exception."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture import codec
from posture.checks.identity import entra
from posture.checks.identity.entra import ParseError
from posture.checks.identity.facts import Filter, Level, Policy, Strength, UserKind
from posture.demo.graph import policy

READERS: dict[str, Callable[[object], Any]] = {
    "policy": entra.policy,
    "subscription": entra.subscription,
    "account": entra.account,
    "assignment": entra.assignment,
    "registration": entra.registration,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)
WHOLE: dict[str, dict[str, Any]] = {
    "policy": policy("P", strength="x", conditions={"devices": {"deviceFilter": None}}),
    "subscription": {
        "skuPartNumber": "SPB",
        "capabilityStatus": "Enabled",
        "prepaidUnits": {"enabled": 3},
        "servicePlans": [{"servicePlanName": "AAD_PREMIUM", "provisioningStatus": "Success"}],
    },
    "account": {"id": "1", "userPrincipalName": "a@b", "accountEnabled": True, "userType": None},
    "assignment": {"roleDefinitionId": "r", "principalId": "p", "directoryScopeId": "/"},
    "registration": {"id": "1", "userPrincipalName": "a@b", "isMfaCapable": True},
}


def holes(value: Any, junk: Any) -> list[Any]:
    """The value with each part of it, at any depth, replaced by junk."""
    if isinstance(value, dict):
        return [junk] + [
            {**value, key: other} for key, inner in value.items() for other in holes(inner, junk)
        ]
    if isinstance(value, list):
        return [junk] + [[other] for inner in value for other in holes(inner, junk)]
    return [junk]


@pytest.mark.parametrize("name", READERS)
@given(junk=JSON)
def test_a_value_or_a_parse_error(name: str, junk: Any) -> None:
    for value in holes(WHOLE[name], junk):
        try:
            found = READERS[name](value)
        except ParseError:
            continue
        if isinstance(found, Policy):
            assert codec.decode(codec.encode(found), Policy) == found


@pytest.mark.parametrize("name", READERS)
def test_the_whole_ones_are_read(name: str) -> None:
    assert READERS[name](WHOLE[name]) is not None


def test_half_characters_do_not_reach_the_snapshot() -> None:
    found = entra.policy({**policy("P"), "displayName": "\ud800 name"})
    assert codec.encode(found)
    assert len(entra.policy(policy("x" * 9_999)).name) == entra.TEXT


def test_lists_without_end_are_refused() -> None:
    with pytest.raises(ParseError, match="more than"):
        entra.policy(policy("P", users={"includeUsers": ["x"] * (entra.LIST + 1)}))


def test_flags_come_joined_by_commas_or_as_a_list() -> None:
    both = ["deviceCodeFlow", "authenticationTransfer"]
    for value in (",".join(both), both):
        flows = {"authenticationFlows": {"transferMethods": value}}
        found = entra.policy(policy("P", conditions=flows)).conditions
        assert found.transfer_methods == tuple(both)
    nothing = {"authenticationFlows": {"transferMethods": "none"}}
    assert entra.policy(policy("P", conditions=nothing)).conditions.transfer_methods == ()


def test_a_condition_this_version_does_not_know_is_noticed_when_it_is_set() -> None:
    empty: dict[str, Any] = {
        "moon": None,
        "tides": [],
        "stars": {"bright": [], "@odata.type": "x"},
        "off": False,
    }
    assert entra.policy(policy("P", conditions=empty)).conditions.unread == ()
    found = entra.policy(policy("P", conditions={"moon": {"phases": ["full"]}})).conditions
    assert found.unread == ("moon",)


def test_filters_strengths_guests_and_programs() -> None:
    rule = {"mode": "include", "rule": "device.isCompliant -eq True"}
    guests = {
        "guestOrExternalUserTypes": "internalGuest,b2bCollaborationGuest",
        "externalTenants": {"membershipKind": "enumerated"},
    }
    found = entra.policy(
        policy(
            "P",
            strength="s",
            conditions={
                "devices": {"deviceFilter": rule},
                "clientApplications": {"includeServicePrincipals": ["x"]},
            },
            users={"excludeGuestsOrExternalUsers": guests},  # type: ignore[dict-item]
        )
    )
    conditions = found.conditions
    assert conditions.device_filter == Filter(mode="include", rule=rule["rule"])
    assert conditions.workloads
    assert conditions.users.exclude_guests == ("internalGuest", "b2bCollaborationGuest")
    assert conditions.users.guest_tenants_limited
    assert found.grant is not None
    assert found.grant.strength == Strength(id="s", name="Strength", requirements_satisfied="mfa")


def test_a_policy_without_grant_controls_only_limits_sessions() -> None:
    assert entra.policy({**policy("P"), "grantControls": None}).grant is None


@pytest.mark.parametrize(
    ("changes", "level", "units"),
    [
        ({}, Level.P1, 3),
        ({"capabilityStatus": "Suspended"}, Level.FREE, 0),
        ({"prepaidUnits": {"enabled": True}}, Level.P1, 1),
        ({"prepaidUnits": {"enabled": 10**30}}, Level.P1, 0),
        ({"prepaidUnits": None}, Level.P1, 0),
        ({"servicePlans": []}, Level.FREE, 0),
        (
            {"servicePlans": [{"servicePlanName": "AAD_PREMIUM", "provisioningStatus": "Off"}]},
            Level.FREE,
            0,
        ),
        (
            {
                "servicePlans": [
                    {"servicePlanName": "AAD_PREMIUM_P2", "provisioningStatus": "Success"}
                ]
            },
            Level.P2,
            3,
        ),
    ],
)
def test_subscriptions(changes: dict[str, Any], level: Level, units: int) -> None:
    assert entra.subscription({**WHOLE["subscription"], **changes}) == ("SPB", level, units)


@pytest.mark.parametrize(
    ("user_type", "name", "kind"),
    [
        (None, "a@b", UserKind.MEMBER),
        ("Member", "a_b.test#EXT#@c", UserKind.EXTERNAL_MEMBER),
        ("Guest", "a@b", UserKind.GUEST),
        ("Guest", "a_b.test#ext#@c", UserKind.EXTERNAL_GUEST),
    ],
)
def test_kinds_of_people(user_type: str | None, name: str, kind: UserKind) -> None:
    source = {"id": "1", "userPrincipalName": name, "accountEnabled": True, "userType": user_type}
    assert entra.account(source).kind is kind


def test_an_account_that_may_or_may_not_be_enabled_is_not_read() -> None:
    with pytest.raises(ParseError, match="accountEnabled"):
        entra.account({"id": "1", "accountEnabled": None})


def test_guests_are_left_out_of_the_registration_report() -> None:
    assert entra.registration({**WHOLE["registration"], "userType": "guest"}) is None
