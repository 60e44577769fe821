"""Domains as a resolver would show them, and what the collectors make of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from posture.checks.dns import collect_dns
from posture.checks.email import collect_dmarc, collect_mx, collect_spf
from posture.model import Domain, Failed, Status, Verdict, View
from posture.testing import FakeNet, observe

NAME = "example.com"
DOMAIN = Domain(name=NAME)
SENDER = Domain(name=NAME, sends_mail=True)
PARKED = Domain(name=NAME, sends_mail=False)
Zones = Mapping[str, Mapping[str, Sequence[str] | str]]
Case = tuple[str, Verdict, Status, str, str | None]


def text(record: str, **others: str) -> dict[str, dict[str, list[str] | str]]:
    """A zone with an SPF record, and the SPF records or failures of others, _ for dots."""
    zones: dict[str, dict[str, list[str] | str]] = {NAME: {"TXT": [record]}}
    for name, found in others.items():
        failing = found in {"TIMEOUT", "SERVFAIL"}
        zones[name.replace("_", ".")] = {"TXT": found if failing else [found]}
    return zones


def world(zones: Zones, domain: Domain) -> FakeNet:
    """Look at these zones, in which at least the domain itself is there."""
    return FakeNet({domain.name: {}, **zones})


def spf(zones: Zones, domain: Domain = DOMAIN) -> Any:
    """The SPF fact, or Failed."""
    net = world(zones, domain)
    texts = observe(collect_dns.texts, domain, net)
    return texts if isinstance(texts, Failed) else observe(collect_spf.spf, domain, texts, net)


def dmarc(zones: Zones, domain: Domain = DOMAIN) -> Any:
    """The DMARC fact, or Failed."""
    return observe(collect_dmarc.dmarc, domain, world(zones, domain))


def mx(zones: Zones, domain: Domain = DOMAIN, vantage: View | None = None) -> Any:
    """The MX fact, or Failed."""
    net = world(zones, domain)
    net.vantage = vantage
    return observe(collect_mx.mx, domain, net)


def hosts(*records: str, **others: Mapping[str, Sequence[str] | str]) -> Zones:
    """A zone with MX records, and what their hosts are; _ for dots."""
    found = {name.replace("_", "."): node for name, node in others.items()}
    return {NAME: {"MX": list(records)} if records else {}, **found}


def check_case(case: Case) -> None:
    """Assert what a table says of a verdict."""
    _, verdict, status, says, fix = case
    assert (verdict.status, verdict.says, verdict.fix) == (status, says, fix)
    assert (verdict.reason is not None) == (status is Status.UNKNOWN)
    assert verdict.evidence or status is Status.NOT_APPLICABLE
    if status in {Status.PASS, Status.FAIL}:
        assert verdict.observed
        assert verdict.expected


def case_name(case: Case) -> str:
    """Name a row of a table."""
    return case[0].replace(" ", "-")
