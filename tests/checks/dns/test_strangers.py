from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from posture.checks.dns import collect_strangers, strangers
from posture.checks.dns.server_facts import (
    Authority,
    Recursion,
    ServerVersion,
    Service,
    ZoneAnswer,
    ZoneTransfer,
)
from posture.model import ACTIVE, CollectError, Failed, NameServer, Reason, Status, Verdict, View
from posture.net import Statement, Transfer
from posture.testing import FakeNet, observe
from tests.checks.pages import wording_problems

HOST, ZONE, AT = "ns1.host.example", "example.com", "192.0.2.1"
SERVER = NameServer(host=HOST, zone=ZONE, owned=True)
HERE: dict[str, Any] = {"host": HOST, "zone": ZONE, "address": AT}
PASS, FAIL, UNKNOWN, MOOT = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
GIVEN: dict[str, Any] = {"said": "NOERROR", "begun": True, "octets": 900}


def transfer(**fields: Any) -> Verdict:
    return strangers.transfer(ZoneTransfer(**HERE | fields))


def recursion(**fields: Any) -> Verdict:
    return strangers.recursion(Recursion(**HERE | {"name": "example.com"} | fields))


def version(**fields: Any) -> Verdict:
    return strangers.version(ServerVersion(**HERE | fields))


ANSWER: dict[str, Any] = {"said": "NOERROR", "offered": True, "records": ("192.0.2.80",)}
CASES = {
    "transfer": [
        (transfer(said="REFUSED"), PASS, "ok"),
        (transfer(said="no connection"), PASS, "ok"),
        (transfer(said="NOERROR"), PASS, "ok"),
        # Records that do not begin as a transfer does are none.
        (transfer(said="NOERROR", records=9), PASS, "ok"),
        (transfer(**GIVEN, records=2), FAIL, "given"),
        (transfer(**GIVEN, records=1), UNKNOWN, "short"),
        (transfer(**GIVEN, records=2, inside=True), UNKNOWN, "inside"),
        (transfer(said="REFUSED", inside=True), PASS, "ok"),
        (transfer(address=""), MOOT, "lame"),
    ],
    "recursion": [
        (recursion(said="REFUSED"), PASS, "ok"),
        (recursion(said="REFUSED", offered=True), PASS, "ok"),
        (recursion(said="NOERROR"), PASS, "ok"),
        # An answer without the offer was not fetched for us.
        (recursion(**ANSWER | {"offered": False}), PASS, "ok"),
        (recursion(**ANSWER), FAIL, "open"),
        (recursion(**ANSWER, inside=True), UNKNOWN, "inside"),
        (recursion(**ANSWER, authoritative=True), UNKNOWN, "promised"),
        (recursion(said="SERVFAIL", offered=True), UNKNOWN, "promised"),
        (recursion(address=""), MOOT, "lame"),
    ],
    "version": [
        (version(said="REFUSED"), PASS, "ok"),
        (version(said="NOERROR", text="none of your business"), PASS, "ok"),
        (version(said="NOERROR", text="9.18.4-Debian"), FAIL, "told"),
        (version(address=""), MOOT, "lame"),
    ],
}
FLAT = [case for cases in CASES.values() for case in cases]


@pytest.mark.parametrize(("verdict", "status", "says"), FLAT)
def test_all(verdict: Verdict, status: Status, says: str) -> None:
    assert (verdict.status, verdict.says) == (status, says)
    assert (verdict.fix is not None) == (status is FAIL)
    assert (verdict.reason is not None) == (status is UNKNOWN)
    assert bool(verdict.evidence) == (status is not MOOT)


@pytest.mark.parametrize("check", CASES)
def test_every_text_is_used_and_can_be_filled(check: str) -> None:
    verdicts = [case[0] for case in CASES[check]]
    assert wording_problems("posture.checks.dns", f"dns.servers.{check}", verdicts) == []


def test_the_evidence_says_what_was_asked_of_whom() -> None:
    (copy,) = transfer(**GIVEN, records=2).evidence
    assert copy.source == "AXFR example.com, asked of ns1.host.example"
    assert copy.record == "NOERROR: 2 records, 900 octets, then we hung up"
    (answer,) = recursion(**ANSWER).evidence
    assert answer.record == "NOERROR RA: 192.0.2.80"


SERVES = ZoneAnswer(address=AT, service=Service.SERVES)
LAME = ZoneAnswer(address="192.0.2.9", service=Service.REFUSES)
LOST = ZoneAnswer(address="192.0.2.8", service=Service.UNSEEN, reason=Reason.TIMEOUT)
QUESTIONS = {
    "transfer": f"AXFR {ZONE}",
    "recursion": "A example.com",
    "version": "TXT version.bind",
}


def seen(
    what: str, said: Any, *answers: ZoneAnswer, vantage: View | None = None
) -> tuple[Any, list[tuple[str, str]]]:
    net = FakeNet({HOST: {"A": [AT]}}, servers={AT: {QUESTIONS[what]: said}})
    net.vantage = vantage
    authority = Authority(host=HOST, zone=ZONE, answers=answers or (LAME, SERVES))
    return observe(getattr(collect_strangers, what), SERVER, authority, net), net.asked


def test_a_transfer() -> None:
    came = Transfer(rcode="NOERROR", records=9, octets=900, begun=True)
    found, asked = seen("transfer", came, vantage=View.EXTERNAL)
    assert found == ZoneTransfer(**HERE, **GIVEN, records=9)
    assert asked == [(AT, f"AXFR {ZONE}")]


def test_a_server_that_takes_no_connection_gives_no_copy() -> None:
    found, _ = seen("transfer", CollectError(Reason.REFUSED, "closed"))
    assert found == ZoneTransfer(**HERE, said="no connection", inside=True)


def test_recursion() -> None:
    said = Statement(rcode="NOERROR", recursive=True, records=("192.0.2.80",) * 9)
    found, asked = seen("recursion", said, vantage=View.EXTERNAL)
    fields = ANSWER | {"records": ("192.0.2.80",) * 8}
    assert found == Recursion(**HERE, **fields, name="example.com")
    assert asked == [(AT, "A example.com")]


@pytest.mark.parametrize(
    ("records", "text"), [((), ""), (("9.18.4", "second"), "9.18.4"), (("x" * 300,), "x" * 200)]
)
def test_version(records: tuple[str, ...], text: str) -> None:
    found, asked = seen("version", Statement(rcode="NOERROR", records=records))
    assert found == ServerVersion(**HERE, said="NOERROR", text=text)
    assert asked == [(AT, "TXT version.bind")]


@pytest.mark.parametrize("what", QUESTIONS)
def test_silence_is_no_verdict(what: str) -> None:
    found, _ = seen(what, CollectError(Reason.TIMEOUT, "late"))
    assert isinstance(found, Failed)
    assert found.reason is Reason.TIMEOUT


@pytest.mark.parametrize("what", QUESTIONS)
def test_only_what_was_seen_to_have_the_zone_is_asked(what: str) -> None:
    found, asked = seen(what, None, LAME)
    assert (found.address, asked) == ("", [])
    found, asked = seen(what, None, LAME, LOST)
    assert (found.reason, asked) == (Reason.TIMEOUT, [])


@pytest.mark.parametrize(
    ("vantage", "inside"), [(View.EXTERNAL, False), (View.INTERNAL, True), (None, True)]
)
def test_only_outside_are_we_strangers(vantage: View | None, inside: bool) -> None:
    for what, said in ("transfer", Transfer(rcode="REFUSED")), ("recursion", Statement(rcode="X")):
        assert seen(what, said, vantage=vantage)[0].inside is inside


@pytest.mark.parametrize("what", QUESTIONS)
def test_each_needs_consent(what: str) -> None:
    assert getattr(collect_strangers, what).__posture__.consent == ACTIVE


def test_a_zone_without_any_address_is_not_asked_for() -> None:
    authority = Authority(host=HOST, zone=ZONE, answers=())
    found = observe(collect_strangers.version, SERVER, authority, FakeNet())
    assert replace(found, said="") == ServerVersion(host=HOST, zone=ZONE, address="")
