import ipaddress
import random
from typing import Any

import pytest

from posture.checks.email.check_host import Limits, Result, check_host
from posture.checks.email.facts import SpfDiscovery
from posture.checks.email.spf_plan import MOST_PIECES, Plan, shortened
from tests.checks.email.world import NAME, Zones, spf, text
from tests.checks.email.zone import lookup

LIMITS = Limits()
FREE = Limits(lookups=200, voids=200)
HERE = {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]}


def shorter(zones: Zones, limits: Limits = LIMITS) -> Plan | None:
    return shortened(spf(zones), limits)


def provider(count: int, **others: str) -> dict[str, Any]:
    """A record of ``count`` includes, each of them one lookup and one range."""
    names = [f"p{number}.example" for number in range(count)]
    return {
        name: {"TXT": [f"v=spf1 ip4:198.51.{number}.0/24 ~all"]}
        for number, name in enumerate(names)
    } | text("", **others)


def own(zones: dict[str, Any], record: str, **node: Any) -> dict[str, Any]:
    return {**zones, NAME: {"TXT": [record], **node}}


INCLUDES = " ".join(f"include:p{number}.example" for number in range(10))
NINE = INCLUDES.removesuffix(" include:p9.example")
SIX = INCLUDES[INCLUDES.index("include:p4") :]
SERVERS = {"MX": ["0 mail.example."], "A": ["192.0.2.1"]}
WORLD = provider(12) | {
    "mail.example": HERE,
    "both.example": {"TXT": ["v=spf1 include:p1.example include:p2.example ?include:p3.example"]},
    "maybe.example": {"TXT": ["v=spf1 ip4:203.0.113.0/24 include:p9.example ~all"]},
}
SAFE: list[tuple[str, str, str, int]] = [
    ("there twice", f"v=spf1 {INCLUDES} include:P0.example -all", f"v=spf1 {INCLUDES} -all", 10),
    (
        "nested",
        "v=spf1 include:p1.example include:both.example include:p2.example a a a mx mx -all",
        "v=spf1 include:both.example a mx -all",
        6,
    ),
    (
        "dead hosts",
        "v=spf1 a:x.example mx:y.example ip4:192.0.2.7 exists:z.example ~all",
        "v=spf1 ip4:192.0.2.7 ~all",
        0,
    ),
    ("dead include", f"v=spf1 include:gone.example {INCLUDES} -all", f"v=spf1 {INCLUDES} -all", 10),
    (
        "covered",
        f"v=spf1 mx ip4:192.0.2.0/28 ip6:2001:db8::/64 {INCLUDES} -all",
        f"v=spf1 ip4:192.0.2.0/28 ip6:2001:db8::/64 {INCLUDES} -all",
        10,
    ),
    (
        "covered only as far as needed",
        f"v=spf1 a mx ip4:192.0.2.1 ip6:2001:db8::1 {NINE} -all",
        f"v=spf1 mx ip4:192.0.2.1 ip6:2001:db8::1 {NINE} -all",
        10,
    ),
    (
        "a and mx are the same server",
        f"v=spf1 a:mail.example mx {INCLUDES} -all",
        f"v=spf1 mx {INCLUDES} -all",
        11,
    ),
    (
        "a term that is never reached",
        f"v=spf1 mx ?a:mail.example {INCLUDES} -all",
        f"v=spf1 mx {INCLUDES} -all",
        11,
    ),
]


@pytest.mark.parametrize(("name", "record", "left", "lookups"), SAFE, ids=[s[0] for s in SAFE])
def test_what_can_go_goes(name: str, record: str, left: str, lookups: int) -> None:
    plan = shorter(own(WORLD, record, **SERVERS))
    assert plan
    assert (plan.record, plan.lookups, plan.voids) == (left, lookups, 0)
    assert sorted([*plan.removed, *left.split()]) == sorted(record.split())


KEPT = [
    ("nothing to spare", f"{INCLUDES} include:p11.example"),
    ("an include that is only covered", f"ip4:198.51.0.0/16 {INCLUDES} a:mail.example"),
    ("asked, but not allowed", f"include:both.example include:p3.example {SIX} mx"),
    ("a macro", f"exists:%{{i}}.example {INCLUDES} mx mx"),
    ("ptr", f"ptr {INCLUDES} mx mx"),
    ("an error beneath", f"include:bad.example {INCLUDES} mx mx"),
    ("an answer that did not come", f"a:slow.example {INCLUDES} mx mx"),
    ("a host half seen", f"a:half.example {INCLUDES} mx mx"),
    ("a server not seen", f"mx:halves.example {INCLUDES} mx mx"),
    ("an order that matters", f"-ip4:192.0.2.1 {INCLUDES} ip4:192.0.2.1 a:mail.example"),
]
HARD: dict[str, Any] = {
    "bad.example": {"TXT": ["v=spf1 include:gone.example -all"]},
    "slow.example": {"A": "TIMEOUT", "AAAA": "TIMEOUT"},
    "half.example": {"A": ["192.0.2.1"], "AAAA": "TIMEOUT"},
    "halves.example": {"MX": ["0 half.example."]},
}


@pytest.mark.parametrize(("name", "terms"), KEPT, ids=[kept[0] for kept in KEPT])
def test_what_is_needed_or_not_known_stays(name: str, terms: str) -> None:
    assert shorter(own(WORLD | HARD, f"v=spf1 {terms} -all", **SERVERS)) is None


def test_a_tree_that_was_not_followed_to_its_end_is_not_edited() -> None:
    assert shorter(text(f"v=spf1 {'a ' * 300}-all")) is None


def test_a_record_of_too_many_ranges_is_not_proven() -> None:
    inner = {
        f"r{n}.example": {
            "TXT": [" ".join(["v=spf1", *(f"ip4:10.{n}.{i}.0/25" for i in range(240))])]
        }
        for n in range(MOST_PIECES // 480 + 1)
    }
    record = " ".join(["v=spf1", *(f"include:{name}" for name in inner), "mx mx -all"])
    assert shorter(own(WORLD | inner, record, **SERVERS)) is None


def ranges(zones: Zones) -> list[Any]:
    """Every range that any record of the zones names."""
    words = [
        word for node in zones.values() for record in node.get("TXT", ()) for word in record.split()
    ]
    return [
        ipaddress.ip_network(word.partition(":")[2], strict=False)
        for word in words
        if word.startswith(("ip4:", "ip6:"))
    ]


def clients(draw: random.Random, zones: Zones, count: int) -> list[str]:
    """Random addresses, half of them in a range that a record names or next to it."""
    found: list[str] = ["192.0.2.1", "2001:db8::1"]
    for network in ranges(zones):
        edges = {int(network[0]) - 1, int(network[0]), int(network[-1]), int(network[-1]) + 1}
        found += [str(type(network[0])(edge)) for edge in edges if 0 <= edge < 2**32]
        inside = int(network[0]) + draw.randrange(network.num_addresses)
        found.append(str(type(network[0])(inside)))
    while len(found) < count:
        found.append(str(ipaddress.IPv4Address(draw.getrandbits(32))))
        found.append(str(ipaddress.IPv6Address(draw.getrandbits(128))))
    return found


@pytest.mark.parametrize(("name", "record", "left", "lookups"), SAFE, ids=[s[0] for s in SAFE])
def test_no_client_gets_another_answer(name: str, record: str, left: str, lookups: int) -> None:
    """The engine on the edited zone, for 10,000 addresses and all ranges that stay."""
    zones = own(WORLD, record, **SERVERS)
    plan = shorter(zones)
    assert plan
    meant = record.replace("include:gone.example ", "")
    before, after = (
        lookup(own(WORLD, meant, **SERVERS)),
        lookup(own(WORLD, plan.record, **SERVERS)),
    )
    for ip in clients(random.Random(1), zones, 10_000 // len(SAFE)):
        was = check_host(ip, f"a@{NAME}", NAME, before, FREE).result
        now = check_host(ip, f"a@{NAME}", NAME, after, FREE if plan.lookups > 10 else LIMITS)
        assert now.result is was, ip
        assert was is not Result.PERMERROR


def random_zones(draw: random.Random) -> dict[str, Any]:
    """A record of many terms over a few providers, some of them twice, nested or dead."""
    providers = [f"p{number}.example" for number in range(8)]
    zones: dict[str, Any] = {}
    for number, name in enumerate(providers):
        inner = [f"include:{draw.choice(providers[number + 1 :])}"] if number < 7 else []
        inner = inner if draw.random() < 0.5 else []
        size = draw.choice([22, 24, 28])
        zones[name] = {"TXT": [" ".join(["v=spf1", *inner, f"ip4:10.{number}.0.0/{size}", "~all"])]}
    zones["mail.example"] = HERE
    terms = [
        draw.choice(["", "", "", "?", "-"])
        + draw.choice([f"include:{draw.choice(providers)}", "mx", "a", "a:gone.example",
                       f"ip4:10.{draw.randrange(8)}.0.0/23", "ip4:192.0.2.1"])
        for _ in range(draw.randrange(8, 16))
    ]  # fmt: skip
    return own(zones, " ".join(["v=spf1", *terms, draw.choice(["-all", "~all"])]), **SERVERS)


def test_random_records_keep_their_meaning() -> None:
    shortened_ones = 0
    for seed in range(60):
        draw = random.Random(seed)
        zones = random_zones(draw)
        plan = shorter(zones)
        if plan is None:
            continue
        shortened_ones += 1
        before, after = lookup(zones), lookup(own(zones, plan.record, **SERVERS))
        for ip in clients(draw, zones, 100):
            was = check_host(ip, f"a@{NAME}", NAME, before, FREE).result
            assert check_host(ip, f"a@{NAME}", NAME, after, FREE).result is was, (seed, ip)
        found = spf(own(zones, plan.record, **SERVERS))
        assert isinstance(found, SpfDiscovery)
        assert (len(found.lookups), sum(s.void for s in found.lookups)) == (
            plan.lookups,
            plan.voids,
        )
    assert shortened_ones > 30


def test_a_chain_as_long_as_the_collector_follows_is_survived() -> None:
    zones = text("v=spf1 include:n0.example mx mx -all")
    for number in range(58):
        zones[f"n{number}.example"] = {"TXT": [f"v=spf1 include:n{number + 1}.example -all"]}
    zones["n58.example"] = {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]}
    plan = shorter(zones)
    assert plan
    assert (plan.record, plan.lookups) == ("v=spf1 include:n0.example -all", 59)
