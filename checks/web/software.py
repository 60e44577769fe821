"""Web software that names itself, and when its makers stop repairing it: data in software.toml."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TypeVar

MAX_TEXT = 300
_VERSION = re.compile(r"\d{1,4}(?:\.\d{1,5}){0,3}")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One row of the data."""

    name: str
    source: str
    generator: str = ""
    header: str = ""
    last: tuple[str, ...] = ()
    ends: Mapping[str, date] = field(default_factory=dict)
    paid: Mapping[str, date] = field(default_factory=dict)
    superseded: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A product that says which version it is."""

    product: Product
    version: str

    @property
    def words(self) -> str:
        """Name and version."""
        return f"{self.product.name} {self.version}"

    @property
    def end(self) -> date | None:
        """The last day with repairs for everybody, if that is known."""
        return of(self.version, self.product.ends)

    @property
    def paid(self) -> date | None:
        """The last day with repairs for those who pay, if there is such an offer."""
        return of(self.version, self.product.paid)

    @property
    def superseded(self) -> date | None:
        """Since when repairs are no longer promised."""
        return of(self.version, self.product.superseded)

    @property
    def is_exact(self) -> bool:
        """Whether the version says enough to be called supported."""
        return not any(end in self.product.last for end in beginnings(self.version))


def beginnings(version: str) -> Iterator[str]:
    """``6.8.3``, ``6.8``, ``6``."""
    parts = version.split(".")
    for count in range(len(parts), 0, -1):
        yield ".".join(parts[:count])


def of(version: str, table: Mapping[str, T]) -> T | None:
    """Look a version up by its longest beginning."""
    return next((table[start] for start in beginnings(version) if start in table), None)


def by_generator(text: str) -> Named | None:
    """Read ``WordPress 6.8.3``; None for what names no version, or is not known."""
    return next(
        (named for product in shipped() if (named := _named(product, product.generator, text))),
        None,
    )


def by_header(text: str) -> list[Named]:
    """Read ``PHP/8.3.1 Apache/2.4``: what of it is known."""
    parts = re.split(r"[\s,]+", text[:MAX_TEXT])
    found = (_named(product, product.header, part) for part in parts for product in shipped())
    return [named for named in found if named]


def _named(product: Product, start: str, text: str) -> Named | None:
    text = text.strip()[:MAX_TEXT]
    if not start or not text.lower().startswith(start.lower()):
        return None
    version = _VERSION.match(text[len(start) :].lstrip(" "))
    return Named(product=product, version=version[0]) if version else None


@cache
def shipped() -> tuple[Product, ...]:
    """The data that comes with posture."""
    text = files(__package__).joinpath("software.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["product"]
    return tuple(Product(**{**row, "last": tuple(row.get("last", ()))}) for row in rows)
