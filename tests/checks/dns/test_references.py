from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.dns import collect_references, named, references
from posture.checks.dns.facts import (
    Delegation,
    DomainAddresses,
    Existence,
    HostAddresses,
    NameServer,
    Place,
    References,
    Root,
)
from posture.checks.email.facts import (
    DmarcAnswer,
    DmarcDiscovery,
    Mx,
    MxHost,
    Outcome,
    SpfDiscovery,
    SpfLookup,
)
from posture.model import CollectError, Domain, Failed, Reason, Status, Verdict
from posture.net import Absent, Answer
from posture.testing import FakeNet, FakeResolver
from tests.checks.pages import wording_problems

NAME = "example.com"
DOMAIN = Domain(name=NAME)
GONE = "gone.net"
OUTLOOK = f"autodiscover.{NAME}"
Zones = dict[str, dict[str, list[str] | str]]


def lookup(target: str, outcome: Outcome = Outcome.NONE, **fields: Any) -> SpfLookup:
    given = {"depth": 0, "holder": NAME, "term": f"include:{target}", **fields}
    return SpfLookup(target=target, outcome=outcome, **given)


def spf(*lookups: SpfLookup, truncated: bool = False) -> SpfDiscovery:
    return SpfDiscovery(domain=NAME, records=(), lookups=lookups, referred=(), truncated=truncated)


def mx(*hosts: MxHost) -> Mx:
    return Mx(domain=NAME, hosts=hosts)


def dmarc(*answers: DmarcAnswer) -> DmarcDiscovery:
    return DmarcDiscovery(domain=NAME, answers=answers, consents=())


def host(name: str, *chain: str, ipv4: tuple[str, ...] = ()) -> HostAddresses:
    return HostAddresses(name=name, ipv4=ipv4, ipv6=(), chain=chain)


def servers(*found: NameServer) -> Delegation:
    return Delegation(domain=NAME, servers=found)


NOTHING: dict[str, Any] = {
    "spf": spf(),
    "mx": mx(),
    "dmarc": dmarc(),
    "addresses": DomainAddresses(hosts=()),
    "delegation": servers(),
}
WORLD: Zones = {"net": {"NS": ["a.net."]}, "com": {"NS": ["a.com."]}, NAME: {"TXT": ["x"]}}


def seen(zones: Zones | None = None, net: FakeNet | None = None, **facts: Any) -> Any:
    net = net or FakeNet({**WORLD, **(zones or {})})
    # Handed over by name: among several failed facts the type does not say which is which.
    return asyncio.run(collect_references.references(DOMAIN, **(NOTHING | facts), net=net))


def judged(*args: Any, **facts: Any) -> Verdict:
    return references.registered(seen(*args, **facts))


MISSING: dict[str, Any] = {"spf": spf(lookup(f"_spf.{GONE}"))}
NESTED: dict[str, Any] = {"spf": spf(lookup(f"_spf.{GONE}", holder="mail.net", depth=1))}
TIMEOUT = Failed(reason=Reason.TIMEOUT)
CASES = [
    ("nothing", judged(), Status.PASS, "alone", None),
    ("all there", judged({GONE: {"NS": ["ns.gone.net."]}}, **MISSING), Status.PASS, "ok", None),
    ("no zone of its own", judged({f"a.{GONE}": {"A": ["192.0.2.1"]}}, **MISSING), Status.PASS,
     "ok", None),
    ("gone", judged(**MISSING), Status.FAIL, "missing", "remove"),
    ("gone, though not all was seen", judged(**MISSING, mx=TIMEOUT), Status.FAIL, "missing",
     "remove"),
    ("gone in another's record", judged(**NESTED), Status.FAIL, "missing", "nested"),
    ("silent", judged({GONE: {"NS": "TIMEOUT"}}, **MISSING), Status.UNKNOWN, "unseen", None),
    ("not all was seen", judged(mx=TIMEOUT), Status.UNKNOWN, "unseen", None),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_registered(case: tuple[str, Verdict, Status, str, str | None]) -> None:
    _, verdict, status, says, fix = case
    assert (verdict.status, verdict.says, verdict.fix) == (status, says, fix)
    assert (verdict.reason is not None) == (status is Status.UNKNOWN)


def test_every_text_is_used_and_can_be_filled() -> None:
    verdicts = [case[1] for case in CASES]
    assert wording_problems("posture.checks.dns", "dns.references.registered", verdicts) == []


def test_the_record_to_delete_is_named_with_the_denials() -> None:
    verdict = judged(**MISSING)
    assert verdict.values["records"] == f"    {NAME}: include:_spf.{GONE}"
    assert [f"{each.source}: {each.record}" for each in verdict.evidence] == [
        f"SPF {NAME}: include:_spf.{GONE}",
        f"NS and SOA {GONE}: NXDOMAIN, says net",
    ]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (MISSING, (Place.SPF, NAME, f"include:_spf.{GONE}")),
        ({"mx": mx(MxHost(preference=10, host=f"mx.{GONE}"))},
         (Place.MX, NAME, f"MX 10 mx.{GONE}")),
        ({"mx": mx(MxHost(preference=10, host="mx.example.com", chain=(f"mx.{GONE}",)))},
         (Place.MX, NAME, "MX 10 mx.example.com")),
        ({"delegation": servers(NameServer(name=f"ns.{GONE}"))},
         (Place.NS, NAME, f"NS ns.{GONE}")),
        ({"dmarc": dmarc(DmarcAnswer(
            domain=NAME, records=(f"v=DMARC1; p=none; ruf=mailto:x@{GONE.upper()}!10m",)))},
         (Place.DMARC, f"_dmarc.{NAME}", f"mailto:x@{GONE.upper()}")),
        ({"addresses": DomainAddresses(hosts=(host(f"www.{NAME}", f"w.{NAME}", f"w.{GONE}"),))},
         (Place.CNAME, f"w.{NAME}", f"CNAME w.{GONE}")),
    ],
)  # fmt: skip
def test_every_place_is_looked_through(
    facts: dict[str, Any], expected: tuple[Place, str, str]
) -> None:
    found = seen(**facts)
    (reference,) = found.references
    assert (reference.place, reference.holder, reference.record) == expected
    assert reference.root == GONE
    assert [root.existence for root in found.roots] == [Existence.MISSING]


def test_the_name_that_collects_passwords_is_asked_for() -> None:
    found = seen({OUTLOOK: {"CNAME": [f"x.{GONE}."]}})
    assert [(each.holder, each.target) for each in found.references] == [(OUTLOOK, f"x.{GONE}")]
    assert found.roots[0].existence is Existence.MISSING


@pytest.mark.parametrize(
    "facts",
    [
        {"spf": spf(lookup("", Outcome.MACRO), lookup("_spf.example.com"), lookup("co.uk"))},
        {"mx": mx(MxHost(preference=0, host=""), MxHost(preference=1, host="192.0.2.1"))},
        {"mx": mx(MxHost(preference=0, host="server"), MxHost(preference=1, host="a\\032b.net"))},
        {"dmarc": dmarc(DmarcAnswer(
            domain="com", records=(f"v=DMARC1; p=none; rua=mailto:x@{GONE}",)))},
        {"dmarc": dmarc(DmarcAnswer(domain=NAME, records=("v=DMARC1; rua=https://gone.net",)))},
    ],
)  # fmt: skip
def test_what_no_stranger_can_take_is_no_reference(facts: dict[str, Any]) -> None:
    found = seen(**facts)
    assert (found.references, found.roots) == ((), ())


@pytest.mark.parametrize(
    ("facts", "what", "reason"),
    [
        ({"spf": TIMEOUT}, f"TXT {NAME}", Reason.TIMEOUT),
        ({"mx": TIMEOUT}, f"MX {NAME}", Reason.TIMEOUT),
        ({"dmarc": TIMEOUT}, f"TXT _dmarc.{NAME}", Reason.TIMEOUT),
        ({"delegation": TIMEOUT}, f"NS {NAME}", Reason.TIMEOUT),
        ({"addresses": TIMEOUT}, f"A {NAME}", Reason.TIMEOUT),
        ({"zones": {OUTLOOK: {"A": "SERVFAIL"}}}, f"A {OUTLOOK}", Reason.SERVFAIL),
        ({"spf": spf(lookup("a.net", Outcome.UNSEEN, reason=Reason.REFUSED)),
          "zones": {"a.net": {"NS": ["x."]}}}, "SPF a.net", Reason.REFUSED),
        ({"spf": spf(truncated=True)}, "SPF", Reason.TOO_LARGE),
        ({"dmarc": dmarc(DmarcAnswer(domain=NAME, records=(), reason=Reason.TIMEOUT))},
         f"TXT _dmarc.{NAME}", Reason.TIMEOUT),
    ],
)  # fmt: skip
def test_what_was_not_seen_is_said(facts: dict[str, Any], what: str, reason: Reason) -> None:
    found = seen(**facts)
    assert (found.unseen, found.reason) == ((what,), reason)
    assert references.registered(found).status is Status.UNKNOWN


@pytest.mark.parametrize(
    "facts",
    [
        {"spf": spf(lookup(f"_spf.{GONE}", Outcome.OK))},
        {"mx": mx(MxHost(preference=1, host=f"mx.{GONE}", addresses=("192.0.2.1",)))},
        {"delegation": servers(NameServer(name=f"ns.{GONE}", ipv4=("192.0.2.1",)))},
        {"addresses": DomainAddresses(hosts=(host("x", f"w.{GONE}", ipv4=("192.0.2.1",)),))},
    ],
)
def test_a_name_with_something_beneath_it_is_not_asked_for(facts: dict[str, Any]) -> None:
    resolver = FakeResolver(WORLD)
    found = seen(net=FakeNet(resolver), **facts)
    assert found.roots == (Root(name=GONE, existence=Existence.EXISTS),)
    assert (GONE, "NS") not in resolver.asked


def test_an_alias_in_the_place_of_a_dmarc_record_is_followed() -> None:
    at_home = DmarcAnswer(domain=NAME, records=(), chain=(f"d.{GONE}",))
    above = DmarcAnswer(domain="com", records=(), chain=("d.lost.net",))
    found = seen(dmarc=dmarc(at_home, above))
    (one,) = found.references
    assert (one.place, one.holder, one.record) == (Place.CNAME, f"_dmarc.{NAME}", f"CNAME d.{GONE}")
    assert [root.existence for root in found.roots] == [Existence.MISSING]


class Inventive(FakeResolver):
    """Has an address for every name, as some providers do."""

    async def query(self, name: str, rdtype: str) -> Answer | Absent:
        found = await super().query(name, rdtype)
        if rdtype == "A" and isinstance(found, Absent):
            return Answer(found.name, rdtype, ("203.0.113.66",), False, 60)
        return found


def test_a_server_with_an_address_for_every_name_is_not_believed() -> None:
    with pytest.raises(CollectError, match=r"203\.0\.113\.66") as caught:
        seen(net=FakeNet(Inventive(WORLD)), **MISSING)
    assert caught.value.reason is Reason.INCONCLUSIVE


class Filtering(FakeResolver):
    """Denies one name as filters do: without the zone it would be in, or with one of their own."""

    def __init__(self, zone: str, *, once: bool = False) -> None:
        super().__init__(WORLD)
        self.zone, self.once = zone, once

    async def query(self, name: str, rdtype: str) -> Answer | Absent:
        found = await super().query(name, rdtype)
        if name == GONE and isinstance(found, Absent) and not (self.once and rdtype == "SOA"):
            return replace(found, zone=self.zone)
        return found


@pytest.mark.parametrize("zone", ["", GONE, "rpz.local"])
@pytest.mark.parametrize("once", [True, False])
def test_a_filter_is_not_taken_for_the_registry(zone: str, once: bool) -> None:
    found = seen(net=FakeNet(Filtering(zone, once=once)), **MISSING)
    assert found.roots == (Root(name=GONE, existence=Existence.UNSEEN, reason=Reason.INCONCLUSIVE),)


def test_the_root_may_deny_as_well() -> None:
    found = seen(net=FakeNet(Filtering(".")), **MISSING)
    assert found.roots == (Root(name=GONE, existence=Existence.MISSING, denied_by="."),)


def test_a_name_under_no_top_level_can_be_taken_by_nobody() -> None:
    found = seen(mx=mx(MxHost(preference=1, host="server.practice.local")))
    assert found.roots == (
        Root(name="practice.local", existence=Existence.INTERNAL, denied_by="."),
    )
    assert references.registered(found).status is Status.PASS


def test_an_alias_to_nowhere_is_still_somebodys() -> None:
    """The reply says NXDOMAIN of the target (RFC 6604 §3), not of the name that was asked for."""
    found = seen({GONE: {"CNAME": ["nowhere.net."]}}, **MISSING)
    assert [root.existence for root in found.roots] == [Existence.EXISTS]


def test_a_crowd_of_names_is_asked_for_in_part_and_that_is_said() -> None:
    found = seen(spf=spf(*(lookup(f"x{number}.net") for number in range(250))))
    assert len(found.references) == 200
    assert len(found.roots) == 250
    states = [root.existence for root in found.roots]
    assert states[29:31] == [Existence.MISSING, Existence.UNSEEN]
    crowd = [each for each in found.roots if each.existence is Existence.UNSEEN]
    verdict = references.registered(replace(found, roots=tuple(crowd)))
    assert (verdict.status, verdict.reason) == (Status.UNKNOWN, Reason.TOO_LARGE)


def test_a_gap_without_a_reason_is_inconclusive() -> None:
    fact = References(domain=NAME, references=(), roots=(), unseen=("x",))
    assert references.registered(fact).reason is Reason.INCONCLUSIVE


def test_references_are_counted_by_name() -> None:
    found = seen({GONE: {"NS": ["x."]}}, spf=spf(lookup(f"a.{GONE}"), lookup(f"b.{GONE}")))
    assert references.registered(found).values["count"] == 1


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_names_something_or_nothing(text: str, target: str) -> None:
    record = f"v=DMARC1; rua=mailto:{text}@{target}"
    for found in (
        named.in_dmarc(NAME, dmarc(DmarcAnswer(domain=NAME, records=(record, text)))),
        named.in_mx(NAME, mx(MxHost(preference=1, host=target))),
        named.in_spf(NAME, spf(lookup(target))),
    ):
        for mention in found.mentions:
            assert mention.target.isascii()
            assert "." in mention.target
