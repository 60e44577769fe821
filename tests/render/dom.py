"""Reads a report as a browser would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import html5lib

if TYPE_CHECKING:
    from collections.abc import Iterator

Element = Any
"""An element of xml.etree, which html5lib builds; it has no type of its own."""


def parse(page: str) -> Element:
    return html5lib.parse(page, namespaceHTMLElements=False)


def walk(root: Element) -> Iterator[Element]:
    """Every element in document order; comments have no tag that is a string."""
    return (element for element in root.iter() if isinstance(element.tag, str))


def tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def classes(element: Element) -> set[str]:
    return set(element.get("class", "").split())


def owner(page: str) -> str:
    """What the owner's page says."""
    return " ".join(text(e) for e in walk(parse(page)) if "owner" in classes(e))
