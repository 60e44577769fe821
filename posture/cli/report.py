"""``posture report``: a stored audit in any format, offline."""

import sys
from pathlib import Path

import click

from posture.cli import common, outputs
from posture.cli.exits import HELP, Exit
from posture.render import csv, html, json, text

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(epilog=HELP)
@click.argument("audit", type=_FILE)
@click.option("--html", "html_file", type=_FILE, help="Write the report as one HTML file.")
@click.option("--pdf", "pdf_file", type=_FILE, help="Write the report as PDF.")
@click.option("--csv", "csv_file", type=_FILE, help="Write the open findings as a table.")
@click.option("--json", "as_json", is_flag=True, help="Print the audit document.")
def command(
    audit: Path,
    html_file: Path | None,
    pdf_file: Path | None,
    csv_file: Path | None,
    as_json: bool,
) -> Exit:
    """Draw AUDIT again. Without a format, print the summary."""
    made = common.read_audit(audit)
    if html_file or pdf_file:
        page = html.html(made)
        if html_file:
            outputs.save(html_file, page.encode())
        if pdf_file and outputs.print_pdf(page, pdf_file):
            common.say(f"Wrote {pdf_file}")
    if csv_file:
        outputs.save(csv_file, csv.findings(made))
    if as_json:
        click.echo(json.document(made), nl=False)
    elif not (html_file or pdf_file or csv_file):
        click.echo(text.summary(made, color=outputs.colours(sys.stdout)))
    return Exit.FINE
