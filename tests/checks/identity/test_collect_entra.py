"""The collectors against the stand-in, over real HTTP on loopback."""

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from posture.checks.identity import collect_entra, collect_people
from posture.checks.identity.facts import (
    ConditionalAccess,
    Directory,
    Level,
    Licence,
    PerUserMfa,
    Registration,
    SecurityDefaults,
    UserKind,
)
from posture.demo.graph import Fault, GraphStandIn, Group, Role, TenantModel, User, policy
from posture.model import Failed, Reason, Status
from posture.net import NetConfig, NetRoot
from posture.testing import FakeClock, FakeSecrets, observe
from tests.checks.identity.offices import (
    BAD,
    EMERGENCY,
    GOOD,
    GROUPS,
    LEGACY,
    USERS,
    judge,
    look,
    statuses,
    tenant,
)


def seen(model: TenantModel, **changes: Any) -> dict[type[Any], Any]:
    with GraphStandIn(model) as stand_in:
        return look(stand_in, **changes)


def test_a_good_tenant_passes_every_check() -> None:
    assert set(statuses(seen(GOOD)).values()) == {Status.PASS}


def test_a_bad_tenant_fails_every_check() -> None:
    assert set(statuses(seen(BAD)).values()) == {Status.FAIL}


def test_what_is_seen_of_a_good_tenant() -> None:
    facts = seen(GOOD)
    assert facts[Licence] == Licence(level=Level.P1, skus=("SPB",), premium_seats=25)
    assert facts[SecurityDefaults] == SecurityDefaults(enabled=False)
    assert [p.name for p in facts[ConditionalAccess].policies] == ["Second factor for all", "Trial"]
    directory: Directory = facts[Directory]
    assert (directory.members, directory.guests, directory.disabled) == (8, 1, 1)
    assert directory.workloads == 1
    assert directory.undeclared == ()
    assert {g.name: g.members for g in directory.groups} == {"Exceptions": 1, "Master keys": 1}
    assert sum(c.count for c in directory.classes) == 8
    emergency = next(c for c in directory.classes if c.break_glass)
    assert [p.name for p in emergency.people] == [EMERGENCY]
    assert emergency.named == USERS[6].id
    # Asked are only those whom the policy does not cover.
    per_user: PerUserMfa = facts[PerUserMfa]
    assert per_user.on == (LEGACY.id,)
    assert set(per_user.off) == {USERS[6].id, USERS[7].id}
    assert facts[Registration].capable == 8


@pytest.mark.parametrize(("licence", "level"), [("free", "free"), ("p1", "p1"), ("p2", "p2")])
def test_the_licence_is_read_from_the_plans_inside_the_subscriptions(
    licence: str, level: str
) -> None:
    assert seen(replace(GOOD, licence=licence))[Licence].level == level


def test_the_account_of_entra_connect_is_not_asked_to_register() -> None:
    users = tuple(
        replace(user, capable=False) if user.upn.startswith("Sync_") else user for user in USERS
    )
    found = statuses(seen(replace(GOOD, users=users)))
    assert found["identity.mfa.registered"] is Status.PASS


def test_without_a_premium_licence_registration_is_not_applicable() -> None:
    verdict = judge(seen(replace(GOOD, licence="free")))["identity.mfa.registered"]
    assert verdict.status is Status.NOT_APPLICABLE


def test_the_premium_error_of_a_premium_tenant_asks_for_the_missing_permission() -> None:
    # Microsoft answers so whenever AuditLog.Read.All is granted without Directory.Read.All.
    with GraphStandIn(replace(GOOD, faults={"registration": Fault.UNLICENSED})) as stand_in:
        found = look(stand_in)[Registration]
    assert found.reason is Reason.DENIED
    assert "add Directory.Read.All" in found.detail


def test_the_premium_error_means_nothing_while_the_licence_is_unread() -> None:
    faults = {"registration": Fault.UNLICENSED, "licence": Fault.FORBIDDEN}
    found = seen(replace(GOOD, faults=faults))[Registration]
    assert (found.reason, "could not be read" in found.detail) == (Reason.DENIED, True)


def test_a_free_tenant_without_conditional_access_has_no_policies() -> None:
    faults = {"policies": Fault.UNLICENSED}
    facts = seen(replace(GOOD, licence="free", faults=faults))
    assert facts[ConditionalAccess] == ConditionalAccess(licensed=False, policies=())


@pytest.mark.parametrize(
    ("permission", "fact"),
    [
        ("Policy.Read.All", SecurityDefaults),
        ("Policy.Read.All", ConditionalAccess),
        ("Directory.Read.All", Directory),
        ("Directory.Read.All", Licence),
        ("AuditLog.Read.All", Registration),
    ],
)
def test_a_refusal_names_the_missing_permission(permission: str, fact: type[Any]) -> None:
    found = seen(replace(GOOD, permissions=GOOD.permissions - {permission}))[fact]
    assert found.reason is Reason.DENIED
    assert permission in found.detail


def test_pages_are_followed_to_the_end() -> None:
    users = tuple(User(upn=f"u{n}@example.com") for n in range(95))
    roles = tuple(Role(role="Global Administrator", holder=u.upn) for u in users[:12])
    model = replace(GOOD, users=users, roles=roles, policies=(), page_size=10)
    facts = seen(model)
    assert facts[Directory].members == 95
    assert judge(facts)["identity.admins.count"].values["count"] == 12


def test_ten_thousand_people_are_a_handful_of_classes() -> None:
    users = tuple(User(upn=f"u{n}@example.com") for n in range(10_000))
    group = Group(name="Exceptions", members=tuple(u.upn for u in users[:3]))
    roles = (Role(role="Global Administrator", holder=users[-1].upn),)
    all_but = policy("All", users={"includeUsers": ["All"], "excludeGroups": [group.id]})
    model = TenantModel(
        users=users, groups=(group,), roles=roles, policies=(all_but,), licence="p1", page_size=999
    )
    with GraphStandIn(model) as stand_in:
        facts = look(stand_in)
        asked = [path for path in stand_in.requests if path.startswith("/v1.0/users?")]
    assert len(asked) == 11
    directory: Directory = facts[Directory]
    assert [c.count for c in directory.classes] == [1, 3, 9996]
    assert sum(len(c.people) for c in directory.classes) == collect_people.LISTED
    verdict = judge(facts)["identity.mfa.everyone"]
    assert (verdict.status, verdict.share, verdict.values["open"]) == (Status.PARTIAL, 0.9997, 3)


def test_people_beyond_the_limit_are_not_asked_about_and_not_assumed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collect_entra, "ASKED", 2)
    users = tuple(User(upn=f"u{n}@example.com", per_user_mfa="enforced") for n in range(5))
    roles = (Role(role="Global Administrator", holder="u4@example.com"),)
    facts = seen(TenantModel(users=users, roles=roles))
    assert len(facts[PerUserMfa].on) == 2
    assert facts[PerUserMfa].unread == 3
    assert users[4].id in facts[PerUserMfa].on  # the administrator is asked about first
    verdicts = judge(facts)
    assert verdicts["identity.mfa.everyone"].status is Status.UNKNOWN
    assert verdicts["identity.mfa.admins"].status is Status.PASS


def test_nobody_is_asked_about_when_security_defaults_are_on() -> None:
    with GraphStandIn(replace(BAD, security_defaults=True)) as stand_in:
        facts = look(stand_in)
        assert not any("/beta/" in path for path in stand_in.requests)
    assert facts[PerUserMfa] == PerUserMfa(on=(), off=(), unread=0)
    assert judge(facts)["identity.mfa.everyone"].status is Status.PASS


def test_nobody_is_asked_about_when_a_policy_covers_all() -> None:
    with GraphStandIn(replace(GOOD, policies=(policy("All"),))) as stand_in:
        facts = look(stand_in)
        assert not any("/beta/" in path for path in stand_in.requests)
    assert facts[PerUserMfa] == PerUserMfa(on=(), off=(), unread=0)


def test_a_state_microsoft_invents_later_is_neither_on_nor_off() -> None:
    users = (User(upn="owner@example.com", per_user_mfa="unknownFutureValue"),)
    facts = seen(TenantModel(users=users))
    assert facts[PerUserMfa] == PerUserMfa(on=(), off=(), unread=1)


def test_a_deleted_group_has_no_members_and_an_unreadable_one_is_unknown() -> None:
    gone = {"includeUsers": ["All"], "excludeGroups": ["11111111-1111-4111-8111-111111111111"]}
    model = replace(GOOD, policies=(policy("All", users=gone),))
    facts = seen(model)
    assert facts[Directory].groups[0].failure is None
    assert judge(facts)["identity.mfa.everyone"].status is Status.PASS
    faulty = seen(replace(model, faults={"group": Fault.FORBIDDEN}))
    assert judge(faulty)["identity.mfa.everyone"].status is Status.UNKNOWN


def test_hidden_members_are_not_no_members() -> None:
    groups = (replace(GROUPS[0], hidden=True), GROUPS[1])
    facts = seen(replace(GOOD, groups=groups))
    hidden = next(g for g in facts[Directory].groups if g.failure)
    assert (hidden.members, hidden.failure.reason) == (None, Reason.DENIED)
    assert judge(facts)["identity.mfa.everyone"].status is Status.UNKNOWN


def test_a_role_held_by_something_deleted_is_held_by_nobody() -> None:
    gone = Role(role="Global Administrator", holder="gone", expanded=False)
    facts = seen(replace(GOOD, roles=(*GOOD.roles, gone)))
    assert judge(facts)["identity.admins.count"].values["count"] == 3


def test_a_role_held_by_something_unheard_of_is_not_overlooked() -> None:
    device = Role(role="Global Administrator", holder="thing", expanded=False)
    with GraphStandIn(replace(GOOD, roles=(*GOOD.roles, device))) as stand_in:
        stand_in._object = lambda _: {"@odata.type": "#microsoft.graph.agent"}  # type: ignore[method-assign,assignment]
        found = look(stand_in)[Directory]
    assert found == Failed(reason=Reason.INCONCLUSIVE, detail="a role is held by a agent")


def test_a_role_over_a_part_is_told_from_one_over_all() -> None:
    part = Role(
        role="User Administrator", holder="anna@example.com", scope="/administrativeUnits/1"
    )
    found = seen(replace(GOOD, roles=(*GOOD.roles, part)))[Directory]
    anna = next(c for c in found.classes if c.scoped_roles)
    assert (anna.roles, anna.administrator, anna.count) == ((), True, 1)


def test_guests_count_as_administrators_only_when_they_are() -> None:
    guest = Role(role="Global Administrator", holder=USERS[9].upn)
    found = seen(replace(GOOD, roles=(*GOOD.roles, guest)))[Directory]
    assert [c.kind for c in found.classes if not c.kind.member] == [UserKind.EXTERNAL_GUEST]


def test_emergency_accounts_nobody_has_are_named() -> None:
    found = seen(GOOD, break_glass=(EMERGENCY.upper(), "typo@example.com"))[Directory]
    assert found.undeclared == ("typo@example.com",)
    assert any(c.break_glass for c in found.classes)


def test_too_many_kinds_of_people_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect_people, "CLASSES", 2)
    assert seen(GOOD)[Directory].reason is Reason.TOO_LARGE


def test_too_many_policies_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect_entra, "POLICIES", 1)
    assert seen(GOOD)[ConditionalAccess].reason is Reason.TOO_LARGE


def test_another_provider_is_not_read_yet() -> None:
    assert {fact.reason for fact in seen(GOOD, provider="google").values()} == {
        Reason.NOT_COLLECTED
    }


@pytest.mark.parametrize("fault", [Fault.LOOP, Fault.ELSEWHERE, Fault.WRONG_ROWS])
def test_pages_that_lead_astray_are_malformed(fault: Fault) -> None:
    for endpoint, fact in _COLLECTIONS:
        found = seen(replace(GOOD, faults={endpoint: fault}))[fact]
        assert found.reason is Reason.MALFORMED, endpoint


_COLLECTIONS: Sequence[tuple[str, type[Any]]] = (
    ("licence", Licence),
    ("policies", ConditionalAccess),
    ("users", Directory),
    ("roles", Directory),
    ("registration", Registration),
)


@pytest.mark.parametrize(
    ("endpoint", "fact"),
    [("users", Directory), ("roles", Directory), ("registration", Registration)],
)
def test_a_list_that_cannot_be_empty_is_not_believed(endpoint: str, fact: type[Any]) -> None:
    found = seen(replace(GOOD, faults={endpoint: Fault.NO_ROWS}))[fact]
    assert found.reason is Reason.INCONCLUSIVE


@pytest.mark.parametrize("endpoint", ["defaults", "per-user", "group"])
def test_wrong_types_in_one_object_are_malformed(endpoint: str) -> None:
    fact = {"defaults": SecurityDefaults, "per-user": PerUserMfa, "group": Directory}[endpoint]
    found = seen(replace(GOOD, faults={endpoint: Fault.WRONG_TYPES}))[fact]
    if fact is Directory:
        found = found.groups[0].failure
    assert found.reason is Reason.MALFORMED


def test_a_moment_of_haste_is_waited_out(pauses: list[float]) -> None:
    facts = seen(replace(GOOD, faults={"policies": Fault.THROTTLED_ONCE}))
    assert set(statuses(facts).values()) == {Status.PASS}
    assert pauses == [0.02]


def test_conditional_access_throttles_without_saying_for_how_long(pauses: list[float]) -> None:
    found = seen(replace(GOOD, faults={"policies": Fault.THROTTLED}))[ConditionalAccess]
    assert found.reason is Reason.RATE_LIMITED
    assert pauses == [1, 2, 4, 8, 16]


def test_a_broken_server_gets_two_more_chances(pauses: list[float]) -> None:
    found = seen(replace(GOOD, faults={"defaults": Fault.BROKEN}))[SecurityDefaults]
    assert (found.reason, pauses) == (Reason.INCONCLUSIVE, [1, 2])


def test_somebody_who_is_gone_by_now_is_neither_on_nor_off() -> None:
    with GraphStandIn(TenantModel()) as stand_in:
        found = stand_in._found

        def without(name: str, subject: str, query: str, url: str) -> Any:
            return found(name, "gone" if name == "per-user" else subject, query, url)

        stand_in._found = without  # type: ignore[method-assign]
        assert look(stand_in)[PerUserMfa] == PerUserMfa(on=(), off=(), unread=1)


def test_over_tls_the_certificate_must_be_trusted(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    key = ec.generate_private_key(ec.SECP256R1())
    for name, data in authority(key):
        (tmp_path / name).write_bytes(data)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with GraphStandIn(GOOD, context) as stand_in:
        assert stand_in.url.startswith("https://")
        where = f"127.0.0.1:{stand_in.port}"
        subject, secrets = tenant(stand_in), FakeSecrets({"GRAPH": stand_in.tenant.secret})
        trusting = NetConfig(connect={where: where}, ca_file=tmp_path / "cert.pem")
        for config, trusted in ((trusting, True), (replace(trusting, ca_file=None), False)):
            web = NetRoot(config).http(subject)
            found = observe(collect_entra.security_defaults, subject, web, secrets, FakeClock())
            assert (found == SecurityDefaults(enabled=False)) is trusted


def authority(key: ec.EllipticCurvePrivateKey) -> Iterator[tuple[str, bytes]]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(_LOOPBACK)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    yield "cert.pem", made.public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    pkcs8 = serialization.PrivateFormat.PKCS8
    yield "key.pem", key.private_bytes(serialization.Encoding.PEM, pkcs8, plain)


_LOOPBACK = ip_address("127.0.0.1")
