"""The changes to DNS records that a page writes down for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from posture.edits import Action, Edit
from posture.words import PageError, of_finding, parse_page
from tests.engine.policies import finding
from tests.engine.test_words import PAGE, RULE

if TYPE_CHECKING:
    from posture.model import Value


def made(table: str, **values: Value) -> tuple[Edit, ...]:
    """What a page with this table changes; its fix is named paint."""
    page = PAGE.replace("[says]", f"[fix]\npaint = 'x'\n[records]\npaint = {table}\n[says]", 1)
    found = finding(RULE, fix="paint", values={"colour": "red", **values})
    return of_finding(found, parse_page("a.b", page)).records


def edit(action: Action, rdtype: str, value: str, **more: object) -> Edit:
    return Edit(action=action, name="a.example", type=rdtype, value=value, **more)  # type: ignore[arg-type]


def test_a_fix_without_records_changes_nothing() -> None:
    assert made("{}") == ()


def test_each_verb_is_a_change() -> None:
    table = """{ add = "a.example. MX 5 b.example.", delete = "a.example. MX 0 .",
        replace = '{name}. TXT "{text}"' }""".replace("\n", " ")
    assert made(table, name="a.example", text='v=x; "q"') == (
        edit(Action.DELETE, "MX", "0 ."),
        edit(Action.REPLACE, "TXT", 'v=x; "q"'),
        edit(Action.ADD, "MX", "5 b.example."),
    )


def test_steps_are_numbered_and_wait_for_each_other() -> None:
    steps = 'a.example. TXT "1"\n    a.example. TXT "2"'
    assert made('{ steps = "{steps}" }', steps=steps) == (
        edit(Action.REPLACE, "TXT", "1", step=1),
        edit(Action.REPLACE, "TXT", "2", step=2),
    )


def test_what_only_the_owner_knows_is_marked() -> None:
    table = "{ add = 'a.example. CAA 0 issue \"ca.example\"', depends = true }"
    assert made(table) == (edit(Action.ADD, "CAA", '0 issue "ca.example"', depends=True),)


@pytest.mark.parametrize("text", ['x"\nb.example. TXT "y', 'x"\r\nb.example. TXT "y'])
def test_a_value_brings_no_record_of_its_own(text: str) -> None:
    found = made("""{ replace = 'a.example. TXT "{text}"' }""", text=text)
    assert found == (edit(Action.REPLACE, "TXT", 'x" b.example. TXT "y'),)


@pytest.mark.parametrize(
    "line",
    ["a.example TXT x", 'a.example. TXT ""', "a.example. TXT x", 'a.example. TXT "', "nothing",
     'a.example. TXT "\x07"'],
)  # fmt: skip
def test_a_line_that_is_no_record_leaves_nothing_of_the_whole(line: str) -> None:
    assert made('{ replace = "{lines}" }', lines=f'a.example. TXT "v=1"\n{line}') == ()


def test_a_record_that_cannot_be_filled_is_a_mistake_of_the_page() -> None:
    with pytest.raises(PageError, match="cannot be filled"):
        made("{ add = 'a.example. MX {missing}' }")
