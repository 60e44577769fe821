"""Reads Microsoft Graph's JSON. A value or ParseError, never another exception.

Property names are those of the published v1.0 schema of ``conditionalAccessPolicy``, ``user``,
``unifiedRoleAssignment``, ``subscribedSku``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .facts import (
    Conditions,
    Filter,
    Grant,
    Level,
    Person,
    Policy,
    Strength,
    UserKind,
    Users,
)

TEXT = 4096
"""Longest text kept, in characters; ids and names are far shorter."""
LIST = 20_000
"""Longest list read."""
UNITS = 10_000_000
"""More licences than any customer has."""

_CONDITIONS = frozenset(
    {
        "applications",
        "authenticationFlows",
        "clientAppTypes",
        "clientApplications",
        "devices",
        "insiderRiskLevels",
        "locations",
        "platforms",
        "servicePrincipalRiskLevels",
        "signInRiskLevels",
        "userRiskLevels",
        "users",
    }
)
_USERS = frozenset(
    f"{verb}{what}"
    for verb in ("include", "exclude")
    for what in ("Users", "Groups", "Roles", "GuestsOrExternalUsers")
)
_APPLICATIONS = frozenset(
    {
        "applicationFilter",
        "excludeApplications",
        "includeApplications",
        "includeAuthenticationContextClassReferences",
        "includeUserActions",
    }
)


class ParseError(ValueError):
    """The answer is not shaped as Microsoft documents it; says where."""


def entity(value: object, where: str) -> Mapping[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise ParseError(f"{where} is not an object")
    return value


def text(source: Mapping[str, Any], name: str, *, default: str | None = None) -> str:
    """A string property that may be cut; null and absent are ``default``, or an error."""
    return clean(verbatim(source, name, default=default))


def verbatim(source: Mapping[str, Any], name: str, *, default: str | None = None) -> str:
    """A string property that is of no use when cut: a token, the link to a page."""
    value = source.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise ParseError(f"{name} is not a string")
    return value


def clean(value: str) -> str:
    """Cut to a bearable length, and free of the half characters JSON can smuggle in."""
    return value[:TEXT].encode("utf-8", "replace").decode("utf-8")


def flag(source: Mapping[str, Any], name: str) -> bool:
    """A boolean property that must be there."""
    value = source.get(name)
    if not isinstance(value, bool):
        raise ParseError(f"{name} is not true or false")
    return value


def rows(value: object, where: str) -> list[Any]:
    """A JSON array of bearable length."""
    if not isinstance(value, list):
        raise ParseError(f"{where} is not a list")
    if len(value) > LIST:
        raise ParseError(f"{where} has more than {LIST} entries")
    return value


def texts(source: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of strings; null and absent are the empty list."""
    value = source.get(name)
    if value is None:
        return ()
    found = rows(value, name)
    if not all(isinstance(item, str) for item in found):
        raise ParseError(f"{name} is not a list of strings")
    return tuple(clean(item) for item in found)


def part(source: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A nested object; null and absent are the empty object."""
    value = source.get(name)
    return {} if value is None else entity(value, name)


def words(source: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A flags enumeration: one comma-joined string, though some answers bring a list."""
    if isinstance(source.get(name), list):
        return texts(source, name)
    joined = text(source, name, default="")
    return tuple(word for item in joined.split(",") if (word := item.strip()) not in {"", "none"})


def policy(value: object) -> Policy:
    """One ``conditionalAccessPolicy``."""
    source = entity(value, "policy")
    grant = source.get("grantControls")
    return Policy(
        id=text(source, "id"),
        name=text(source, "displayName", default=""),
        state=text(source, "state"),
        conditions=_conditions(entity(source.get("conditions"), "conditions")),
        grant=None if grant is None else _grant(entity(grant, "grantControls")),
    )


def _conditions(source: Mapping[str, Any]) -> Conditions:
    applications = part(source, "applications")
    platforms, locations = part(source, "platforms"), part(source, "locations")
    workload = part(source, "clientApplications")
    return Conditions(
        users=_users(part(source, "users")),
        include_applications=texts(applications, "includeApplications"),
        exclude_applications=texts(applications, "excludeApplications"),
        user_actions=texts(applications, "includeUserActions"),
        authentication_contexts=texts(applications, "includeAuthenticationContextClassReferences"),
        application_filter=_filter(applications, "applicationFilter"),
        client_app_types=texts(source, "clientAppTypes"),
        include_platforms=texts(platforms, "includePlatforms"),
        exclude_platforms=texts(platforms, "excludePlatforms"),
        include_locations=texts(locations, "includeLocations"),
        exclude_locations=texts(locations, "excludeLocations"),
        sign_in_risk_levels=texts(source, "signInRiskLevels"),
        user_risk_levels=texts(source, "userRiskLevels"),
        insider_risk_levels=words(source, "insiderRiskLevels"),
        device_filter=_filter(part(source, "devices"), "deviceFilter"),
        transfer_methods=words(part(source, "authenticationFlows"), "transferMethods"),
        workloads=bool(texts(workload, "includeServicePrincipals")),
        unread=_unread(source, applications),
    )


def _unread(source: Mapping[str, Any], applications: Mapping[str, Any]) -> tuple[str, ...]:
    """Conditions that are set and unknown here: Microsoft adds one now and then."""
    devices = part(source, "devices")
    known = (
        (source, _CONDITIONS),
        (part(source, "users"), _USERS),
        (applications, _APPLICATIONS),
        (part(source, "platforms"), {"includePlatforms", "excludePlatforms"}),
        (part(source, "locations"), {"includeLocations", "excludeLocations"}),
        (devices, {"deviceFilter"}),
        (part(source, "authenticationFlows"), {"transferMethods"}),
    )
    return tuple(
        sorted(
            clean(name[:64])
            for found, names in known
            for name, value in found.items()
            if name not in names and "@odata" not in name and not _unset(value)
        )
    )


def _unset(value: object) -> bool:
    """Nothing at all, or nothing but empty things: how Graph writes a condition nobody set."""
    if isinstance(value, dict):
        return all("@odata" in name or _unset(inner) for name, inner in value.items())
    return value is None or value in ("", []) or value is False


def _users(source: Mapping[str, Any]) -> Users:
    included = part(source, "includeGuestsOrExternalUsers")
    excluded = part(source, "excludeGuestsOrExternalUsers")
    return Users(
        include_users=texts(source, "includeUsers"),
        exclude_users=texts(source, "excludeUsers"),
        include_groups=texts(source, "includeGroups"),
        exclude_groups=texts(source, "excludeGroups"),
        include_roles=texts(source, "includeRoles"),
        exclude_roles=texts(source, "excludeRoles"),
        include_guests=words(included, "guestOrExternalUserTypes"),
        exclude_guests=words(excluded, "guestOrExternalUserTypes"),
        guest_tenants_limited=any(
            text(part(guests, "externalTenants"), "membershipKind", default="all") != "all"
            for guests in (included, excluded)
        ),
    )


def _filter(source: Mapping[str, Any], name: str) -> Filter | None:
    if source.get(name) is None:
        return None
    found = entity(source[name], name)
    return Filter(mode=text(found, "mode"), rule=text(found, "rule", default=""))


def _grant(source: Mapping[str, Any]) -> Grant:
    return Grant(
        operator=text(source, "operator", default="").upper(),
        built_in=texts(source, "builtInControls"),
        custom_factors=texts(source, "customAuthenticationFactors"),
        terms_of_use=texts(source, "termsOfUse"),
        strength=_strength(source),
    )


def _strength(source: Mapping[str, Any]) -> Strength | None:
    if source.get("authenticationStrength") is None:
        return None
    found = entity(source["authenticationStrength"], "authenticationStrength")
    return Strength(
        id=text(found, "id"),
        name=text(found, "displayName", default=""),
        requirements_satisfied=text(found, "requirementsSatisfied", default=""),
    )


def subscription(value: object) -> tuple[str, Level, int]:
    """One ``subscribedSku``: part number, the plan it brings, units; Free when not in force."""
    source = entity(value, "subscribedSku")
    plans = {
        text(plan, "servicePlanName", default="")
        for item in rows(source.get("servicePlans"), "servicePlans")
        if text(plan := entity(item, "servicePlan"), "provisioningStatus", default="") == "Success"
    }
    name = text(source, "skuPartNumber")
    if text(source, "capabilityStatus", default="") not in {"Enabled", "Warning"}:
        return name, Level.FREE, 0
    level = _level(plans)
    units: object = part(source, "prepaidUnits").get("enabled")
    if level is Level.FREE or not isinstance(units, int) or not 0 <= units <= UNITS:
        return name, level, 0
    return name, level, units


def _level(plans: set[str]) -> Level:
    if "AAD_PREMIUM_P2" in plans:
        return Level.P2
    return Level.P1 if "AAD_PREMIUM" in plans else Level.FREE


@dataclass(frozen=True, slots=True)
class Details:
    """One ``userRegistrationDetails``."""

    person: Person
    capable: bool
    administrator: bool


def registration(value: object) -> Details | None:
    """One row of the registration report; None for a guest, whose own tenant decides."""
    source = entity(value, "userRegistrationDetails")
    if text(source, "userType", default="member").lower() == "guest":
        return None
    person = Person(id=text(source, "id"), name=text(source, "userPrincipalName", default=""))
    capable = flag(source, "isMfaCapable")
    return Details(person, capable, administrator=source.get("isAdmin") is True)


@dataclass(frozen=True, slots=True)
class Account:
    """One ``user``, as far as sign-in goes."""

    person: Person
    enabled: bool
    kind: UserKind


def account(value: object) -> Account:
    """One row of ``/users``."""
    source = entity(value, "user")
    person = Person(id=text(source, "id"), name=text(source, "userPrincipalName", default=""))
    # Accounts from before 2014 have no userType and are members.
    guest = text(source, "userType", default="Member").lower() == "guest"
    outside = "#EXT#" in person.name.upper()
    kinds = {
        (False, False): UserKind.MEMBER,
        (False, True): UserKind.EXTERNAL_MEMBER,
        (True, False): UserKind.GUEST,
        (True, True): UserKind.EXTERNAL_GUEST,
    }
    return Account(person, flag(source, "accountEnabled"), kinds[guest, outside])


@dataclass(frozen=True, slots=True)
class Assignment:
    """One ``unifiedRoleAssignment``."""

    role: str
    principal: str
    principal_type: str
    """``user``, ``group``, ``servicePrincipal``, or empty when it was not said."""
    tenant_wide: bool


def assignment(value: object) -> Assignment:
    """One row of ``/roleManagement/directory/roleAssignments?$expand=principal``."""
    source = entity(value, "roleAssignment")
    return Assignment(
        role=text(source, "roleDefinitionId"),
        principal=text(source, "principalId"),
        principal_type=object_type(part(source, "principal")),
        tenant_wide=text(source, "directoryScopeId", default="") == "/",
    )


def object_type(source: Mapping[str, Any]) -> str:
    """The last word of ``@odata.type``."""
    return text(source, "@odata.type", default="").rpartition(".")[2]
