"""The changes to DNS records that a fix prints, once more for programs.

A check's page says under ``[records.<fix id>]`` what is to be done with which lines of its fix::

    [records.publish]
    replace = '{host}. TXT "{record}"'

``add`` and ``delete`` mean one record each. ``replace`` puts a record in place of all of its type
at the name; of TXT records only of those that begin with the same word, such as ``v=spf1``.
``steps`` are replacements to be made one after the other, with time between them. With
``depends = true`` it hangs on something only the owner knows whether the lines fit as they stand.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_LINE = re.compile(r"(?P<name>[!-~]+)\. (?P<type>[A-Z]+) (?P<value>[ -~]+)\Z")
_VERBS = ("delete", "replace", "add", "steps")
_MULTIPLE = re.compile(r"\{[a-z_]+\}\Z")
"""A line that is nothing but a placeholder may be filled with several lines."""


class Action(StrEnum):
    """What to do with a record."""

    ADD = "add"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change to a zone. The sentence of the fix says what has to be sure before it is made."""

    action: Action
    name: str
    """Without the final dot."""
    type: str
    value: str
    """In presentation form; of a TXT record the text, without quotes and undivided."""
    step: int = 0
    """Several steps of one fix wait for each other: 1, 2, …; 0 is for what need not wait."""
    depends: bool = False
    """Only the owner knows whether it fits as it stands; the fix says what that depends on."""


def lines(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the verbs of a page's table with the lines that they are about, not filled in yet."""
    for verb in _VERBS:
        for line in str(table.get(verb, "")).splitlines():
            yield verb, line


def may_be_several(line: str) -> bool:
    """Whether what fills a line may be several lines."""
    return _MULTIPLE.match(line) is not None


def edits(filled: list[tuple[str, str]], *, depends: bool) -> tuple[Edit, ...]:
    """Read filled lines; nothing at all if one of them is no record, as a whole may hang on it."""
    found = []
    for number, (verb, line) in enumerate(filled, 1):
        match = _LINE.match(line)
        value = _value(match["type"], match["value"]) if match else ""
        if not match or not value:
            return ()
        found.append(
            Edit(
                action=Action.REPLACE if verb == "steps" else Action(verb),
                name=match["name"],
                type=match["type"],
                value=value,
                step=number if verb == "steps" else 0,
                depends=depends,
            )
        )
    return tuple(found)


def _value(rdtype: str, written: str) -> str:
    if rdtype != "TXT":
        return written
    return written[1:-1] if len(written) > 1 and written[0] == written[-1] == '"' else ""
