from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.email import macros
from posture.checks.email.check_host import Checked, Limits, Result, check_host
from posture.model import Failed, Reason
from tests.checks.email.world import Zones
from tests.checks.email.zone import lookup

IP4, IP6 = "192.0.2.1", "2001:db8::1"
HERE: dict[str, list[str] | str] = {"A": [IP4], "AAAA": [IP6]}
NAME = "example.com"


def check(record: str, ip: str = IP4, limits: Limits | None = None, **zones: Any) -> Checked:
    """Check a message from example.com; zones have _ for dots."""
    world = {name.replace("_", "."): node for name, node in zones.items()}
    world.setdefault(NAME, {})
    world[NAME] = {"TXT": [f"v=spf1 {record}"], **world[NAME]}
    return check_host(ip, f"a@{NAME}", "mx.example.net", lookup(world), limits or Limits())


RESULTS: list[tuple[str, str, str]] = [
    ("ip4:192.0.2.1 -all", IP4, "pass"),
    ("ip4:192.0.2.1 -all", "::ffff:192.0.2.1", "pass"),
    ("ip4:192.0.2.1 -all", IP6, "fail"),
    ("-ip6:2001:db8::/32 +all", IP6, "fail"),
    ("~all", IP4, "softfail"),
    ("?all", IP4, "neutral"),
    ("", IP4, "neutral"),
    ("a -all", IP4, "pass"),
    ("a:h.example -all", IP6, "pass"),
    ("a:h.example/24 -all", "192.0.2.77", "pass"),
    ("a:h.example//64 -all", "2001:db8::77", "pass"),
    ("a:h.example/24 -all", "2001:db8::77", "fail"),
    ("mx:m.example -all", IP4, "pass"),
    ("mx:bad.example -all", IP4, "fail"),
    ("exists:h.example -all", IP6, "pass"),
    ("exists:%{ir}.list.example -all", IP4, "pass"),
    ("ptr -all", IP4, "pass"),
    ("ptr:h.example -all", IP4, "fail"),
    ("ptr -all", "192.0.2.3", "fail"),
    ("ptr -all", "192.0.2.4", "fail"),
    ("ptr -all", IP6, "fail"),
    ("a:h..example mx:h..example exists:h..example -all", IP4, "fail"),
    ("include:yes.example -all", IP4, "pass"),
    ("include:no.example ~all", IP4, "softfail"),
    ("include:gone.example ~all", IP4, "permerror"),
    ("include:one ~all", IP4, "permerror"),
    ("include:two.example ~all", IP4, "permerror"),
    ("include:moo.example ~all", IP4, "permerror"),
    ("include:slow.example ~all", IP4, "temperror"),
    ("a:slow.example ~all", IP4, "temperror"),
    ("mx:slow.example ~all", IP4, "temperror"),
    ("mx:slowly.example ~all", IP4, "temperror"),
    ("redirect=no.example", IP4, "fail"),
    ("redirect=gone.example", IP4, "permerror"),
    ("redirect=slow.example", IP4, "temperror"),
    ("redirect=no.example +all", IP4, "pass"),
    ("mx:many.example -all", IP4, "permerror"),
    ("a:x.example a:y.example a:z.example +all", IP4, "permerror"),
    ("ptr ptr ptr +all", "192.0.2.9", "permerror"),
    ("include:%{p}.trusted.example -all", IP4, "pass"),
    ("include:example.com -all", IP4, "permerror"),
]
WORLD: Zones = {
    NAME: {**HERE},
    "h.example": HERE,
    "m.example": {"MX": ["0 h.example.", "1 not a host"]},
    "bad.example": {"MX": ["0 ."]},
    "1.2.0.192.list.example": HERE,
    "1.2.0.192.in-addr.arpa": {"PTR": ["slow.example.", "a..example.", "mx.example.com."]},
    "3.2.0.192.in-addr.arpa": {"PTR": ["mx.example.com."]},
    "4.2.0.192.in-addr.arpa": {"PTR": "SERVFAIL"},
    "mx.example.com": HERE,
    "mx.example.com.trusted.example": {"TXT": ["v=spf1 +all"]},
    "yes.example": {"TXT": ["v=spf1 +all"]},
    "no.example": {"TXT": ["hello", "v=spf1 -all"]},
    "two.example": {"TXT": ["v=spf1 -all", "v=spf1 +all"]},
    "moo.example": {"TXT": ["v=spf1 moo"]},
    "slow.example": dict.fromkeys(("TXT", "A", "AAAA", "MX"), "TIMEOUT"),
    "slowly.example": {"MX": ["0 slow.example."]},
    "many.example": {"MX": [f"{n} h.example." for n in range(11)]},
}


@pytest.mark.parametrize(("record", "ip", "result"), RESULTS)
def test_results(record: str, ip: str, result: str) -> None:
    world: dict[str, Any] = {name.replace(".", "_"): node for name, node in WORLD.items()}
    found = check(record, ip, **world)
    assert found.result == result
    assert bool(found.problem) == (result in {"permerror", "temperror"})


@pytest.mark.parametrize(
    "sender", ["a@[192.0.2.1]", "a@example", "a@a..example", f"a@{'x' * 64}.example", "a@é.example"]
)
def test_what_is_no_domain_has_no_policy(sender: str) -> None:
    assert check_host(IP4, sender, "", lookup({})).result is Result.NONE


def test_without_a_sender_the_helo_is_checked() -> None:
    zones: Zones = {"mx.example.net": {"TXT": ["v=spf1 exists:%{l}.%{o}.example -all"]}}
    there = {**zones, "postmaster.mx.example.net.example": HERE}
    assert check_host(IP4, "", "mx.example.net", lookup(zones)).result is Result.FAIL
    assert check_host(IP4, "", "mx.example.net", lookup(there)).result is Result.PASS


@pytest.mark.parametrize("ip", ["", "192.0.2", "192.0.2.1.5", "::g", "mx.example.com"])
def test_what_is_no_address_is_refused(ip: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        check_host(ip, "a@example.com", "", lookup({}))


def test_ten_lookups_are_allowed_and_the_eleventh_is_reported() -> None:
    ten = check("mx " * 10 + "-all", example_com={"MX": ["0 h.example."]})
    assert (ten.result, ten.lookups, ten.void_lookups) == (Result.FAIL, 10, 0)
    eleven = check("mx " * 11 + "-all", example_com={"MX": ["0 h.example."]})
    assert (eleven.result, eleven.lookups) == (Result.PERMERROR, 11)
    assert eleven.problem == "more than 10 lookups"


def test_the_limits_can_be_lifted() -> None:
    free = Limits(lookups=50, voids=50)
    found = check("a:x.example " * 20 + "-all", limits=free)
    assert (found.result, found.lookups, found.void_lookups) == (Result.FAIL, 20, 20)


def test_the_trace_shows_every_step() -> None:
    found = check(
        "mx include:a.example redirect=b.example",
        a_example={"TXT": ["v=spf1 exists:x.example ip4:198.51.100.1 -all"]},
        b_example={"TXT": ["v=spf1 -all"]},
    )
    steps = [(step.term, step.target, step.outcome, step.void) for step in found.trace.walk()]
    assert steps == [
        ("mx", "example.com", "no match", True),
        ("include:a.example", "a.example", "no match", False),
        ("exists:x.example", "x.example", "no match", True),
        ("ip4:198.51.100.1", "", "no match", False),
        ("-all", "", "match", False),
        ("redirect=b.example", "b.example", "fail", False),
        ("-all", "", "match", False),
    ]
    assert (found.lookups, found.void_lookups) == (4, 2)
    assert found.trace.deciding.domain == "b.example"


def test_an_error_deep_down_is_seen_at_every_level() -> None:
    found = check("include:a.example", a_example={"TXT": ["v=spf1 a:slow.example"]},
                  slow_example={"A": "TIMEOUT"})  # fmt: skip
    assert [step.outcome for step in found.trace.walk()] == ["temperror", "temperror"]
    assert found.problem == "slow.example: timeout"


EXPLANATIONS = [
    ("Go away, %{i}.", "Go away, 192.0.2.1."),
    ("%{c} %{d} %{h} %{r} %{t}", "192.0.2.1 example.com mx.example.net unknown unknown"),
    ("%{p} %%%_%-", "unknown % %20"),
    ("%{S} %{L}", "a%40example.com a"),
    ("bad %", ""),
    ("bad %{x}", ""),
    ("caf\xe9", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "explanation"), EXPLANATIONS)
def test_explanations(text: str, explanation: str) -> None:
    found = check("-all exp=e.%{d}", e_example_com={"TXT": [text]})
    assert (found.result, found.explanation) == (Result.FAIL, explanation)


@pytest.mark.parametrize("texts", [[], ["one", "two"], "TIMEOUT"], ids=["none", "two", "no-answer"])
def test_an_explanation_that_is_not_there_changes_nothing(texts: Any) -> None:
    found = check("-all exp=e.example", e_example={"TXT": texts})
    assert (found.result, found.explanation) == (Result.FAIL, "")


def test_only_the_deciding_record_explains() -> None:
    zones: dict[str, Any] = {
        "a_example": {"TXT": ["v=spf1 -all exp=inner.example"]},
        "outer_example": {"TXT": ["outer"]},
        "inner_example": {"TXT": ["inner"]},
    }
    included = check("include:a.example -all exp=outer.example", **zones)
    assert included.explanation == "outer"
    redirected = check("redirect=a.example exp=outer.example", **zones)
    assert redirected.explanation == "inner"
    unexplained = check("-all", **zones)
    assert unexplained.explanation == ""


MACROS = [
    ("%{s}|%{l}|%{o}", "strong-bad@email.example.com|strong-bad|email.example.com"),
    ("%{d}|%{h}|%{v}", "email.example.com|mx.example.org|in-addr"),
    ("%{d4}|%{d3}|%{d2}|%{d1}", "email.example.com|email.example.com|example.com|com"),
    ("%{dr}|%{d2r}", "com.example.email|example.email"),
    ("%{l-}|%{lr}|%{lr-}|%{l1r-}", "strong.bad|strong-bad|bad.strong|strong"),
    ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
    ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
    ("%{O2}%{D}", "example.comemail.example.com"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expanded"), MACROS)
def test_the_examples_of_the_standard(text: str, expanded: str) -> None:
    """RFC 7208 §7.4."""
    about = macros.message("192.0.2.3", "strong-bad@email.example.com", "mx.example.org")
    assert macros.expand(text, about, "email.example.com") == expanded


def test_the_examples_of_the_standard_for_ipv6() -> None:
    about = macros.message("2001:db8::cb01", "strong-bad@email.example.com", "")
    expanded = macros.expand("%{ir}.%{v}._spf.%{d2} %{c}", about, "email.example.com")
    zeros = "0." * 20
    assert expanded == f"1.0.B.C.{zeros}8.B.D.0.1.0.0.2.ip6._spf.example.com 2001:db8::cb01"


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("x.example", "mx.example.com", "example.com"), "example.com"),
        (("x.example", "mx.example.com"), "mx.example.com"),
        (("x.example", "y.example"), "x.example"),
        ((), "unknown"),
    ],
)
def test_the_name_of_the_client(names: tuple[str, ...], chosen: str) -> None:
    assert macros.validated_name(names, "example.com") == chosen


def test_a_name_that_is_too_long_loses_labels_on_the_left() -> None:
    name = ".".join(["x" * 60] * 5)
    assert macros.query_name(f"{name}.") == ".".join(["x" * 60] * 4)
    assert macros.query_name("x" * 300) == "x" * 300


TERMS = st.sampled_from([record for record, _, _ in RESULTS]) | st.text(
    st.characters(min_codepoint=32, max_codepoint=255), max_size=40
)


@given(st.lists(TERMS, max_size=4), st.sampled_from([IP4, IP6]), st.text(max_size=30))
def test_whatever_a_zone_holds_there_is_a_result(terms: list[str], ip: str, sender: str) -> None:
    zones = {**WORLD, NAME: {"TXT": ["v=spf1 " + " ".join(terms)]}}
    found = check_host(ip, f"{sender}@{NAME}", sender, lookup(zones))
    assert found.lookups <= 11
    assert found.void_lookups <= 3
    if found.lookups > 10 or found.void_lookups > 2:
        assert found.result is Result.PERMERROR


def test_no_answer_at_all() -> None:
    found = check_host(IP4, "a@example.com", "", lambda *_: Failed(reason=Reason.TIMEOUT))
    assert (found.result, found.problem) == (Result.TEMPERROR, "example.com: timeout")
