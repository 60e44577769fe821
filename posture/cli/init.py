"""``posture init``: a commented client.toml to start from."""

import json
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import click

from posture import history, platforms
from posture.cli import common
from posture.cli.exits import Exit
from posture.client import load_client
from posture.client_file import Cover, line
from posture.client_template import SCHEMA_FILE, schema, slug, template
from posture.clock import SystemClock
from posture.targets import domain

CLIENT = "client.toml"


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--company", help="Name of the client.")
@click.option("--domain", "domains", multiple=True, help="A domain it owns; may be repeated.")
@click.option("--authorised-by", help="Who allows the audit.")
@click.option("--role", default="", help="What they are in the company.")
@click.option("--covers", multiple=True, type=click.Choice(list(Cover)), help="What they allow.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True)
def command(
    directory: Path,
    company: str | None,
    domains: tuple[str, ...],
    authorised_by: str | None,
    role: str,
    covers: tuple[str, ...],
    days: int,
) -> Exit:
    """Write DIRECTORY/client.toml, asking on a terminal for what no option says."""
    platforms.private_umask()
    path = directory / CLIENT
    if path.exists():
        raise click.UsageError(f"{path} is there already; edit it, or choose another directory.")
    company = company or _ask("--company", "Name of the client", line)
    domains = domains or tuple(
        _ask("--domain", "Domains it owns (space between)", _domains).split()
    )
    authorised_by = authorised_by or _ask("--authorised-by", "Who allows the audit (name)", line)
    text = template(
        company=company,
        authorised_by=authorised_by,
        role=role,
        domains=domains,
        client_id=slug(company, domains[0]),
        covers=[Cover(cover) for cover in covers or (Cover.DOMAINS,)],
        valid_until=_until(SystemClock().now().date(), days),
    )
    history.make_private(directory)
    history.write_atomically(path, text.encode())
    try:
        load_client(path)
    except Exception:
        # A file that cannot be read back is worse than none: the mistake is in the answers.
        path.unlink()
        raise
    history.write_atomically(directory / SCHEMA_FILE, json.dumps(schema(), indent=2).encode())
    common.say(f"Wrote {path}. Read it, add what else may be audited, then:")
    common.data(f"posture scan {path} --dry-run")
    return Exit.FINE


def _ask(option: str, question: str, check: Callable[[str], str]) -> str:
    """Ask on a terminal until the answer will do; elsewhere the option is needed."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"There is no terminal to ask on: give {option}.")

    def checked(answer: str) -> str:
        try:
            return check(answer)
        except ValueError as error:
            raise click.UsageError(str(error)) from error

    found: str = click.prompt(question, err=True, value_proc=checked)
    return found


def _domains(text: str) -> str:
    return " ".join(domain(name) for name in text.split())


def _until(today: date, days: int) -> date:
    return today + timedelta(days=days)
