from __future__ import annotations

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.render.markdown import markdown
from tests.render import dom

ALLOWED = {"p", "ul", "ol", "li", "pre", "code", "b", "em", "a"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>"),
        ("a & b <c>", "<p>a &amp; b &lt;c&gt;</p>"),
        ("- one\n  more\n- two", "<ul><li>one\nmore</li><li>two</li></ul>"),
        ("1. one\n2) two", "<ol><li>one</li><li>two</li></ol>"),
        ("Steps:\n- one\n- two", "<p>Steps:</p>\n<ul><li>one</li><li>two</li></ul>"),
        ("### Entra ###\ntext", "<p><b>Entra</b></p>\n<p>text</p>"),
        ("    a <b>\n      c", "<pre>a &lt;b&gt;\n  c</pre>"),
        ("x\n```sh\na  *b*\n\nc\n```\ny", "<p>x</p>\n<pre>a  *b*\n\nc</pre>\n<p>y</p>"),
        ("```\nnever closed", "<p>```\nnever closed</p>"),
        ("`a<b` **c** *d* 2*3*4", "<p><code>a&lt;b</code> <b>c</b> <em>d</em> 2*3*4</p>"),
        ("[a](https://b.example/?c&d)", '<p><a href="https://b.example/?c&amp;d">a</a></p>'),
        ("<https://b.example>", '<p><a href="https://b.example">https://b.example</a></p>'),
        ("[a](javascript:x)", "<p>[a](javascript:x)</p>"),
        ("<data:x>", "<p>&lt;data:x&gt;</p>"),
        ("a\u202eb\r\nc", "<p>a‹U+202E›b\nc</p>"),
    ],
)
def test_markdown(text: str, expected: str) -> None:
    assert str(markdown(text)) == expected


@given(
    st.one_of(
        st.text(),
        st.lists(
            st.sampled_from([*"\n -*`#[]()<>&\"'12.", "```", "**", "https://", "javascript:", "a"])
        ).map("".join),
    )
)
def test_any_text_becomes_allowed_elements_only(text: str) -> None:
    made = html5lib.parseFragment(str(markdown(text)), namespaceHTMLElements=False)
    elements = [e for e in dom.walk(made) if e is not made]
    assert {dom.tag(e) for e in elements} <= ALLOWED
    assert {key for e in elements for key in e.attrib} <= {"href"}
    links = [e.get("href") for e in elements if e.get("href")]
    assert all(link.lower().startswith(("https://", "http://", "mailto:")) for link in links)
