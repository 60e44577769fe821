"""Sees a Microsoft Entra ID tenant through Microsoft Graph, read only.

Permissions asked for (application): Policy.Read.All, Directory.Read.All, AuditLog.Read.All.
"""

from itertools import islice
from urllib.parse import quote

from posture.model import Clock, CollectError, Failed, Reason, Tenant, collector
from posture.net.http import Http
from posture.secrets import Secrets

from . import entra
from .collect_graph import Graph, NotFoundError, UnlicensedError
from .collect_people import People
from .coverage import SignIns
from .entra import ParseError
from .facts import (
    ConditionalAccess,
    Directory,
    Level,
    Licence,
    Person,
    PerUserMfa,
    Registration,
    SecurityDefaults,
)

POLICY = "Policy.Read.All"
DIRECTORY = "Directory.Read.All"
AUDIT_LOG = "AuditLog.Read.All"

SECONDS = 120.0
"""All the time one collector may spend."""
POLICIES = 1_000
"""Policies read; Microsoft allows 240."""
ASKED = 300
"""People whose per-user switch is read, one call each: administrators first."""
REPORT_GAP = 2.0
"""Seconds between pages of a report: Microsoft allows 5 requests in 10 seconds."""
POLICY_GAP = 1.0
"""Seconds between pages of policies: Microsoft allows 1 request a second."""
SHOWN = 50


def _session(tenant: Tenant, http: Http, secrets: Secrets, clock: Clock) -> Graph:
    if tenant.provider != "entra":
        raise CollectError(Reason.NOT_COLLECTED, f"provider {tenant.provider!r} is not read yet")
    return Graph(http, tenant, clock, SECONDS - 5).sign_in(secrets)


@collector(
    traffic="Microsoft Graph: subscribedSkus of {name}", needs=(DIRECTORY,), deadline=SECONDS
)
def licence(tenant: Tenant, http: Http, secrets: Secrets, clock: Clock) -> Licence:
    """See what the tenant pays for."""
    graph = _session(tenant, http, secrets, clock)
    path = "/v1.0/subscribedSkus?$select=skuPartNumber,capabilityStatus,prepaidUnits,servicePlans"
    try:
        found = [entra.subscription(row) for row in graph.pages(path, DIRECTORY)]
    except ParseError as error:
        raise _malformed("subscribedSkus", error) from None
    levels = {level for _, level, _ in found}
    best = next((level for level in (Level.P2, Level.P1) if level in levels), Level.FREE)
    return Licence(
        level=best,
        skus=tuple(sorted({name for name, _, _ in found})),
        premium_seats=sum(units for _, _, units in found),
    )


@collector(
    traffic="Microsoft Graph: identitySecurityDefaultsEnforcementPolicy of {name}",
    needs=(POLICY,),
    deadline=SECONDS,
)
def security_defaults(
    tenant: Tenant, http: Http, secrets: Secrets, clock: Clock
) -> SecurityDefaults:
    """See whether Microsoft's ready-made baseline is on."""
    graph = _session(tenant, http, secrets, clock)
    path = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"
    try:
        found = entra.entity(graph.get(path, POLICY), "policy")
        return SecurityDefaults(enabled=entra.flag(found, "isEnabled"))
    except ParseError as error:
        raise _malformed(path, error) from None


@collector(
    traffic="Microsoft Graph: conditionalAccess/policies of {name}",
    needs=(POLICY,),
    deadline=SECONDS,
)
def conditional_access(
    tenant: Tenant, plan: Licence | Failed, http: Http, secrets: Secrets, clock: Clock
) -> ConditionalAccess:
    """See every Conditional Access policy."""
    graph = _session(tenant, http, secrets, clock)
    path = "/v1.0/identity/conditionalAccess/policies"
    try:
        rows = graph.pages(path, POLICY, gap=POLICY_GAP)
        policies = tuple(entra.policy(row) for row in islice(rows, POLICIES + 1))
    except ParseError as error:
        raise _malformed(path, error) from None
    except UnlicensedError as error:
        _believe(error, plan)
        return ConditionalAccess(licensed=False, policies=())
    if len(policies) > POLICIES:
        raise CollectError(Reason.TOO_LARGE, f"{path}: more than {POLICIES} policies")
    return ConditionalAccess(licensed=True, policies=policies)


@collector(
    traffic="Microsoft Graph: users, roleAssignments, groups/transitiveMembers of {name}",
    needs=(DIRECTORY,),
    deadline=SECONDS,
)
def directory(
    tenant: Tenant, access: ConditionalAccess | Failed, http: Http, secrets: Secrets, clock: Clock
) -> Directory:
    """See who can sign in, and who may change what."""
    graph = _session(tenant, http, secrets, clock)
    policies = () if isinstance(access, Failed) else access.policies
    try:
        people = People(graph, tenant.break_glass)
        people.read_users()
        people.read_roles()
        people.read_named([policy.conditions.users for policy in policies])
        return people.directory()
    except ParseError as error:
        raise _malformed("directory", error) from None


@collector(
    traffic="Microsoft Graph (beta): users/authentication/requirements of {name}",
    needs=(POLICY,),
    deadline=SECONDS,
)
def per_user_mfa(
    tenant: Tenant,
    defaults: SecurityDefaults | Failed,
    access: ConditionalAccess | Failed,
    people: Directory,
    http: Http,
    secrets: Secrets,
    clock: Clock,
) -> PerUserMfa:
    """See the old per-person switch of everybody no other rule surely covers."""
    if isinstance(defaults, SecurityDefaults) and defaults.enabled:
        return PerUserMfa(on=(), off=(), unread=0)
    classes = SignIns(access, people).uncovered()
    listed = [person for who in classes for person in who.people]
    total = sum(who.count for who in classes)
    if not listed:
        return PerUserMfa(on=(), off=(), unread=total)
    graph = _session(tenant, http, secrets, clock)
    states = {person.id: _switched_on(graph, person) for person in islice(listed, ASKED)}
    return PerUserMfa(
        on=tuple(sorted(who for who, on in states.items() if on)),
        off=tuple(sorted(who for who, on in states.items() if on is False)),
        unread=total - sum(on is not None for on in states.values()),
    )


def _switched_on(graph: Graph, person: Person) -> bool | None:
    """Per-user MFA of one person; None when they are gone or the state is a new word."""
    try:
        found = graph.get(
            f"/beta/users/{quote(person.id, safe='')}/authentication/requirements", POLICY
        )
        state = entra.text(entra.entity(found, "requirements"), "perUserMfaState")
    except NotFoundError:
        return None
    except ParseError as error:
        raise _malformed("requirements", error) from None
    return {"enabled": True, "enforced": True, "disabled": False}.get(state)


@collector(
    traffic="Microsoft Graph: userRegistrationDetails of {name}",
    needs=(AUDIT_LOG, DIRECTORY),
    deadline=SECONDS,
)
def registration(
    tenant: Tenant,
    plan: Licence | Failed,
    people: Directory | Failed,
    http: Http,
    secrets: Secrets,
    clock: Clock,
) -> Registration:
    """See who has set up a second factor. The report leaves out disabled accounts.

    The account of Entra Connect is passed over: no machine can answer a second factor.
    """
    graph = _session(tenant, http, secrets, clock)
    path = "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=999"
    machines = _machines(people)
    capable, missing = 0, list[tuple[bool, str, Person]]()
    try:
        for row in graph.pages(path, AUDIT_LOG, gap=REPORT_GAP):
            details = entra.registration(row)
            if details is not None and details.capable:
                capable += 1
            elif details is not None and details.person.id not in machines:
                missing.append((not details.administrator, details.person.name, details.person))
    except ParseError as error:
        raise _malformed("userRegistrationDetails", error) from None
    except UnlicensedError as error:
        _believe(error, plan)
        return Registration(capable=0, incapable=0, people=(), licensed=False)
    if not capable and not missing:
        raise CollectError(Reason.INCONCLUSIVE, "userRegistrationDetails: nobody is in the report")
    missing.sort(key=lambda item: item[:2])
    shown = tuple(person for _, _, person in missing[:SHOWN])
    return Registration(capable=capable, incapable=len(missing), people=shown, licensed=True)


def _machines(people: Directory | Failed) -> set[str]:
    classes = () if isinstance(people, Failed) else people.classes
    return {person.id for who in classes if who.machine for person in who.people}


def _believe(error: UnlicensedError, plan: Licence | Failed) -> None:
    """Return when the licence confirms it; raise what it means otherwise."""
    if isinstance(plan, Failed):
        raise CollectError(plan.reason, f"{error.detail}; the licence could not be read") from None
    if plan.level is not Level.FREE:
        raise CollectError(
            Reason.DENIED, f"{error.detail}, though the tenant has {plan.level}: add {DIRECTORY}"
        ) from None


def _malformed(what: str, error: ParseError) -> CollectError:
    return CollectError(Reason.MALFORMED, f"{what}: {error}")
