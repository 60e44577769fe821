from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.dns import collect_delegation, delegation, networks
from posture.checks.dns.facts import Delegation, NameServer
from posture.model import Domain, Failed, Reason, Status, Verdict
from posture.testing import FakeNet, observe
from tests.checks.pages import wording_problems

NAME = "example.com"
DOMAIN = Domain(name=NAME)
Zones = dict[str, dict[str, list[str] | str]]


def seen(zones: Zones) -> Any:
    return observe(collect_delegation.delegation, DOMAIN, FakeNet(zones))


def server(number: int, *ipv4: str, **fields: Any) -> NameServer:
    return NameServer(name=f"ns{number}.host.example", ipv4=ipv4, **fields)


def diverse(*servers: NameServer) -> Verdict:
    return delegation.diverse(Delegation(domain=NAME, servers=servers))


FAR = (server(1, "192.0.2.1"), server(2, "198.51.100.1"))
CASES = [
    ("far", diverse(*FAR), Status.PASS, "ok", None),
    ("far, the third not asked", diverse(*FAR, server(3, asked=False)), Status.PASS, "ok", None),
    ("far, one silent", diverse(*FAR, server(3, reason=Reason.TIMEOUT)), Status.PASS, "ok", None),
    ("far in version 6", diverse(
        server(1, "192.0.2.1", ipv6=("2001:db8:1::1",)),
        server(2, "192.0.2.2", ipv6=("2001:db8:2::1",)),
    ), Status.PASS, "ok", None),
    ("none", diverse(), Status.NOT_APPLICABLE, "within", None),
    ("one", diverse(server(1, "192.0.2.1", "198.51.100.1")), Status.FAIL, "one", "second"),
    ("one, unseen", diverse(server(1, reason=Reason.TIMEOUT)), Status.FAIL, "one", "second"),
    ("near", diverse(server(1, "192.0.2.1"), server(2, "192.0.2.200")), Status.FAIL, "near",
     "spread"),
    ("near in version 6", diverse(server(1, ipv6=("2001:db8:1:1::1",)),
                                  server(2, ipv6=("2001:db8:1:2::1",))),
     Status.FAIL, "near", "spread"),
    ("one in each version", diverse(server(1, "192.0.2.1"), server(2, ipv6=("2001:db8::1",))),
     Status.FAIL, "near", "spread"),
    ("nowhere", diverse(server(1), server(2)), Status.FAIL, "near", "spread"),
    ("one silent", diverse(server(1, "192.0.2.1"), server(2, reason=Reason.TIMEOUT)),
     Status.UNKNOWN, "unseen", None),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_diverse(case: tuple[str, Verdict, Status, str, str | None]) -> None:
    _, verdict, status, says, fix = case
    assert (verdict.status, verdict.says, verdict.fix) == (status, says, fix)
    assert verdict.evidence
    assert (verdict.reason is not None) == (status is Status.UNKNOWN)


def test_every_text_is_used_and_can_be_filled() -> None:
    verdicts = [case[1] for case in CASES]
    assert wording_problems("posture.checks.dns", "dns.delegation.diverse", verdicts) == []


def test_the_networks_are_named() -> None:
    verdict = diverse(server(1, "192.0.2.1"), server(2, "192.0.2.200"))
    assert verdict.values["networks"] == "192.0.2.0/24"
    assert [each.record for each in verdict.evidence] == ["192.0.2.1", "192.0.2.200"]


def test_what_was_not_seen_is_said() -> None:
    verdict = diverse(*FAR, server(3, asked=False), server(4, "192.0.2.9", reason=Reason.TIMEOUT))
    assert [each.record for each in verdict.evidence][2:] == [
        "not asked",
        "192.0.2.9 (not all seen: timeout)",
    ]


HOSTS: Zones = {
    "ns1.host.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]},
    "ns2.host.example": {"A": ["198.51.100.1"], "AAAA": ["2001:db8::2"]},
    "ns3.host.example": {"A": ["192.0.2.3"]},
}


def zone(*names: str) -> Zones:
    return {NAME: {"NS": [f"{name}.host.example." for name in names]}, **HOSTS}


def test_two_servers_in_two_networks_are_asked_for_no_more() -> None:
    found = seen(zone("ns3", "ns2", "ns1"))
    assert found.servers == (
        server(1, "192.0.2.1"),
        server(2, "198.51.100.1"),
        server(3, asked=False),
    )


def test_servers_that_look_near_are_all_asked_for_both_versions() -> None:
    zones = zone("ns1", "ns3", "ns4")
    zones["ns4.host.example"] = {"A": "TIMEOUT", "AAAA": ["2001:db8:4::1"]}
    assert seen(zones).servers == (
        server(1, "192.0.2.1", ipv6=("2001:db8::1",)),
        server(3, "192.0.2.3"),
        server(4, ipv6=("2001:db8:4::1",), reason=Reason.TIMEOUT),
    )


@pytest.mark.parametrize(
    "zones",
    [
        {NAME: {}},
        {NAME: {"A": ["192.0.2.1"]}},
        {NAME: {"CNAME": ["other.example."]}, "other.example": {"NS": ["ns1.host.example."]}},
    ],
)
def test_a_name_within_a_zone_has_none(zones: Zones) -> None:
    assert seen(zones).servers == ()


OFFICE: Zones = {"ns1.host.example": {"A": ["10.0.0.1"]}}


@pytest.mark.parametrize("inside", [{NAME: {"A": ["10.0.0.1"]}}, {**zone("ns1"), **OFFICE}])
def test_what_an_office_shows_itself_says_nothing_of_the_world(inside: Zones) -> None:
    found = seen(inside)
    assert isinstance(found, Failed)
    assert found.reason is Reason.WRONG_VANTAGE


@pytest.mark.parametrize(
    ("records", "reason"),
    [("TIMEOUT", Reason.TIMEOUT), ([f"ns{n}.example." for n in range(33)], Reason.TOO_LARGE)],
)
def test_name_servers_that_cannot_be_known_are_a_failure(
    records: list[str] | str, reason: Reason
) -> None:
    found = seen({NAME: {"NS": records}})
    assert isinstance(found, Failed)
    assert found.reason is reason


@given(st.ip_addresses())
def test_any_address_is_in_a_network(address: Any) -> None:
    place: dict[str, Any] = {f"ipv{address.version}": (str(address),)}
    around = networks.networks([NameServer(name="x", **place)])
    assert any(address in block for block in around.ipv4 | around.ipv6)
