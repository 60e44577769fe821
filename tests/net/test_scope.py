from __future__ import annotations

import pytest

from posture.model import CollectError, Domain, MailServer, Network, Reason, View, WebSite
from posture.net.scope import Scope, Territory, literal, normal, public, split


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("10.0.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("192.0.2.1", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        # What only some versions of Python know not to be public.
        ("fec0::1", False),
        ("3fff::1", False),
        ("192.0.0.8", False),
        ("::ffff:192.0.0.8", False),
        # An IPv4 address inside an IPv6 one leads to where the inner one lies.
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::808:808", True),
    ],
)
def test_an_address_is_public_only_if_packets_to_it_leave_for_the_internet(
    address: str, expected: bool
) -> None:
    found = literal(address)
    assert found is not None
    assert public(found) is expected


@pytest.mark.parametrize(
    "text", ["127.1", "0x7f.1", "2130706433", "fe80::1%eth0", "a.b", "", "::g"]
)
def test_other_spellings_of_addresses_are_names(text: str) -> None:
    assert literal(text) is None


def test_hosts_have_one_spelling() -> None:
    assert normal("WWW.Example.COM.") == "www.example.com"
    assert normal("[2001:DB8::0001]") == "2001:db8::1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a.b:25", ("a.b", 25)), ("[::1]:53", ("::1", 53)), ("10.0.0.1:65535", ("10.0.0.1", 65535))],
)
def test_host_and_port_are_split(text: str, expected: tuple[str, int]) -> None:
    assert split(text) == expected


@pytest.mark.parametrize("text", ["a.b", "a.b:", ":53", "a:0", "a:65536", "a:5x", "a:-1", "a:²"])
def test_what_is_not_host_and_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not host:port"):
        split(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("a.b", "a.b")]
)
def test_a_default_port_fills_in(text: str, expected: str) -> None:
    assert split(text, 53) == (expected, 53)


def reason(scope: Scope, host: str, port: int) -> Reason | None:
    try:
        scope.check(host, port)
    except CollectError as error:
        return error.reason
    return None


def test_a_site_is_its_host_and_two_ports() -> None:
    scope = Scope(WebSite(host="www.example.com"))
    assert reason(scope, "www.example.com", 443) is None
    assert reason(scope, "www.example.com", 80) is None
    assert reason(scope, "www.example.com", 22) is Reason.OUT_OF_SCOPE
    assert reason(scope, "example.com", 443) is Reason.OUT_OF_SCOPE
    assert reason(scope, "192.0.2.1", 443) is Reason.OUT_OF_SCOPE


def test_addresses_found_for_a_host_are_the_host() -> None:
    scope = Scope(WebSite(host="www.example.com"))
    scope.learn("www.example.com", ["192.0.2.1"])
    scope.learn("other.example", ["192.0.2.2"])
    assert reason(scope, "192.0.2.1", 443) is None
    assert reason(scope, "192.0.2.1", 22) is Reason.OUT_OF_SCOPE
    assert reason(scope, "192.0.2.2", 443) is Reason.OUT_OF_SCOPE
    assert scope.name_of("192.0.2.1") == "www.example.com"


def test_a_network_is_all_its_addresses_and_ports() -> None:
    scope = Scope(Network(cidr="10.1.0.0/16", view=View.INTERNAL))
    assert reason(scope, "10.1.255.255", 3389) is None
    assert reason(scope, "10.2.0.1", 3389) is Reason.OUT_OF_SCOPE
    assert reason(scope, "::1", 3389) is Reason.OUT_OF_SCOPE


def test_a_domain_may_not_be_dialled_at_all() -> None:
    assert reason(Scope(Domain(name="example.com")), "example.com", 443) is Reason.OUT_OF_SCOPE


def test_a_collector_may_name_further_endpoints() -> None:
    scope = Scope(Domain(name="example.com"), [("api.example.net", 443)])
    assert reason(scope, "api.example.net", 443) is None


def test_mail_servers_are_treated_with_more_care() -> None:
    assert Scope(MailServer(host="mx.example.com")).mail
    assert not Scope(WebSite(host="mx.example.com")).mail


def test_only_public_or_declared_addresses_are_permitted() -> None:
    territory = Territory(["192.168.1.0/24", "10.0.0.5", "fd00::/8"], None)
    allowed = ["192.168.1.77", "10.0.0.5", "fd00::1", "8.8.8.8"]
    refused = ["192.168.2.1", "10.0.0.6", "169.254.169.254", "fe80::1", "www.example.com"]
    assert [a for a in allowed + refused if territory.permits(a)] == allowed


def test_a_map_shows_the_way_to_what_it_names() -> None:
    territory = Territory([], {"WWW.x:443": "127.0.0.1:8443", "10.0.0.1:*": "127.0.0.7:*"})
    assert territory.redirects
    assert territory.way("www.x", 443) == ("127.0.0.1", 8443)
    assert territory.way("10.0.0.1", 3389) == ("127.0.0.7", 3389)
    assert territory.way("www.x", 80) is None


def test_without_a_map_nothing_is_moved_and_an_empty_one_is_a_map() -> None:
    assert not Territory([], None).redirects
    assert Territory([], None).way("www.x", 443) is None
    assert Territory([], {}).redirects


@pytest.mark.parametrize("value", ["10.0.0.1:443", "[fd00::1]:443", "[::ffff:10.0.0.1]:443"])
def test_a_map_is_a_way_and_no_permission(value: str) -> None:
    with pytest.raises(ValueError, match="neither public nor declared"):
        Territory(["10.0.0.2"], {"www.x:443": value})
    if "ffff" not in value:
        territory = Territory(["10.0.0.0/24", "fd00::/8"], {"www.x:443": value})
        assert territory.way("www.x", 443) == split(value)


@pytest.mark.parametrize(
    ("key", "value"),
    [("www.x", "127.0.0.1:1"), ("www.x:1", "localhost:1"), ("www.x:1", "127.0.0.1")],
)
def test_a_wrong_map_is_refused(key: str, value: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        Territory([], {key: value})
