"""``posture plugins``: which areas are installed, and whose they are."""

import click

from posture.cli import common
from posture.cli.exits import Exit
from posture.model import API


@click.command()
def command() -> Exit:
    """List the installed areas and where they come from."""
    registry = common.registry()
    common.say(f"plugin API {API}")
    for name, area in sorted(registry.areas.items()):
        parts = f"{len(area.collectors)} collectors, {len(area.checks)} checks"
        common.data(f"{name:12} {registry.origins[name]:24} {parts}")
    return Exit.FINE
