"""A target is a plain name or address in its one canonical form, or it goes no further."""

import ipaddress
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture import targets
from posture.sanitise import visible


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("example.com", "example.com"),
        ("Example.COM.", "example.com"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("xn--strae-oqa.example", "xn--strae-oqa.example"),
        ("a-b.1.example", "a-b.1.example"),
        ("\u4f8b\u3048.jp", "xn--r8jz45g.jp"),
    ],
)
def test_domains_have_one_form(text: str, name: str) -> None:
    assert targets.domain(text) == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("https://www.example.com/login", 'did you mean "www.example.com"?'),
        ("owner@example.com", 'did you mean "example.com"?'),
        ("example.com:443", 'did you mean "example.com"?'),
        ("example.com/", 'did you mean "example.com"?'),
        ("exa mple.com", "holds spaces or control characters|holds characters"),
        ("example.com\n", "holds spaces or control characters"),
        ("example.com\nevil.example", "holds spaces or control characters"),
        ("exam\u202eple.com", "holds spaces or control characters"),
        ("-oN x", "starts with a hyphen"),
        ("-oN", "starts with a hyphen"),
        ("--script=vuln", "starts with a hyphen"),
        ("$(id)", "holds characters that no name or address has"),
        ("example.com;id", "holds characters that no name or address has"),
        ("`id`.example.com", "holds characters"),
        ("192.0.2.1", "is an address, not a name"),
        ("[2001:db8::1]", "is an address, not a name"),
        ("localhost", "is not a whole domain name"),
        ("_dmarc.example.com", "is not a host name"),
        ("a..example.com", "is not a host name"),
        ("-a.example.com", "starts with a hyphen"),
        ("a-.example.com", "is not a host name"),
        ("1.2.3.4.5", "is not a host name"),
        ("a" * 64 + ".example", "is not a host name"),
        ("a." * 130 + "example", "is not a host name"),
        ("\u00fc" * 254, "longer than 253"),
        ("stra\u00dfe.example", "can be read as two names"),
        ("\u0627a.example", "write its xn-- form"),
        ("*.example.com", "holds characters"),
    ],
)
def test_what_is_no_domain_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        targets.domain(text)
    assert visible(str(caught.value)) == str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "address"),
    [("192.0.2.1", "192.0.2.1"), ("2001:DB8:0::1", "2001:db8::1"), ("127.0.0.1", "127.0.0.1")],
)
def test_addresses_have_one_form(text: str, address: str) -> None:
    assert targets.address(text) == address


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fe80::1%eth0", "names a zone"),
        ("10.0.0.0/24", r"declare it under \[\[networks\]\]"),
        ("example.com", "is not an IP address"),
        ("010.1.1.1", "is not an IP address"),
        ("224.0.0.1", "not the address of one host"),
        ("::", "not the address of one host"),
        ("0.0.0.0", "not the address of one host"),
        ("::ffff:10.0.0.1", "write 10.0.0.1"),
        ("1.2.3.4 -oN f", "holds characters"),
        ("-iL", "starts with a hyphen"),
    ],
)
def test_what_is_no_address_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        targets.address(text)


@pytest.mark.parametrize(
    ("text", "cidr"),
    [
        ("192.168.1.0/24", "192.168.1.0/24"),
        ("192.168.1.0/255.255.255.0", "192.168.1.0/24"),
        ("10.0.16.0/20", "10.0.16.0/20"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("2001:DB8::/116", "2001:db8::/116"),
    ],
)
def test_networks_have_one_form(text: str, cidr: str) -> None:
    assert targets.network(text) == cidr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10.0.0.0/0", "too wide"),
        ("10.0.0.0/8", "too wide"),
        ("10.0.0.0/19", "too wide: a network may be /20 at most"),
        ("2001:db8::/64", "too wide: a network may be /116 at most"),
        ("192.168.1.5/24", 'did you mean "192.168.1.0/24"'),
        ("192.168.1.0-255", "is not a network"),
        ("192.168.1.0/33", "is not a network"),
        ("fe80::%eth0/120", "names a zone"),
        ("224.0.0.0/24", "multicast"),
        ("$(id)", "holds characters"),
    ],
)
def test_what_is_no_network_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        targets.network(text)


@given(
    st.ip_addresses(v=4).flatmap(lambda a: st.tuples(st.just(a), st.integers(0, 32)))
    | st.ip_addresses(v=6).flatmap(lambda a: st.tuples(st.just(a), st.integers(0, 128)))
)
def test_no_accepted_network_is_wide(pair: tuple[Any, int]) -> None:
    try:
        found = ipaddress.ip_network(targets.network(f"{pair[0]}/{pair[1]}"))
    except ValueError:
        return
    assert found.num_addresses <= 4096


def test_ports() -> None:
    assert targets.port(443) == 443
    for number in (0, -1, 65536):
        with pytest.raises(ValueError, match="is not a port"):
            targets.port(number)


def test_addresses_with_ports() -> None:
    assert targets.address_and_port("127.0.0.1:5300") == ("127.0.0.1", 5300)
    assert targets.address_and_port("[::1]:53") == ("::1", 53)
    assert targets.address_and_port("::1", 53) == ("::1", 53)
    assert targets.address_and_port("[::1]", 53) == ("::1", 53)
    assert targets.address_and_port("192.0.2.1", 53) == ("192.0.2.1", 53)
    for text, said in [
        ("192.0.2.1", "is not an address and a port"),
        (":53", "is empty"),
        ("192.0.2.1:0", "is not a port"),
        ("dns.example:53", "is not an IP address"),
    ]:
        with pytest.raises(ValueError, match=said):
            targets.address_and_port(text)


def test_names_with_ports() -> None:
    assert targets.name_and_port("WWW.example.com:443") == ("www.example.com", 443)
    assert targets.name_and_port("192.0.2.1:22") == ("192.0.2.1", 22)
    assert targets.name_and_port("[2001:db8::1]:22") == ("2001:db8::1", 22)
    for text in ("www.example.com", "www.example.com:https", "www.example.com:\u0661"):
        with pytest.raises(ValueError, match="is not a host and a port"):
            targets.name_and_port(text)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://graph.example.com", "https://graph.example.com"),
        ("https://Graph.example.com:8443/", "https://graph.example.com:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://[::1]:8443", "https://[::1]:8443"),
    ],
)
def test_origins(text: str, origin: str) -> None:
    assert targets.origin(text) == origin


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("graph.example.com", "is not an origin"),
        ("https://graph.example.com/v1.0", "is not an origin"),
        ("https://user:pass@graph.example.com", "is not an origin"),
        ("http://graph.example.com", "clear text: use https"),
        ("http://192.0.2.1", "clear text: use https"),
        ("https://$(id)", "holds characters"),
        ("https://graph.example.com:99999", "is not a port"),
    ],
)
def test_what_is_no_origin_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        targets.origin(text)


ANY: list[Callable[[str], object]] = [
    targets.domain,
    targets.host_name,
    targets.address,
    targets.network,
    targets.address_and_port,
    targets.name_and_port,
    targets.origin,
]
PLAIN = re.compile(r"[a-z0-9._:/\[\]-]+")


@pytest.mark.parametrize("function", ANY)
@given(
    text=st.text(max_size=30)
    | st.text(st.sampled_from("aZ1-.:/[]%@ \n$(\u00df\u00fcx"), max_size=20)
)
def test_any_text_is_a_plain_target_or_a_value_error(
    function: Callable[[str], object], text: str
) -> None:
    try:
        made = function(text)
    except ValueError as error:
        said = str(error)
    else:
        assert PLAIN.fullmatch(made[0] if isinstance(made, tuple) else str(made))
        return
    assert said
    assert visible(said) == said


@given(
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,5}[a-z0-9])?(\.[a-z][a-z0-9]{1,5}){1,3}", fullmatch=True)
)
def test_a_canonical_name_stays_as_it_is(text: str) -> None:
    assert targets.domain(text) == text
