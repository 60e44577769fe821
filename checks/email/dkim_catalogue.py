"""Reads the catalogue of DKIM selectors: which names to try, and whose service an alias shows.

A selector can be any word, so the catalogue finds keys but never proves that there is none.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from .names import above, is_within, normal

YEARS, MONTHS = 4, 6
"""How far back a pattern with a date goes."""
HINTED = 18
"""Selectors of services in use that go before the common ones."""
CONFIDENCE = ("high", "medium")
_SELECTOR = re.compile(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]*[a-z0-9])?)*")
_PATTERN = re.compile(r"([a-z0-9_-]|\{(year|month|day|time|digits|token)\})+")
_ALIAS = re.compile(r"\{selector\}(\.\{domain\}|\.[a-z0-9_-]+)+")
_DOMAIN = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")


class CatalogueError(ValueError):
    """A catalogue that breaks its own rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One row: a mail service, or a way to run one's own, and the selectors it signs with."""

    name: str
    selectors: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    """Selectors with changing parts. What holds more than a year and a month cannot be tried."""
    targets: tuple[str, ...] = ()
    """Domains that the CNAME of a selector leads into: proof of the service."""
    mx: tuple[str, ...] = ()
    """Domains of its incoming mail servers."""
    spf: tuple[str, ...] = ()
    """Domains that its customers include in SPF."""
    always: tuple[str, ...] = ()
    """Those of ``selectors`` that each customer has whose mail it signs, and that nobody may
    choose otherwise."""
    alias: str = ""
    """Where the CNAME of such a selector leads, with {selector} and {domain}; empty where that is
    another name for each customer."""
    filters: bool = False
    """It takes mail first, cleans it, and passes it on to where the mailboxes are."""
    unaligned: str = ""
    """Why its include does nothing in a customer's own record, with who says so; empty where it
    may do something."""
    own_server: bool = False
    """Used where the mail servers bear the customer's own name."""
    confidence: str
    """``high``: documented or seen in many zones; ``medium``: seen in some."""
    checked_on: date
    source: str


@dataclass(frozen=True)
class Catalogue:
    """All rows, and what to try at every domain."""

    common: tuple[str, ...]
    """Selectors tried everywhere, the likeliest first."""
    providers: tuple[Provider, ...]

    @cached_property
    def _by_mx(self) -> dict[str, list[int]]:
        return _numbered(row.mx for row in self.providers)

    @cached_property
    def _by_spf(self) -> dict[str, list[int]]:
        return _numbered(row.spf for row in self.providers)

    def owner(self, chain: Iterable[str]) -> str:
        """Name the service that one of these aliases leads to, empty if none is known."""
        for alias in chain:
            for provider in self.providers:
                if any(is_within(alias, target) for target in provider.targets):
                    return provider.name
        return ""

    def hinted(self, domain: str, mx: Iterable[str], spf: Iterable[str]) -> tuple[Provider, ...]:
        """Return the rows that mail servers and SPF includes point to."""
        servers, included = [*map(normal, mx)], [*map(normal, spf)]
        numbers = _found(self._by_mx, servers) | _found(self._by_spf, included)
        if any(is_within(server, domain) for server in servers):
            numbers |= {number for number, row in enumerate(self.providers) if row.own_server}
        return tuple(self.providers[number] for number in sorted(numbers))

    def unaligned(self, included: str) -> Provider | None:
        """Find the service whose mail never has the customer's return address, by its include."""
        return next((row for row in self.sends(included) if row.unaligned), None)

    def takes(self, server: str) -> Provider | None:
        """Find the service that a mail server belongs to."""
        numbers = _found(self._by_mx, [normal(server)])
        return self.providers[min(numbers)] if numbers else None

    def sends(self, included: str) -> tuple[Provider, ...]:
        """Find the services whose customers include this domain in SPF."""
        return tuple(self.providers[number] for number in sorted(_found(self._by_spf, [included])))

    def names(self, hinted: Iterable[Provider], today: date, most: int) -> tuple[str, ...]:
        """Return the selectors to try, the likeliest first and at most ``most``."""
        own = [name for provider in hinted for name in _all(provider, today)]
        order = (*own[:HINTED], *self.common, *own[HINTED:])
        return tuple(dict.fromkeys(order))[:most]


def _numbered(columns: Iterable[Sequence[str]]) -> dict[str, list[int]]:
    """Say in which rows a domain stands."""
    found: dict[str, list[int]] = {}
    for number, suffixes in enumerate(columns):
        for suffix in suffixes:
            found.setdefault(suffix, []).append(number)
    return found


def _found(numbered: Mapping[str, list[int]], names: Iterable[str]) -> set[int]:
    """Return the numbers of the rows that these names are within a domain of."""
    return {n for name in names for suffix in above(name) for n in numbered.get(suffix, ())}


def _all(provider: Provider, today: date) -> tuple[str, ...]:
    dated = (name for pattern in provider.patterns for name in expand(pattern, today))
    return (*provider.selectors, *dated)


def expand(pattern: str, today: date) -> tuple[str, ...]:
    """Fill a pattern with the latest years or months; nothing if that cannot be bounded."""
    parts = set(re.findall(r"\{(\w+)\}", pattern))
    if parts == {"year"}:
        return tuple(pattern.format(year=today.year - back) for back in range(YEARS))
    if parts == {"year", "month"}:
        months = [today.year * 12 + today.month - 1 - back for back in range(MONTHS)]
        return tuple(pattern.format(year=m // 12, month=f"{m % 12 + 1:02}") for m in months)
    return ()


@cache
def catalogue() -> Catalogue:
    """Return the catalogue that comes with this area."""
    package = __name__.rpartition(".")[0]
    return read(files(package).joinpath("dkim_selectors.toml").read_text(encoding="utf-8"))


def read(text: str) -> Catalogue:
    """Read a catalogue; raises CatalogueError with the row that is wrong."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(str(error)) from error
    if document.keys() != {"common", "providers"}:
        raise CatalogueError("the catalogue has the keys common and providers")
    providers = tuple(map(_provider, document["providers"]))
    _once("providers", [provider.name for provider in providers])
    _once("targets", [target for provider in providers for target in provider.targets])
    common = _words("common", document["common"], _SELECTOR)
    known = {name for provider in providers for name in provider.selectors}
    if strange := set(common) - known:
        raise CatalogueError(f"common: {sorted(strange)} are in no row")
    return Catalogue(common=common, providers=providers)


_WORDS = {
    "selectors": _SELECTOR,
    "patterns": _PATTERN,
    "targets": _DOMAIN,
    "mx": _DOMAIN,
    "spf": _DOMAIN,
    "always": _SELECTOR,
}
_KEYS = {field.name for field in fields(Provider)}


def _provider(row: Mapping[str, Any]) -> Provider:
    name = row.get("name")
    if not isinstance(name, str) or not name:
        raise CatalogueError(f"a row without a name: {dict(row)}")
    if strange := row.keys() - _KEYS:
        raise CatalogueError(f"{name}: {sorted(strange)} are no keys of a row")
    values = {key: _words(f"{name}: {key}", row.get(key, []), _WORDS[key]) for key in _WORDS}
    if not values["selectors"] and not values["patterns"]:
        raise CatalogueError(f"{name}: neither selectors nor patterns")
    checked_on, source = row.get("checked_on"), row.get("source")
    if type(checked_on) is not date or not isinstance(source, str) or not source:
        raise CatalogueError(f"{name}: checked_on is a date and source a text")
    if not set(values["always"]) <= set(values["selectors"]):
        raise CatalogueError(f"{name}: always names some of the selectors")
    if (alias := row.get("alias", "")) and (
        not _ALIAS.fullmatch(str(alias)) or not values["always"]
    ):
        raise CatalogueError(f"{name}: alias leads to the target of what is always there")
    unaligned = row.get("unaligned", "")
    if not isinstance(unaligned, str) or (unaligned and not values["spf"]):
        raise CatalogueError(f"{name}: unaligned is a text, and speaks of an include")
    if row.get("confidence") not in CONFIDENCE:
        raise CatalogueError(f"{name}: confidence is one of {', '.join(CONFIDENCE)}")
    return Provider(
        name=name,
        **values,
        alias=alias,
        filters=row.get("filters") is True,
        unaligned=unaligned,
        own_server=row.get("own_server") is True,
        confidence=row["confidence"],
        checked_on=checked_on,
        source=source,
    )


def _words(where: str, value: object, form: re.Pattern[str]) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise CatalogueError(f"{where}: not a list")
    for word in value:
        if not isinstance(word, str) or not form.fullmatch(word):
            raise CatalogueError(f"{where}: {word!r} has not the form of one")
    _once(where, value)
    return tuple(value)


def _once(where: str, words: Sequence[str]) -> None:
    if twice := sorted({word for word in words if words.count(word) > 1}):
        raise CatalogueError(f"{where}: {twice} stand there twice")
