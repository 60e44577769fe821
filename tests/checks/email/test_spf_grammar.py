from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.email import spf
from posture.checks.email.spf import Fault

GOOD = [
    "v=spf1",
    "V=SPF1 A MX -ALL",
    "v=spf1  a   -all ",
    "v=spf1 a/24//64 mx//96 -all",
    "v=spf1 a:mail.example.com/28 mx:example.com ?all",
    "v=spf1 ptr ptr:example.com",
    "v=spf1 include:_spf.example.com ~all",
    "v=spf1 include:%{i}._ip.%{h}.spf.example -all",
    "v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d2} -all",
    "v=spf1 exists:%{d}%%%_%- -all",
    "v=spf1 a:host.xn--zckzah a:host.a1-2b.",
    "v=spf1 ip4:192.0.2.1 ip4:192.0.2.77/24 ip6:2001:db8::/32 ip6:::ffff:192.0.2.1",
    "v=spf1 redirect=_spf.example.com",
    "v=spf1 exp=explain.example.com -all",
    "v=spf1 accredit.by=%{c}.%{t} -all",
    "v=spf1 custom= -all",
    "v=spf1 -all ip4:192.0.2.1",
]
BAD = [
    ("v=spf1 a:ex\x00ample.com", Fault.CHARACTER),
    ("v=spf1 a\tmx", Fault.CHARACTER),
    ("v=spf1 a:exämple.com", Fault.CHARACTER),
    ("v=spf1 moo", Fault.UNKNOWN),
    ("v=spf1 !all", Fault.UNKNOWN),
    ("v=spf1 ip5:192.0.2.1", Fault.UNKNOWN),
    ("v=spf1 1up=x", Fault.UNKNOWN),
    ("v=spf1 redirect:example.com", Fault.UNKNOWN),
    ("v=spf1 -redirect=example.com", Fault.UNKNOWN),
    ("v=spf1 a,mx", Fault.ARGUMENT),
    ("v=spf1 all.", Fault.ARGUMENT),
    ("v=spf1 -all/8", Fault.ARGUMENT),
    ("v=spf1 ptr/24", Fault.ARGUMENT),
    ("v=spf1 mx/08", Fault.ARGUMENT),
    ("v=spf1 a/24/64", Fault.ARGUMENT),
    ("v=spf1 ip4/24", Fault.ARGUMENT),
    ("v=spf1 include", Fault.NO_DOMAIN),
    ("v=spf1 include:", Fault.NO_DOMAIN),
    ("v=spf1 exists", Fault.NO_DOMAIN),
    ("v=spf1 a:/24", Fault.NO_DOMAIN),
    ("v=spf1 redirect=", Fault.NO_DOMAIN),
    ("v=spf1 include:localhost", Fault.DOMAIN),
    ("v=spf1 include:com.", Fault.DOMAIN),
    ("v=spf1 a:192.0.2.1", Fault.DOMAIN),
    ("v=spf1 a:example.-com", Fault.DOMAIN),
    ("v=spf1 a:example.com-", Fault.DOMAIN),
    ("v=spf1 mx:mail.example.com:25", Fault.DOMAIN),
    ("v=spf1 include:example.com/24", Fault.DOMAIN),
    ("v=spf1 a:%{d}com", Fault.DOMAIN),
    ("v=spf1 exp=-all", Fault.DOMAIN),
    ("v=spf1 a:100%.example.com", Fault.MACRO),
    ("v=spf1 exists:%{x}.example.com", Fault.MACRO),
    ("v=spf1 exists:%{d0}.example.com", Fault.MACRO),
    ("v=spf1 exists:%{d2;}.example.com", Fault.MACRO),
    ("v=spf1 exp=%{r}.example.com", Fault.MACRO),
    ("v=spf1 custom=%z", Fault.MACRO),
    ("v=spf1 ip4", Fault.NETWORK),
    ("v=spf1 ip4:192.0.2", Fault.NETWORK),
    ("v=spf1 ip4:192.0.2.01", Fault.NETWORK),
    ("v=spf1 ip4:192.0.2.1:25", Fault.NETWORK),
    ("v=spf1 ip4:192.0.2.0//24", Fault.NETWORK),
    ("v=spf1 ip4:192.0.2.0/024", Fault.NETWORK),
    ("v=spf1 ip4:2001:db8::1", Fault.NETWORK),
    ("v=spf1 ip6:192.0.2.1", Fault.NETWORK),
    ("v=spf1 ip6:fe80::1%eth0", Fault.NETWORK),
    ("v=spf1 ip4:192.0.2.1/33", Fault.PREFIX),
    ("v=spf1 ip6:2001:db8::/129", Fault.PREFIX),
    ("v=spf1 a/33", Fault.PREFIX),
    ("v=spf1 mx//129", Fault.PREFIX),
    ("v=spf1 exp=a.example exp=b.example", Fault.TWICE),
    ("v=spf1 redirect=a.example -all redirect=a.example", Fault.TWICE),
]


@pytest.mark.parametrize("record", GOOD)
def test_a_right_record_has_no_fault(record: str) -> None:
    assert spf.is_spf(record)
    assert spf.faults(record) == ()
    assert [term.text for term in spf.parse(record).terms] == list(spf.words(record))


@pytest.mark.parametrize(("record", "fault"), BAD)
def test_each_fault_is_named(record: str, fault: Fault) -> None:
    with pytest.raises(spf.ParseError) as raised:
        spf.parse(record)
    assert raised.value.fault is fault
    assert raised.value.term in record


def test_every_fault_is_in_the_table() -> None:
    assert {fault for _, fault in BAD} == set(Fault)


def test_all_faults_of_a_record_are_found() -> None:
    found = spf.faults("v=spf1 moo a include: -all")
    assert [(fault.term, fault.fault) for fault in found] == [
        ("moo", Fault.UNKNOWN),
        ("include:", Fault.NO_DOMAIN),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=spf1", True),
        ("v=spf1 -all", True),
        ("V=SpF1 -all", True),
        ("v=spf10 -all", False),
        ("v=spf1\t-all", False),
        (" v=spf1 -all", False),
        ("spf2.0/pra -all", False),
        ("", False),
    ],
)
def test_what_is_an_spf_record(text: str, expected: bool) -> None:
    assert spf.is_spf(text) is expected


def test_what_is_none_cannot_be_parsed() -> None:
    with pytest.raises(spf.ParseError):
        spf.parse("v=DMARC1")


def test_a_mechanism_keeps_its_parts() -> None:
    terms = spf.parse("v=spf1 ~a:Mail.example.com/28//60 ip4:192.0.2.9/24 -all").terms
    host, network, last = terms
    assert isinstance(host, spf.Mechanism)
    assert (host.qualifier, host.name, host.domain) == ("~", "a", "Mail.example.com")
    assert (host.prefix4, host.prefix6) == (28, 60)
    assert isinstance(network, spf.Mechanism)
    assert (network.qualifier, network.network) == ("+", ip_network("192.0.2.0/24"))
    assert isinstance(last, spf.Mechanism)
    assert (last.qualifier, last.domain) == ("-", "")


def test_nothing_after_all_is_tested() -> None:
    record = spf.parse("v=spf1 a -all mx include:example.com redirect=example.net")
    assert [term.text for term in record.queries] == ["a"]
    assert record.redirect is None


def test_a_redirect_counts_last() -> None:
    record = spf.parse("v=spf1 redirect=example.net a ip4:192.0.2.1 exp=e.example")
    assert [term.text for term in record.queries] == ["a", "redirect=example.net"]
    assert record.all is None


def test_a_record_without_mechanisms_has_no_end() -> None:
    assert spf.parse("v=spf1").all is None


PIECES = st.sampled_from(
    [
        *("v=spf1", " ", " ", "a", "mx", "ip4:", "ip6:", "include:", "redirect=", "exp=", "all"),
        *("-", "~", "/24", "//64", "%{d}", "%{", "}", "%", ":", ".", "example", "com", "1", "::"),
        *("exists:", "ptr", "=", "\x00", "é", "192.0.2.1", "2001:db8::"),
    ]
)


@given(st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=30).map("".join)))
def test_any_text_gives_a_record_or_a_parse_error(text: str) -> None:
    for candidate in (text, f"v=spf1 {text}"):
        try:
            record = spf.parse(candidate)
        except spf.ParseError:
            assert spf.faults(candidate)
        else:
            assert spf.faults(candidate) == ()
            assert record.queries == record.queries


@pytest.mark.parametrize("character", list("{d.a-/"))
def test_a_term_as_long_as_a_record_is_judged(character: str) -> None:
    assert spf.faults(f"v=spf1 exists:{character * 4096}")
    assert spf.faults(f"v=spf1 a:{character * 4096}")
