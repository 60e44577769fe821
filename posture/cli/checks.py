"""``posture checks``: what can be judged."""

import click

from posture.cli import common
from posture.cli.exits import Exit
from posture.words import load_page


@click.group()
def command() -> None:
    """List the checks."""


@command.command("list")
def list_() -> Exit:
    """Print every installed check and its claim."""
    for check_id, check in sorted(common.registry().checks.items()):
        common.data(f"{check_id:34} {load_page(check.area.package, check_id).title}")
    return Exit.FINE
