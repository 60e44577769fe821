"""``posture judge``: stored evidence under any policy, at any time, offline."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from posture import waivers
from posture.audit import Basis, compose
from posture.cli import common, outputs
from posture.cli.exits import HELP, Exit
from posture.policy import load_policy
from posture.render import json, text
from posture.run import TOOL


def moment(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    """Read an ISO 8601 time; without a zone it is UTC."""
    if value is None:
        return None
    try:
        read = datetime.fromisoformat(value)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"{value!r} is no time such as 2026-11-21T12:00Z") from error


@click.command(epilog=HELP)
@click.argument("snapshot", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--policy", required=True, help="Name or path of the policy.")
@click.option("--profile", help="Profile of the policy.")
@click.option("--waivers", "waiver_file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--at", callback=moment, help="When waivers and attestations must be valid.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="Audit to write."
)
@common.judged_by
def command(
    snapshot: Path,
    policy: str,
    profile: str | None,
    waiver_file: Path | None,
    at: datetime | None,
    out: Path | None,
    fail_on: str,
    min_coverage: float,
) -> Exit:
    """Judge SNAPSHOT again by a policy. Nothing is looked at; --at moves no evidence."""
    registry = common.registry()
    taken = common.read_snapshot(snapshot)
    chosen = load_policy(policy, registry)
    basis = Basis(
        registry=registry,
        policy=chosen,
        profile=chosen.profile(profile),
        waivers=waivers.load_waivers(waiver_file, registry),
        tool=TOOL,
        at=at,
    )
    made = compose(taken, basis)
    if out:
        outputs.save(out, json.document(made))
    click.echo(text.summary(made, color=outputs.colours(sys.stdout)))
    return common.exit_code(made, fail_on, min_coverage)
