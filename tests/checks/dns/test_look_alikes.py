from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.dns import collect_look_alikes, look_alike, look_alikes
from posture.checks.dns.facts import Delegation, Likeness, LookAlike, LookAlikes, NameServer
from posture.model import Domain, Failed, Reason, Seen, Status, Verdict
from posture.targets import domain as canonical
from posture.testing import FakeNet, FakeResolver, observe
from tests.checks.pages import wording_problems

NAME = "smile-lab.com"
SWAPPED = "smile-alb.com"
OWN = ("ns1.dns.example", "ns2.dns.example")
PARKING = ("ns.parking.example",)
SERVED = Delegation(domain=NAME, servers=tuple(NameServer(name=name) for name in OWN))
UNSEEN = Failed(reason=Reason.TIMEOUT)


def test_each_kind_of_likeness_is_there() -> None:
    found = look_alike.similar(NAME)
    assert found["smile-lab.net"] is Likeness.TOP_LEVEL
    assert found["smi1e-lab.com"] is Likeness.HOMOGLYPH
    assert found["srnile-lab.com"] is Likeness.HOMOGLYPH
    assert found["smilelab.com"] is Likeness.HYPHEN
    assert found[SWAPPED] is Likeness.TRANSPOSITION
    assert found["smle-lab.com"] is Likeness.OMISSION
    assert NAME not in found
    assert "smile--lab.com" not in found


@pytest.mark.parametrize(
    ("domain", "names"),
    [
        ("abc.de", {"abc.com", "abc.net", "abc.org"}),
        ("xn--zahnrzte-2za.de", {f"xn--zahnrzte-2za.{end}" for end in ("com", "net", "org")}),
        ("b-w.org", {"b-w.com", "b-w.net", "bw.org", "b-vv.org"}),
    ],
)
def test_few_names_where_few_deceive(domain: str, names: set[str]) -> None:
    assert set(look_alike.similar(domain)) == names


def test_a_country_has_an_end_of_its_own() -> None:
    assert look_alike.similar("example.co.uk")["example.uk"] is Likeness.TOP_LEVEL


LABELS = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?\Z")


@given(LABELS, st.sampled_from(["com", "de", "co.uk", "example"]))
def test_names_are_few_sound_and_always_the_same(label: str, suffix: str) -> None:
    domain = f"{label}.{suffix}"
    found = look_alike.similar(domain)
    assert len(found) <= look_alike.MOST
    assert domain not in found
    assert list(found) == list(look_alike.similar(domain))
    for name in found:
        assert canonical(name) == name


def holder(
    name: str = SWAPPED, servers: tuple[str, ...] = PARKING, *, mail: bool = True
) -> LookAlike:
    return LookAlike(
        name=name, likeness=Likeness.TRANSPOSITION, name_servers=servers, receives_mail=mail
    )


def fact(
    *found: LookAlike, domain: str = NAME, asked: int = 30, reason: Reason | None = None
) -> LookAlikes:
    return LookAlikes(
        domain=domain,
        name_servers=OWN,
        asked=asked,
        found=found,
        unseen=2 if reason else 0,
        reason=reason,
    )


PASS, FAIL, UNKNOWN, MOOT = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
CASES = [
    ([fact()], PASS, "ok"),
    ([fact(holder())], FAIL, "found"),
    ([fact(holder(), reason=Reason.TIMEOUT)], FAIL, "found"),
    ([fact(), fact(reason=Reason.TIMEOUT)], UNKNOWN, "unseen"),
    # Nobody can write from it and get an answer.
    ([fact(holder(mail=False))], PASS, "ok"),
    # It is served like the company's own names, or is one of them.
    ([fact(holder(servers=OWN))], PASS, "ok"),
    ([fact(holder()), fact(domain=SWAPPED, asked=0)], PASS, "ok"),
    ([fact(asked=0)], MOOT, "nothing"),
]


def judged(facts: list[LookAlikes]) -> Verdict:
    return look_alikes.unused([Seen(Domain(name=one.domain), one) for one in facts])


@pytest.mark.parametrize(("facts", "status", "says"), CASES)
def test_every_case(facts: list[LookAlikes], status: Status, says: str) -> None:
    verdict = judged(facts)
    assert (verdict.status, verdict.says) == (status, says)
    assert (verdict.fix is not None) == (status is FAIL)
    assert (verdict.reason is not None) == (status is UNKNOWN)


def test_every_text_is_used_and_can_be_filled() -> None:
    verdicts = [judged(facts) for facts, _, _ in CASES]
    assert wording_problems("posture.checks.dns", "dns.look_alikes.unused", verdicts) == []


def test_a_name_that_two_domains_lead_to_is_told_once() -> None:
    verdict = judged([fact(holder()), fact(holder(), domain="smile-bal.com")])
    assert (verdict.values["count"], verdict.values["asked"]) == (1, 60)
    (seen,) = verdict.evidence
    assert seen.source == f"NS, MX {SWAPPED}"
    assert seen.record == "two letters swapped; served by ns.parking.example"


def seen(
    zones: dict[str, dict[str, Any]],
    *,
    sends_mail: bool | None = True,
    name: str = NAME,
    delegation: Delegation | Failed = SERVED,
) -> tuple[Any, list[tuple[str, str]]]:
    resolver = FakeResolver(zones)
    domain = Domain(name=name, sends_mail=sends_mail)
    found = observe(collect_look_alikes.look_alikes, domain, delegation, FakeNet(resolver))
    return found, resolver.asked


def test_who_holds_a_name_is_asked_for_its_mail_servers() -> None:
    servers = {"NS": ["ns.parking.example."]}
    found, asked = seen(
        {
            SWAPPED: {**servers, "MX": ["10 mx.parking.example."]},
            "smilelab.com": {**servers, "MX": ["0 ."]},
            "smile-la.com": servers,
            "simle-lab.com": {"CNAME": ["smile-lab.net."]},
            "smile-lab.net": {**servers, "MX": "TIMEOUT"},
            "smile-lab.org": {"NS": "SERVFAIL"},
        }
    )
    assert {one.name: one.receives_mail for one in found.found} == {
        SWAPPED: True,
        "smilelab.com": False,
        "smile-la.com": False,
    }
    assert {one.name_servers for one in found.found} == {PARKING}
    assert (found.unseen, found.reason) == (2, Reason.TIMEOUT)
    assert found.name_servers == OWN
    assert found.asked == len(look_alike.similar(NAME))
    assert len(asked) == found.asked + 4
    assert {rdtype for _, rdtype in asked} == {"NS", "MX"}


@pytest.mark.parametrize("sends_mail", [None, False])
def test_nobody_is_asked_about_a_domain_that_is_not_known_to_send(sends_mail: bool | None) -> None:
    found, asked = seen({}, sends_mail=sends_mail)
    assert (found.asked, found.found, found.unseen, asked) == (0, (), 0, [])


@pytest.mark.parametrize("name", ["www.example.com", "co.uk"])
def test_nobody_is_asked_about_a_name_that_nobody_registered(name: str) -> None:
    found, asked = seen({}, name=name)
    assert (found.asked, asked) == (0, [])


def test_own_name_servers_need_not_be_known() -> None:
    found, _ = seen({}, delegation=UNSEEN)
    assert (found.name_servers, found.found, found.reason) == ((), (), None)
