"""The little Markdown that pages of checks use, as HTML: everything is escaped, then marked up.

Paragraphs, lists (flat), fenced and indented code, headings (as bold lines: the report has its
own), ``code``, **bold**, *emphasis*, [links](https://…) and <https://…>. Anything else stays text.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from posture.sanitise import for_html, safe_url

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"^(```|~~~).*?\n(.*?)^\1[ ]*$\n?", re.DOTALL | re.MULTILINE)
_ITEM = re.compile(r"\s{0,3}(?:([-*+])|\d{1,3}[.)])\s+(.*)", re.DOTALL)
_HEADING = re.compile(r"#{1,6}\s+(.*?)[\s#]*")
_LISTS = {"ul": Markup("<ul>{}</ul>"), "ol": Markup("<ol>{}</ol>")}
_INLINE = re.compile(
    r"(?P<code>`[^`]+`)"
    r"|\[(?P<text>[^\[\]]+)\]\((?P<url>[^()\s]+)\)"
    r"|<(?P<auto>[^<>\s]+)>"
    r"|\*\*(?P<bold>[^*]+)\*\*"
    r"|(?<![\w*])\*(?P<emphasis>[^*\s][^*]*)\*(?![\w*])"
)


def markdown(text: str) -> Markup:
    """Turn Markdown into HTML that contains no element but those named above."""
    parts: list[Markup] = []
    end = 0
    text = for_html(text.replace("\r\n", "\n").expandtabs(4)) + "\n"
    for fence in _FENCE.finditer(text):
        parts += _blocks(text[end : fence.start()])
        parts.append(_code(fence.group(2)))
        end = fence.end()
    parts += _blocks(text[end:])
    return Markup("\n").join(parts)


def _code(text: str) -> Markup:
    return Markup("<pre>{}</pre>").format(text.strip("\n"))


def _blocks(text: str) -> Iterator[Markup]:
    """Paragraphs are parted by blank lines; a list may follow a paragraph without one."""
    for block in re.split(r"\n\s*\n", text):
        lines = block.strip("\n").split("\n")
        if all(line.startswith("    ") for line in lines):
            yield _code("\n".join(line[4:] for line in lines))
            continue
        for kind, chunks in groupby(_joined(lines), key=_kind):
            yield _block(kind, list(chunks))


def _joined(lines: list[str]) -> Iterator[str]:
    """Put continuation lines behind the item or paragraph that they continue."""
    chunk = ""
    for line in filter(str.strip, lines):
        if chunk and (_ITEM.fullmatch(line) or "h" in {_kind(chunk), _kind(line)}):
            yield chunk
            chunk = line
        else:
            chunk = f"{chunk}\n{line.strip()}" if chunk else line
    if chunk:
        yield chunk


def _kind(chunk: str) -> str:
    item = _ITEM.fullmatch(chunk)
    if item:
        return "ul" if item.group(1) else "ol"
    return "h" if _HEADING.fullmatch(chunk) else "p"


def _block(kind: str, chunks: list[str]) -> Markup:
    if kind in _LISTS:
        items = (_ITEM.fullmatch(chunk) for chunk in chunks)
        inner = Markup().join(
            Markup("<li>{}</li>").format(_inline(item.group(2))) for item in items if item
        )
        return _LISTS[kind].format(inner)
    if kind == "h":
        headings = (_HEADING.fullmatch(chunk) for chunk in chunks)
        return Markup().join(
            Markup("<p><b>{}</b></p>").format(_inline(h.group(1))) for h in headings if h
        )
    return Markup().join(Markup("<p>{}</p>").format(_inline(chunk)) for chunk in chunks)


def _inline(text: str) -> Markup:
    parts: list[Markup] = []
    end = 0
    for mark in _INLINE.finditer(text):
        parts += [escape(text[end : mark.start()]), _marked(mark)]
        end = mark.end()
    return Markup().join([*parts, escape(text[end:])])


def _marked(mark: re.Match[str]) -> Markup:
    if mark["code"]:
        return Markup("<code>{}</code>").format(mark["code"][1:-1])
    if mark["bold"]:
        return Markup("<b>{}</b>").format(mark["bold"])
    if mark["emphasis"]:
        return Markup("<em>{}</em>").format(mark["emphasis"])
    url = safe_url(mark["url"] or mark["auto"])
    if url is None:
        return escape(mark[0])
    return Markup('<a href="{}">{}</a>').format(url, mark["text"] or url)
