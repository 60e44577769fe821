from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from posture.checks.dns import collect_dnssec, dnssec
from posture.checks.dns.facts import Dnssec, Validation
from posture.model import Domain, Failed, Reason, Status, Verdict
from posture.testing import FakeNet, FakeResolver, observe
from tests.checks.pages import wording_problems

if TYPE_CHECKING:
    from collections.abc import Collection

    from posture.net.dns import Absent, Answer

NAME = "example.com"
DS = "4711 13 2 ab"
RRSIG = "SOA 13 2 3600 20261205010203 20261107040506 4711 example.com. c2ln"
SOA = ["ns.example.com. h.example.com. 1 2 3 4 5"]
Zones = dict[str, dict[str, list[str] | str]]


def state(validation: Validation, ds: str = "", *, anchored: bool = True) -> Dnssec:
    return Dnssec(
        domain=NAME,
        zone=NAME,
        ds=(ds,) if ds else (),
        validation=validation,
        anchored=anchored,
    )


SECURE, BOGUS, INSECURE, UNCHECKED = Validation
PASS, FAIL, UNKNOWN, MOOT = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
# fact; what valid says; what signed says
CASES = [
    (state(SECURE, DS), (PASS, "ok"), (PASS, "ok")),
    # A forwarder that sets AD whatever it is asked, or one with a trust anchor of its own.
    (state(SECURE), (UNKNOWN, "unfounded"), (UNKNOWN, "unfounded")),
    (state(BOGUS, DS), (FAIL, "bogus"), (PASS, "ok")),
    (state(BOGUS), (UNKNOWN, "unchecked"), (UNKNOWN, "unaware")),
    (state(INSECURE), (MOOT, "unsigned"), (FAIL, "none")),
    (state(INSECURE, anchored=False), (MOOT, "unsigned"), (FAIL, "none")),
    # Signed in a way that the resolver does not know (RFC 4035 §5.2).
    (state(INSECURE, DS), (UNKNOWN, "unsupported"), (PASS, "ok")),
    (state(UNCHECKED), (MOOT, "unsigned"), (FAIL, "none")),
    (state(UNCHECKED, DS), (UNKNOWN, "unchecked"), (PASS, "ok")),
    (state(UNCHECKED, anchored=False), (UNKNOWN, "unchecked"), (UNKNOWN, "unaware")),
]


@pytest.mark.parametrize(("fact", "valid", "signed"), CASES)
def test_both(fact: Dnssec, valid: tuple[Status, str], signed: tuple[Status, str]) -> None:
    for verdict, expected in (dnssec.valid(fact), valid), (dnssec.signed(fact), signed):
        assert (verdict.status, verdict.says) == expected
        assert (verdict.fix is not None) == (verdict.status is FAIL)
        assert (verdict.reason is not None) == (verdict.status is UNKNOWN)
        assert len(verdict.evidence) == 2


@pytest.mark.parametrize("check", ["valid", "signed"])
def test_every_text_is_used_and_can_be_filled(check: str) -> None:
    verdicts: list[Verdict] = [getattr(dnssec, check)(fact) for fact, _, _ in CASES]
    assert wording_problems("posture.checks.dns", f"dns.dnssec.{check}", verdicts) == []


def seen(zones: Zones, validated: Collection[str] = (), name: str = NAME) -> Any:
    net = FakeNet(FakeResolver(zones, authenticated=validated))
    return observe(collect_dnssec.dnssec, Domain(name=name), net)


COM: Zones = {"com": {"DS": ["1 13 2 cd"]}}


@pytest.mark.parametrize(
    ("zone", "validated", "expected"),
    [
        (
            {"SOA": SOA, "DS": [DS], "RRSIG SOA": [RRSIG]},
            ["com", NAME],
            state(SECURE, DS),
        ),
        # No signatures where there must be some: whoever says AD has seen none.
        ({"SOA": SOA, "DS": [DS]}, ["com", NAME], state(UNCHECKED, DS)),
        ({"SOA": "BOGUS", "DS": [DS]}, ["com"], state(BOGUS, DS)),
        ({"SOA": SOA}, ["com"], state(INSECURE)),
        ({"SOA": SOA, "DS": [DS]}, [], state(UNCHECKED, DS)),
        ({"SOA": SOA}, [], state(UNCHECKED)),
    ],
)
def test_a_zone(zone: dict[str, list[str] | str], validated: list[str], expected: Dnssec) -> None:
    assert seen({**COM, NAME: zone}, validated) == expected


def test_signatures_that_were_not_seen_say_nothing_of_the_resolver() -> None:
    zone: Zones = {**COM, NAME: {"SOA": SOA, "DS": [DS], "RRSIG SOA": "TIMEOUT"}}
    assert isinstance(seen(zone, ["com", NAME]), Failed)


class Copying(FakeResolver):
    """A forwarder that validates nothing and returns the AD flag that a question came with."""

    async def query(self, name: str, rdtype: str) -> Answer | Absent:
        found = await super().query(name, rdtype)
        return replace(found, authenticated=not rdtype.startswith("RRSIG "))


@pytest.mark.parametrize(("ds", "expected"), [([DS], state(UNCHECKED, DS)), ([], state(SECURE))])
def test_a_forwarder_that_copies_our_flag_vouches_for_nothing(
    ds: list[str], expected: Dnssec
) -> None:
    zones: Zones = {**COM, NAME: {"SOA": SOA, "DS": ds, "RRSIG SOA": [RRSIG]}}
    found = observe(collect_dnssec.dnssec, Domain(name=NAME), FakeNet(Copying(zones)))
    assert found == expected
    assert dnssec.valid(found).status is UNKNOWN


@pytest.mark.parametrize("validated", [["com"], ["com", NAME], []])
def test_no_signature_is_asked_for_where_there_is_none(validated: list[str]) -> None:
    resolver = FakeResolver({**COM, NAME: {"SOA": SOA}}, authenticated=validated)
    observe(collect_dnssec.dnssec, Domain(name=NAME), FakeNet(resolver))
    assert (NAME, "RRSIG SOA") not in resolver.asked


def test_a_resolver_that_gives_no_ds_at_all_is_not_believed() -> None:
    assert seen({NAME: {"SOA": SOA}}) == state(UNCHECKED, anchored=False)


@pytest.mark.parametrize(
    ("zones", "zone", "validation"),
    [
        ({NAME: {"SOA": SOA, "DS": [DS], "RRSIG SOA": [RRSIG]}, "shop.example.com": {}}, NAME,
         SECURE),
        ({NAME: {"SOA": SOA}, "shop.example.com": {"A": ["192.0.2.1"]}}, NAME, SECURE),
        ({NAME: {"SOA": SOA}, "shop.example.com": {"SOA": SOA}}, "shop.example.com", SECURE),
        ({NAME: {"SOA": "BOGUS"}, "shop.example.com": {"SOA": "BOGUS"}}, NAME, BOGUS),
        ({"shop.example.com": {"SOA": "BOGUS", "DS": [DS]}}, "shop.example.com", BOGUS),
        ({NAME: {"SOA": SOA}, "shop.example.com": {"CNAME": ["far.example."]},
          "far.example": {"SOA": SOA}}, NAME, SECURE),
    ],
)  # fmt: skip
def test_a_name_within_a_zone(zones: Zones, zone: str, validation: Validation) -> None:
    found = seen({**COM, **zones}, [NAME, "shop.example.com", "com"], "shop.example.com")
    assert (found.zone, found.validation) == (zone, validation)


@pytest.mark.parametrize(
    ("zones", "name", "reason"),
    [
        ({NAME: {"SOA": "TIMEOUT"}}, NAME, Reason.TIMEOUT),
        ({NAME: {"SOA": SOA, "A": ["192.168.1.2"]}}, NAME, Reason.WRONG_VANTAGE),
        ({NAME: {"SOA": "SERVFAIL"}}, NAME, Reason.SERVFAIL),
        ({NAME: {"SOA": "BOGUS", "DS": "BOGUS"}}, NAME, Reason.SERVFAIL),
        ({NAME: {"SOA": SOA, "DS": "TIMEOUT"}}, NAME, Reason.TIMEOUT),
        ({}, NAME, Reason.NO_SUCH_NAME),
        ({NAME: {}}, NAME, Reason.INCONCLUSIVE),
        ({"com": {}}, "com", Reason.INCONCLUSIVE),
        ({"a.b.c.d.e.example.com": {}}, "a.b.c.d.e.example.com", Reason.INCONCLUSIVE),
    ],
)
def test_what_cannot_be_told_is_a_failure(zones: Zones, name: str, reason: Reason) -> None:
    found = seen(zones, name=name)
    assert isinstance(found, Failed)
    assert found.reason is reason
