"""The three smaller judges, and every page."""

from dataclasses import replace

import pytest

from posture.checks.identity import AREA, admins, baseline, records, registration
from posture.checks.identity.facts import (
    GLOBAL_ADMINISTRATOR,
    ConditionalAccess,
    Level,
    Licence,
    Person,
    PerUserMfa,
    Registration,
    SecurityDefaults,
)
from posture.demo.graph import policy
from posture.model import Failed, Reason, Status, Verdict
from tests.checks.identity.test_mfa import (
    ADMIN,
    DENIED,
    EVERYBODY,
    GLASS,
    GROUP,
    LATE,
    NO_SWITCH,
    OFF,
    ON,
    STAFF,
    SYNC,
    access,
    directory,
    people,
    switches,
)
from tests.checks.pages import page_problems, wording_problems

LIMITS = admins.Count(minimum=2, maximum=4)


def present(
    defaults: SecurityDefaults | Failed = OFF,
    rules: ConditionalAccess | Failed = access(),  # noqa: B008 - frozen
    per_user: PerUserMfa | Failed = NO_SWITCH,
    *,
    readable: bool = True,
) -> Verdict:
    return baseline.present(defaults, rules, EVERYBODY if readable else LATE, per_user)


HALF = PerUserMfa(on=("staff-0",), off=("staff-1", "admin-0"), unread=0)
ALL_BUT_SPARED = PerUserMfa(
    on=tuple(p.id for who in (STAFF, ADMIN) for p in who.people),
    off=tuple(p.id for who in (SYNC, GLASS) for p in who.people),
    unread=0,
)
OUTSIDE = policy(
    "Away",
    conditions={"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}},
)
PORTALS = policy("", applications={"includeApplications": ["MicrosoftAdminPortals"]})
NOBODY = policy("Nobody", users={"includeGroups": ["g"]})
BLOCKED = policy("Kept out", users={"includeRoles": [GLOBAL_ADMINISTRATOR]}, controls=("block",))
ACTIONS = policy(
    "Registering",
    applications={
        "includeApplications": [],
        "includeUserActions": ["urn:user:registersecurityinfo"],
    },
)
BASELINES = [
    (present(ON), Status.PASS, "defaults"),
    (present(ON, DENIED, DENIED, readable=False), Status.PASS, "defaults"),
    (present(rules=access(policy("All"))), Status.PASS, "conditional-access"),
    (present(DENIED, access(policy("All")), DENIED), Status.PASS, "conditional-access"),
    (
        present(rules=access(policy("A", users={"includeRoles": [GLOBAL_ADMINISTRATOR]}))),
        Status.PASS,
        "conditional-access",
    ),
    (present(rules=access(OUTSIDE)), Status.PARTIAL, "sometimes"),
    (present(rules=access(PORTALS), per_user=HALF), Status.PARTIAL, "sometimes"),
    (present(rules=access(PORTALS), per_user=ALL_BUT_SPARED), Status.PASS, "per-user"),
    (present(DENIED, access(PORTALS)), Status.UNKNOWN, "unclear"),
    (present(rules=access(NOBODY)), Status.FAIL, "absent"),
    (present(rules=access(BLOCKED)), Status.FAIL, "absent"),
    (present(rules=access(BLOCKED, policy("All"))), Status.PASS, "conditional-access"),
    (present(rules=access(ACTIONS)), Status.FAIL, "absent"),
    (present(per_user=ALL_BUT_SPARED), Status.PASS, "per-user"),
    (present(DENIED, DENIED, ALL_BUT_SPARED), Status.PASS, "per-user"),
    (present(per_user=HALF), Status.PARTIAL, "per-user-some"),
    (present(per_user=replace(HALF, unread=5)), Status.PARTIAL, "per-user-some"),
    (present(), Status.FAIL, "absent"),
    (present(rules=access(policy("A", controls=("compliantDevice",)))), Status.FAIL, "absent"),
    (present(DENIED), Status.UNKNOWN, "unclear"),
    (present(DENIED, per_user=HALF), Status.UNKNOWN, "unclear"),
    (present(rules=DENIED), Status.UNKNOWN, "unclear"),
    (present(rules=DENIED, per_user=HALF), Status.UNKNOWN, "unclear"),
    (present(per_user=DENIED), Status.UNKNOWN, "unclear"),
    (present(per_user=replace(NO_SWITCH, unread=1)), Status.UNKNOWN, "unclear"),
    (present(per_user=PerUserMfa(on=(), off=(), unread=0)), Status.UNKNOWN, "unclear"),
    (present(per_user=PerUserMfa(on=("a",), off=(), unread=1)), Status.UNKNOWN, "unclear"),
    (present(readable=False), Status.UNKNOWN, "unclear"),
    (
        present(rules=access(policy("A", controls=("somethingNew",)))),
        Status.UNKNOWN,
        "unclear",
    ),
]


@pytest.mark.parametrize(("verdict", "status", "says"), BASELINES)
def test_baseline(verdict: Verdict, status: Status, says: str) -> None:
    assert (verdict.status, verdict.says) == (status, says)


def test_the_baseline_fix_fits_the_tenant() -> None:
    assert present().fix == "defaults"
    assert present(rules=access(policy("A", controls=("compliantDevice",)))).fix == "policy"
    assert present(per_user=HALF).share == 0.3333
    assert present(per_user=HALF).fix == "replace"
    device = access(policy("A", controls=("compliantDevice",)))
    assert present(rules=device, per_user=HALF).fix == "policy"


def plan(level: Level) -> Licence:
    return Licence(level=level, skus=(), premium_seats=0)


def count(
    number: int, *, hidden: Failed | None = None, licence: Licence | Failed | None = None
) -> Verdict:
    holders = people("holder", number, roles=(GLOBAL_ADMINISTRATOR,))
    group = replace(GROUP, failure=hidden, roles=(GLOBAL_ADMINISTRATOR,))
    other = replace(GROUP, id="h", failure=DENIED, roles=("another",))
    classes = (STAFF, holders) if number else (STAFF,)
    found = directory(*classes, groups=(group, other))
    return admins.count(found, licence or plan(Level.P1), LIMITS)


COUNTS = [
    (count(1), Status.FAIL, "few"),
    (count(2), Status.PASS, "ok"),
    (count(4), Status.PASS, "ok"),
    (count(5), Status.FAIL, "many"),
    (count(0), Status.UNKNOWN, "unread"),
    (count(1, hidden=LATE), Status.UNKNOWN, "unread"),
    (count(3, hidden=LATE), Status.UNKNOWN, "unread"),
    (count(5, hidden=LATE), Status.FAIL, "many"),
    (count(1, licence=plan(Level.FREE)), Status.FAIL, "few"),
    (count(1, licence=plan(Level.P2)), Status.UNKNOWN, "on_request"),
    (count(2, licence=plan(Level.P2)), Status.UNKNOWN, "on_request"),
    (count(2, licence=LATE), Status.UNKNOWN, "on_request"),
    (count(5, licence=plan(Level.P2)), Status.FAIL, "many"),
]


@pytest.mark.parametrize(("verdict", "status", "says"), COUNTS)
def test_number_of_global_administrators(verdict: Verdict, status: Status, says: str) -> None:
    assert (verdict.status, verdict.says) == (status, says)


def test_the_count_says_why_it_is_unknown() -> None:
    assert count(1, hidden=LATE).reason is Reason.TIMEOUT
    assert count(0).reason is Reason.INCONCLUSIVE
    assert count(2, licence=LATE).reason is Reason.TIMEOUT


def test_emergency_accounts_and_guests_count_but_parts_of_a_tenant_do_not() -> None:
    part = people("part", scoped_roles=(GLOBAL_ADMINISTRATOR,))
    verdict = admins.count(directory(ADMIN, GLASS, part), plan(Level.P1), LIMITS)
    assert verdict.values["count"] == 3
    assert [e.personal for e in verdict.evidence] == [False, True]


SOMEBODY = (Person(id="1", name="anna@example.com"),)
REPORTS = [
    (Registration(capable=3, incapable=0, people=(), licensed=True), Status.PASS, None),
    (Registration(capable=3, incapable=1, people=SOMEBODY, licensed=True), Status.PARTIAL, 0.75),
    (Registration(capable=0, incapable=1, people=SOMEBODY, licensed=True), Status.FAIL, None),
    (
        Registration(capable=0, incapable=0, people=(), licensed=False),
        Status.NOT_APPLICABLE,
        None,
    ),
]


@pytest.mark.parametrize(("fact", "status", "share"), REPORTS)
def test_registration(fact: Registration, status: Status, share: float | None) -> None:
    verdict = registration.registered(fact)
    assert (verdict.status, verdict.share) == (status, share)


def test_every_page_is_there_and_complete() -> None:
    assert page_problems(AREA) == []


def test_pages_and_verdicts_use_the_same_texts() -> None:
    found = {
        "identity.baseline.present": [verdict for verdict, _, _ in BASELINES],
        "identity.admins.count": [verdict for verdict, _, _ in COUNTS],
        "identity.mfa.registered": [registration.registered(fact) for fact, _, _ in REPORTS],
    }
    for check, verdicts in found.items():
        assert wording_problems(AREA.package, check, verdicts) == []


def test_evidence_is_cut_to_a_bearable_length() -> None:
    many = access(*(policy(f"P{n}") for n in range(25)))
    found = records.seen(many, OFF, switches(STAFF), DENIED)
    assert len(found) == records.SHOWN + 3
    assert found[records.SHOWN].record == "and 5 more policies"
    strong = policy("S", controls=("mfa",), operator="", strength="s")
    assert records.seen(access(strong))[0].record == "S: enabled; mfa ? strength Strength"
    assert records.seen(access())[0].record == "no policies"
    crowd = records.named("people", people("crowd", 25).people)
    assert crowd[0].record.endswith("and 5 more")
    assert records.named("people", ()) == ()
