from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.dns import collect_servers, discover, servers
from posture.checks.dns.facts import Delegation
from posture.checks.dns.facts import NameServer as Named
from posture.checks.dns.server_facts import Authority, Service, ZoneAnswer
from posture.model import (
    CollectError,
    Domain,
    Failed,
    Moment,
    NameServer,
    Reason,
    Seen,
    Status,
    Verdict,
)
from posture.net import Statement
from posture.testing import FakeNet, observe
from tests.checks.pages import wording_problems

ZONE = "example.com"
DOMAIN = Domain(name=ZONE)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MOMENT = Moment(taken=NOW, valid_at=NOW)
PARAMS = servers.Agrees(hours=48)
SERVES, UNSEEN = Service.SERVES, Service.UNSEEN


def subject(number: int) -> NameServer:
    return NameServer(host=f"ns{number}.host.example", zone=ZONE)


def answer(
    service: Service = SERVES,
    serial: int = 2026030401,
    names: tuple[str, ...] = ("ns1", "ns2"),
    **fields: Any,
) -> ZoneAnswer:
    if service is not SERVES:
        return ZoneAnswer(address="192.0.2.1", service=service, **fields)
    found: dict[str, Any] = {"primary": "ns1", "serial": serial, "servers": names, **fields}
    return ZoneAnswer(address="192.0.2.1", service=service, **found)


def seen(number: int, *found: ZoneAnswer | Failed) -> Seen[Authority | Failed]:
    if found and isinstance(found[0], Failed):
        return Seen(subject(number), found[0])
    host = subject(number).host
    return Seen(subject(number), Authority(host=host, zone=ZONE, answers=found))  # type: ignore[arg-type]


GOOD = answer()
LOST = answer(UNSEEN, reason=Reason.TIMEOUT)
LAME = answer(Service.REFUSES, said="REFUSED")
BLIND = Failed(reason=Reason.OUT_OF_SCOPE)


def answers(*found: Seen[Authority | Failed]) -> Verdict:
    return servers.answers(DOMAIN, found)


def agrees(*found: Seen[Authority | Failed]) -> Verdict:
    return servers.agrees(DOMAIN, found, MOMENT, PARAMS)


PASS, FAIL, UNKNOWN, MOOT = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
ANSWERS = [
    ("all", answers(seen(1, GOOD), seen(2, GOOD, GOOD)), PASS, "ok", None),
    ("one lame", answers(seen(1, GOOD), seen(2, LAME)), FAIL, "lame", None),
    ("one address lame", answers(seen(1, GOOD), seen(2, GOOD, LAME)), FAIL, "lame", None),
    ("no address", answers(seen(1, GOOD), seen(2)), FAIL, "lame", None),
    ("one lame, one lost", answers(seen(1, GOOD), seen(2, LAME), seen(3, LOST)), FAIL, "lame",
     None),
    ("one lame, one blind", answers(seen(1, GOOD), seen(2, LAME), seen(3, BLIND)), FAIL, "lame",
     None),
    ("all lame", answers(seen(1, LAME), seen(2, LAME)), UNKNOWN, "none", Reason.INCONCLUSIVE),
    ("lame and lost", answers(seen(1, LAME), seen(2, LOST)), UNKNOWN, "none",
     Reason.INCONCLUSIVE),
    ("one lost", answers(seen(1, GOOD), seen(2, LOST)), UNKNOWN, "unseen", Reason.TIMEOUT),
    ("one address lost", answers(seen(1, GOOD), seen(2, GOOD, LOST)), UNKNOWN, "unseen",
     Reason.TIMEOUT),
    ("one blind", answers(seen(1, GOOD), seen(2, BLIND)), UNKNOWN, "unseen", Reason.OUT_OF_SCOPE),
    ("lost for no reason", answers(seen(1, answer(UNSEEN))), UNKNOWN, "unseen",
     Reason.INCONCLUSIVE),
]  # fmt: skip

OLD = answer(serial=2026010101)
FRESH = answer(serial=2026112101)
OTHER = answer(serial=9, primary="a.second.example")
HALF = answer(names=(), reason=Reason.TIMEOUT)
WRONG = answer(names=("ns1", "ns9"))
AGREES = [
    ("the same", agrees(seen(1, GOOD), seen(2, GOOD)), PASS, "ok", None),
    ("two addresses", agrees(seen(1, GOOD, GOOD)), PASS, "ok", None),
    ("two providers", agrees(seen(1, GOOD), seen(2, OTHER)), PASS, "ok", None),
    ("one", agrees(seen(1, GOOD)), MOOT, "one", None),
    ("one and a lame one", agrees(seen(1, GOOD), seen(2, LAME)), MOOT, "one", None),
    ("other names", agrees(seen(1, GOOD), seen(2, WRONG)), FAIL, "names", None),
    ("other names, one lost", agrees(seen(1, GOOD), seen(2, WRONG), seen(3, LOST)), FAIL,
     "names", None),
    ("old", agrees(seen(1, GOOD), seen(2, OLD)), FAIL, "versions", None),
    ("seconds", agrees(seen(1, answer(serial=1790000000)), seen(2, answer(serial=1780000000))),
     FAIL, "versions", None),
    ("fresh", agrees(seen(1, FRESH), seen(2, OLD)), UNKNOWN, "changing", Reason.INCONCLUSIVE),
    ("yesterday", agrees(seen(1, answer(serial=2026111901)), seen(2, OLD)), UNKNOWN, "changing",
     Reason.INCONCLUSIVE),
    ("a counter", agrees(seen(1, answer(serial=8)), seen(2, answer(serial=7))), UNKNOWN,
     "changing", Reason.INCONCLUSIVE),
    ("no day", agrees(seen(1, answer(serial=2026139901)), seen(2, OLD)), UNKNOWN, "changing",
     Reason.INCONCLUSIVE),
    ("one lost", agrees(seen(1, GOOD), seen(2, LOST)), UNKNOWN, "unseen", Reason.TIMEOUT),
    ("one half", agrees(seen(1, GOOD), seen(2, HALF)), UNKNOWN, "unseen", Reason.TIMEOUT),
    ("one blind", agrees(seen(1, GOOD), seen(2, BLIND)), UNKNOWN, "unseen", Reason.OUT_OF_SCOPE),
]  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS + AGREES, ids=lambda case: case[0])
def test_both(case: tuple[str, Verdict, Status, str, Reason | None]) -> None:
    _, verdict, status, says, reason = case
    assert (verdict.status, verdict.says, verdict.reason) == (status, says, reason)
    assert (verdict.fix is not None) == (status is FAIL)
    assert verdict.evidence


@pytest.mark.parametrize(("check", "cases"), [("answers", ANSWERS), ("agrees", AGREES)])
def test_every_text_is_used_and_can_be_filled(check: str, cases: list[Any]) -> None:
    verdicts = [case[1] for case in cases]
    assert wording_problems("posture.checks.dns", f"dns.delegation.{check}", verdicts) == []


def test_the_lame_server_is_named_with_what_it_said() -> None:
    verdict = answers(seen(1, GOOD), seen(2, LAME), seen(3), seen(4, BLIND), seen(5, HALF))
    assert verdict.values["servers"] == "ns2.host.example, ns3.host.example"
    assert verdict.observed == "ns2.host.example refuses; ns3.host.example has no address"
    assert [each.record for each in verdict.evidence] == [
        "version 2026030401 from ns1; name servers ns1, ns2",
        "refuses (REFUSED)",
        "has no address",
        "not seen: out_of_scope",
        "version 2026030401 from ns1; name servers not seen: timeout",
    ]
    assert verdict.evidence[1].source == "SOA, asked of ns2.host.example at 192.0.2.1"


def test_what_differs_is_shown() -> None:
    assert agrees(seen(1, GOOD), seen(2, WRONG)).observed == "ns1 + ns2 / ns1 + ns9"
    verdict = agrees(seen(1, GOOD), seen(2, OLD))
    assert (verdict.observed, verdict.expected) == ("2026010101 / 2026030401", "2026030401")


@given(st.integers(0, 2**32 - 1))
def test_any_serial_can_be_compared(serial: int) -> None:
    verdict = agrees(seen(1, answer(serial=serial)), seen(2, GOOD))
    assert verdict.says in {"ok", "versions", "changing"}


A1, A2 = "192.0.2.1", "192.0.2.2"
SOA = Statement(rcode="NOERROR", authoritative=True, records=("ns1.x. h.x. 7 2 3 4 5",))
NS = Statement(rcode="NOERROR", authoritative=True, records=("ns2.x.", "ns1.x."))
REFUSED = Statement(rcode="REFUSED")
EMPTY = Statement(rcode="NOERROR")
LATE = CollectError(Reason.TIMEOUT, "late")
HOST = subject(1).host


def collected(
    soa: Any, ns: Any = NS, addresses: tuple[str, ...] | str = (A1,)
) -> tuple[Any, list[tuple[str, str]]]:
    said = {f"SOA {ZONE}": soa, f"NS {ZONE}": ns}
    net = FakeNet({HOST: {"A": addresses}}, servers={A1: dict(said), A2: dict(said)})
    return observe(collect_servers.authority, subject(1), net), net.asked


def test_a_server_that_has_the_zone() -> None:
    found, asked = collected(SOA)
    assert found == Authority(
        host=HOST,
        zone=ZONE,
        answers=(
            ZoneAnswer(
                address=A1,
                service=SERVES,
                said="NOERROR",
                serial=7,
                primary="ns1.x",
                servers=("ns1.x", "ns2.x"),
            ),
        ),
    )
    assert asked == [(A1, f"SOA {ZONE}"), (A1, f"NS {ZONE}")]


@pytest.mark.parametrize(
    ("said", "service"),
    [
        (REFUSED, Service.REFUSES),
        (Statement(rcode="NOTAUTH"), Service.REFUSES),
        (Statement(rcode="SERVFAIL"), Service.FAILS),
        (Statement(rcode="NOERROR", referral="."), Service.REFERS),
        (Statement(rcode="NOERROR", referral=ZONE), Service.REFERS),
        (Statement(rcode="NOERROR", authoritative=True), Service.DENIES),
        (Statement(rcode="NXDOMAIN", authoritative=True), Service.DENIES),
        (Statement(rcode="NOERROR", recursive=True, records=SOA.records), Service.BORROWS),
        (EMPTY, UNSEEN),
        (Statement(rcode="NXDOMAIN"), UNSEEN),
        (Statement(rcode="FORMERR"), UNSEEN),
        (LATE, UNSEEN),
    ],
)
def test_every_other_answer(said: Any, service: Service) -> None:
    (found,) = collected(said)[0].answers
    assert found.service is service
    assert (found.reason is not None) == (service is UNSEEN)
    assert not found.servers


@pytest.mark.parametrize("again", [REFUSED, SOA, EMPTY, LATE])
def test_what_is_no_good_is_asked_twice(again: Any) -> None:
    (found,) = collected([Statement(rcode="SERVFAIL"), again])[0].answers
    assert found.service is (SERVES if again is SOA else UNSEEN)


@pytest.mark.parametrize(
    "ns",
    [
        LATE,
        REFUSED,
        EMPTY,
        Statement(rcode="NOERROR", records=NS.records),
        Statement(
            rcode="NOERROR", authoritative=True, records=tuple(f"ns{n}.x." for n in range(33))
        ),
    ],
)
def test_servers_that_it_does_not_name_are_not_seen(ns: Any) -> None:
    (found,) = collected(SOA, ns)[0].answers
    assert (found.service, found.servers) == (SERVES, ())
    assert found.reason in {Reason.TIMEOUT, Reason.INCONCLUSIVE}


def test_two_addresses_are_enough() -> None:
    found, asked = collected(SOA, addresses=(A1, A2, "192.0.2.3"))
    assert [each.address for each in found.answers] == [A1, A2]
    assert len(asked) == 4


def test_a_name_without_address_is_nowhere_and_an_unseen_one_unknown() -> None:
    found, asked = collected(SOA, addresses=())
    assert (found.service, asked) == (Service.NOWHERE, [])
    found, _ = collected(SOA, addresses="TIMEOUT")
    assert found.reason is Reason.TIMEOUT


def test_an_address_in_the_place_of_a_name_leads_nowhere() -> None:
    server = NameServer(host=A1, zone=ZONE)
    net = FakeNet(servers={A1: {f"SOA {ZONE}": SOA}})
    assert observe(collect_servers.authority, server, net).service is Service.NOWHERE
    assert net.asked == []


def test_each_server_of_the_zone_is_found() -> None:
    named = tuple(Named(name=f"ns{number}.x") for number in range(10))
    delegation = Delegation(domain=ZONE, servers=named)
    found = discover.name_servers(Domain(name=ZONE, owned=True), delegation)
    assert found == [NameServer(host=f"ns{number}.x", zone=ZONE, owned=True) for number in range(8)]
    assert [found[0].id, found[0].label] == [
        "nameserver:ns0.x/example.com",
        "ns0.x for example.com",
    ]
    assert found[0].endpoints() == (("ns0.x", 53),)


@pytest.mark.parametrize("owned", [True, False])
def test_active_tests_need_the_owner_s_word(owned: bool) -> None:
    assert Domain(name=ZONE, owned=owned).active_tests_allowed is owned
    assert NameServer(host=HOST, zone=ZONE, owned=owned).active_tests_allowed is owned
