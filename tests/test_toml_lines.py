"""Every key, table and element is found on its line."""

import tomllib

from posture.toml_lines import line_numbers

SAMPLE = '''\
# a comment with a [table]
top = 1 # and an = sign
multi = """
[not.a.table] "quotes" \\""" still
""""
literal = \'\'\'
x = 1
\'\'\'
"quoted \\u0041 key".sub = 2
'lit.eral' = 3

[a.b]   # header
"c.d" = [ 1,
   { x = 1, y = { z = 2 } }, # comment ]
   [2, 3],
]
empty = []
none = {}
when = 2026-01-01 10:00:00Z

[[list]]
k = "a"
[list.inner]
v = 1
[[list.deep]]
w = 1
[[list]]
k = """"two"""""
[list.inner]
v = 2
[[list.deep]]
[[list.deep]]
w = "]"
'''


def test_lines_of_every_place() -> None:
    tomllib.loads(SAMPLE)
    lines = line_numbers(SAMPLE)
    assert lines[("top",)] == 2
    assert lines[("multi",)] == 3
    assert lines[("literal",)] == 6
    assert lines[("quoted A key", "sub")] == 9
    assert lines[("lit.eral",)] == 10
    assert lines[("a", "b")] == 12
    assert lines[("a", "b", "c.d")] == 13
    assert lines[("a", "b", "c.d", 1)] == 14
    assert lines[("a", "b", "c.d", 1, "y", "z")] == 14
    assert lines[("a", "b", "c.d", 2, 1)] == 15
    assert lines[("a", "b", "none")] == 18
    assert lines[("a", "b", "when")] == 19
    assert lines[("list", 0)] == 21
    assert lines[("list", 0, "inner", "v")] == 24
    assert lines[("list", 0, "deep", 0, "w")] == 26
    assert lines[("list", 1, "k")] == 28
    assert lines[("list", 1, "inner", "v")] == 30
    assert lines[("list", 1, "deep", 1, "w")] == 33


def places(value: object, place: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    found = {place}
    if isinstance(value, dict):
        for key, each in value.items():
            found |= places(each, (*place, key))
    if isinstance(value, list):
        for index, each in enumerate(value):
            found |= places(each, (*place, index))
    return found


def test_no_place_is_missed() -> None:
    assert places(tomllib.loads(SAMPLE)) == set(line_numbers(SAMPLE)) | {()}
