"""Contrast of the style's colours: WCAG 2.2, 1.4.3 (text 4.5:1) and 1.4.11 (graphics 3:1)."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

STYLE = files("posture.reports").joinpath("templates", "report.css").read_text("utf-8")
MACROS = files("posture.reports").joinpath("templates", "macros.html").read_text("utf-8")
THEMES = [
    dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
    for block in re.findall(r":root \{(.*?)\}", STYLE, flags=re.DOTALL)
]
TEXT = ("ink", "muted", "line", "a", "b", "c", "d", "f")


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
@pytest.mark.parametrize("name", TEXT)
@pytest.mark.parametrize("ground", ["paper", "panel"])
def test_text_can_be_read(theme: dict[str, str], name: str, ground: str) -> None:
    assert contrast(theme[name], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
def test_what_is_in_order_stands_out_from_the_track(theme: dict[str, str]) -> None:
    for name in ("line", "muted", "a", "b", "c", "d", "f"):
        assert contrast(theme[name], theme["rule"]) >= 3


def test_there_are_two_themes_and_print_is_always_the_light_one() -> None:
    assert len(THEMES) == 2
    assert THEMES[0].keys() == THEMES[1].keys()
    assert STYLE.index("@media screen and (prefers-color-scheme: dark)") < STYLE.rindex(":root")


def test_the_pictures_have_the_colours_of_the_light_theme() -> None:
    used = set(re.findall(r"#[0-9a-f]{6}", MACROS))
    assert used == {THEMES[0][n] for n in (*"abcdf", "muted", "line", "rule", "paper")}


def test_the_dark_pictures_have_the_colours_of_the_dark_theme() -> None:
    block = STYLE[STYLE.index("  .track {") : STYLE.index("* { box-sizing")]
    assert set(re.findall(r"#[0-9a-f]{6}", block)) <= set(THEMES[1].values())
