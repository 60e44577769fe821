"""What can be seen of a tenant. Aggregates: a person is neither a subject nor a fact."""

from enum import StrEnum

from posture.model import Failed, fact, record

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
"""Template id of the role, the same in every tenant."""
DIRECTORY_SYNCHRONIZATION = "d29b2b05-8046-44ba-8758-1e26182fcf32"
"""Held by the machine account of Entra Connect, which cannot answer a second factor."""
HARMLESS_ROLES = frozenset(
    {
        "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",  # Directory Readers
        "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b",  # Message Center Reader
        "4a5d8f65-41da-4de4-8968-e035b65339cb",  # Reports Reader
        DIRECTORY_SYNCHRONIZATION,
    }
)
"""Roles that make nobody an administrator. Every other role does, custom ones included."""


class Level(StrEnum):
    """What the tenant's licences let it use."""

    FREE = "free"
    P1 = "p1"
    P2 = "p2"


@fact("identity.licence")
class Licence:
    """Which Entra ID plan the tenant's subscriptions contain."""

    level: Level
    """The best plan in force: P1 brings Conditional Access, P2 risk and PIM."""
    skus: tuple[str, ...]
    """``skuPartNumber`` of the subscriptions in force, sorted."""
    premium_seats: int
    """Units of the subscriptions that contain P1 or P2."""


@fact("identity.security_defaults")
class SecurityDefaults:
    """Microsoft's ready-made baseline: second factor, no legacy sign-in."""

    enabled: bool
    """``identitySecurityDefaultsEnforcementPolicy.isEnabled``."""


@record
class Filter:
    """A rule over devices or applications, in Microsoft's filter language."""

    mode: str
    """``include`` or ``exclude``."""
    rule: str
    """The expression, as the tenant wrote it."""


@record
class Users:
    """Whom a policy is for: ids, or ``All``, ``None``, ``GuestsOrExternalUsers``."""

    include_users: tuple[str, ...]
    """User ids or words."""
    exclude_users: tuple[str, ...]
    """User ids or words."""
    include_groups: tuple[str, ...]
    """Group ids; members of members count."""
    exclude_groups: tuple[str, ...]
    """Group ids; members of members count."""
    include_roles: tuple[str, ...]
    """Role template ids."""
    exclude_roles: tuple[str, ...]
    """Role template ids."""
    include_guests: tuple[str, ...]
    """``guestOrExternalUserTypes``, one word each."""
    exclude_guests: tuple[str, ...]
    """``guestOrExternalUserTypes``, one word each."""
    guest_tenants_limited: bool
    """A guest condition names certain home tenants only."""


@record
class Conditions:
    """When a policy applies. An empty tuple is a condition that was not set."""

    users: Users
    """Whom it is for."""
    include_applications: tuple[str, ...]
    """Application ids or ``All``, ``None``, ``Office365``, ``MicrosoftAdminPortals``."""
    exclude_applications: tuple[str, ...]
    """As above."""
    user_actions: tuple[str, ...]
    """``includeUserActions``: the policy is for these actions, not for applications."""
    authentication_contexts: tuple[str, ...]
    """``includeAuthenticationContextClassReferences``: only where an application asks for one."""
    application_filter: Filter | None
    """Narrows the applications by their attributes."""
    client_app_types: tuple[str, ...]
    """``all`` or kinds of client."""
    include_platforms: tuple[str, ...]
    """Device platforms or ``all``."""
    exclude_platforms: tuple[str, ...]
    """Device platforms."""
    include_locations: tuple[str, ...]
    """Named location ids or ``All``, ``AllTrusted``."""
    exclude_locations: tuple[str, ...]
    """As above."""
    sign_in_risk_levels: tuple[str, ...]
    """Applies only at these sign-in risks."""
    user_risk_levels: tuple[str, ...]
    """Applies only at these user risks."""
    insider_risk_levels: tuple[str, ...]
    """Applies only at these insider risks."""
    device_filter: Filter | None
    """Narrows the devices by their attributes."""
    transfer_methods: tuple[str, ...]
    """Applies only to these authentication flows."""
    workloads: bool
    """The policy is for programs (service principals), not for people."""
    unread: tuple[str, ...]
    """Names of conditions that are set and that this version does not know."""


@record
class Strength:
    """An authentication strength that a policy asks for."""

    id: str
    """Microsoft's built-in ones end in 2 (MFA), 3 (passwordless), 4 (phishing-resistant)."""
    name: str
    """``displayName``."""
    requirements_satisfied: str
    """``mfa``, ``none``, or empty when it was not said."""


@record
class Grant:
    """What a policy demands before it lets somebody in."""

    operator: str
    """``AND``, ``OR``, or empty when it was not said."""
    built_in: tuple[str, ...]
    """``mfa``, ``block``, ``compliantDevice`` and their like."""
    custom_factors: tuple[str, ...]
    """Ids of another maker's controls."""
    terms_of_use: tuple[str, ...]
    """Ids of terms that must be accepted."""
    strength: Strength | None
    """The authentication strength, if one is asked for."""


@record
class Policy:
    """One Conditional Access policy."""

    id: str
    name: str
    """``displayName``, as the tenant wrote it."""
    state: str
    """``enabled``, ``disabled`` or ``enabledForReportingButNotEnforced``."""
    conditions: Conditions
    grant: Grant | None
    """None when it only limits sessions."""


@fact("identity.conditional_access")
class ConditionalAccess:
    """All Conditional Access policies of the tenant."""

    licensed: bool
    """False when Microsoft answered that the tenant's plan has none."""
    policies: tuple[Policy, ...]
    """In the tenant's order, whatever their state."""


@record
class Person:
    """Somebody a technician must be able to find. Personal data: never in an owner's page."""

    id: str
    """Object id."""
    name: str
    """``userPrincipalName``."""


class UserKind(StrEnum):
    """How Conditional Access tells people apart."""

    MEMBER = "member"
    EXTERNAL_MEMBER = "b2bCollaborationMember"
    GUEST = "internalGuest"
    EXTERNAL_GUEST = "b2bCollaborationGuest"

    @property
    def member(self) -> bool:
        """One of the company's own people, as ``userType`` says."""
        return self in {UserKind.MEMBER, UserKind.EXTERNAL_MEMBER}


@record
class UserClass:
    """Enabled users whom no policy can tell apart."""

    kind: UserKind
    count: int
    """How many they are; at least 1."""
    groups: tuple[str, ...]
    """Which of the groups in ``Directory.groups`` they belong to, sorted ids."""
    roles: tuple[str, ...]
    """Template ids of the roles they hold over the whole tenant, sorted."""
    scoped_roles: tuple[str, ...]
    """Template ids of the roles they hold over a part of it, sorted."""
    named: str
    """Object id, when a policy names this very person; otherwise empty."""
    break_glass: bool
    """Declared emergency accounts."""
    people: tuple[Person, ...]
    """Who they are. Shorter than ``count`` when the tenant is large."""

    @property
    def administrator(self) -> bool:
        """Holds a role that can change something."""
        return not HARMLESS_ROLES.issuperset({*self.roles, *self.scoped_roles})

    @property
    def machine(self) -> bool:
        """The account of Entra Connect, and nothing more than that."""
        return DIRECTORY_SYNCHRONIZATION in self.roles and not self.administrator


@record
class Group:
    """A group that a policy or a role names."""

    id: str
    name: str
    """``displayName``; empty when the group no longer exists or could not be read."""
    members: int | None
    """Users in it, through other groups too; None when that could not be read."""
    roles: tuple[str, ...]
    """Template ids of the roles its members hold through it, sorted."""
    failure: Failed | None
    """Why it could not be read."""


@fact("identity.directory")
class Directory:
    """Who can sign in, and who may change what."""

    members: int
    """Enabled accounts of the company's own people."""
    guests: int
    """Enabled accounts of outsiders."""
    disabled: int
    """Accounts nobody can sign in with."""
    workloads: int
    """Programs that hold a directory role."""
    classes: tuple[UserClass, ...]
    """Every enabled member, and every enabled guest who holds a role."""
    groups: tuple[Group, ...]
    """Every group that a policy or a role names."""
    named: tuple[str, ...]
    """Every object id a policy names, sorted: each such person is a class alone."""
    undeclared: tuple[str, ...]
    """Emergency accounts of the client file that no enabled account answers to."""


@fact("identity.per_user_mfa")
class PerUserMfa:
    """The old switch for a second factor, person by person. Read from a beta endpoint."""

    on: tuple[str, ...]
    """Object ids whose ``perUserMfaState`` is ``enabled`` or ``enforced``."""
    off: tuple[str, ...]
    """Object ids whose ``perUserMfaState`` is ``disabled``."""
    unread: int
    """People who were not asked about, because they are too many."""


@fact("identity.registration")
class Registration:
    """Who has set up a second factor."""

    capable: int
    """Enabled members who can answer one."""
    incapable: int
    """Enabled members who cannot."""
    people: tuple[Person, ...]
    """Some of those who cannot, administrators first."""
    licensed: bool
    """False when the tenant's plan has no such report."""
