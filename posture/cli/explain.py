"""``posture explain``: what a check is about."""

import difflib
from typing import NoReturn

import click
import msgspec

from posture.cli import common
from posture.cli.exits import Exit
from posture.plugins import Registry
from posture.policy import Rule, load_policy, mapping
from posture.words import load_page


@click.command()
@click.argument("check_id")
@click.option("--policy", default="smb-baseline", show_default=True, help="Name or path.")
def command(check_id: str, policy: str) -> Exit:
    """Print the page of CHECK_ID, its settings in a policy and what it maps to."""
    registry = common.registry()
    check = registry.checks.get(check_id) or _missing(registry, check_id)
    chosen = load_policy(policy, registry)
    common.data(load_page(check.area.package, check.id).body)
    rule = chosen.rules.get(check.id)
    common.data(f"## In the policy {chosen.id} {chosen.version}\n")
    for line in _settings(rule) if rule else ["Not part of it."]:
        common.data(line)
    return Exit.FINE


def _missing(registry: Registry, check_id: str) -> NoReturn:
    near = difflib.get_close_matches(check_id, registry.checks, n=1)
    hint = f" Did you mean {near[0]}?" if near else " `posture checks list` names them all."
    raise click.UsageError(f"There is no check {check_id!r}.{hint}")


def _settings(rule: Rule) -> list[str]:
    severity = rule.severity
    lines = [
        f"severity: {severity}"
        if isinstance(severity, str)
        else "severity: " + ", ".join(f"{level} seen {view}" for view, level in severity.items()),
        f"counts in: {rule.score_area}",
        f"effort: about {rule.effort_minutes} minutes, cost {rule.cost}",
    ]
    settings = msgspec.to_builtins(rule.params) if rule.params else {}
    lines += [f"{name} = {value}" for name, value in settings.items()]
    for framework, ids in rule.maps.items():
        titles = mapping(framework)
        lines += [f"{framework} {one}: {titles.get(one, '')}".rstrip(": ") for one in ids]
    return lines
