"""Who is made to use a second factor: the judges on facts, without a network."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from posture.checks.identity import AREA, mfa
from posture.checks.identity.coverage import ANYBODY
from posture.checks.identity.entra import policy as read_policy
from posture.checks.identity.facts import (
    DIRECTORY_SYNCHRONIZATION,
    GLOBAL_ADMINISTRATOR,
    ConditionalAccess,
    Directory,
    Group,
    Person,
    PerUserMfa,
    SecurityDefaults,
    UserClass,
    UserKind,
)
from posture.demo.graph import policy
from posture.model import Failed, Reason, Status, Verdict
from tests.checks.pages import wording_problems

OFF, ON = SecurityDefaults(enabled=False), SecurityDefaults(enabled=True)
DENIED = Failed(reason=Reason.DENIED, detail="Policy.Read.All")
LATE = Failed(reason=Reason.TIMEOUT)
COVERAGE = mfa.Coverage(break_glass=2)


def people(name: str, count: int = 1, **changes: Any) -> UserClass:
    """A class of that many people, all of them listed."""
    who = tuple(Person(id=f"{name}-{n}", name=f"{name}{n}@example.com") for n in range(count))
    return replace(ANYBODY, count=count, people=who, **changes)


STAFF = people("staff", 7)
ADMIN = people("admin", 2, roles=(GLOBAL_ADMINISTRATOR,))
GUEST = people("guest", 1, kind=UserKind.EXTERNAL_GUEST, roles=(GLOBAL_ADMINISTRATOR,))
SYNC = people("sync", 1, roles=(DIRECTORY_SYNCHRONIZATION,))
GLASS = people("glass", 1, roles=(GLOBAL_ADMINISTRATOR,), break_glass=True, named="glass-0")
GROUP = Group(id="g", name="Exceptions", members=2, roles=(), failure=None)


def directory(*classes: UserClass, **changes: Any) -> Directory:
    found = Directory(
        members=sum(c.count for c in classes if c.kind.member),
        guests=1,
        disabled=0,
        workloads=0,
        classes=classes,
        groups=(GROUP,),
        named=("glass-0", "staff-0"),
        undeclared=(),
    )
    return replace(found, **changes)


EVERYBODY = directory(STAFF, ADMIN, SYNC, GLASS)


def switches(*classes: UserClass, on: bool = False) -> PerUserMfa:
    ids = tuple(person.id for who in classes for person in who.people)
    return PerUserMfa(on=ids if on else (), off=() if on else ids, unread=0)


NO_SWITCH = switches(STAFF, ADMIN, SYNC, GLASS, GUEST)


def access(*policies: Mapping[str, Any]) -> ConditionalAccess:
    return ConditionalAccess(licensed=True, policies=tuple(read_policy(p) for p in policies))


def everyone(
    rules: ConditionalAccess | Failed,
    who: Directory | Failed = EVERYBODY,
    per_user: PerUserMfa | Failed = NO_SWITCH,
    defaults: SecurityDefaults | Failed = OFF,
) -> Verdict:
    return mfa.everyone(defaults, rules, who, per_user, COVERAGE)


FALSE_PASSES = {
    "or a compliant device": (
        policy("P", controls=("mfa", "compliantDevice")),
        "alternative",
        "any sign-in",
    ),
    "on iOS only": (
        policy("P", conditions={"platforms": {"includePlatforms": ["iOS"]}}),
        "narrow",
        "platform=windows",
    ),
    "not at trusted locations": (
        policy(
            "P",
            conditions={
                "locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
            },
        ),
        "narrow",
        "location=AllTrusted",
    ),
    "at high risk only": (
        policy("P", conditions={"signInRiskLevels": ["high"]}),
        "narrow",
        "sign-in risk=none",
    ),
    "in browsers only": (
        policy("P", conditions={"clientAppTypes": ["browser"]}),
        "narrow",
        "client=mobileAppsAndDesktopClients",
    ),
    "on filtered devices only": (
        policy(
            "P",
            conditions={
                "devices": {
                    "deviceFilter": {"mode": "exclude", "rule": 'device.trustType -eq "AzureAD"'}
                }
            },
        ),
        "narrow",
        'device=device.trustType -eq "AzureAD"',
    ),
    "not for some people": (
        policy("P", users={"includeUsers": ["All"], "excludeUsers": ["staff-0"]}),
        "exempt",
        "any sign-in",
    ),
    "not for some applications": (
        policy("P", applications={"excludeApplications": ["payroll"]}),
        "narrow",
        "application=payroll",
    ),
}


@pytest.mark.parametrize("name", FALSE_PASSES)
def test_a_policy_that_other_tools_pass_leaves_a_gap_here(name: str) -> None:
    rule, near_miss, sign_in = FALSE_PASSES[name]
    one = replace(STAFF, count=1, people=STAFF.people[:1], named="staff-0")
    rest = replace(STAFF, count=6, people=STAFF.people[1:])
    verdict = everyone(access(rule), directory(one, rest, ADMIN))
    assert verdict.status in {Status.FAIL, Status.PARTIAL}
    assert verdict.near_miss == near_miss
    assert verdict.values["policy"] == "P"
    assert verdict.observed == f"password only at {sign_in}"


def test_one_plain_policy_is_enough() -> None:
    verdict = everyone(access(policy("All")))
    assert (verdict.status, verdict.says, verdict.values["total"]) == (Status.PASS, "enforced", 9)


def test_security_defaults_are_enough_whatever_else_was_unread() -> None:
    verdict = everyone(DENIED, DENIED, DENIED, ON)
    assert (verdict.status, verdict.says) == (Status.PASS, "defaults")


def test_reporting_is_not_enforcing() -> None:
    verdict = everyone(access(policy("Trial", state="enabledForReportingButNotEnforced")))
    assert (verdict.status, verdict.near_miss, verdict.fix) == (
        Status.FAIL,
        "reporting",
        "defaults",
    )


def test_a_policy_for_others_is_a_near_miss() -> None:
    verdict = everyone(access(policy("Admins", users={"includeRoles": [GLOBAL_ADMINISTRATOR]})))
    assert (verdict.status, verdict.near_miss, verdict.fix) == (Status.PARTIAL, "others", "policy")
    assert verdict.share == round(2 / 9, 4)


def test_the_nearest_miss_is_the_policy_that_lacks_least() -> None:
    far = policy(
        "A far one",
        state="enabledForReportingButNotEnforced",
        controls=("mfa", "compliantDevice"),
    )
    near = policy("The near one", controls=("mfa", "compliantDevice"))
    verdict = everyone(access(far, near, policy("Off", state="disabled")))
    assert verdict.values["policy"] == "The near one"


def test_two_policies_may_cover_together_what_neither_covers_alone() -> None:
    modern = policy(
        "Modern", conditions={"clientAppTypes": ["browser", "mobileAppsAndDesktopClients"]}
    )
    legacy = policy(
        "Block legacy",
        controls=("block",),
        conditions={"clientAppTypes": ["exchangeActiveSync", "other"]},
    )
    assert everyone(access(modern, legacy)).status is Status.PASS
    assert everyone(access(modern)).observed == "password only at client=exchangeActiveSync"


def test_per_user_switches_fill_what_policies_leave() -> None:
    rule = access(policy("All", users={"includeUsers": ["All"], "excludeGroups": ["g"]}))
    left = people("left", 2, groups=("g",))
    who = directory(STAFF, left)
    assert everyone(rule, who, switches(left, on=True)).status is Status.PASS
    verdict = everyone(rule, who, switches(left))
    assert (verdict.status, verdict.share, verdict.near_miss) == (Status.PARTIAL, 0.7777, "exempt")
    names = [e for e in verdict.evidence if e.personal]
    assert "left0@example.com" in names[-1].record
    mixed = PerUserMfa(on=("left-0",), off=("left-1",), unread=0)
    assert everyone(rule, who, mixed).values["open"] == 1


def test_a_gap_is_only_proven_when_the_switch_was_read() -> None:
    verdict = everyone(access(), per_user=DENIED)
    assert (verdict.status, verdict.reason) == (Status.UNKNOWN, Reason.DENIED)
    verdict = everyone(access(), per_user=PerUserMfa(on=(), off=(), unread=9))
    assert (verdict.status, verdict.reason) == (Status.UNKNOWN, Reason.INCONCLUSIVE)


def test_a_gap_is_only_proven_when_security_defaults_were_read() -> None:
    verdict = everyone(access(), defaults=LATE)
    assert (verdict.status, verdict.reason) == (Status.UNKNOWN, Reason.TIMEOUT)
    assert everyone(access(policy("All")), defaults=LATE).status is Status.PASS


def test_without_the_policies_only_switches_can_prove_cover() -> None:
    assert everyone(DENIED).status is Status.UNKNOWN
    assert everyone(DENIED, per_user=switches(STAFF, ADMIN, on=True)).status is Status.PASS


def test_without_the_people_nothing_is_known() -> None:
    assert everyone(access(), LATE).reason is Reason.TIMEOUT


def test_an_unreadable_group_leaves_unknown_unless_another_gap_is_proven() -> None:
    unread = replace(GROUP, failure=DENIED, members=None)
    rule = policy("All", users={"includeUsers": ["All"], "excludeGroups": ["g"]})
    assert everyone(access(rule), replace(EVERYBODY, groups=(unread,))).status is Status.UNKNOWN
    named = replace(people("staff"), named="staff-0")
    rule = policy(
        "All",
        users={"includeUsers": ["All"], "excludeGroups": ["g"], "excludeUsers": ["staff-0"]},
    )
    verdict = everyone(access(rule), directory(named, ADMIN, groups=(unread,)))
    # One is proven to be left out; nobody is proven to be covered.
    assert (verdict.status, verdict.values["open"]) == (Status.FAIL, 1)


def test_a_person_listed_nowhere_is_neither_on_nor_off() -> None:
    big = replace(STAFF, count=1000)
    verdict = everyone(access(), directory(big))
    assert (verdict.status, verdict.values["open"], verdict.values["total"]) == (
        Status.FAIL,
        7,
        1000,
    )


def test_emergency_accounts_and_the_sync_machine_are_excused() -> None:
    users = {
        "includeUsers": ["All"],
        "excludeUsers": ["glass-0"],
        "excludeRoles": [DIRECTORY_SYNCHRONIZATION],
    }
    verdict = everyone(access(policy("All", users=users)))
    assert verdict.status is Status.PASS
    assert [e.record for e in verdict.evidence if e.personal] == ["glass0@example.com"]


def test_declaring_everybody_an_emergency_excuses_nobody() -> None:
    glass = people("glass", 3, break_glass=True)
    verdict = everyone(access(), directory(glass), switches(glass))
    assert verdict.status is Status.FAIL


def test_a_tenant_of_emergency_accounts_only_proves_nothing() -> None:
    assert everyone(access(policy("All")), directory(GLASS)).status is Status.UNKNOWN


def test_the_sync_machine_with_a_further_role_is_an_administrator() -> None:
    both = people("sync", roles=(DIRECTORY_SYNCHRONIZATION, GLOBAL_ADMINISTRATOR))
    assert both.administrator
    assert not both.machine


def admins(
    rules: ConditionalAccess | Failed, who: Directory | Failed = EVERYBODY, **given: Any
) -> Verdict:
    defaults = given.get("defaults", OFF)
    return mfa.admins(defaults, rules, who, given.get("per_user", NO_SWITCH), COVERAGE)


def test_administrators_are_judged_apart() -> None:
    rule = access(policy("Admins", users={"includeRoles": [GLOBAL_ADMINISTRATOR]}))
    assert admins(rule).status is Status.PASS
    assert admins(access()).status is Status.FAIL
    assert admins(DENIED, defaults=ON).status is Status.PASS
    assert admins(rule, LATE).reason is Reason.TIMEOUT


def test_a_guest_who_administers_counts() -> None:
    rule = access(policy("Members", users=_ALL_BUT_GUESTS))
    assert admins(rule, directory(ADMIN, GUEST)).status is Status.PARTIAL
    assert everyone(rule, directory(ADMIN, GUEST)).status is Status.PASS


_ALL_BUT_GUESTS = {"includeUsers": ["All"], "excludeUsers": ["GuestsOrExternalUsers"]}


def test_a_role_held_by_an_unreadable_group_leaves_unknown() -> None:
    unread = replace(GROUP, failure=DENIED, members=None, roles=(GLOBAL_ADMINISTRATOR,))
    who = replace(EVERYBODY, groups=(unread,))
    verdict = admins(access(policy("All")), who)
    assert (verdict.status, verdict.reason) == (Status.UNKNOWN, Reason.DENIED)
    # Unless a gap is proven, or security defaults cover whoever it is.
    assert admins(access(), who).status is Status.FAIL
    assert admins(access(), who, defaults=ON).status is Status.PASS
    by_role = access(policy("Admins", users={"includeRoles": [GLOBAL_ADMINISTRATOR]}))
    assert everyone(by_role, who).status is Status.UNKNOWN


def test_the_page_has_every_text() -> None:
    verdicts = {
        "identity.mfa.everyone": [
            everyone(access(), defaults=ON),
            everyone(access(policy("All"))),
            everyone(access(policy("Admins", users={"includeRoles": [GLOBAL_ADMINISTRATOR]}))),
            everyone(access()),
            everyone(DENIED),
            everyone(access(), LATE),
            *(everyone(access(rule), _APART) for rule, _, _ in FALSE_PASSES.values()),
            everyone(access(policy("T", state="enabledForReportingButNotEnforced"))),
        ],
        "identity.mfa.admins": [
            admins(access(), defaults=ON),
            admins(access(policy("All"))),
            admins(access(policy("All", users=_ALL_BUT_GUESTS)), directory(ADMIN, GUEST)),
            admins(access(policy("Staff", users={"includeUsers": ["staff-0"]}))),
            admins(access()),
            admins(DENIED),
            admins(access(), LATE),
            *(admins(access(rule)) for rule, _, _ in FALSE_PASSES.values()),
            admins(access(policy("T", state="enabledForReportingButNotEnforced"))),
        ],
    }
    for check, found in verdicts.items():
        assert wording_problems(AREA.package, check, found) == []


_APART = directory(replace(people("staff"), named="staff-0"), people("others", 3), ADMIN)
