from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from posture import plugins
from posture.model import (
    Area,
    Company,
    Domain,
    Subject,
    Verdict,
    check,
    collector,
    discoverer,
    fact,
    passed,
    subject,
)
from posture.plugins import PluginError, build, load
from tests.engine import toy


@fact("t.one")
class One:
    a: int


@fact("t.two")
class Two:
    a: int


@collector(traffic="")
async def one(company: Company) -> One:
    raise AssertionError


@collector(traffic="")
async def two(company: Company, one: One) -> Two:
    raise AssertionError


@collector(traffic="")
async def one_needs_two(company: Company, two: Two) -> One:
    raise AssertionError


@collector(traffic="")
async def of_domain(domain: Domain, one: One) -> Two:
    raise AssertionError


@collector(traffic="")
async def no_fact(company: Company) -> int:
    raise AssertionError


@collector(traffic="")
async def no_subject(clock: int) -> One:
    raise AssertionError


@check("t.ok.fine")
def fine(one: One) -> Verdict:
    """It is fine."""
    return passed("ok")


@check("t.ok.silent")
def silent(one: One) -> Verdict:
    return passed("ok")


@check("not an id")
def bad_id(one: One) -> Verdict:
    """It has no id."""
    return passed("ok")


@check("t.ok.mixed")
def odd(one: One, other: int) -> Verdict:
    """It takes what nobody has."""
    return passed("ok")


@check("t.ok.both")
def both(names: toy.Names, page: toy.Page) -> Verdict:
    """It judges two kinds at once."""
    return passed("ok")


@check("t.ok.company")
def about_nothing() -> Verdict:
    """It needs nothing."""
    return passed("ok")


@discoverer("none")
def wrong_return(company: Company, one: One) -> list[int]:
    return []


@discoverer("none")
def wants_tool(company: Company, tool: int) -> list[Domain]:
    return []


@subject("gadget")
class Gadget(Subject):
    name: str

    @property
    def key(self) -> str:
        return self.name


def area(**parts: Any) -> Area:
    return Area(name="t", title="T", package="tests", **parts)


def test_signatures_are_read() -> None:
    registry = toy.registry()
    green = registry.checks["toy.page.green"]
    assert green.subject.kind == "website"
    assert green.params is toy.Wanted
    assert green.claim == "The page has the wanted colour."
    assert registry.collectors["toy.size"].threaded
    assert not registry.collectors["toy.page"].threaded
    assert registry.checks["toy.pages.all"].subject is Company
    assert registry.checks["toy.pages.any"].subject_parameter == "domain"
    assert registry.feeders(registry.checks["toy.size.small"].needs) == {"toy.size", "toy.page"}
    assert registry.discoverers["toy.sites"].finds.kind == "website"
    assert registry.origins == {"toy": "toys 1"}


def test_a_check_without_facts_is_about_the_company() -> None:
    assert build([(area(checks=(about_nothing,)), "t")]).checks["t.ok.company"].subject is Company


def test_an_area_may_bring_its_own_subjects() -> None:
    assert build([(area(subjects=(Gadget,)), "t")]).subjects["gadget"] is Gadget


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"collectors": (toy,)}, "is not a function"),
        ({"collectors": (fine,)}, "is not a CollectorSpec"),
        ({"collectors": (no_fact,)}, "must return a declared fact"),
        ({"collectors": (no_subject,)}, "must take a subject"),
        ({"collectors": (one, one)}, "collector of the fact 't.one'"),
        ({"collectors": (one, one_needs_two)}, "collector of the fact 't.one'"),
        ({"collectors": (two, one_needs_two)}, "wait for each other"),
        ({"collectors": (one, of_domain)}, "only need facts about its own subject"),
        ({"collectors": (two,)}, "needs One, which no collector sees"),
        ({"checks": (fine,)}, "needs One, which no collector sees"),
        ({"collectors": (one,), "checks": (fine, fine)}, "two plugins bring the check"),
        ({"collectors": (one,), "checks": (silent,)}, "has no claim"),
        ({"collectors": (one,), "checks": (bad_id,)}, "must look like"),
        ({"collectors": (one,), "checks": (odd,)}, "a parameter is no subject"),
        ({"collectors": (toy.names, toy.page), "checks": (both,)}, "mixes facts"),
        ({"collectors": (one,), "discoverers": (wrong_return,)}, "must return a list"),
        ({"collectors": (one,), "discoverers": (wants_tool,)}, "nothing else"),
        ({"subjects": (Domain,)}, "subject kind 'domain'"),
    ],
)
def test_what_does_not_fit_together_is_refused(parts: dict[str, Any], says: str) -> None:
    with pytest.raises(PluginError, match=says):
        build([(area(**parts), "t")])


def test_two_areas_of_one_name_are_refused() -> None:
    with pytest.raises(PluginError, match="two plugins bring the area 't'"):
        build([(area(), "a"), (area(), "b")])


def _points(*values: str) -> Callable[..., list[EntryPoint]]:
    return lambda **_: [EntryPoint(name=v, value=v, group=plugins.GROUP) for v in values]


def test_entry_points_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        plugins,
        "entry_points",
        _points("posture.checks.network:AREA", "tests.engine.toy:AREA"),
    )
    assert "toy" in load().areas
    assert "toy" not in load(third_party=False).areas
    assert load().origins["toy"] == "unknown"


def test_a_broken_installation_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "entry_points", _points())
    with pytest.raises(PluginError, match="install posture again"):
        load()
    monkeypatch.setattr(plugins, "entry_points", _points("posture.checks.dns:__doc__"))
    with pytest.raises(PluginError, match="is not an Area"):
        load()


def test_areas_are_immutable() -> None:
    assert replace(area(), title="U").title == "U"
