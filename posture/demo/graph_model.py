"""A tenant as the Graph stand-in serves it: plain data, turned into Microsoft's own JSON.

Only properties of the published v1.0 schema are written; per-user MFA is beta and marked so.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ROLES = {
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Exchange Administrator": "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "Helpdesk Administrator": "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    "User Administrator": "fe930be7-5e62-47db-91af-98c3a49a38b1",
    "Directory Readers": "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
    "Directory Synchronization Accounts": "d29b2b05-8046-44ba-8758-1e26182fcf32",
}
"""Microsoft's template ids, the same in every tenant."""

PERMISSIONS = frozenset({"Policy.Read.All", "Directory.Read.All", "AuditLog.Read.All"})
TENANT_ID = "7a3d5c1e-0b2f-4c58-9d64-1f2e3a4b5c6d"
CLIENT_ID = "c0ffee00-5eed-4a11-8d17-0a0b0c0d0e0f"
_SPACE = uuid.UUID("5b2f8c1a-6d3e-4f70-8a91-b2c3d4e5f607")
_PLANS = {"free": ("EXCHANGE_S_STANDARD",), "p1": ("AAD_PREMIUM",), "p2": ("AAD_PREMIUM_P2",)}
_PRODUCTS = {"free": "O365_BUSINESS_PREMIUM", "p1": "SPB", "p2": "SPE_E5"}

Json = dict[str, Any]


class Fault(StrEnum):
    """What an endpoint does instead of answering."""

    FORBIDDEN = "403"
    UNAUTHORISED = "401"
    THROTTLED = "429 for ever, without Retry-After"
    THROTTLED_ONCE = "429 with a fraction of a second, then an answer"
    BROKEN = "500"
    HANG = "no answer"
    EMPTY = "200 without a body"
    HTML = "200 with a page of HTML"
    WRONG_TYPES = "200 with numbers where Microsoft documents something else"
    WRONG_ROWS = "200 with rows that are no objects"
    NO_ROWS = "200 with an empty list"
    UNLICENSED = "the error of tenants without a premium licence"
    LOOP = "a next page that is this page"
    ELSEWHERE = "a next page on another host"


def object_id(kind: str, name: str) -> str:
    """A stable object id for something of that kind and name."""
    return str(uuid.uuid5(_SPACE, f"{kind}:{name}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One account."""

    upn: str
    name: str = ""
    enabled: bool = True
    guest: bool = False
    per_user_mfa: str = "disabled"
    """``disabled``, ``enabled`` or ``enforced``."""
    capable: bool = True
    """A second factor is set up."""

    @property
    def id(self) -> str:
        """Object id."""
        return object_id("user", self.upn)

    def json(self) -> Json:
        """``user``."""
        return {
            "id": self.id,
            "displayName": self.name or self.upn.partition("@")[0],
            "userPrincipalName": self.upn,
            "accountEnabled": self.enabled,
            "userType": "Guest" if self.guest else "Member",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of accounts."""

    name: str
    members: tuple[str, ...] = ()
    """User principal names."""
    hidden: bool = False

    @property
    def id(self) -> str:
        """Object id."""
        return object_id("group", self.name)

    def json(self) -> Json:
        """``group``."""
        visibility = "HiddenMembership" if self.hidden else "Private"
        return {"id": self.id, "displayName": self.name, "visibility": visibility}


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Who holds a directory role."""

    role: str
    """A key of ``ROLES``, or a role definition id."""
    holder: str
    """User principal name, name of a group, or anything else for a program."""
    scope: str = "/"
    expanded: bool = True
    """Whether the answer says what the holder is; Graph does not always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantModel:
    """Everything the stand-in knows."""

    users: tuple[User, ...] = (User(upn="owner@example.com"),)
    groups: tuple[Group, ...] = ()
    roles: tuple[Role, ...] = (Role(role="Global Administrator", holder="owner@example.com"),)
    policies: tuple[Json, ...] = ()
    """``conditionalAccessPolicy`` objects; :func:`policy` makes them."""
    security_defaults: bool = False
    licence: str = "free"
    """``free``, ``p1`` or ``p2``."""
    tenant_id: str = TENANT_ID
    client_id: str = CLIENT_ID
    secret: str = "a-secret-of-no-value"  # noqa: S105 - it opens nothing
    certificate: str = ""
    """PEM of the certificate whose key may sign in instead."""
    permissions: frozenset[str] = PERMISSIONS
    faults: Mapping[str, Fault] = field(default_factory=dict)
    """Name of an endpoint (``graph.ENDPOINTS``) to what is wrong with it."""
    page_size: int = 100

    def rows(self, endpoint: str) -> list[Json]:
        """All rows of a collection."""
        made: dict[str, Iterable[Json]] = {
            "licence": (self._subscription(),),
            "policies": self.policies,
            "users": (user.json() for user in self.users),
            "roles": (self._assignment(role) for role in self.roles),
            "registration": (_registration(self, u) for u in self.users if u.enabled),
        }
        return list(made[endpoint])

    def principal(self, name: str) -> Json:
        """``directoryObject`` of whoever has that name; a program when nobody has."""
        for user in self.users:
            if user.upn == name:
                return {"@odata.type": "#microsoft.graph.user", **user.json()}
        for group in self.groups:
            if group.name == name:
                return {"@odata.type": "#microsoft.graph.group", **group.json()}
        identifier = object_id("servicePrincipal", name)
        return {"@odata.type": "#microsoft.graph.servicePrincipal", "id": identifier}

    def _assignment(self, role: Role) -> Json:
        principal = self.principal(role.holder)
        return {
            "id": object_id("assignment", f"{role.role}/{role.holder}/{role.scope}"),
            "roleDefinitionId": ROLES.get(role.role, role.role),
            "principalId": principal["id"],
            "directoryScopeId": role.scope,
            "principal": principal if role.expanded else None,
        }

    def _subscription(self) -> Json:
        plans = ("EXCHANGE_S_STANDARD", *_PLANS[self.licence])
        product = _PRODUCTS[self.licence]
        return {
            "id": object_id("sku", product),
            "skuId": object_id("skuId", product),
            "skuPartNumber": product,
            "capabilityStatus": "Enabled",
            "appliesTo": "User",
            "consumedUnits": len(self.users),
            "prepaidUnits": {"enabled": 25, "suspended": 0, "warning": 0},
            "servicePlans": [
                {
                    "servicePlanId": object_id("plan", plan),
                    "servicePlanName": plan,
                    "provisioningStatus": "Success",
                    "appliesTo": "User",
                }
                for plan in plans
            ],
        }


def _registration(tenant: TenantModel, user: User) -> Json:
    return {
        "id": user.id,
        "userPrincipalName": user.upn,
        "userDisplayName": user.json()["displayName"],
        "userType": "guest" if user.guest else "member",
        "isAdmin": any(role.holder == user.upn for role in tenant.roles),
        "isMfaCapable": user.capable,
        "isMfaRegistered": user.capable,
        "methodsRegistered": ["microsoftAuthenticatorPush"] if user.capable else [],
    }


def policy(  # noqa: PLR0913 - a policy has so many parts
    name: str,
    *,
    state: str = "enabled",
    users: Mapping[str, Sequence[str]] | None = None,
    applications: Mapping[str, Sequence[str]] | None = None,
    conditions: Mapping[str, Any] | None = None,
    controls: Sequence[str] = ("mfa",),
    operator: str = "OR",
    strength: str = "",
) -> Json:
    """A ``conditionalAccessPolicy``; as it stands, it makes everyone use a second factor.

    ``users`` (``includeUsers``, ``excludeGroups`` …), ``applications`` and ``conditions`` replace
    the properties they name. ``strength`` is the id of an authentication strength.
    """
    grant: Json = {
        "operator": operator,
        "builtInControls": list(controls),
        "customAuthenticationFactors": [],
        "termsOfUse": [],
        "authenticationStrength": None,
    }
    if strength:
        grant["authenticationStrength"] = {
            "id": strength,
            "displayName": "Strength",
            "policyType": "builtIn",
            "requirementsSatisfied": "mfa",
        }
    return {
        "id": object_id("policy", name),
        "displayName": name,
        "state": state,
        "createdDateTime": "2026-01-12T09:00:00Z",
        "conditions": {
            "userRiskLevels": [],
            "signInRiskLevels": [],
            "clientAppTypes": ["all"],
            "platforms": None,
            "locations": None,
            "devices": None,
            "clientApplications": None,
            "applications": {
                "includeApplications": ["All"],
                "excludeApplications": [],
                "includeUserActions": [],
                **(applications or {}),
            },
            "users": {**_NOBODY, **(users or {"includeUsers": ["All"]})},
            **(conditions or {}),
        },
        "grantControls": grant,
        "sessionControls": None,
    }


_NOBODY: Json = {
    f"{verb}{what}": [] for verb in ("include", "exclude") for what in ("Users", "Groups", "Roles")
}
