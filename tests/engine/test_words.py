from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture import words
from posture.model import Reason, Severity, Status
from posture.words import HEADINGS, Page, PageError, load_page, of_finding, parse_page
from tests.engine.policies import AREAS, finding, rule

FRONT = 'title = "T"\ngood = "G"\nrisk = "R"\naction = "A"\n'
BODY = "".join(f"## {heading}\n\ntext\n\n" for heading in HEADINGS)
PAGE = f"+++\n{FRONT}[says]\nok = 'It is {{colour}}.'\n+++\n{BODY}"
RULE = rule("toy.page.green")


def test_a_page_is_read() -> None:
    page = load_page("tests.engine", "toy.page.green")
    assert page.title == "The page has the wanted colour"
    assert page.sections["How to fix"] == "Paint."
    assert page.body.startswith("# The page has the wanted colour\n\n## What it means\n\nColours.")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must start with front matter"),
        (f"x\n{PAGE}", "must start with front matter"),
        (PAGE.replace("title = ", "title "), "front matter:"),
        (PAGE.replace('title = "T"', 'title = ""'), "lacks title"),
        (PAGE.replace('risk = "R"', "risk = 3"), "lacks risk"),
        (PAGE.replace("## How to fix", "## How"), "lacks How to fix"),
        (PAGE.replace("## References\n\ntext", "## References\n\n"), "lacks References"),
    ],
)
def test_a_page_that_lacks_something_is_refused(text: str, says: str) -> None:
    with pytest.raises(PageError, match=says):
        parse_page("a.b", text)


@pytest.mark.parametrize("package", ["tests.engine", "no.such.package"])
def test_a_missing_page_is_refused(package: str) -> None:
    with pytest.raises(PageError, match=r"no page docs/a\.b\.md"):
        load_page(package, "a.b")


def worded(page: Page | None = None, **more: Any) -> words.Words:
    made = finding(RULE, values={"colour": "red"}, **more)
    return of_finding(made, page or load_page("tests.engine", "toy.page.green"))


def test_a_finding_is_worded() -> None:
    said = worded(says="other", fix="paint", near_miss="nearly")
    assert said.summary == "The page is red, not green."
    assert (said.fix, said.near_miss) == ("Paint it.", "Only red is left.")
    assert worded() == words.Words(summary="The page is red.")


def test_what_could_not_be_seen_is_worded_by_the_engine() -> None:
    said = worded(says="engine.failed", reason=Reason.TIMEOUT)
    assert said.summary == "This could not be checked: no answer came in time."
    assert "Scan again" in said.fix
    assert worded(says="engine.none_found").summary == "There is nothing of this kind."


@pytest.mark.parametrize("text", ["{colour.real}", "{colour[0]}", "{0}", "{", "{other}"])
def test_a_text_reaches_into_nothing(text: str) -> None:
    page = parse_page("a.b", PAGE.replace("{colour}", text))
    with pytest.raises(PageError, match="cannot be filled"):
        worded(page)


def test_a_text_that_is_not_there_is_refused() -> None:
    with pytest.raises(PageError, match="no text 'other'"):
        worded(says="other", page=parse_page("a.b", PAGE))


def test_the_catalogue_is_complete() -> None:
    texts = words.catalogue()
    assert set(texts["reason"]) == set(texts["next_step"]) == set(Reason)
    assert set(texts["status"]) == set(Status)
    assert set(texts["severity"]) == set(Severity)
    assert set(texts["areas"]) == set(AREAS)
    assert words.reason(Reason.DENIED) == texts["reason"]["denied"]


def test_placeholders_are_found() -> None:
    assert words.placeholders("{a} and {{b}} and {c:>3}") == {"a", "c"}


@given(st.text())
def test_reading_gives_a_page_or_says_why_not(text: str) -> None:
    try:
        parse_page("a.b", text)
    except PageError:
        return
