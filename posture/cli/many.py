"""``posture scan --domains-from``: many domains in one command, a line for each as it is done."""

import asyncio
import codecs
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import click

from posture import codec, history
from posture.audit import Audit
from posture.cli import common
from posture.client import Client, NetworkSettings
from posture.model import Clock, Reason
from posture.net import NetRoot
from posture.render import json, text
from posture.run import Setup, audit, reach, scan
from posture.sanitise import for_filename
from posture.tomlfile import ConfigError, ConfigErrors

AT_A_TIME = 32
"""Domains under way; their sockets have limits of their own beneath."""
MAX_BYTES = 16 << 20
MAX_ERRORS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What all domains of a list share."""

    setup: Setup
    """Of any one domain; each gets its own client."""
    clients: tuple[Client, ...]
    clock: Clock
    deadline: float
    """Seconds for one domain."""
    out: Path | None
    """Where ``<domain>/runs`` are kept; None keeps nothing."""


def read_list(path: Path, authorised_by: str, network: NetworkSettings) -> tuple[Client, ...]:
    """Read one domain a line, ``#`` starts a remark; raises ConfigErrors with every mistake."""
    if path.stat().st_size > MAX_BYTES:
        raise click.UsageError(f"{path} is larger than {MAX_BYTES >> 20} MiB: split it.")
    clients: dict[str, Client] = {}
    errors: list[ConfigError] = []
    for number, line in enumerate(_text(path).split("\n"), 1):
        name = line.partition("#")[0].strip(" \t\r")
        if not name:
            continue
        try:
            client = Client.for_domain(name, authorised_by)
            clients.setdefault(client.company.client_id, replace(client, network=network))
        except ConfigErrors as wrong:
            errors += [ConfigError(str(path), number, one.message) for one in wrong.errors]
    if len(errors) > MAX_ERRORS:
        more = f"and {len(errors) - MAX_ERRORS} lines more that are no domain"
        errors = [*errors[:MAX_ERRORS], ConfigError(str(path), errors[MAX_ERRORS].line, more)]
    if errors:
        raise ConfigErrors(errors)
    if not clients:
        raise click.UsageError(f"{path} names no domain.")
    return tuple(clients.values())


def _text(path: Path) -> str:
    """Decode a list as editors write it; what is no text is left for its line to be refused."""
    data = path.read_bytes()
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if wide else "utf-8-sig", errors="replace")


async def look(batch: Batch, tell: Callable[[Audit], None]) -> None:
    """Audit every domain, some at a time, telling of each when it is done; holds none of them."""
    root = reach(batch.clients[0])
    waiting = iter(batch.clients)
    workers = [_work(batch, root, waiting, tell) for _ in range(AT_A_TIME)]
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            _ = group.create_task(worker)


async def _work(
    batch: Batch, root: NetRoot, waiting: Iterator[Client], tell: Callable[[Audit], None]
) -> None:
    for client in waiting:
        made = await _one(replace(batch.setup, client=client), batch, root)
        tell(made)
        if any(run.interrupted == Reason.INTERRUPTED for run in made.runs):
            return  # the scan kept what it had and ended quietly: so must the list


async def _one(setup: Setup, batch: Batch, root: NetRoot) -> Audit:
    taken = await scan(setup, batch.clock, deadline=batch.deadline, root=root)
    if batch.out is None:
        return audit(setup, taken)
    directory = batch.out / for_filename(setup.client.company.client_id)
    with ExitStack() as stack:
        stack.enter_context(history.locked(directory))
        run = stack.enter_context(history.RunDirectory(directory, taken.taken))
        run.write(history.SNAPSHOT, codec.encode(taken))
        made = audit(setup, taken, directory=directory)
        run.write(history.AUDIT, json.document(made))
    return made


def say(made: Audit) -> None:
    """Print an audit's line."""
    common.data(text.one_line(made))
