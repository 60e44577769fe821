"""No outlet lets through what it would obey."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture import sanitise

anything = st.text(st.characters()) | st.text(
    st.sampled_from("\x00\x07\x1b\x7f\x85\x9b\r\n\t\u202e\u2066\u200b\ufeff\u2028\ud800=+-@' a")
)
FORBIDDEN = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("plain text\nand a line", "plain text\nand a line"),
        ("Žofie 東京 🎉", "Žofie 東京 🎉"),
        ("\x1b]0;owned\x07", "␛]0;owned␇"),
        ("a\tb\r\n", "a␉b␍\n"),
        ("\x7f\x9b", "‹U+007F›‹U+009B›"),
        ("exe.\u202egpj", "exe.‹U+202E›gpj"),
        ("pay\u200bpal", "pay‹U+200B›pal"),
        ("\u3164\ufdd0\uffff\U000e0101", "‹U+3164›‹U+FDD0›‹U+FFFF›‹U+E0101›"),
        ("\udc80", "‹U+DC80›"),
    ],
)
def test_hidden_characters_are_shown(hostile: str, shown: str) -> None:
    assert sanitise.for_terminal(hostile) == shown
    assert sanitise.for_html(hostile) == shown


@given(anything)
def test_nothing_a_terminal_or_browser_obeys_survives(text: str) -> None:
    for outlet in (sanitise.for_terminal, sanitise.for_html, sanitise.for_csv):
        shown = outlet(text)
        assert not FORBIDDEN.search(shown)
        assert not any(unicodedata.category(c) in {"Cf", "Cs", "Zl", "Zp"} for c in shown)
        shown.encode("utf-8")


@given(anything)
def test_showing_twice_changes_nothing(text: str) -> None:
    assert sanitise.visible(sanitise.visible(text)) == sanitise.visible(text)


@given(anything)
def test_no_cell_is_a_formula(text: str) -> None:
    assert not sanitise.for_csv(text).lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("  @SUM(1)", "'  @SUM(1)"),
        ("\t=1", "'␉=1"),
        ("\uff1d1", "'\uff1d1"),
        ("v=DMARC1; p=none", "v=DMARC1; p=none"),
        ("v=DMARC1;=1+1; +1", "v=DMARC1;'=1+1;' +1"),
        ('x;"=1"', 'x;\'"=1"'),
        ("one\n@two\n three", "one\n'@two\n three"),
        ("", ""),
    ],
)
def test_formulas_are_defused(cell: str, safe: str) -> None:
    assert sanitise.for_csv(cell) == safe


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Smile Dental Ltd", "Smile-Dental-Ltd"),
        ("../../etc/passwd", "etc-passwd"),
        ("Müller & Söhne", "Muller-Sohne"),
        ("con", "x-con"),
        ("LPT1.txt", "x-LPT1.txt"),
        ("console", "console"),
        ("東京", "unnamed"),
        ("a:b\x00c", "a-b-c"),
        ("x" * 500, "x" * 80),
    ],
)
def test_file_names_work_everywhere(text: str, name: str) -> None:
    assert sanitise.for_filename(text) == name


@given(anything)
def test_every_file_name_is_a_plain_one(text: str) -> None:
    name = sanitise.for_filename(text)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,81}", name)
    assert not name.endswith((".", "-"))


@pytest.mark.parametrize(
    "url", ["https://example.com/a?b=c#d", "http://x.example", "MAILTO:it@example.com"]
)
def test_ordinary_links_stay(url: str) -> None:
    assert sanitise.safe_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " https://example.com",
        "https://example.com/\n",
        'https://example.com/"onclick=',
        "https://example.com/<b>",
        "https://b\u00fccher.example",
        "data:text/html,x",
        "//example.com",
        "",
    ],
)
def test_other_links_do_not(url: str) -> None:
    assert sanitise.safe_url(url) is None
