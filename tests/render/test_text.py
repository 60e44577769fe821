from __future__ import annotations

from dataclasses import replace

import pytest

from posture.model import Severity, Status
from posture.render import text
from tests.render import sample
from tests.render.sample_score import SCORE


def test_one_line_is_for_scripts() -> None:
    line = text.one_line(sample.AUDIT)
    assert line == "posture client=smile-dental grade=F..D score=38..61 crit=2 new=1"


def test_one_line_of_a_settled_first_audit_has_single_values() -> None:
    line = text.one_line(sample.SETTLED)
    assert line == "posture client=smile-dental grade=D score=61 crit=2 new=-"


def test_one_line_counts_no_critical_that_was_accepted() -> None:
    entries = tuple(
        replace(e, finding=replace(e.finding, waived=True))
        if e.finding.severity is Severity.CRITICAL and e.finding.status is Status.FAIL
        else e
        for e in sample.AUDIT.entries
    )
    assert "crit=1 " in text.one_line(replace(sample.AUDIT, entries=entries))


def test_colour_only_where_it_is_asked_for_and_only_on_headings() -> None:
    plain = text.summary(sample.AUDIT)
    coloured = text.summary(sample.AUDIT, color=True)
    assert "\x1b" not in plain
    assert coloured.startswith("\x1b[1mSmile Dental Ltd, 2 November 2026\x1b[0m\n")
    assert coloured.replace("\x1b[1m", "").replace("\x1b[0m", "") == plain


@pytest.mark.parametrize("width", [0, 20, 40, 120])
def test_lines_fit(width: int) -> None:
    said = text.summary(sample.CUT_SHORT, width=width)
    assert max(len(line) for line in said.splitlines()) <= max(width, 20)


def test_long_lists_are_counted_not_printed() -> None:
    rules = tuple(rule.check for rule in SCORE.rules if rule.open)
    hold = replace(SCORE.floor.held_by[0], rules=rules)
    floor = replace(SCORE.floor, held_by=(hold,))
    changes = replace(sample.CHANGES, new=sample.CHANGES.new * 8)
    entries = sample.AUDIT.entries * 4
    said = text.summary(
        replace(
            sample.AUDIT,
            changes=changes,
            entries=entries,
            score=replace(SCORE, floor=floor),
        )
    )
    assert "  - and 5 more" in said
    assert "new    and 3 more" in said
    assert "smile, smile, smile and 1 more" in said


def test_wide_characters_count_twice_and_marks_not_at_all() -> None:
    assert text._columns("世界") == 4
    assert text._columns("e\u0301") == 1
    assert text._columns("\u20dd") == 0
    name = "世界" * 30
    said = text.summary(replace(sample.AUDIT, client_name=name), width=20)
    assert said.splitlines()[0] == "世界" * 5
