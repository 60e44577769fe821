"""Turns text ids and values into sentences: pages of checks, and the engine's own catalogue."""

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from posture import edits
from posture.edits import Edit
from posture.model import Finding, Reason, Value

FENCE = "+++"
HEADINGS = ("What it means", "Why it matters to a small business", "How to fix", "References")


class PageError(Exception):
    """A page that is missing, or that does not say what its check needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A check's words: short ones for reports, long ones for ``posture explain``."""

    check: str
    title: str
    good: str
    risk: str
    action: str
    says: Mapping[str, str]
    fix: Mapping[str, str]
    near_miss: Mapping[str, str]
    records: Mapping[str, Mapping[str, Any]]
    """Fix id to what it changes in the DNS (see ``posture.edits``)."""
    sections: Mapping[str, str]
    """Heading to Markdown, in the order of ``HEADINGS``."""

    @property
    def body(self) -> str:
        """The whole page as Markdown."""
        parts = [f"# {self.title}"]
        parts += [f"## {heading}\n\n{text}" for heading, text in self.sections.items()]
        return "\n\n".join(parts) + "\n"


@cache
def load_page(package: str, check_id: str) -> Page:
    """Read ``docs/<check-id>.md`` of an area's package; raises PageError."""
    try:
        text = files(package).joinpath("docs", f"{check_id}.md").read_text(encoding="utf-8")
    except (OSError, ModuleNotFoundError) as error:
        raise PageError(f"{check_id} has no page docs/{check_id}.md in {package}") from error
    return parse_page(check_id, text)


def parse_page(check_id: str, text: str) -> Page:
    """Read a page: TOML between ``+++`` lines, then four Markdown sections."""
    parts = text.split(f"{FENCE}\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise PageError(f"{check_id}: the page must start with front matter between {FENCE} lines")
    try:
        front = tomllib.loads(parts[1])
    except tomllib.TOMLDecodeError as error:
        raise PageError(f"{check_id}: front matter: {error}") from error
    return Page(
        check=check_id,
        title=_line(front, "title", check_id),
        good=_line(front, "good", check_id),
        risk=_line(front, "risk", check_id),
        action=_line(front, "action", check_id),
        says=front.get("says", {}),
        fix=front.get("fix", {}),
        near_miss=front.get("near_miss", {}),
        records=front.get("records", {}),
        sections=_sections(check_id, parts[2]),
    )


def _line(front: Mapping[str, Any], key: str, check_id: str) -> str:
    value = front.get(key)
    if not isinstance(value, str) or not value.strip():
        raise PageError(f"{check_id}: front matter lacks {key}")
    return value.strip()


def _sections(check_id: str, markdown: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for block in ("\n" + markdown).split("\n## ")[1:]:
        heading, _, text = block.partition("\n")
        found[heading.strip()] = text.strip()
    missing = [heading for heading in HEADINGS if not found.get(heading)]
    if missing:
        raise PageError(f"{check_id}: the page lacks {', '.join(missing)}")
    return {heading: found[heading] for heading in HEADINGS}


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """The engine's own texts, by table and id."""
    text = files("posture").joinpath("engine.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def reason(why: Reason) -> str:
    """Say why something was not seen."""
    return catalogue()["reason"][why]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a report prints of one finding."""

    summary: str
    fix: str = ""
    near_miss: str = ""
    records: tuple[Edit, ...] = ()
    """The records that ``fix`` prints, for programs."""


def of_finding(finding: Finding, page: Page) -> Words:
    """Word a finding; raises PageError when the page lacks a text it refers to."""
    if finding.says.startswith("engine."):
        return _engine(finding)
    return Words(
        summary=_fill(page, page.says, finding.says, finding.values),
        fix=_fill(page, page.fix, finding.fix, finding.values) if finding.fix else "",
        near_miss=_fill(page, page.near_miss, finding.near_miss, finding.values)
        if finding.near_miss
        else "",
        records=_records(page, finding.fix, finding.values) if finding.fix else (),
    )


def _records(page: Page, fix: str, values: Mapping[str, Value]) -> tuple[Edit, ...]:
    """Fill in what a fix changes; a value brings no further lines where one is meant."""
    table = page.records.get(fix, {})
    joined = {key: _one_line(value) for key, value in values.items()}
    filled = [
        (verb, text.strip())
        for verb, line in edits.lines(table)
        for text in _filled(
            page, fix, line, values if edits.may_be_several(line) else joined
        ).splitlines()
    ]
    return edits.edits(filled, depends=table.get("depends") is True)


def _one_line(value: Value) -> Value:
    return " ".join(value.splitlines()) if isinstance(value, str) else value


def _engine(finding: Finding) -> Words:
    texts = catalogue()
    why = texts["reason"][finding.reason] if finding.reason else ""
    step = texts["next_step"][finding.reason] if finding.reason else ""
    return Words(summary=texts["says"][finding.says].format(why=why, **finding.values), fix=step)


def _fill(page: Page, table: Mapping[str, str], text_id: str, values: Mapping[str, Value]) -> str:
    if text_id not in table:
        raise PageError(f"{page.check}: the page has no text {text_id!r}")
    return _filled(page, text_id, table[text_id], values).strip()


def _filled(page: Page, text_id: str, text: str, values: Mapping[str, Value]) -> str:
    try:
        return _PLAIN.format(text, **values)
    except (KeyError, IndexError, ValueError) as error:
        raise PageError(f"{page.check}: text {text_id!r} cannot be filled: {error!r}") from error


class _Plain(string.Formatter):
    """Fills names only: a text may not reach into attributes or items of a value."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        if not field_name.isidentifier():
            raise ValueError(field_name)
        return super().get_field(field_name, args, kwargs)


_PLAIN = _Plain()


def placeholders(text: str) -> set[str]:
    """The names a text wants filled."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
