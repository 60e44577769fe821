"""A small area with one of everything, and the orders to run it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from posture.collect import Order, collect
from posture.model import (
    ACTIVE,
    Area,
    CollectError,
    Company,
    Domain,
    Failed,
    Host,
    Moment,
    Reason,
    Seen,
    Severity,
    Status,
    Subject,
    Verdict,
    View,
    WebSite,
    check,
    collector,
    discoverer,
    fact,
    failed,
    params,
    passed,
)
from posture.plan import plan
from posture.plugins import Registry, build
from posture.snapshot import Authorisation, Run, Snapshot

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@fact("toy.names")
class Names:
    """Which web sites a domain names."""

    names: tuple[str, ...]


@fact("toy.page", version=2)
class Page:
    """What a web site shows."""

    colour: str
    weight: float = 1.0


@fact("toy.size")
class Size:
    """How large a page is, by its page."""

    bytes: int


@fact("toy.door")
class Door:
    """Whether a host's door is shut, found by pushing it."""

    shut: bool


@params
class Wanted:
    """The colour that passes."""

    colour: str


class World:
    """What the toy collectors see; tests turn its knobs."""

    def __init__(self) -> None:
        self.names: dict[str, tuple[str, ...] | Exception] = {"a.example": ("www.a.example",)}
        self.colours: dict[str, str | BaseException] = {}
        self.asked: list[str] = []
        self.hang = False
        self.hang_names = False
        self.gate = asyncio.Event()
        self.reached = asyncio.Event()


@collector(traffic="asks for the names of {name}")
async def names(domain: Domain, world: World) -> Names:
    if world.hang_names:
        await world.gate.wait()
    found = world.names[domain.name]
    if isinstance(found, Exception):
        raise found
    return Names(names=found)


@collector(traffic="looks at https://{host}/", needs=("an eye",), deadline=5)
async def page(site: WebSite, world: World) -> Page:
    world.asked.append(site.host)
    world.reached.set()
    if world.hang:
        await world.gate.wait()
    colour = world.colours.get(site.host, "green")
    if isinstance(colour, BaseException):
        raise colour
    return Page(colour=colour)


@collector(traffic="measures {host}")
def size(site: WebSite, page: Page) -> Size:
    return Size(bytes=len(page.colour))


@collector(traffic="pushes the door of {address}", consent=ACTIVE)
async def door(host: Host) -> Door:
    return Door(shut=True)


@discoverer("each site of {name}")
def sites(domain: Domain, names: Names) -> list[WebSite]:
    return [WebSite(host=name) for name in names.names]


@check("toy.page.green")
def green(page: Page, params: Wanted) -> Verdict:
    """The page has the wanted colour."""
    if page.colour == params.colour:
        return passed("ok", colour=page.colour)
    return failed("other", fix="paint", colour=page.colour)


@check("toy.size.small")
def small(site: WebSite, size: Size | Failed, moment: Moment) -> Verdict:
    """The page is small."""
    if isinstance(size, Failed):
        return Verdict(status=Status.PARTIAL, says="perhaps", share=0.25)
    assert moment.taken == NOW
    return passed("ok", site=site.host)


@check("toy.pages.all")
def all_green(pages: Sequence[Seen[Page]]) -> Verdict:
    """Every page is green."""
    colours = {seen.fact.colour for seen in pages}
    return passed("ok") if colours == {"green"} else failed("mixed", fix="paint")


@check("toy.pages.any")
def any_seen(domain: Domain, pages: Sequence[Seen[Page | Failed]]) -> Verdict:
    """Some page of the domain could be seen."""
    seen = [entry for entry in pages if not isinstance(entry.fact, Failed)]
    return passed("ok") if seen else failed("none", fix="paint")


@check("toy.door.shut")
def shut(door: Door) -> Verdict:
    """The door is shut."""
    return passed("ok") if door.shut else failed("open", fix="push")


@check("toy.check.broken")
def broken(names: Names) -> Verdict:
    """This judge breaks."""
    raise RuntimeError(names.names)


AREA = Area(
    name="toy",
    title="Toys",
    package="tests.engine",
    collectors=(names, page, size, door),
    discoverers=(sites,),
    checks=(green, small, all_green, any_seen, shut, broken),
)


class Rule:
    """A rule as judging sees it."""

    score_area = "network"
    params: object | None = None

    def __init__(self, params: object | None = None) -> None:
        self.params = params

    def severity_for(self, view: View | None) -> Severity:
        return Severity.CRITICAL if view is View.EXTERNAL else Severity.HIGH


RULES: dict[str, Any] = {
    "toy.page.green": Rule(Wanted(colour="green")),
    "toy.size.small": Rule(),
    "toy.pages.all": Rule(),
    "toy.pages.any": Rule(),
    "toy.door.shut": Rule(),
    "toy.check.broken": Rule(),
}
COMPANY = Company(client_id="acme", name="Acme")
DOMAIN = Domain(name="a.example")


class Ticking:
    """A clock that is an hour later each time it is read after the start."""

    def __init__(self, start: datetime = NOW) -> None:
        self.time = start - timedelta(seconds=1)

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


def registry(area: Area = AREA) -> Registry:
    return build([(area, "toys 1")])


def order(
    world: World,
    subjects: Sequence[Subject] = (COMPANY, DOMAIN),
    rules: Sequence[str] = ("toy.page.green",),
    consents: tuple[str, ...] = (),
    **changes: Any,
) -> Order:
    made = Order(
        plan=plan(registry(), rules, frozenset(consents)),
        subjects=subjects,
        absent={},
        run=Run(
            id="r1",
            tool="test",
            started=NOW,
            ended=NOW,
            complete=False,
            consents=consents,
            authorisation=Authorisation(by="J. Doe"),
        ),
        tools=lambda kind, subject: world if kind is World else Ticking(),
        clock=Ticking(),
    )
    return replace(made, **changes)


def look(world: World | None = None, **how: Any) -> Snapshot:
    """Collect with the toys."""

    async def go() -> Snapshot:
        return await collect(order(world or World(), **how))

    return asyncio.run(go())


def lost(reason: Reason = Reason.TIMEOUT) -> CollectError:
    return CollectError(reason, "told to")
