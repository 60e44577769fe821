"""The grammars of HSTS headers and of origins: a value or ParseError, for anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.web.origin import Origin, origin
from posture.checks.web.strict_transport import MAX_HEADER, ParseError, Policy, parse


def policy(max_age: int, *, sub: bool = False, preload: bool = False) -> Policy:
    return Policy(max_age=max_age, include_subdomains=sub, preload=preload)


@pytest.mark.parametrize(
    ("header", "read"),
    [
        # RFC 6797 §6.2
        ("max-age=31536000", policy(31536000)),
        ("max-age=15768000 ; includeSubDomains", policy(15768000, sub=True)),
        ('max-age="31536000"', policy(31536000)),
        ("max-age=0", policy(0)),
        ("max-age=0; includeSubDomains", policy(0, sub=True)),
        ("MAX-AGE=10;INCLUDESUBDOMAINS;Preload", policy(10, sub=True, preload=True)),
        (' ;; max-age = 10 ; unknown="a;\\"b" ;', policy(10)),
        ('max-age="1\\0"', policy(10)),
        ("max-age=10; preload=yes", policy(10, preload=True)),
    ],
)  # fmt: skip
def test_read(header: str, read: Policy) -> None:
    assert parse(header) == read


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ("", "max-age is missing"),
        ("includeSubDomains", "max-age is missing"),
        ("max-age", "max-age="),
        ("max-age=", "unreadable from 'max-age='"),
        ("max-age=-1", "max-age=-1"),
        ("max-age=1.5", "max-age=1.5"),
        ("max-age=10 includeSubDomains", "unreadable"),
        ("max-age=10, max-age=20", "unreadable"),
        ("max-age=10; max-age=20", "max-age stands there twice"),
        ("max-age=10; preload; PRELOAD", "PRELOAD stands there twice"),
        ("max-age=10; includeSubDomains=true", "includeSubDomains takes no value"),
        ('max-age="10', "unreadable"),
        ("max-age=\N{ARABIC-INDIC DIGIT ONE}", "unreadable"),
        ("max-age=" + "9" * 21, "max-age=999"),
        ("max-age=10;" + " " * MAX_HEADER, "characters"),
    ],
)
def test_ignored_by_browsers(header: str, complaint: str) -> None:
    with pytest.raises(ParseError, match=complaint):
        parse(header)


@given(st.text(max_size=200) | st.text('max-age=";\\ 01includesubdom', max_size=80))
def test_any_header_is_a_policy_or_a_parse_error(header: str) -> None:
    try:
        read = parse(header)
    except ParseError:
        return
    assert read.max_age >= 0


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("http://www.example.com/a?b", Origin("http", "www.example.com", 80)),
        ("HTTPS://WWW.Example.com.:8443/", Origin("https", "www.example.com", 8443)),
        ("https://[2001:db8::1]/", Origin("https", "2001:db8::1", 443)),
        ("https://user@example.com/", Origin("https", "example.com", 443)),
        ("ftp://example.com/", None),
        ("https:///path", None),
        ("/path", None),
        ("", None),
        ("https://[", None),
        ("https://example.com:99999/", None),
        ("https://example.com:0/", Origin("https", "example.com", 0)),
    ],
)
def test_origins(url: str, read: Origin | None) -> None:
    assert origin(url) == read


@given(st.text(max_size=100) | st.text("htps:/@[]%.0", max_size=60))
def test_any_text_has_an_origin_or_none(url: str) -> None:
    found = origin(url)
    assert found is None or found.scheme in {"http", "https"}
