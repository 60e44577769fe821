"""What every area's tests ask of its pages: there, complete, short enough, and used to the word."""

from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from posture.edits import Edit
from posture.model import Area, Finding, Severity, Verdict
from posture.words import Page, PageError, Words, load_page, of_finding

LONGEST = {"title": 70, "good": 60, "action": 80}
WORDS = range(60, 251)
RECORD_KEYS = {"add", "replace", "delete", "steps", "depends"}


def page_problems(area: Area) -> list[str]:
    """Pages that are missing, left over, too long or too short; each as a line to read."""
    checks = {_id(check) for check in area.checks}
    names = {
        path.name.removesuffix(".md") for path in files(area.package).joinpath("docs").iterdir()
    }
    problems = [f"{name}: a page without a check" for name in sorted(names - checks)]
    for check in sorted(checks):
        try:
            problems += _of_page(load_page(area.package, check))
        except PageError as error:
            problems.append(str(error))
    return problems


def _of_page(page: Page) -> list[str]:
    problems = [
        f"{page.check}: {key} has {len(getattr(page, key))} characters, {most} are allowed"
        for key, most in LONGEST.items()
        if len(getattr(page, key)) > most
    ]
    words = len(" ".join(page.sections.values()).split())
    if words not in WORDS:
        problems.append(f"{page.check}: {words} words are not 60 to 250")
    for fix, table in page.records.items():
        if fix not in page.fix or not set(table) <= RECORD_KEYS:
            problems.append(f"{page.check}: records of {fix!r}: no such fix, or a word unknown")
    return problems


def wording_problems(package: str, check: str, verdicts: Iterable[Verdict]) -> list[str]:
    """Texts that a verdict asks for and the page lacks or cannot fill, and texts nobody asks for.

    ``verdicts`` must hold every kind of verdict the check has.
    """
    page = load_page(package, check)
    used: dict[str, set[str]] = {"says": set(), "fix": set(), "near_miss": set()}
    problems = []
    for verdict in verdicts:
        for table in used:
            used[table] |= {getattr(verdict, table)} - {None}
        try:
            problems += _unprinted(check, of_finding(_finding(check, verdict), page))
        except PageError as error:
            problems.append(str(error))
    for table, ids in used.items():
        idle = sorted(set(getattr(page, table)) - ids)
        problems += [f"{check}: no verdict uses {table} {text!r}" for text in idle]
    return problems


def _unprinted(check: str, words: Words) -> list[str]:
    """Changes for programs that are not in the sentence for people."""
    return [
        f"{check}: {line} is not printed"
        for line in map(_line, words.records)
        if line not in map(str.strip, words.fix.splitlines())
    ]


def _line(edit: Edit) -> str:
    value = f'"{edit.value}"' if edit.type == "TXT" else edit.value
    return f"{edit.name}. {edit.type} {value}"


def _id(check: Any) -> str:
    return str(check.__posture__.id)


def _finding(check: str, verdict: Verdict) -> Finding:
    return Finding(
        fingerprint="",
        check=check,
        subject="",
        label="",
        area="",
        score_area="",
        status=verdict.status,
        severity=Severity.INFO,
        says=verdict.says,
        values=dict(verdict.values),
        fix=verdict.fix,
        near_miss=verdict.near_miss,
    )
