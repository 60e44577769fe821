"""Zones and resolvers that bomb, loop, lie and keep silent: every case of the list, by its number.

Each is a resolver on loopback, or two, and one audit of a domain by them. The audit ends, takes no
memory to speak of, meets no bug, and claims nothing that the resolver did not give it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from posture.model import Status
from tests.hostile.test_smtp_peers import CASES as MAIL
from tests.hostile.twists import (
    DMARC,
    answering,
    bogus,
    chained,
    coded,
    copied,
    cut_off,
    denied,
    early,
    flipping,
    in_half,
    keeping_silent,
    led_astray,
    living,
    mute,
    pointing_at_itself,
    policy,
    referral,
    sender,
    silent,
    texts,
    vouching,
    with_wrong_id,
    with_wrong_question,
    zones,
)
from tests.hostile.worlds import NAME, World, audited, office, rows

PASS, FAIL, UNKNOWN = Status.PASS, Status.FAIL, Status.UNKNOWN
Says = dict[str, tuple[Status, str]]
UNSEEN: Says = dict.fromkeys(
    ("email.dmarc.present", "email.dmarc.enforced", "email.spf.present", "email.spf.valid"),
    (UNKNOWN, "engine.failed"),
)
WHOLE: Says = dict.fromkeys(
    ("email.dmarc.enforced", "email.spf.lookups", "email.spf.valid", "email.mx.sane"), (PASS, "ok")
)
"""What the office of these tests is found to be by a resolver that does nothing to it."""


def dmarc(status: Status, says: str) -> Says:
    return {"email.dmarc.present": (status, says)}


def spf(status: Status, says: str, topic: str = "valid") -> Says:
    return {f"email.spf.{topic}": (status, says)}


def mx(status: Status, says: str) -> Says:
    return {"email.mx.sane": (status, says)}


@dataclass
class Case:
    """A resolver, and what the audit may say by it."""

    says: Says
    world: World = field(default_factory=World)
    second: World | None = None
    name: str = NAME
    hasty: bool = False
    """The peer keeps silent, so nobody waits long."""


def named(name: str) -> Case:
    """A domain of this name, with all it needs."""
    return Case(WHOLE, World(office(name)), name=name)


BIG = " ".join(f'"{"a" * 250}"' for _ in range(240))
MANY = " ".join('"y"' for _ in range(500))
HOSTILE = r'"v=spf1 mx \027[2J\027]0;x\007<img/onerror=x> \255\254 -all"'
TREE = {
    f"t{number}": f"v=spf1 include:t{2 * number + 1}.{NAME} include:t{2 * number + 2}.{NAME} ?all"
    for number in range(300)
}
VOID = " ".join(f"a:gone{number}.{NAME}" for number in range(4))
REJECT = "v=DMARC1; p=reject"

CASES = {
    "D1 SERVFAIL": Case(UNSEEN, coded(2)),
    "D1 REFUSED": Case(UNSEEN, coded(5)),
    "D1 a code that does not exist": Case(UNSEEN, coded(13)),
    "D1 silence": Case(UNSEEN, texts(silent), hasty=True),
    "D1 lame": Case(UNSEEN, texts(referral)),
    "D2 truncated, TCP refused": Case(UNSEEN, texts(cut_off, refuses_tcp=True), hasty=True),
    "D2 truncated, TCP silent": Case(UNSEEN, texts(cut_off, mute), hasty=True),
    "D2 truncated, TCP cut off": Case(UNSEEN, texts(cut_off, in_half)),
    "D2 truncated, whole over TCP": Case(WHOLE, texts(cut_off)),
    "D3 pointer to itself": Case(UNSEEN, texts(pointing_at_itself)),
    "D4 wrong id": Case(UNSEEN, texts(with_wrong_id), hasty=True),
    "D4 wrong question": Case(UNSEEN, texts(with_wrong_question), hasty=True),
    "D4 forgeries before the answer": Case(WHOLE, texts(early(with_wrong_id, with_wrong_question))),
    "D4 records of another name": Case(
        dmarc(UNKNOWN, "engine.failed"),
        World(twist=answering('other.example. 9 IN TXT "v=DMARC1; p=none"')),
    ),
    "D5 chain of 50": Case(dmarc(UNKNOWN, "engine.failed"), chained(50)),
    "D5 chain of 12": Case(dmarc(PASS, "ok"), chained(12)),
    "D5 loop": Case(dmarc(UNKNOWN, "engine.failed"), chained(3, loop=True)),
    "D5 two targets": Case(
        dmarc(UNKNOWN, "engine.failed"),
        World(twist=answering(f"{DMARC}. 9 IN CNAME a.{NAME}.", f"{DMARC}. 9 IN CNAME b.{NAME}.")),
    ),
    "D5 DNAME without its CNAME": Case(
        dmarc(UNKNOWN, "engine.failed"),
        World(twist=answering(f"{NAME}. 9 IN DNAME elsewhere.example.")),
    ),
    "D5 alias to a name that nobody holds": Case(
        {**dmarc(FAIL, "none"), "dns.references.registered": (FAIL, "missing")},
        zones((DMARC, "CNAME", "d.lapsed.test."), ("test", "NS", "ns.demo.example.")),
    ),
    "D6 text of 60 kB": Case(WHOLE, zones((NAME, "TXT", '"v=spf1 mx -all"'), (NAME, "TXT", BIG))),
    "D6 SPF record of 60 kB": Case(
        spf(UNKNOWN, "engine.failed"), zones((NAME, "TXT", f'"v=spf1 " {BIG}'))
    ),
    "D6 500 strings": Case(WHOLE, zones((NAME, "TXT", '"v=spf1 mx -all"'), (NAME, "TXT", MANY))),
    "D6 control characters and markup": Case(spf(FAIL, "character"), zones((NAME, "TXT", HOSTILE))),
    "D6 300 records": Case(
        spf(UNKNOWN, "engine.failed"), zones(*((NAME, "TXT", f'"{n}"') for n in range(300)))
    ),
    "D7 include bomb": Case(
        spf(FAIL, "too_many", "lookups") | spf(UNKNOWN, "unseen"),
        sender(f"v=spf1 include:t0.{NAME} -all", **TREE),
    ),
    "D7 mutual recursion": Case(
        spf(FAIL, "loop", "lookups"),
        sender(f"v=spf1 include:a.{NAME} -all", a=f"v=spf1 include:{NAME} -all"),
    ),
    "D7 void lookups": Case(spf(FAIL, "voids", "lookups"), sender(f"v=spf1 {VOID} -all")),
    "D7 void or not: silence": Case(
        spf(UNKNOWN, "unseen", "lookups"),
        keeping_silent(sender(f"v=spf1 {VOID} -all"), *(f"gone{n}.{NAME}" for n in range(4))),
        hasty=True,
    ),
    "D8 two records": Case(dmarc(FAIL, "several"), policy(REJECT, "v=DMARC1; p=none")),
    "D8 version in small letters": Case(dmarc(FAIL, "none"), policy("v=dmarc1; p=reject")),
    "D8 tag in capitals": Case(dmarc(PASS, "ok"), policy("V=DMARC1; P=Reject")),
    "D8 leading space": Case(dmarc(FAIL, "none"), policy(f" {REJECT}")),
    "D8 byte order mark": Case(dmarc(FAIL, "none"), policy(rf"\239\187\191{REJECT}")),
    "D8 version alone": Case(dmarc(FAIL, "unusable"), policy("v=DMARC1")),
    "D9 an address for every name": Case(
        {
            "dns.references.registered": (UNKNOWN, "engine.failed"),
            "dns.delegation.diverse": (UNKNOWN, "engine.failed"),
            **mx(UNKNOWN, "engine.failed"),
            **spf(UNKNOWN, "engine.failed", "lookups"),
            **dmarc(PASS, "ok"),
        },
        led_astray(),
    ),
    "D9 every text denied by no zone": Case(spf(UNKNOWN, "engine.failed"), texts(denied)),
    "D10 null MX": Case(mx(PASS, "null"), zones((NAME, "MX", "0 ."))),
    "D10 null MX and another": Case(
        mx(FAIL, "mixed"), zones((NAME, "MX", "0 ."), (NAME, "MX", f"10 mail.{NAME}."))
    ),
    "D10 alias": Case(
        mx(FAIL, "alias"),
        zones((NAME, "MX", f"10 m.{NAME}."), (f"m.{NAME}", "CNAME", f"mail.{NAME}.")),
    ),
    "D10 RFC 1918": Case(mx(UNKNOWN, "inside"), zones((f"mail.{NAME}", "A", "10.1.2.3"))),
    "D10 address, not name": Case(mx(FAIL, "literal"), zones((NAME, "MX", "10 192.0.2.25."))),
    "D10 NUL in the name": Case(mx(FAIL, "bad_name"), zones((NAME, "MX", rf"10 \000m.{NAME}."))),
    "D11 bogus": Case(
        {**UNSEEN, "dns.dnssec.valid": (FAIL, "bogus")}, bogus(f"TXT {NAME}", f"TXT {DMARC}")
    ),
    "D11 expired signature of one record": Case(
        {**WHOLE, "dns.dnssec.valid": (FAIL, "bogus")}, bogus()
    ),
    "D11 validated, says a forwarder": Case(
        {
            "dns.dnssec.valid": (UNKNOWN, "unfounded"),
            "dns.dnssec.signed": (UNKNOWN, "unfounded"),
        },
        World(twist=vouching),
    ),
    "D11 signed, and a forwarder that copies our flags": Case(
        {
            "dns.dnssec.valid": (UNKNOWN, "unchecked"),
            "dns.dnssec.signed": (PASS, "ok"),
        },
        copied(),
    ),
    "D12 IDN": named("xn--mnchen-3ya.example"),
    "D12 label of 63": named(f"{'a' * 63}.example"),
    "D12 name of 245": named(f"{'b' * 57}." * 4 + "example"),
    "D12 underscore": named("_a.b_c.example"),
    "D12 top level": named("example"),
    "D12 raw letters in SPF": Case(
        spf(FAIL, "character"), sender(r"v=spf1 include:m\195\188nchen.example -all")
    ),
    "D13 the second resolver denies": Case(WHOLE, World(), World(twist=denied)),
    "D13 the first resolver fails": Case(WHOLE, coded(2), World()),
    "D13 each question another answer": Case(dmarc(UNKNOWN, "engine.failed"), flipping()),
    "D14 TTL 0": Case(WHOLE, living(0)),
    "D14 TTL 2^31": Case(WHOLE, living(1 << 31)),
    "D14 TTL 2^32-1": Case(WHOLE, living((1 << 32) - 1)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_resolver_or_zone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[name]
    monkeypatch.setattr("posture.net.dns.TCP_SECONDS", 0.3 if case.hasty else 20.0)
    worlds = [case.world, case.second] if case.second else [case.world]
    greedy = name.startswith(("D5", "D6", "D7"))
    patience = {"hasty": case.hasty, "greedy": greedy}
    found = rows(audited(*worlds, patch=monkeypatch, name=case.name, **patience))
    assert {check: found.get(check) for check in case.says} == case.says


def test_of_a_name_that_does_not_exist_nothing_else_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = rows(audited(World(), patch=monkeypatch, name="exmaple.example"))
    decided = {check: says for check, says in found.items() if says[0] in {PASS, FAIL}}
    assert decided == {"dns.domain.exists": (FAIL, "missing")}


@pytest.mark.parametrize(
    "item", [*(f"D{n}" for n in range(1, 15)), *(f"S{n}" for n in range(1, 6))]
)
def test_every_item_of_the_list_has_a_case(item: str) -> None:
    assert [name for name in (*CASES, *MAIL) if name.split()[0] == item]
