"""Every mistake is told with its line, and nothing but ConfigErrors ever comes out."""

import os
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from posture import tomlfile
from posture.tomlfile import Builder, ConfigErrors, Rules, Span, load, parse, read


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    name: str
    size: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    title: str
    height: float = 0.0
    alive: bool = True
    planted: date | None = None
    seen: datetime | None = None
    window: Span | None = None
    colour: Colour = Colour.GREEN
    by_season: Colour | dict[str, Colour] = Colour.GREEN
    leaves: tuple[Leaf, ...] = ()
    tags: tuple[str, ...] = ()
    first: Leaf | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def tree(text: str, rules: Rules | None = None) -> Tree:
    return load(parse(text.encode(), "t.toml"), Tree, rules)


def errors(text: str, rules: Rules | None = None) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        tree(text, rules)
    assert str(caught.value) == "\n".join(map(str, caught.value.errors))
    return [str(error) for error in caught.value.errors]


def test_every_kind_of_value_is_read() -> None:
    made = tree(
        """
        title = "oak"
        height = 12
        alive = false
        planted = 2001-05-01
        seen = 2026-01-02T03:04:05+01:00
        colour = "red"
        by_season = { autumn = "red" }
        tags = ["big", "old"]
        first = { name = "a", size = 3 }
        extra = { anything = [1, { b = 2 }] }
        [[leaves]]
        name = "b"
        [[leaves]]
        name = "c"
        """
    )
    assert made == Tree(
        title="oak",
        height=12.0,
        alive=False,
        planted=date(2001, 5, 1),
        seen=datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC),
        colour=Colour.RED,
        by_season={"autumn": Colour.RED},
        tags=("big", "old"),
        first=Leaf(name="a", size=3),
        extra={"anything": [1, {"b": 2}]},
        leaves=(Leaf(name="b"), Leaf(name="c")),
    )
    assert type(made.height) is float
    assert isinstance(made.colour, Colour)


def test_a_date_spans_its_day_and_an_instant_nothing() -> None:
    day = tree('title = "x"\nwindow = 2026-11-30').window
    assert day is not None
    assert (day.start, day.end) == (
        datetime(2026, 11, 30, tzinfo=UTC),
        datetime(2026, 12, 1, tzinfo=UTC),
    )
    instant = tree('title = "x"\nwindow = 2026-11-30T10:00:00Z').window
    assert instant is not None
    assert instant.start == instant.end == datetime(2026, 11, 30, 10, tzinfo=UTC)


def test_all_mistakes_at_once_in_the_order_of_their_lines() -> None:
    assert errors(
        """height = "tall"
colour = "gren"
titel = "oak"

[first]
size = 1.5

[[leaves]]
name = "a"

[[leaves]]
nme = "b"
"""
    ) == [
        't.toml:1: the key "title" is missing',
        "t.toml:1: height: must be a number, not text",
        't.toml:2: colour: "gren" is not one of red, green (did you mean "green"?)',
        't.toml:3: titel: is not a known key (did you mean "title"?)',
        't.toml:5: first: the key "name" is missing',
        "t.toml:6: first.size: must be a whole number, not a number",
        't.toml:11: leaves[1]: the key "name" is missing',
        't.toml:12: leaves[1].nme: is not a known key (did you mean "name"?)',
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("title = 3", "title: must be text, not a whole number"),
        ("height = true", "height: must be a number, not true or false"),
        ("height = nan", "height: must be a finite number"),
        ("height = 1" + "0" * 400, "height: is too large a number"),
        ("first = { name = 'x', size = 9007199254740993 }", "first.size: is too large a number"),
        ("alive = 1", "alive: must be true or false, not a whole number"),
        ("planted = 2026-01-01T00:00:00Z", "must be a date such as 2026-11-30, not a date with"),
        ("planted = 1969-12-31", "the year must be between 1970 and 2200"),
        ("planted = 10:30:00", "not a time of day"),
        ("seen = 2026-01-01", "must be a date with time and zone, not a date"),
        ("seen = 2026-01-01T00:00:00", "lacks a time zone: write Z"),
        ("seen = 0001-01-01T00:00:00+05:00", "seen: is out of range"),
        ("window = 'today'", "must be a date such as 2026-11-30, not text"),
        ("colour = 1", "a whole number is not one of red, green"),
        ("colour = 'mauve'", '"mauve" is not one of red, green'),
        ("by_season = { autumn = 'blue' }", "by_season.autumn: "),
        ("by_season = 'blue'", "by_season: "),
        ("by_season = []", "by_season: a list is not one of"),
        ("leaves = 'many'", "leaves: must be a list, not text"),
        ("leaves = ['x']", "leaves[0]: must be a table, not text"),
        ("first = 'x'", "first: must be a table, not text"),
        ("extra = 1", "extra: must be a table, not a whole number"),
        ("'odd key\\n' = 1", '"odd key\\n": is not a known key'),
    ],
)
def test_one_mistake_is_one_plain_sentence(line: str, said: str) -> None:
    text = line if line.startswith("title") else f"title = 'x'\n{line}"
    found = errors(text)
    assert len(found) == 1
    assert said in found[0]


def test_rules_keep_change_or_refuse_values() -> None:
    def short(text: str) -> str:
        if len(text) > 3:
            raise ValueError("is too long")
        return text.upper()

    def small(leaf: Leaf) -> Leaf:
        if leaf.size > 9:
            raise ValueError("is no leaf")
        return leaf

    rules: Rules = {Tree: {"title": short}, Leaf: {"name": short, "": small}}
    assert tree("title = 'oak'\nfirst = { name = 'a' }", rules).first == Leaf(name="A")
    assert errors("title = 'maple'\nfirst = { name = 'a', size = 10 }", rules) == [
        "t.toml:1: title: is too long",
        "t.toml:2: first: is no leaf",
    ]


def test_no_more_errors_than_anyone_reads() -> None:
    text = "title = 'x'\n" + "".join(f"key{n} = 1\n" for n in range(500))
    assert len(errors(text)) == tomlfile.MAX_ERRORS


def test_a_builder_finds_nothing_wrong_in_a_right_file() -> None:
    builder = Builder(parse(b"title = 'x'", "t.toml"))
    assert builder.build(Tree, builder.document.data) == Tree(title="x")
    builder.finish()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a = \xff", "t.toml:1: is not UTF-8"),
        (b"a = 1\r\nb = 2\n# \xe4\n", "t.toml:3: is not UTF-8"),
        (b"a = 1\na = 2\n", "t.toml:2: is not TOML: Cannot overwrite"),
        (b"a = 1\nb = [1,\n", "t.toml:3: is not TOML: "),
        (b"a = 1\n[[b", "t.toml:2: is not TOML"),
        (b"a = " + b"9" * 5000, "is not TOML"),
        (b"a = " + b"[" * 100_000, "t.toml: is nested too deeply"),
        (b"a = " + b"[" * 40 + b"]" * 40, "t.toml: is nested more than 32 levels deep"),
        (b"#" * (1 << 20) + b"#", "t.toml: is larger than 1 MiB"),
    ],
)
def test_what_is_no_toml_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        parse(data, "t.toml")
    assert str(caught.value).startswith(said) or said in str(caught.value)


def test_a_byte_order_mark_and_crlf_do_no_harm() -> None:
    document = parse(b'\xef\xbb\xbftitle = "x"\r\n\r\ncolour = "red"\r\n', "t.toml")
    assert load(document, Tree).colour is Colour.RED
    assert document.line(("colour",)) == 3


def test_reading_says_why_it_cannot(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path, said in [
        (tmp_path / "absent.toml", "No such file"),
        (tmp_path, "is not a file"),
        (fifo, "is not a file"),
        (Path("a\0b"), "cannot be read: embedded null"),
    ]:
        with pytest.raises(ConfigErrors, match=said):
            read(path)


def test_reading_a_file(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text("title = 'x'")
    assert load(read(path), Tree) == Tree(title="x")
    path.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(ConfigErrors, match="larger than 1 MiB"):
        read(path)
