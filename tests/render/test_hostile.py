"""Every string of an audit is written by an attacker; the outputs keep their shape."""

from __future__ import annotations

import csv as stdlib_csv
import io
import re
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from posture.render import csv, html, text
from posture.sanitise import visible
from tests.render import dom, sample

PAYLOADS = {
    "script": '"><script>alert(1)</script>',
    "attribute": "' onmouseover='alert(1)' x=\" autofocus onfocus=alert(1) ",
    "image": "<img src=https://evil.example/x onerror=alert(1)>",
    "style": "</style></title></pre></svg><svg onload=alert(1)>",
    "comment": "--><!--<!DOCTYPE x><![CDATA[",
    "entity": "&lt;script&gt;&#x3c;&amp;&bogus;",
    "template": "{{ 7*7 }}{% include 'x' %}{# #}",
    "link": '[x](javascript:alert(1)) <javascript:alert(1)> [y](https://a"onclick=x)',
    "markdown": "```\n</pre><script>x</script>\n```\n- <b>\n\n    <i>\n# <u>\n",
    "direction": "\u202egpj.exe\u2066\u200b\ufeff\U000e0041",
    "terminal": "\x1b[2J\x1b]0;owned\x07\x9b31m\x00\x08\r\x7f",
    "lines": "x\nposture client=y grade=A+\u2028\u2029\x0b\x0c\x85z",
    "formula": "=cmd|' /C calc'!A0",
    "formulas": "@SUM(1)\t+1\r\n-1",
    "separators": 'x;=1;"=2";""@3\n=4\n"+5\n ;-6",=7',
    "long": "A" * 5000,
    "wide": "世界" * 40 + "e\u0301" * 40,
}
FORMULA = tuple("=+-@|%\t\r")


def poisoned(value: Any, payload: str) -> Any:
    """Put the payload before every string; an empty one stays empty, an enum is not a string."""
    if isinstance(value, Enum) or not value:
        return value
    if isinstance(value, str):
        return payload + value
    if isinstance(value, tuple):
        return tuple(poisoned(item, payload) for item in value)
    if isinstance(value, dict):
        return {poisoned(k, payload): poisoned(v, payload) for k, v in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        changes = {f.name: poisoned(getattr(value, f.name), payload) for f in fields(value)}
        return replace(value, **changes)
    return value


@cache
def page_of(name: str) -> str:
    return html.html(AUDITS[name])


AUDITS = {name: poisoned(sample.AUDIT, payload) for name, payload in PAYLOADS.items()}


def outside_pages(page: str) -> list[tuple[str, tuple[str, ...]]]:
    """Elements and their attributes, without what Markdown makes of a page of a check."""
    root = dom.parse(page)
    for element in list(dom.walk(root)):
        if "page" in dom.classes(element):
            element[:] = []
    return [(dom.tag(e), tuple(sorted(map(str, e.attrib)))) for e in dom.walk(root)]


SHAPE = outside_pages(html.html(sample.AUDIT))


def test_the_poison_reaches_every_string() -> None:
    made = repr(AUDITS["formula"])
    for harmless in ("'Smile Dental Ltd'", "'p=none'", "'smb-baseline'", "'identity'", "'cis'"):
        assert harmless in repr(sample.AUDIT)
        assert harmless not in made


@pytest.mark.parametrize("name", PAYLOADS)
def test_html_keeps_its_shape(name: str) -> None:
    assert outside_pages(page_of(name)) == SHAPE


@pytest.mark.parametrize("name", PAYLOADS)
def test_html_gains_no_element_handler_or_address(name: str) -> None:
    elements = list(dom.walk(dom.parse(page_of(name))))
    known = {tag for tag, _ in SHAPE} | {"a", "b", "em", "li", "ol", "p", "pre", "ul", "code"}
    assert {dom.tag(e) for e in elements} <= known
    attributes = {str(key) for e in elements for key in e.attrib}
    assert attributes <= {key for _, keys in SHAPE for key in keys}
    links = {e.get("href") for e in elements if e.get("href")}
    assert all(re.match(r"#[A-Za-z0-9-]*\Z|https://[!-~]+\Z", link) for link in links)


@pytest.mark.parametrize("name", PAYLOADS)
def test_html_shows_what_would_be_invisible(name: str) -> None:
    page = page_of(name)
    assert page == visible(page)


@pytest.mark.parametrize("name", PAYLOADS)
def test_every_picture_is_xml(name: str) -> None:
    pictures = re.findall(r"<svg\b.*?</svg>", page_of(name), flags=re.DOTALL)
    assert len(pictures) == 1 + len(sample.AUDIT.score.areas)
    assert all(ET.fromstring(picture)[0].tag == "title" for picture in pictures)


@pytest.mark.parametrize("name", PAYLOADS)
def test_csv_keeps_its_shape_and_holds_no_formula(name: str) -> None:
    data = csv.findings(AUDITS[name]).decode("utf-8-sig")
    rows = list(stdlib_csv.reader(io.StringIO(data, newline=""), strict=True))
    clean = csv.findings(sample.AUDIT).decode("utf-8-sig")
    expected = list(stdlib_csv.reader(io.StringIO(clean, newline=""), strict=True))
    assert [len(row) for row in rows] == [len(row) for row in expected]
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if cell.lstrip().startswith(FORMULA)] == []
    elsewhere = stdlib_csv.reader(data.splitlines(), delimiter=";")  # as in half of Europe
    cells = [cell for row in elsewhere for cell in row]
    assert [cell for cell in cells if cell.lstrip().startswith(FORMULA)] == []
    assert all(cell == visible(cell) for cell in cells)


@pytest.mark.parametrize("name", PAYLOADS)
@pytest.mark.parametrize("width", [20, 80])
def test_terminal_is_not_commanded_and_no_line_is_too_long(name: str, width: int) -> None:
    said = text.summary(AUDITS[name], width=width)
    assert said == visible(said)
    assert max(map(text._columns, said.splitlines())) <= width


@pytest.mark.parametrize("name", PAYLOADS)
def test_no_line_of_the_terminal_can_be_forged(name: str) -> None:
    line = text.one_line(AUDITS[name])
    assert line == visible(line)
    keys = [word.partition("=")[0] for word in line.split()]
    assert keys == ["posture", "client", "grade", "score", "crit", "new"]
    assert "\n" not in line
    said = text.summary(AUDITS[name], width=200_000).splitlines()
    assert len(said) == len(text.summary(sample.AUDIT, width=200_000).splitlines())
