"""Reads TOML into frozen dataclasses and tells every mistake at once, with file and line.

One mechanism for the client, the policy, waivers and attestations: a key that is not known, a
value of the wrong type, a word out of the list, each with the nearest word that would have been
right. What a value must be beyond its type is said by ``Rules``.
"""

import dataclasses
import difflib
import enum
import math
import re
import stat
import tomllib
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from posture.sanitise import visible
from posture.toml_lines import Place, line_numbers

T = TypeVar("T")

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_ERRORS = 100
"""More would bury the first ones; a file with more is not what it claims to be."""

Rules = Mapping[type[Any], Mapping[str, Callable[[Any], Any]]]
"""By class and field: a function that returns the value to keep or raises ValueError with what is
wrong. The field name ``""`` stands for the whole, once all its fields are right."""


@dataclass(frozen=True, slots=True)
class ConfigError:
    """One mistake. ``line`` is 0 when the mistake is in no line of a file."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''}: {self.message}"


class ConfigErrors(Exception):  # noqa: N818 - it is many
    """Everything that is wrong with one configuration, in the order of its lines."""

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        """Sort the errors by file and line."""
        self.errors = tuple(sorted(errors, key=lambda error: (error.file, error.line)))
        super().__init__("\n".join(map(str, self.errors)))


class Span:
    """A date, or a date with time and zone, as written: its first instant and the one after it."""

    __slots__ = ("end", "start")

    def __init__(self, start: datetime, end: datetime) -> None:
        """Aware UTC; for a date ``end`` is the start of the next day, for an instant itself."""
        self.start = start
        self.end = end


@dataclass(slots=True)
class Document:
    """A TOML file that parsed."""

    name: str
    data: dict[str, Any]
    text: str
    _lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """Line of ``place`` or of the nearest table around it; 1 at the top."""
        if not self._lines:
            self._lines = {(): 1, **line_numbers(self.text)}
        while place not in self._lines:
            place = place[:-1]
        return self._lines[place]


def read(path: Path) -> Document:
    """Read and parse one file; raises ConfigErrors whatever is wrong with it."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _single(str(path), 0, "is not a file")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or error
        raise _single(str(path), 0, f"cannot be read: {what}") from None
    return parse(data, str(path))


def parse(data: bytes, name: str) -> Document:
    """Parse the bytes of a file called ``name``; a byte order mark and CRLF do no harm."""
    if len(data) > MAX_BYTES:
        raise _single(name, 0, f"is larger than {MAX_BYTES >> 20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _single(name, line, "is not UTF-8: save the file with that encoding") from None
    try:
        parsed = tomllib.loads(text)
    except RecursionError:
        raise _single(name, 0, "is nested too deeply") from None
    except ValueError as error:
        raise _single(name, _line_in(str(error), text), f"is not TOML: {error}") from None
    if _too_deep(parsed):
        raise _single(name, 0, f"is nested more than {MAX_DEPTH} levels deep")
    return Document(name, parsed, text)


def load(document: Document, kind: type[T], rules: Rules | None = None) -> T:
    """Turn a whole document into ``kind``; raises ConfigErrors with all its mistakes."""
    builder = Builder(document, rules)
    made = builder.build(kind, document.data)
    builder.finish()
    return typing.cast("T", made)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean "x"?)`` for the nearest known word, or nothing."""
    candidates = {each.lower(): each for each in known}
    near = difflib.get_close_matches(word.lower()[:64], candidates, n=1)
    return f' (did you mean "{candidates[near[0]]}"?)' if near else ""


def quote(text: object, limit: int = 60) -> str:
    """Return a value for a message: in quotes, short, and without control characters."""
    shown = visible(str(text)).replace("\n", "␊")
    return f'"{shown if len(shown) <= limit else shown[: limit - 1] + "…"}"'


INVALID: Any = object()
"""Stands for a value that was reported; it never reaches a caller of ``load``."""


class Builder:
    """Turns the tables of one document into dataclasses, collecting errors on the way."""

    def __init__(self, document: Document, rules: Rules | None = None) -> None:
        """Start with no errors."""
        self.document = document
        self.rules = rules or {}
        self.errors: list[ConfigError] = []

    def problem(self, place: Place, what: str) -> None:
        """Report what is wrong at ``place``."""
        if len(self.errors) < MAX_ERRORS:
            where = dotted(place)
            message = f"{where}: {what}" if where else what
            self.errors.append(ConfigError(self.document.name, self.document.line(place), message))

    def finish(self) -> None:
        """Raise ConfigErrors if anything was reported."""
        if self.errors:
            raise ConfigErrors(self.errors)

    def build(self, kind: type[T], table: object, place: Place = ()) -> T | Any:
        """Return an instance of a dataclass, or INVALID."""
        if not isinstance(table, dict):
            self.problem(place, f"must be a table, not {_kind_of(table)}")
            return INVALID
        given = self.fields(kind, table, place)
        values = {name: value for name, value in given.items() if value is not INVALID}
        needed = {f.name for f in dataclasses.fields(kind) if _required(f)}  # type: ignore[arg-type]
        if not values.keys() >= needed:
            return INVALID
        if len(values) < len(given):
            return kind(**values)  # in parts, as below: the whole is refused in the end
        try:
            return self._rule(kind, "")(kind(**values))
        except ValueError as error:
            self.problem(place, str(error))
            return INVALID

    def fields(self, kind: type[Any], table: dict[str, Any], place: Place = ()) -> dict[str, Any]:
        """Convert a table to fields of ``kind``, wrong ones to INVALID; reports missing ones."""
        for each in dataclasses.fields(kind):
            if _required(each) and each.name not in table:
                self.problem(place, f'the key "{each.name}" is missing')
        return self.given(kind, table, place)

    def given(self, kind: type[Any], table: dict[str, Any], place: Place) -> dict[str, Any]:
        """Convert the keys that are there; reports unknown ones."""
        hints = _hints(kind)
        values = {}
        for key, value in table.items():
            if key in hints:
                values[key] = self._field(kind, key, value, (*place, key))
            else:
                self.problem((*place, key), f"is not a known key{did_you_mean(key, hints)}")
        return values

    def _field(self, kind: type[Any], name: str, value: object, place: Place) -> Any:
        before = len(self.errors)
        made = self.convert(_hints(kind)[name], value, place)
        if made is INVALID or len(self.errors) > before:
            return made  # in parts: enough to look for other mistakes, not to judge the whole
        try:
            return self._rule(kind, name)(made)
        except ValueError as error:
            self.problem(place, str(error))
            return INVALID

    def _rule(self, kind: type[Any], name: str) -> Callable[[Any], Any]:
        return self.rules.get(kind, {}).get(name, _keep)

    def convert(self, hint: Any, value: object, place: Place) -> Any:
        """Return ``value`` as the hinted type, or report and return INVALID."""
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if hint is Any:
            return value
        if origin in {types.UnionType, typing.Union}:
            return self.convert(_arm(arguments, value), value, place)
        if origin is tuple:
            return self._tuple(arguments[0], value, place)
        if origin in {dict, Mapping}:
            return self._mapping(arguments, value, place)
        if dataclasses.is_dataclass(hint):
            return self.build(typing.cast("type[Any]", hint), value, place)
        try:
            return _scalar(hint, value)
        except ValueError as error:
            self.problem(place, str(error))
            return INVALID

    def _tuple(self, item: Any, value: object, place: Place) -> Any:
        if not isinstance(value, list):
            self.problem(place, f"must be a list, not {_kind_of(value)}")
            return INVALID
        made = [self.convert(item, each, (*place, i)) for i, each in enumerate(value)]
        return tuple(each for each in made if each is not INVALID)

    def _mapping(self, arguments: Sequence[Any], value: object, place: Place) -> Any:
        if not isinstance(value, dict):
            self.problem(place, f"must be a table, not {_kind_of(value)}")
            return INVALID
        made = {}
        for key, each in value.items():
            name = self.convert(arguments[0], key, (*place, key))
            item = self.convert(arguments[1], each, (*place, key))
            if name is not INVALID and item is not INVALID:
                made[name] = item
        return made


def dotted(place: Place) -> str:
    """Write a place as TOML would: ``rules."email.dmarc".weight``, ``domains[0].name``."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]{1,64}", step)
            text += ("." if text else "") + (step if bare else quote(step))
    return text


def _scalar(hint: Any, value: object) -> Any:
    if typing.get_origin(hint) is typing.Literal:
        return _word(typing.get_args(hint), value)
    if issubclass(hint, enum.StrEnum):
        return _word(hint, value)
    if hint is Span:
        return _span(value)
    if hint is datetime:
        return _instant(value)
    if hint is date:
        return _day(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = _finite(value)
    if type(value) is not hint:
        raise ValueError(f"must be {_NAMES[hint]}, not {_kind_of(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a finite number")
    if isinstance(value, int) and abs(value) >= 1 << 53:
        raise ValueError("is too large a number")
    return value


def _finite(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ValueError("is too large a number") from None


def _word(known: Iterable[str], value: object) -> str:
    """Return the word of the list, an enum's member itself if the list is an enum."""
    words = list(known)
    if isinstance(value, str) and value in words:
        return words[words.index(value)]
    near = did_you_mean(value, words) if isinstance(value, str) else ""
    shown = quote(value) if isinstance(value, str) else _kind_of(value)
    raise ValueError(f"{shown} is not one of {', '.join(words)}{near}")


def _instant(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise ValueError(f"must be a date with time and zone, not {_kind_of(value)}")  # noqa: TRY004
    if value.tzinfo is None:
        raise ValueError("lacks a time zone: write Z or an offset such as +01:00 behind the time")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None


def _day(value: object) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError(f"must be a date such as 2026-11-30, not {_kind_of(value)}")  # noqa: TRY004
    if not 1970 <= value.year <= 2200:
        raise ValueError("is out of range: the year must be between 1970 and 2200")
    return value


def _span(value: object) -> Span:
    if isinstance(value, datetime):
        instant = _instant(value)
        return Span(instant, instant)
    day = _day(value)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Span(start, start + timedelta(days=1))


_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def _kind_of(value: object) -> str:
    kinds = {dict: "a table", list: "a list", datetime: "a date with time", date: "a date"}
    return {**_NAMES, **kinds}.get(type(value), "a time of day")


def _arm(arms: Sequence[Any], value: object) -> Any:
    """Pick the member of a union that has the shape of the value."""
    chosen = [arm for arm in arms if arm is not type(None)]
    return next((arm for arm in chosen if _is_table(arm) == isinstance(value, dict)), chosen[0])


def _is_table(hint: Any) -> bool:
    return typing.get_origin(hint) in {dict, Mapping} or dataclasses.is_dataclass(hint)


def _keep(value: Any) -> Any:
    return value


def _hints(kind: type[Any]) -> dict[str, Any]:
    return _cached_hints(kind)  # type: ignore[arg-type]  # mypy takes a class for unhashable


@cache
def _cached_hints(kind: type[Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {each.name: hints[each.name] for each in dataclasses.fields(kind)}


def _required(each: "dataclasses.Field[Any]") -> bool:
    return each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING


def _too_deep(data: dict[str, Any]) -> bool:
    level: list[Any] = [data]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for each in level
            for child in (each.values() if isinstance(each, dict) else each)
            if isinstance(child, dict | list)
        ]
    return bool(level)


def _line_in(message: str, text: str) -> int:
    """The line tomllib speaks of; for the end of the document its last one."""
    match = re.search(r"at line (\d+)", message)
    if match:
        return int(match.group(1))
    return text.count("\n") + 1 if "end of document" in message else 0


def _single(file: str, line: int, message: str) -> ConfigErrors:
    return ConfigErrors([ConfigError(file, line, message)])
