"""The probes that areas bring: ``posture probe <name> TARGET`` with options of their own."""

import asyncio
from collections.abc import Mapping, Sequence

import click

from posture import codec
from posture.cli import common
from posture.cli.exits import Exit
from posture.model import CollectError, Probe, Probed, Subject
from posture.net import NetConfig, NetRoot


def given(probe: Probe, words: Sequence[str]) -> dict[str, str]:
    """Read ``--name value`` and ``--name=value``; raises UsageError for what the probe lacks."""
    found: dict[str, str] = {}
    todo = list(words)
    while todo:
        name, equals, value = todo.pop(0).partition("=")
        if not name.startswith("--") or name[2:] not in probe.options:
            known = ", ".join(f"--{option}" for option in probe.options) or "none"
            raise click.UsageError(f"{probe.name} has no option {name!r}; it takes {known}.")
        if not equals:
            if not todo:
                raise click.UsageError(f"{name} needs a value: {probe.options[name[2:]]}")
            value = todo.pop(0)
        found[name[2:]] = value
    return found


def look(
    probe: Probe,
    target: str,
    words: Sequence[str],
    config: NetConfig,
    *,
    seconds: float,
    as_json: bool,
) -> Exit:
    """Carry out a probe and print what it found."""
    options = given(probe, words)
    try:
        subject = probe.subject(target)
        found = common.run_async(_within(probe, subject, options, config, seconds))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except CollectError as error:
        common.say(f"{target} could not be looked at: {error}")
        return Exit.INCOMPLETE
    except TimeoutError:
        common.say(f"{target} could not be looked at within {seconds:g} s")
        return Exit.INCOMPLETE
    return show(found, as_json=as_json)


def show(found: Probed, *, as_json: bool) -> Exit:
    """Print what a probe found, with nothing beside it."""
    if as_json:
        click.echo(codec.encode(found.document), nl=False)
    else:
        for line in found.lines:
            common.data(line)
    return Exit.INCOMPLETE if "failed" in found.document else Exit.FINE


def beside(
    probe: Probe,
    subject: Subject,
    options: Mapping[str, str],
    config: NetConfig,
    *,
    seconds: float,
) -> Probed:
    """Carry out a probe that adds to its area's findings; a failure is what it found then."""
    try:
        return common.run_async(_within(probe, subject, options, config, seconds))
    except CollectError as error:
        why = str(error)
    except TimeoutError:
        why = f"not done within {seconds:g} s"
    return Probed(document={"failed": why}, lines=(f"{probe.name} could not be looked at: {why}",))


async def _within(
    probe: Probe,
    subject: Subject,
    options: Mapping[str, str],
    config: NetConfig,
    seconds: float,
) -> Probed:
    async with asyncio.timeout(seconds):
        return await probe.look(subject, NetRoot(config).bound(subject), options)
