"""Reads the public RFC 7208 test suite, which is YAML, as far as it uses YAML."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = "POSTURE_RFC7208_SUITE"
_TYPES = ("TXT", "A", "AAAA", "MX", "PTR")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")


@dataclass
class Case:
    """One case: a message, and what a receiver may make of it, the preferred result first."""

    name: str
    ip: str = ""
    mail_from: str = ""
    helo: str = ""
    explanation: str = ""
    results: tuple[str, ...] = ()
    zones: dict[str, dict[str, list[str] | str]] = field(default_factory=dict)

    @property
    def domain(self) -> str:
        """The domain whose record is checked."""
        return self.mail_from.rpartition("@")[2] or self.helo


def path() -> Path | None:
    """The suite's file, None when nobody named it."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def cases(text: str) -> Iterator[Case]:
    """Yield every case with the zones of its scenario."""
    for scenario in re.split(r"(?m)^---$", text)[1:]:
        tests, _, data = scenario.partition("\nzonedata:\n")
        zones = _zones(data)
        for case in _tests(tests):
            case.zones = zones
            yield case


def _tests(text: str) -> Iterator[Case]:
    case = None
    for line in text.partition("\ntests:\n")[2].splitlines():
        if match := re.fullmatch(r"  (\S[^:]*):", line):
            if case:
                yield case
            case = Case(match[1])
        elif case and (
            match := re.fullmatch(r"    (host|mailfrom|helo|result|explanation): *(.*)", line)
        ):
            _set(case, match[1], match[2])
    if case:
        yield case


def _set(case: Case, key: str, value: str) -> None:
    if key == "result":
        case.results = tuple(_scalars(value))
    else:
        setattr(case, {"host": "ip", "mailfrom": "mail_from"}.get(key, key), _scalar(value))


def _zones(text: str) -> dict[str, dict[str, list[str] | str]]:
    zones: dict[str, dict[str, list[str] | str]] = {}
    for block in re.split(r"(?m)^  (?=\S)", text)[1:]:
        head, *rows = [line.strip() for line in block.splitlines() if line.strip()]
        zones[_scalar(head.removesuffix(":")).lower()] = _node(rows)
    return zones


def _node(rows: list[str]) -> dict[str, list[str] | str]:
    entries = [row.removeprefix("- ").partition(":") for row in rows]
    typed = [(kind, _scalars(value.strip())) for kind, colon, value in entries if colon]
    spf_type = [("TXT", value) for kind, value in typed if kind == "SPF"]
    if not any(kind == "TXT" for kind, _ in typed):
        typed += spf_type
    node: dict[str, list[str] | str] = {}
    for kind, values in typed:
        if kind == "TXT" and values == ["NONE"]:
            continue
        node.setdefault(kind, []).append(_record(kind, values))  # type: ignore[union-attr]
    node.pop("SPF", None)
    if any(kind == "TIMEOUT" and not colon for kind, colon, _ in entries):
        node = {kind: node.get(kind, "TIMEOUT") for kind in _TYPES}
    return node


def _record(kind: str, values: list[str]) -> str:
    if kind == "MX":
        return f"{values[0]} {values[1].removesuffix('.')}."
    return "".join(values)


def _scalars(value: str) -> list[str]:
    if not value.startswith("["):
        return [_scalar(value)]
    inside = value[1:].rpartition("]")[0]
    return [
        _scalar(item.strip())
        for item in re.findall(r'"[^"]*"|\'[^\']*\'|[^,]+', inside)
        if item.strip()
    ]


def _scalar(value: str) -> str:
    value = value.strip()
    if value[:1] == '"':
        return _ESCAPE.sub(_unescaped, value[1:-1])
    return value[1:-1] if value[:1] == "'" else value


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    return {"0": "\0", "n": "\n", "r": "\r", "t": "\t"}.get(match[2], match[2])
