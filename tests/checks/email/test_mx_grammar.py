import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.email import mx, names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10 mx1.example.com.", (10, "mx1.example.com")),
        ("0 .", (0, "")),
        ("65535 MX.Example.COM", (65535, "mx.example.com")),
    ],
)
def test_a_record_is_read(text: str, expected: tuple[int, str]) -> None:
    assert mx.parse(text) == expected


@pytest.mark.parametrize("text", ["", "10", "10 ", "mx.example.com.", "-1 a.", "10 a. b.", "x a."])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(mx.ParseError):
        mx.parse(text)


@given(st.text(max_size=80))
def test_any_text_gives_a_pair_or_a_parse_error(text: str) -> None:
    try:
        preference, host = mx.parse(text)
    except mx.ParseError:
        return
    assert preference >= 0
    assert names.is_host_name(host) in {True, False}
    assert names.is_askable(host) in {True, False}
    assert names.is_literal(host) in {True, False}


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("10.1.2.3", True),
        ("172.31.0.1", True),
        ("172.32.0.1", False),
        ("192.168.1.1", True),
        ("100.64.0.1", True),
        ("127.0.0.1", True),
        ("169.254.1.1", True),
        ("224.0.0.1", True),
        ("203.0.113.5", False),
        ("8.8.8.8", False),
        ("fd00::1", True),
        ("fe80::1", True),
        ("::1", True),
        ("2001:db8::1", False),
        ("2606:4700::1", False),
    ],
)
def test_which_addresses_are_private(address: str, private: bool) -> None:
    assert names.is_private(address) is private


@pytest.mark.parametrize(
    ("name", "askable", "host"),
    [
        ("mx1.example.com", True, True),
        ("_mx.example.com", True, True),
        ("foo:bar/baz.example.com", True, False),
        ("a..example.com", False, False),
        ("", False, False),
        ("x" * 64 + ".example.com", False, False),
        (".".join(["abcdefgh"] * 29), False, False),
        ("a\\.example.com", False, False),
        ("bücher.example", False, False),
        ("-a.example.com", True, False),
    ],
)
def test_what_a_name_may_be(name: str, askable: bool, host: bool) -> None:
    assert names.is_askable(name) is askable
    assert names.is_host_name(name) is host


@pytest.mark.parametrize(
    ("host", "expected"), [("192.0.2.1", True), ("[2001:db8::1]", True), ("mx.example", False)]
)
def test_what_is_an_address_literal(host: str, expected: bool) -> None:
    assert names.is_literal(host) is expected
