"""RFC 9525 §6: which names a certificate stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.net.tls.names import names_host


@pytest.mark.parametrize(
    ("host", "names", "matches"),
    [
        ("www.example.com", ["www.example.com"], True),
        ("WWW.Example.com.", ["www.EXAMPLE.com"], True),
        ("www.example.com", ["example.com"], False),
        ("example.com", ["*.example.com"], False),
        ("www.example.com", ["*.example.com"], True),
        ("a.b.example.com", ["*.example.com"], False),
        ("www.example.com", ["w*.example.com"], False),
        ("www.example.com", ["www.*.com"], False),
        ("example.com", ["*.com"], False),
        ("example", ["*"], False),
        (".example.com", ["*.example.com"], False),
        ("www.example.com", ["*.example.org", "www.example.com"], True),
        ("www.example.com", [], False),
        ("192.0.2.1", ["192.0.2.1"], False),
    ],
)
def test_dns_names(host: str, names: list[str], matches: bool) -> None:
    assert names_host(host, names, []) is matches


@pytest.mark.parametrize(
    ("host", "addresses", "matches"),
    [
        ("192.0.2.1", ["192.0.2.1"], True),
        ("192.0.2.1", ["192.0.2.2"], False),
        ("2001:db8::1", ["2001:0db8:0:0::1"], True),
        ("192.0.2.1", ["no address", "192.0.2.0/24"], False),
        ("www.example.com", ["192.0.2.1"], False),
    ],
)
def test_addresses(host: str, addresses: list[str], matches: bool) -> None:
    assert names_host(host, [], addresses) is matches


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=5))
def test_any_text_is_answered(host: str, names: list[str]) -> None:
    assert names_host(host, names, names) in {True, False}
