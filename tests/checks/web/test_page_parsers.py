"""The grammars of pages, cookies, policies and notices: a value or ParseError, for anything."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.web import content_policy, cookie, document, security_txt, software
from posture.checks.web.content_policy import Hole, holes, loose_words
from posture.checks.web.page_facts import Document, Embedded, Form, Script
from posture.checks.web.tags import MAX_ATTRIBUTES, MAX_TAGS, RAW, Tag, tags

URL = "https://www.example.com/shop/"
ANY = st.text(max_size=200)


def read(text: str) -> Document:
    return document.read(text, URL, "example.com")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("a < b", []),
        ("<A HREF='x' href=y B>", [Tag(name="a", attributes={"href": "x", "b": ""})]),
        ('<a b="1>2" c=&amp; d = e/>', [("a", {"b": "1>2", "c": "&", "d": "e/"})]),
        ("<a/b/c=d>", [("a", {"b": "", "c": "d"})]),
        ("<a =b>", [("a", {"=b": ""})]),
        ("</a b>x</ c><a>", [Tag(name="a", attributes={"b": ""}, end=True), ("a", {})]),
        ("<!doctype html><?x <a>><b>", [("b", {})]),
        ("<!-- <a> --><b><!--><c><!---><d>", [("b", {}), ("c", {}), ("d", {})]),
        ("<!-- <a> --!><e><!-- ", [("e", {})]),
        ("<script>'<a>'</SCRIPT ><b>", [("script", {}), Tag(name="script", end=True), ("b", {})]),
        ("<script><!-- </scripty><a>", [("script", {})]),
        ("<noscript><img></noscript>", [("noscript", {}), Tag(name="noscript", end=True)]),
        ("<plaintext></plaintext><a>", [("plaintext", {})]),
        ('<a b="', []),
        ("<a b='c", []),
        ("<a ", []),
    ],
)  # fmt: skip
def test_tags(text: str, found: list[Any]) -> None:
    wanted = [tag if isinstance(tag, Tag) else Tag(name=tag[0], attributes=tag[1]) for tag in found]
    assert list(tags(text)) == wanted


@given(ANY | st.text("<>!-/='\" aSscript\n&#", max_size=200))
def test_any_text_has_tags(text: str) -> None:
    for tag in tags(text):
        assert tag.name == tag.name.lower()
        assert tag.name not in RAW or not tag.end or f"</{tag.name}" in text.lower()


@pytest.mark.parametrize(
    "piece",
    ["<!--", "<a ", "<a b='", "<![CDATA[", "<script>", "</script", "<a b", "<!d ", "&lt", "<a>"],
)
def test_a_page_is_read_in_one_pass(piece: str) -> None:
    # To start anew at each piece would take minutes: 120 kB of "<!--" keep html.parser 20 s.
    assert len(list(tags(piece * ((1 << 20) // len(piece))))) <= MAX_TAGS


def test_what_a_page_is_made_of() -> None:
    found = read(
        "<html><head><base href=/de/><base href=http://evil.example/>"
        "<meta http-equiv=Content-Security-Policy content=\"script-src 'self'\">"
        '<meta name=Generator content="WordPress 6.1\x1b"><meta name=generator content=" ">'
        "<meta name=referrer content=unsafe-url>"
        "<script src=//cdn.example.net/x.js></script>"
        "<script src=https://cdn.example.net/y.js integrity=sha384-x></script>"
        "<script src=http://static.example.com/z.js?secret=1#x></script>"
        "<script src=https://[></script><script src=data:,x></script>"
        "<script type=application/ld+json>{}</script><script type=module> </script>"
        "<link rel='x stylesheet' href=http://a.example/a.css><link rel=next href=http://a.example/>"
        "<link rel='shortcut icon' href=http://a.example/f.ico>"
        "<body onload=x()><meta http-equiv=content-security-policy content=\"default-src 'none'\">"
        "<a href=' JavaScript:x()'>a</a><a href=http://a.example/>b</a>"
        "<img src=http://a.example/1.png srcset='http://a.example/2.png 2x, /3.png'>"
        "<img src=http://localhost/x><iframe src=http://b.example/frame></iframe><img src>"
        "<object data=http://b.example/o></object>"
        "</body></html>"
    )
    assert found.scripts == 6
    assert found.handlers == 2
    assert found.foreign == (
        Script(host="cdn.example.net", integrity=False),
        Script(host="cdn.example.net", integrity=True),
    )
    assert found.policies == ("script-src 'self'",)
    assert found.generators == ("WordPress 6.1\N{REPLACEMENT CHARACTER}",)
    assert found.referrer == ("unsafe-url",)
    assert found.active == (
        Embedded(element="script", url="http://static.example.com/z.js"),
        Embedded(element="link", url="http://a.example/a.css"),
        Embedded(element="iframe", url="http://b.example/frame"),
        Embedded(element="object", url="http://b.example/o"),
    )
    assert [each.url for each in found.passive] == [
        "http://a.example/f.ico",
        "http://a.example/1.png",
        "http://a.example/2.png",
    ]
    assert found.whole


def test_forms_and_their_passwords() -> None:
    found = read(
        "<form action=http://a.example/login?user=x><input type=PASSWORD></form>"
        "<form><input type=text><button formaction=//b.example/>Go</button></form>"
        "<form action=mailto:someone@example.com></form><form action='https://['></form>"
        "<input type=password><input type=image src=http://a.example/x>"
    )
    assert found.forms == (
        Form(target="http://a.example", password=True),
        Form(target="https://www.example.com", password=True),
        Form(target="", password=False),
        Form(target="https://b.example", password=False),
        Form(target="https://www.example.com", password=False),
        Form(target="mailto", password=False),
    )
    assert [each.url for each in found.passive] == ["http://a.example/x"]


def test_a_page_of_too_many_tags_is_not_whole() -> None:
    assert read("<p>" * (MAX_TAGS - 1)).whole
    assert not read("<p>" * (MAX_TAGS + 1)).whole
    (tag,) = tags("<a " + "".join(f"b{n} " for n in range(300)) + ">")
    assert len(tag.attributes) == MAX_ATTRIBUTES


def test_what_is_no_url_has_no_target() -> None:
    assert document._target("https://[") == ("", "")


WORDS = [
    "<form ",
    "<input type=password ",
    "<script ",
    "src=",
    "http://a.example ",
    "<meta ",
    "<img ",
]
WORDS += [
    "name=generator ",
    "content='",
    "'",
    ">",
    "<base href=",
    "https://[ ",
    "<link rel=icon href=",
]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=40).map("".join))
def test_any_text_is_a_page(text: str) -> None:
    found = read(text)
    assert all("?" not in each.url for each in (*found.active, *found.passive))
    assert len(found.forms) <= document.MAX_ITEMS


@pytest.mark.parametrize(
    ("header", "name", "flags"),
    [
        ("PHPSESSID=abc; path=/", "PHPSESSID", ("", "", "", "/", False, True)),
        ("a=b; SECURE; HttpOnly; SameSite=LAX", "a", (True, True, "lax", "", False, False)),
        ("a=b; SameSite=x; SameSite=None", "a", ("", "", "none", "", False, False)),
        ("a=b; SameSite=None; SameSite=x", "a", ("", "", "", "", False, False)),
        ("wp_logged_in=1; Domain=.a.example", "wp_logged_in", ("", "", "", "", True, True)),
        ("XSRF-TOKEN=1; domain=", "XSRF-TOKEN", ("", "", "", "", False, False)),
        ("=value", "", ("", "", "", "", False, False)),
        ("value; secure", "", (True, "", "", "", False, False)),
        ("connect.sid=1", "connect.sid", ("", "", "", "", False, True)),
        ("_ga=1", "_ga", ("", "", "", "", False, False)),
        ("outside=1", "outside", ("", "", "", "", False, False)),
    ],
)  # fmt: skip
def test_cookies(header: str, name: str, flags: tuple[Any, ...]) -> None:
    found = cookie.parse(header)
    assert found.name == name
    read = (found.secure, found.http_only, found.same_site, found.path, found.domain, found.session)
    assert read == tuple(flag or type(was)() for flag, was in zip(flags, read, strict=True))


def test_no_value_of_a_cookie_is_kept() -> None:
    found = cookie.parse(f"{'s3cret' * 20}=t0ken; path=/")
    assert found.name.startswith("sha256:")
    assert "s3cret" not in repr(found)
    assert "t0ken" not in repr(cookie.parse("t0ken; Path=/x"))


@pytest.mark.parametrize("header", ["", ";", "=", " = ; secure", "a=" + "x" * cookie.MAX_HEADER])
def test_cookies_that_browsers_ignore(header: str) -> None:
    with pytest.raises(cookie.ParseError):
        cookie.parse(header)


@given(ANY | st.text("a=; \tSecureHttpOnly", max_size=80))
def test_any_header_is_a_cookie_or_a_parse_error(header: str) -> None:
    try:
        found = cookie.parse(header)
    except cookie.ParseError:
        return
    assert len(found.name) <= cookie.MAX_NAME


ALL = set(Hole)
NONE = "'none'"


@pytest.mark.parametrize(
    ("headers", "left"),
    [
        ([], ALL),
        ([""], ALL),
        (["upgrade-insecure-requests"], ALL),
        (["default-src 'none'"], set()),
        (["default-src 'self'"], set()),
        (["DEFAULT-SRC 'SELF'; default-src *"], set()),
        (["script-src 'self'; object-src 'none'"], set()),
        (["script-src 'self'"], {Hole.OBJECT}),
        (["default-src 'self' 'unsafe-inline'"], {Hole.INLINE, Hole.HANDLER}),
        (["default-src 'self' 'unsafe-inline' 'nonce-abc'; base-uri 'none'"], set()),
        (["default-src 'self' 'unsafe-inline' 'sha256-AAAA='; base-uri 'none'"], set()),
        (["default-src 'self' 'nonce-abc'"], {Hole.BASE}),
        (["default-src 'none'; script-src https:"], {Hole.ANYWHERE, Hole.BASE}),
        (["default-src 'none'; script-src http:; base-uri 'self'"], {Hole.ANYWHERE}),
        (["default-src *; base-uri 'self'"], {Hole.ANYWHERE}),
        (["default-src https://*:443; base-uri 'self'"], {Hole.ANYWHERE}),
        (["default-src https://*.example.com"], set()),
        (["default-src https://unpkg.com/; base-uri 'self'"], {Hole.ANYWHERE}),
        (["default-src https://unpkg.com/react@18/; base-uri 'self'"], set()),
        (["default-src 'self' data:"], {Hole.DATA}),
        (["default-src https: 'strict-dynamic' 'unsafe-inline' data:; base-uri 'none'"], set()),
        (["script-src-elem 'self'; object-src 'none'; base-uri 'self'"], {Hole.HANDLER}),
        (["default-src 'self'; script-src-attr 'unsafe-inline'"], {Hole.HANDLER}),
        (["sandbox; script-src *"], set()),
        (["sandbox allow-scripts; default-src 'self'"], set()),
        (["sandbox allow-scripts"], ALL),
        # Several policies, in one header or in several: all must agree.
        (["default-src 'self' data:", "default-src 'self' https:"], set()),
        (["default-src 'self' data:, default-src data:"], {Hole.DATA}),
        (["script-src 'self'", "object-src 'none'"], set()),
        # What is not ASCII is no directive.
        (["default-src 'n\N{LATIN SMALL LETTER O WITH DIAERESIS}ne'"], ALL),
    ],
)  # fmt: skip
def test_what_a_policy_lets_through(headers: list[str], left: set[Hole]) -> None:
    policies = [policy for header in headers for policy in content_policy.parse(header)]
    assert holes(policies) == left


def test_a_policy_in_the_page_leaves_some_words_out() -> None:
    (policy,) = content_policy.parse(
        "sandbox; default-src 'self', frame-ancestors 'none'", meta=True
    )
    assert list(policy.directives) == ["default-src"]
    assert content_policy.frames([policy]) is None
    assert content_policy.parse("frame-ancestors 'none'", meta=True) == ()


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("default-src 'self'", ("no base-uri",)),
        ("base-uri 'none'", ("no script-src", "no object-src")),
        ("default-src data: data: *; base-uri a", ("data:", "*")),
    ],
)
def test_the_words_that_open_a_policy(header: str, words: tuple[str, ...]) -> None:
    assert loose_words(content_policy.parse(header)) == words


def test_a_policy_too_long_to_judge() -> None:
    with pytest.raises(content_policy.ParseError):
        content_policy.parse("a" * (content_policy.MAX_POLICY + 1))


TOKENS = [
    "default-src ",
    "script-src ",
    "'unsafe-inline' ",
    "'nonce-a' ",
    "; ",
    ", ",
    "* ",
    "data: ",
]
TOKENS += ["frame-ancestors ", "'none' ", "sandbox ", "base-uri ", "https: ", "data: "]


@given(st.lists(st.sampled_from(TOKENS) | st.text(max_size=3), max_size=30).map("".join))
def test_any_header_is_a_policy_and_a_second_one_only_takes_away(header: str) -> None:
    policies = content_policy.parse(header)
    stricter = [*policies, *content_policy.parse("default-src 'self'")]
    assert holes(stricter) <= holes(policies)
    assert holes(stricter) == set()
    assert content_policy.frames(policies) in {None, True, False}
    assert loose_words(policies) is not None


FILE = "# Us\r\nContact: mailto:security@example.com\r\nContact:https://example.com/report?a\r\n"
END = "Expires: 2027-01-01T00:00:00Z\n"


def test_a_notice() -> None:
    found = security_txt.parse(FILE + "\n" + END)
    assert found.contacts == ("mailto:security@example.com", "https://example.com/report?a")
    assert (found.expires, found.signed) == ("2027-01-01T00:00:00Z", False)
    assert security_txt.parse("").contacts == ()


def test_a_signed_notice() -> None:
    head, tail = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n\n",
        "-----BEGIN PGP SIGNATURE-----\n",
    )
    found = security_txt.parse(f"{head}- {FILE}{END}{tail}\nx\n")
    assert (len(found.contacts), found.signed) == (2, True)
    assert found.expires


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "Contact:",
        "Contact: a\x1b[2J",
        "Contact: a\N{RIGHT-TO-LEFT OVERRIDE}b",
        END + END,
        "a: b\n" * 51,
        "#" * (security_txt.MAX_TEXT + 1),
        "<html>",
    ],
)
def test_no_notice(text: str) -> None:
    with pytest.raises(security_txt.ParseError):
        security_txt.parse(text)


@given(ANY | st.text("Contact: Expires#\n-mailto@.:", max_size=150))
def test_any_text_is_a_notice_or_a_parse_error(text: str) -> None:
    try:
        found = security_txt.parse(text)
    except security_txt.ParseError:
        return
    assert all(contact.isprintable() for contact in found.contacts)


@pytest.mark.parametrize(
    ("contact", "place"),
    [
        ("mailto:jane.doe@example.com", "mailto:…@example.com"),
        ("mailto:jane", "mailto:"),
        ("https://example.com/jane", "https:example.com"),
        ("tel:+49-1", "tel:"),
        ("https://[", "unreadable"),
        ("jane", ":"),
    ],
)
def test_nobody_is_named(contact: str, place: str) -> None:
    assert security_txt.place(contact) == place


@given(ANY)
def test_any_contact_has_a_place(contact: str) -> None:
    assert len(security_txt.place(contact)) <= 300


def test_the_data_of_software() -> None:
    for product in software.shipped():
        assert product.source.startswith("https://")
        assert bool(product.generator) != bool(product.header)
        assert set(product.last) <= set(product.ends)
        for cycle, day in {**product.ends, **product.superseded}.items():
            assert software._VERSION.fullmatch(cycle), product.name
            assert day.year >= 2006
        assert all(day > product.ends[cycle] for cycle, day in product.paid.items())
        assert not set(product.ends) & set(product.superseded)


@given(
    ANY | st.sampled_from(["WordPress ", "PHP/", "Drupal "]).flatmap(lambda s: ANY.map(s.__add__))
)
def test_any_text_names_software_or_not(text: str) -> None:
    named = software.by_generator(text)
    assert named is None or named.version.replace(".", "").isdigit()
    assert all(each.product.header for each in software.by_header(text))
