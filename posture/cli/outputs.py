"""Writes the files of a run and says on the terminal what is in them."""

import os
import sys
from pathlib import Path

import click

from posture import history
from posture.audit import Audit
from posture.cli import common
from posture.history import Folder
from posture.render import csv, html, json, pdf, text

REPORT = "report.html"
PRINT = "report.pdf"
TABLE = "findings.csv"


def save(path: Path, data: bytes) -> None:
    """Write a file somebody named; where they named a link, what it leads to."""
    history.write_atomically(Path(os.path.realpath(path)), data)
    common.say(f"Wrote {path}")


def write(run: Folder, audit: Audit, *, pdf: bool, quiet: bool = False) -> None:
    """Write everything a run consists of, the evidence's judgement first."""
    run.write(history.AUDIT, json.document(audit))
    page = html.html(audit)
    run.write(REPORT, page.encode())
    run.write(TABLE, csv.findings(audit))
    if pdf:
        print_pdf(page, run.part / PRINT, quiet=quiet)


def print_pdf(page: str, path: Path, *, quiet: bool = False) -> bool:
    """Print the page; without a way to print, say so: the HTML is the report all the same."""
    target = Path(os.path.realpath(path))
    history.require_replaceable(target)
    try:
        pdf.pdf(page, target)
    except pdf.PdfUnavailable as error:
        if not quiet:
            common.say(f"No PDF was written: {error}")
        return False
    return True


def colours(stream: object) -> bool:
    """Whether to colour: a terminal that did not say no."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or bool(getattr(stream, "isatty", bool)())


def summarise(audit: Audit, directory: Path, *, quiet: bool) -> None:
    """Print the summary and where everything is; in quiet mode a line, when something changed.

    An audit that was cut short is told as well: its grade says little.
    """
    if quiet:
        changes = audit.changes
        same = changes is not None and changes.grade_before == audit.score.floor.grade
        if not same or not audit.complete:
            click.echo(text.one_line(audit))
        return
    click.echo(text.summary(audit, color=colours(sys.stdout)))
    for name in sorted(entry.name for entry in directory.iterdir()):
        common.data(str(directory / name))
