"""The audit in a terminal: the grade, what holds it, what to do, what could not be seen."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from posture.model import Severity
from posture.render import digest, phrases
from posture.sanitise import for_terminal
from posture.score import is_proven

if TYPE_CHECKING:
    from collections.abc import Iterator

    from posture.audit import Audit

WIDTH = 80
_NARROWEST = 20
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def summary(audit: Audit, *, width: int = WIDTH, color: bool = False) -> str:
    """Return the summary: lines of at most ``width`` columns, the last one ended.

    ``color`` sets headings in bold; nothing is told by it alone.
    """
    width = max(width, _NARROWEST)
    lines: list[str] = []
    for mark, text in _paragraphs(audit):
        if mark == "#":
            lines += ["", *(_bold(line, color=color) for line in _wrapped(text, width))]
        else:
            lines += _wrapped(text, width, mark)
    return "\n".join(lines[1:]) + "\n"


def one_line(audit: Audit) -> str:
    """Return ``posture client=x grade=D..A score=63..71 crit=1 new=2``, without a line end.

    ``crit`` counts findings proven, critical and not accepted; ``new`` is ``-`` on a first audit.
    """
    low, high = audit.score.floor, audit.score.ceiling
    critical = sum(
        is_proven(e.finding) and e.finding.severity is Severity.CRITICAL and not e.finding.waived
        for e in audit.entries
    )
    new = "-" if audit.changes is None else str(len(audit.changes.new))
    fields = {
        "client": audit.client_id,
        "grade": _range(low.grade, high.grade),
        "score": _range(str(phrases.whole(low.points)), str(phrases.whole(high.points))),
        "crit": str(critical),
        "new": new,
    }
    return " ".join(["posture", *(f"{key}={_word(value)}" for key, value in fields.items())])


def _word(text: str) -> str:
    """Leave no space in a value: what follows would pass for a field of ours."""
    return "_".join(_line(text).split())


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low}..{high}"


def _paragraphs(audit: Audit) -> Iterator[tuple[str, str]]:
    """Yield pairs of what stands before a paragraph (``#``: it is a heading) and its text."""
    yield "#", f"{audit.client_name}, {phrases.day(audit.taken)}"
    for sentence in digest.cut_short(audit):
        yield "! ", f"Not finished. {sentence}."
    score = audit.score
    yield "", f"{digest.grade(score)} – {digest.result(score)}."
    if why := digest.why_unsettled(audit):
        yield "", f"{why}."
    yield from _held(audit)
    yield from _steps(audit)
    yield from _unseen(audit)
    yield from _changes(audit)


def _held(audit: Audit) -> Iterator[tuple[str, str]]:
    held = digest.held(audit)
    if held:
        yield "#", "What keeps the grade down"
    for hold in held:
        yield "", f"{hold.cause}:"
        for title, state in hold.rules[:3]:
            yield "  - ", f"{title} ({state})"
        if len(hold.rules) > 3:
            yield "  - ", f"and {len(hold.rules) - 3} more"


def _steps(audit: Audit) -> Iterator[tuple[str, str]]:
    steps = digest.steps(audit)
    yield "#", "Do first" if steps else "Nothing to do"
    for number, step in enumerate(steps, 1):
        systems = ", ".join(step.systems[:3])
        more = f" and {len(step.systems) - 3} more" if len(step.systems) > 3 else ""
        yield f"{number}. ", step.action
        yield "   ", f"{systems}{more} · {step.effort}, {step.cost} · then {step.afterwards}"


def _unseen(audit: Audit) -> Iterator[tuple[str, str]]:
    reasons = digest.reasons_unseen(audit)
    if reasons:
        total = sum(number for _, number in reasons)
        yield "#", f"Could not be checked: {total}"
    for reason, number in reasons:
        yield f"{number:>3}  ", reason


def _changes(audit: Audit) -> Iterator[tuple[str, str]]:
    compared = digest.compared(audit)
    yield "#", "Since last time"
    yield "", f"{compared.summary}."
    for mark, names in (("new    ", compared.new), ("fixed  ", compared.fixed)):
        for name in names[:5]:
            yield mark, name
        if len(names) > 5:
            yield mark, f"and {len(names) - 5} more"
    yield "", f"{digest.accepted(audit)}."


def _bold(line: str, *, color: bool) -> str:
    return f"{_BOLD}{line}{_PLAIN}" if color else line


def _line(text: str) -> str:
    """Make text harmless, and one line: a line feed in a name must not forge a line of ours."""
    return for_terminal(text).replace("\n", "␊")


def _wrapped(text: str, width: int, mark: str = "") -> Iterator[str]:
    """Break text into lines that fit behind ``mark``, words longer than a line included."""
    indent = len(mark)
    line, used = mark, indent
    for word in _words(_line(text), width - indent):
        size = _columns(word)
        if used > indent and used + 1 + size > width:
            yield line
            line, used = " " * indent, indent
        gap = " " if used > indent else ""
        line, used = f"{line}{gap}{word}", used + len(gap) + size
    yield line


def _words(text: str, room: int) -> Iterator[str]:
    for word in text.split():
        piece, used = "", 0
        for character in word:
            size = _columns(character)
            if used + size > room:
                yield piece
                piece, used = "", 0
            piece, used = piece + character, used + size
        yield piece


def _columns(text: str) -> int:
    """How many columns a terminal gives a text: wide letters two, combining marks none."""
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
