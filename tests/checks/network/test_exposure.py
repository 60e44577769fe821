"""Judging open doors: what is open fails, what is closed or silent on a living host passes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from posture.checks.network import AREA, exposure
from posture.checks.network.facts import PortScan, Product, Products
from posture.checks.network.ports import CURATED, of_kind
from posture.model import Failed, Host, Reason, Status, Verdict, View
from tests.checks.pages import page_problems, wording_problems

NO_NMAP = Failed(reason=Reason.TOOL_MISSING, detail="nmap is not installed")
KINDS: dict[Callable[..., Verdict], tuple[int, ...]] = {
    exposure.rdp: (3389,),
    exposure.smb: (139, 445),
    exposure.cleartext: (21, 23, 512, 513, 514, 5900),
    exposure.databases: (1433, 1521, 3306, 5432, 5984, 6379, 9200, 11211, 27017),
    exposure.admin: of_kind("admin-page"),
}


def host(view: View = View.INTERNAL) -> Host:
    return Host(address="192.0.2.7", view=view)


def scan(opened: tuple[int, ...] = (), closed: tuple[int, ...] = ()) -> PortScan:
    silent = tuple(port for port in CURATED if port not in {*opened, *closed})
    return PortScan(open=opened, closed=closed, silent=silent)


def verdicts(judge: Callable[..., Verdict]) -> list[Verdict]:
    """One of every kind."""
    port = KINDS[judge][0]
    blind = PortScan(open=(22,), closed=(), silent=())
    return [
        judge(host(), scan(closed=CURATED), NO_NMAP),
        judge(host(), scan((port,)), NO_NMAP),
        judge(host(View.EXTERNAL), scan((port,)), NO_NMAP),
        judge(host(), scan(), NO_NMAP),
        judge(host(), blind, NO_NMAP),
        judge(host(), replace(scan((22,)), blocked=True), NO_NMAP),
    ]


@pytest.mark.parametrize("judge", KINDS)
@pytest.mark.parametrize("view", View)
def test_each_listed_port_that_is_open_fails(judge: Callable[..., Verdict], view: View) -> None:
    for port in KINDS[judge]:
        verdict = judge(host(view), scan((port,)), NO_NMAP)
        assert verdict.status is Status.FAIL
        assert verdict.fix == view.value
        assert verdict.view is view
        assert verdict.observed == f"open: {port}"
        assert verdict.values["ports"] == str(port)
        assert verdict.evidence[0].record.startswith(f"{port}/tcp")


@pytest.mark.parametrize("judge", KINDS)
def test_ports_of_other_checks_do_not_matter(judge: Callable[..., Verdict]) -> None:
    others = tuple(port for port in CURATED if port not in KINDS[judge])
    verdict = judge(host(), scan(others), NO_NMAP)
    assert verdict.status is Status.PASS
    assert verdict.expected.startswith("no open port of ")


@pytest.mark.parametrize("judge", KINDS)
@pytest.mark.parametrize(
    ("seen", "status", "reason"),
    [
        (scan(closed=CURATED), Status.PASS, None),
        (scan(opened=(80,)), Status.PASS, None),
        (scan(closed=(80,)), Status.PASS, None),
        (scan(), Status.UNKNOWN, Reason.TIMEOUT),
        (PortScan(open=(80,), closed=(), silent=()), Status.UNKNOWN, Reason.NOT_COLLECTED),
        (PortScan(open=(), closed=(), silent=()), Status.UNKNOWN, Reason.TIMEOUT),
    ],
    ids=["refused", "silent beside an open one", "silent beside a refusal", "nobody", "old", "no"],
)
def test_silence_is_an_absence_only_on_a_living_host(
    judge: Callable[..., Verdict], seen: PortScan, status: Status, reason: Reason | None
) -> None:
    verdict = judge(host(), seen, NO_NMAP)
    assert (verdict.status, verdict.reason) == (status, reason)


@pytest.mark.parametrize("judge", KINDS)
def test_silence_proves_nothing_once_the_scan_was_shut_out(judge: Callable[..., Verdict]) -> None:
    shut = replace(scan((22,)), blocked=True)
    refused = replace(scan((22,), closed=KINDS[judge]), blocked=True)
    opened = replace(scan((22, KINDS[judge][0])), blocked=True)
    assert judge(host(), shut, NO_NMAP).status is Status.UNKNOWN
    assert judge(host(), refused, NO_NMAP).status is Status.PASS
    assert judge(host(), opened, NO_NMAP).status is Status.FAIL


def test_an_open_port_fails_even_where_others_were_not_tried() -> None:
    seen = PortScan(open=(445,), closed=(), silent=())
    assert exposure.smb(host(), seen, NO_NMAP).status is Status.FAIL


def test_a_product_is_evidence_and_its_absence_changes_no_verdict() -> None:
    item = Product(port=6379, service="redis", product="Redis key-value store", version="7.0.15")
    nameless = Product(port=3306, service="mysql", product="", version="")
    products = Products(items=(item, nameless), left_alone=False)
    named = exposure.databases(host(), scan((3306, 6379)), products)
    plain = exposure.databases(host(), scan((3306, 6379)), NO_NMAP)
    assert [e.record for e in named.evidence] == [
        "3306/tcp, MySQL or MariaDB, accepted a connection: mysql",
        "6379/tcp, Redis, accepted a connection: Redis key-value store 7.0.15",
    ]
    assert [e.record for e in plain.evidence] == [
        "3306/tcp, MySQL or MariaDB, accepted a connection",
        "6379/tcp, Redis, accepted a connection",
    ]
    assert named.status is plain.status is Status.FAIL
    assert named.values == plain.values


def test_every_check_has_its_page() -> None:
    assert page_problems(AREA) == []


@pytest.mark.parametrize("judge", KINDS)
def test_every_text_is_there_and_used(judge: Any) -> None:
    assert wording_problems(AREA.package, judge.__posture__.id, verdicts(judge)) == []
