"""``posture policy``: what findings are judged by."""

import click

from posture.cli import common
from posture.cli.exits import Exit
from posture.policy import built_in, load_policy


@click.group()
def command() -> None:
    """List, show or lint policies."""


@command.command("list")
def list_() -> Exit:
    """Print the built-in policies."""
    for name in built_in():
        policy = load_policy(name, common.registry())
        common.data(f"{name:20} {policy.version:8} {len(policy.rules):3} rules  {policy.title}")
    return Exit.FINE


@command.command()
@click.argument("name")
def show(name: str) -> Exit:
    """Print the rules of a policy, given by name or path, as they stand after `extends`."""
    policy = load_policy(name, common.registry())
    common.data(f"{policy.id} {policy.version}: {policy.title}")
    common.data(f"sha256 {policy.sha256}")
    for profile, places in policy.profiles.items():
        rules = policy.rules_of(profile)
        common.data(f"profile {profile}: {', '.join(places)} ({len(rules)} rules)")
    for check, rule in policy.rules.items():
        common.data(f"{check:34} {rule.severity_for(None):9} {rule.score_area:11}")
    return Exit.FINE


@command.command()
@click.argument("name")
def lint(name: str) -> Exit:
    """Read a policy and name every mistake in it at once."""
    policy = load_policy(name, common.registry())
    common.say(f"{policy.id} {policy.version}: {len(policy.rules)} rules, no mistakes")
    return Exit.FINE
