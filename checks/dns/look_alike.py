"""Names that a reader takes for another: few, the most deceptive kinds first, always the same."""

import re
from collections.abc import Iterator
from itertools import chain, zip_longest

from .facts import Likeness

MOST = 40
"""Names made from one domain."""
SHORT = 5
"""Labels with fewer letters are one letter away from half of all companies."""
TOP_LEVELS = ("com", "net", "org")
_PAIRS = ("o 0", "l 1", "l i", "i 1", "m rn", "w vv", "d cl", "e 3", "s 5", "u v", "g q")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def similar(domain: str) -> dict[str, Likeness]:
    """Return names like a registered one, at most ``MOST``, and what makes each like it.

    The kinds take turns, so that none is crowded out.
    """
    label, _, suffix = domain.partition(".")
    kinds = [_swapped_ends(label, suffix)]
    if not label.startswith("xn--"):
        kinds.append(_as(Likeness.HOMOGLYPH, _homoglyphs(label), suffix))
        kinds.append(_as(Likeness.HYPHEN, _hyphens(label), suffix))
    if len(label) >= SHORT and not label.startswith("xn--"):
        kinds.append(_as(Likeness.TRANSPOSITION, _transpositions(label), suffix))
        kinds.append(_as(Likeness.OMISSION, _omissions(label), suffix))
    found: dict[str, Likeness] = {}
    for pair in chain.from_iterable(zip_longest(*kinds)):
        if pair and pair[0] != domain and len(found) < MOST:
            found.setdefault(*pair)
    return found


def _as(kind: Likeness, labels: Iterator[str], suffix: str) -> Iterator[tuple[str, Likeness]]:
    return ((f"{label}.{suffix}", kind) for label in labels if _LABEL.fullmatch(label))


def _swapped_ends(label: str, suffix: str) -> Iterator[tuple[str, Likeness]]:
    """The same name under the ends that everybody tries, and under the country's own."""
    country = suffix.rpartition(".")[2]
    ends = (*TOP_LEVELS, country) if "." in suffix else TOP_LEVELS
    return ((f"{label}.{end}", Likeness.TOP_LEVEL) for end in ends if end != suffix)


def _table() -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for one, other in map(str.split, _PAIRS):
        table.setdefault(one, []).append(other)
        table.setdefault(other, []).append(one)
    return table


_LOOKS_LIKE = _table()


def _homoglyphs(label: str) -> Iterator[str]:
    for start in range(len(label)):
        for size in (1, 2):
            for other in _LOOKS_LIKE.get(label[start : start + size], ()):
                yield label[:start] + other + label[start + size :]


def _hyphens(label: str) -> Iterator[str]:
    """Without each hyphen; with one in the middle parts of a name that has none."""
    if "-" in label:
        places = [place for place, letter in enumerate(label) if letter == "-"]
        return (label[:place] + label[place + 1 :] for place in places)
    return (label[:place] + "-" + label[place:] for place in range(3, len(label) - 2))


def _transpositions(label: str) -> Iterator[str]:
    for place in range(len(label) - 1):
        one, two = label[place], label[place + 1]
        if one != two:
            yield label[:place] + two + one + label[place + 2 :]


def _omissions(label: str) -> Iterator[str]:
    return (label[:place] + label[place + 1 :] for place in range(len(label)))
