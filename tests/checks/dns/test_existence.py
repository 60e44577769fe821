from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from posture.checks.dns import (
    collect_delegation,
    collect_dns,
    collect_dnssec,
    collect_references,
    existence,
)
from posture.checks.dns.facts import DomainExistence
from posture.checks.email import collect_dkim, collect_dmarc, collect_mx
from posture.model import CollectError, Domain, Failed, Reason, Status
from posture.net.dns import Absent, Answer
from posture.net.vantage import denier
from posture.testing import FakeClock, FakeNet, FakeResolver, observe
from tests.checks.pages import wording_problems

NAME = "exmaple.com"
DOMAIN = Domain(name=NAME)
UNSEEN = Failed(reason=Reason.TIMEOUT)
Zones = dict[str, dict[str, list[str] | str]]


def seen(zones: Zones | FakeResolver) -> Any:
    return observe(collect_dns.existence, DOMAIN, FakeNet(zones))


def test_both_verdicts() -> None:
    missing = existence.exists(DomainExistence(domain=NAME, denied_by="com"))
    there = existence.exists(DomainExistence(domain=NAME, denied_by=""))
    assert (missing.status, missing.says, missing.fix) == (Status.FAIL, "missing", "find")
    assert (there.status, there.says, there.fix) == (Status.PASS, "ok", None)
    assert missing.evidence[0].record == "NXDOMAIN, says com"
    assert wording_problems("posture.checks.dns", "dns.domain.exists", [missing, there]) == []


@pytest.mark.parametrize(
    ("zones", "denied_by"),
    [
        ({}, "com"),
        ({NAME: {"TXT": ["x"]}}, ""),
        ({NAME: {"A": "TIMEOUT", "TXT": ["x"]}}, ""),
        ({NAME: {"A": ["192.0.2.1"], "TXT": "SERVFAIL"}}, ""),
        ({f"_dmarc.{NAME}": {"TXT": ["x"]}}, ""),
        ({NAME: {"CNAME": ["gone.example.net."]}}, ""),
    ],
)
def test_a_name_is_missing_only_if_the_zone_above_says_so(zones: Zones, denied_by: str) -> None:
    assert seen(zones) == DomainExistence(domain=NAME, denied_by=denied_by)


class Denying(FakeResolver):
    """Denies these types in the name of a zone, and gives every name an address if asked to."""

    def __init__(self, zone: str, *rdtypes: str, inventive: bool = False) -> None:
        super().__init__({NAME: {"A": ["192.0.2.1"], "TXT": ["x"]}})
        self.zone, self.rdtypes, self.inventive = zone, rdtypes, inventive

    async def query(self, name: str, rdtype: str) -> Answer | Absent:
        found = await super().query(name, rdtype)
        if rdtype in self.rdtypes and name == NAME:
            return Absent(name, rdtype, nxdomain=True, authenticated=False, zone=self.zone)
        if rdtype == "A" and self.inventive and isinstance(found, Absent):
            return Answer(name, rdtype, ("203.0.113.66",), authenticated=False, ttl=60)
        return found


@pytest.mark.parametrize(
    ("resolver", "reason"),
    [
        (FakeResolver({NAME: {"A": "TIMEOUT", "TXT": "SERVFAIL"}}), Reason.TIMEOUT),
        (Denying("", "A", "TXT"), Reason.INCONCLUSIVE),
        (Denying("rpz.local", "A", "TXT"), Reason.INCONCLUSIVE),
        (Denying(NAME, "A", "TXT"), Reason.INCONCLUSIVE),
        (Denying("com", "TXT", inventive=True), Reason.INCONCLUSIVE),
    ],
)
def test_what_does_not_settle_it_is_a_failure(resolver: FakeResolver, reason: Reason) -> None:
    found = seen(resolver)
    assert isinstance(found, Failed)
    assert found.reason is reason


@pytest.mark.parametrize("rdtype", ["A", "TXT"])
def test_one_denial_is_outweighed_by_one_answer(rdtype: str) -> None:
    assert seen(Denying("com", rdtype)) == DomainExistence(domain=NAME, denied_by="")
    assert isinstance(observe(collect_mx.mx, DOMAIN, FakeNet(Denying("com", rdtype))).hosts, tuple)


COLLECTORS = [
    collect_dns.texts,
    collect_dns.caa,
    collect_dnssec.dnssec,
    collect_delegation.delegation,
    collect_references.references,
    collect_mx.mx,
    collect_dmarc.dmarc,
]


@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda collector: collector.__name__)
@pytest.mark.parametrize("sends_mail", [True, False])
def test_nothing_is_said_of_a_name_that_does_not_exist(collector: Any, sends_mail: bool) -> None:
    domain = replace(DOMAIN, sends_mail=sends_mail)
    found = observe(collector, domain, FakeNet({}), UNSEEN)
    assert isinstance(found, Failed)
    assert (found.reason, found.detail) == (Reason.NO_SUCH_NAME, f"{NAME}: NXDOMAIN, says com")


@pytest.mark.parametrize("reason", [Reason.NO_SUCH_NAME, Reason.WRONG_VANTAGE])
def test_no_key_is_looked_for_where_the_domain_itself_is_not_shown(reason: Reason) -> None:
    net = FakeNet({})
    failure = Failed(reason=reason, detail="why")
    assert observe(collect_dkim.dkim, DOMAIN, net, failure, FakeClock()) == failure


def test_a_second_denial_that_cannot_be_had_leaves_it_open() -> None:
    class Hasty(Denying):
        async def query(self, name: str, rdtype: str) -> Answer | Absent:
            if rdtype == "TXT":
                raise CollectError(Reason.TIMEOUT)
            return await super().query(name, rdtype)

    assert observe(collect_mx.mx, DOMAIN, FakeNet(Hasty("com", "A"))).hosts == ()


@pytest.mark.parametrize(
    ("name", "zone", "expected"),
    [
        ("a.b.com", "b.com", "b.com"),
        ("a.b.com", ".", "."),
        ("a.b.com", "xb.com", ""),
        ("b.com", "b.com", ""),
        ("b.com", "", ""),
    ],
)
def test_only_a_zone_above_denies(name: str, zone: str, expected: str) -> None:
    assert (
        denier(name, Absent(name, "A", nxdomain=True, authenticated=False, zone=zone)) == expected
    )
