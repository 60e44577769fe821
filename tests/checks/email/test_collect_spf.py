import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture import codec
from posture.checks.dns import collect_dns
from posture.checks.email import collect_spf
from posture.checks.email.facts import Outcome, SpfDiscovery
from posture.checks.email.spf_tree import LOOKUP_LIMIT, costs
from posture.model import Failed, Reason
from posture.testing import FakeNet, observe
from tests.checks.email.world import DOMAIN, NAME, spf, text

A = {"A": ["192.0.2.1"]}


def outcomes(found: SpfDiscovery) -> list[tuple[int, str, Outcome, bool]]:
    return [(seen.depth, seen.term, seen.outcome, seen.void) for seen in found.lookups]


@pytest.mark.parametrize("word", ["TIMEOUT", "SERVFAIL", "REFUSED"])
def test_a_domain_that_does_not_answer_is_a_failure(word: str) -> None:
    found = spf({NAME: {"TXT": word}})
    assert isinstance(found, Failed)
    assert found.reason is Reason(word.lower())


def test_only_spf_records_are_kept() -> None:
    found = spf({NAME: {"TXT": ["google-site-verification=x", "v=spf1 -all", "v=spf10"]}})
    assert found.records == ("v=spf1 -all",)
    assert (found.lookups, found.referred, found.truncated) == ((), (), False)


def test_a_record_beyond_all_bounds_is_not_judged() -> None:
    found = spf(text(f"v=spf1 {'a ' * 3000}-all"))
    assert isinstance(found, Failed)
    assert found.reason is Reason.TOO_LARGE


def test_the_tree_is_in_the_order_of_evaluation() -> None:
    record = (
        "v=spf1 a include:One.example. ip4:192.0.2.1 ptr exists:%{i}.x.example redirect=two.example"
    )
    zones = text(
        record,
        one_example="v=spf1 mx:gone.example a:h.example -all a:never.example",
        two_example="v=spf1 exists:h.example ~all",
    ) | {"h.example": A}
    zones[NAME]["AAAA"] = ["2001:db8::1"]
    found = spf(zones)
    assert outcomes(found) == [
        (0, "a", Outcome.OK, False),
        (0, "include:One.example.", Outcome.OK, False),
        (1, "mx:gone.example", Outcome.ABSENT, True),
        (1, "a:h.example", Outcome.OK, False),
        (0, "ptr", Outcome.OK, False),
        (0, "exists:%{i}.x.example", Outcome.MACRO, False),
        (0, "redirect=two.example", Outcome.OK, False),
        (1, "exists:h.example", Outcome.OK, False),
    ]
    assert [record.domain for record in found.referred] == ["one.example", "two.example"]
    assert [cost for _, cost in costs(found.lookups)] == [1, 3, 1, 1, 2]
    assert found.unresolved == ()


def test_the_same_include_twice_costs_twice_but_asks_once() -> None:
    net = FakeNet(text("v=spf1 include:a.example include:a.example -all", a_example="v=spf1 -all"))
    texts = observe(collect_dns.texts, DOMAIN, net)
    found = observe(collect_spf.spf, DOMAIN, texts, net)
    assert [seen.outcome for seen in found.lookups] == [Outcome.OK, Outcome.OK]
    asked = net.dns.asked  # type: ignore[attr-defined]
    assert [question for question in asked if not question[0].endswith(".com")] == [
        ("a.example", "TXT")
    ]
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("record", "zones", "outcome", "void"),
    [
        ("include:a.example", {}, Outcome.NONE, True),
        ("include:a.example", {"a.example": {"TXT": ["hello"]}}, Outcome.NONE, False),
        (
            "include:a.example",
            {"a.example": {"TXT": ["v=spf1", "v=spf1 a"]}},
            Outcome.SEVERAL,
            False,
        ),
        ("redirect=a.example", {"a.example": {"TXT": ["v=spf1 moo"]}}, Outcome.SYNTAX, False),
        ("include:example.com", {}, Outcome.LOOP, False),
        ("include:a..example", {}, Outcome.NONE, False),
        ("a:a..example", {}, Outcome.ABSENT, False),
        ("include:%{d}.example", {}, Outcome.MACRO, False),
        ("a:a.example", {}, Outcome.ABSENT, True),
        ("exists:a.example", {"a.example": {"AAAA": ["2001:db8::1"]}}, Outcome.ABSENT, True),
        ("mx:a.example", {}, Outcome.ABSENT, True),
        ("mx:a.example", {"a.example": {"MX": ["0 ."]}}, Outcome.OK, False),
        ("mx", {NAME: {"MX": [f"1 m{n}.example." for n in range(11)]}}, Outcome.MANY, False),
        ("a:a.example", {"a.example": {"A": "TIMEOUT"}}, Outcome.UNSEEN, False),
        ("a:a.example", {"a.example": {**A, "AAAA": "TIMEOUT"}}, Outcome.OK, False),
        ("mx:a.example", {"a.example": {"MX": "SERVFAIL"}}, Outcome.UNSEEN, False),
        ("include:a.example", {"a.example": {"TXT": "SERVFAIL"}}, Outcome.UNSEEN, False),
        (
            "include:a.example",
            {"a.example": {"TXT": [f"v=spf1 {'a ' * 3000}"]}},
            Outcome.UNSEEN,
            False,
        ),
    ],
)
def test_what_comes_of_a_term(
    record: str, zones: dict[str, dict[str, list[str] | str]], outcome: Outcome, void: bool
) -> None:
    node = {"TXT": [f"v=spf1 {record}"], **zones.get(NAME, {})}
    found = spf({**zones, NAME: node})
    (seen,) = found.lookups
    assert (seen.outcome, seen.void) == (outcome, void)
    assert (seen.reason is not None) == (outcome is Outcome.UNSEEN)
    assert len(found.unresolved) == (outcome is Outcome.UNSEEN)


def chain(length: int) -> dict[str, dict[str, list[str] | str]]:
    zones = text("v=spf1 include:n0.example -all")
    for number in range(length):
        zones[f"n{number}.example"] = {"TXT": [f"v=spf1 include:n{number + 1}.example -all"]}
    return zones


def test_the_questions_are_limited() -> None:
    net = FakeNet(chain(200))
    texts = observe(collect_dns.texts, DOMAIN, net)
    found = observe(collect_spf.spf, DOMAIN, texts, net)
    assert len(net.dns.asked) == 3 + collect_spf.QUERY_LIMIT  # type: ignore[attr-defined]
    assert len(found.lookups) == collect_spf.QUERY_LIMIT + 1
    assert found.unresolved == ("include:n60.example in n59.example",)
    assert found.lookups[-1].reason is Reason.INCONCLUSIVE


def test_a_tree_that_doubles_is_cut_off() -> None:
    zones = text("v=spf1 include:n0.example -all")
    for number in range(30):
        below = f"include:n{number + 1}.example"
        zones[f"n{number}.example"] = {"TXT": [f"v=spf1 {below} ~{below} ?{below} -all"]}
    found = spf(zones)
    assert found.truncated
    assert len(found.lookups) == LOOKUP_LIMIT


NAMES = [NAME, "a.example", "b.example", "c.example"]
TERMS = st.sampled_from(
    [
        *(
            f"{mechanism}:{name}"
            for mechanism in ("include", "a", "mx", "exists")
            for name in NAMES
        ),
        *("redirect=a.example", "redirect=b.example", "all", "?all", "ptr", "mx/8", "moo", "%"),
        *("include:%{d}", "ip4:192.0.2.0/24", "ip6:2001:db8::/32", "exp=a.example"),
    ]
)
RECORDS = st.lists(TERMS, max_size=6).map(lambda terms: " ".join(["v=spf1", *terms]))
NODES = st.fixed_dictionaries(
    {
        "TXT": st.one_of(st.lists(RECORDS, max_size=2), st.just("TIMEOUT")),
        "A": st.sampled_from([[], ["192.0.2.1"], "SERVFAIL"]),
        "MX": st.sampled_from([[], ["0 ."], ["10 a.example.", "20 b.example."], "TIMEOUT"]),
    }
)


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, NODES)))
def test_any_zones_give_a_fact_that_survives_the_evidence_file(
    zones: dict[str, dict[str, list[str] | str]],
) -> None:
    found = spf(zones)
    if isinstance(found, Failed):
        return
    assert codec.decode(codec.encode(found), SpfDiscovery) == found
    assert sum(cost for _, cost in costs(found.lookups)) == len(found.lookups)
    assert len(found.lookups) <= LOOKUP_LIMIT
