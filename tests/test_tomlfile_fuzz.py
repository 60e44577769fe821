"""Whatever stands in a file: a value, or ConfigErrors, never another exception."""

from collections.abc import Callable
from datetime import date, time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from posture.toml_lines import line_numbers
from posture.tomlfile import ConfigError, ConfigErrors, load, parse
from tests.test_toml_lines import places
from tests.test_tomlfile import Tree


def mistakes_in(read_all: Callable[[], Tree]) -> tuple[ConfigError, ...]:
    """The errors, at least one, or nothing if it could be read."""
    try:
        made = read_all()
    except ConfigErrors as caught:
        told = caught.errors
    else:
        assert isinstance(made, Tree)
        return ()
    assert told
    return told


def written(value: Any) -> str:
    """Write a value as inline TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(k)} = {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[\n" + ",\n".join(map(written, value)) + "]"
    if isinstance(value, str):
        return (
            '"'
            + "".join(
                f"\\U{ord(c):08x}" if c in '"\\' or ord(c) < 32 or ord(c) == 127 else c
                for c in value
            )
            + '"'
        )
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | time):
        return value.isoformat()
    return repr(value)


words = st.sampled_from(
    [
        "title",
        "height",
        "leaves",
        "name",
        "size",
        "first",
        "colour",
        "window",
        "planted",
        "by_season",
    ]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
values = st.recursive(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        st.sampled_from(["red", "gren", "x"]),
        st.integers(-(1 << 70), 1 << 70),
        st.floats(allow_nan=False, allow_infinity=False),
        st.booleans(),
        st.dates(),
        st.datetimes(),
        st.times(),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(words, values, max_size=6))
def test_any_table_is_a_value_or_errors_with_lines(data: dict[str, Any]) -> None:
    text = "".join(f"{written(key)} = {written(value)}\n" for key, value in data.items())
    document = parse(text.encode(), "t.toml")
    assert places(document.data) == set(line_numbers(text)) | {()}
    mistakes = mistakes_in(lambda: load(document, Tree))
    assert all(1 <= mistake.line <= text.count("\n") + 1 for mistake in mistakes)
    assert all("\n" not in str(mistake) for mistake in mistakes)


@given(
    st.binary(max_size=200)
    | st.text(st.sampled_from("title=\"'[]{}.,#\n \\0129:-TZx"), max_size=60).map(str.encode)
)
@settings(max_examples=400)
def test_any_bytes_are_a_value_or_errors(data: bytes) -> None:

    def read_all() -> Tree:
        document = parse(data, "t.toml")
        assert places(document.data) == set(line_numbers(document.text)) | {()}
        return load(document, Tree)

    assert all(str(mistake).startswith("t.toml") for mistake in mistakes_in(read_all))
