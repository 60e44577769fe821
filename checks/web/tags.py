"""Finds the tags of an HTML page in one pass, as browsers do (HTML standard §13.2.5).

The standard library's parser starts anew at every comment that is never closed, and 120 kB of
those keep it busy for 20 seconds. Here every step ends behind where it began.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_TAGS = 20_000
MAX_ATTRIBUTES = 100
MAX_VALUE = 20_000
"""Characters kept of an attribute."""

_NAME = re.compile(r"(/?)([a-zA-Z][^\t\n\f\r />]*+)")
_ATTRIBUTE = re.compile(
    r"[\t\n\f\r /]*+([^\t\n\f\r />][^\t\n\f\r />=]*+)"
    r"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"([^\"]*+)(?:\"|\Z)|'([^']*+)(?:'|\Z)|([^\t\n\f\r >]*+)))?+"
)
_END = re.compile(r"[\t\n\f\r /]*+>")
_COMMENT = re.compile(r"!--(?:-?>|.*?(?:--!?>|\Z))", re.DOTALL)
_BOGUS = re.compile(r"[!?/][^>]*+(?:>|\Z)")
RAW = frozenset(
    [
        "iframe",
        "noembed",
        "noframes",
        "noscript",
        "plaintext",
        "script",
        "style",
        "textarea",
        "title",
        "xmp",
    ]
)
"""What is inside them is text, also noscript where scripts run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A start tag or an end tag, its name in lower case."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    """Names in lower case; the first of equals counts; character references are resolved."""
    end: bool = False


def tags(text: str) -> Iterator[Tag]:
    """Yield at most ``MAX_TAGS`` tags of any text; never raises."""
    at = 0
    for _ in range(MAX_TAGS):
        tag, at = _next(text, at)
        if tag is None:
            return
        yield tag
        if tag.name in RAW and not tag.end:
            at = _behind(text, at, tag.name)


def _next(text: str, at: int) -> tuple[Tag | None, int]:
    while (at := text.find("<", at)) >= 0:
        at += 1
        name = _NAME.match(text, at)
        if name:
            return _tag(text, name)
        markup = _COMMENT.match(text, at) or _BOGUS.match(text, at)
        at = markup.end() if markup else at
    return None, len(text)


def _tag(text: str, name: re.Match[str]) -> tuple[Tag | None, int]:
    attributes: dict[str, str] = {}
    at = name.end()
    while not (end := _END.match(text, at)):
        found = _ATTRIBUTE.match(text, at)
        if found is None:  # the page ends within the tag: browsers drop it
            return None, len(text)
        at = found.end()
        if len(attributes) < MAX_ATTRIBUTES:
            value = next((part for part in found.groups()[1:] if part is not None), "")
            attributes.setdefault(found[1].lower()[:100], html.unescape(value[:MAX_VALUE]))
    return Tag(name=name[2].lower(), attributes=attributes, end=bool(name[1])), end.end()


def _behind(text: str, at: int, name: str) -> int:
    """Where raw text ends: at the element's end tag, else with the page."""
    if name == "plaintext":
        return len(text)
    close = re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE).search(text, at)
    return close.start() if close else len(text)
