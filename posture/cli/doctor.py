"""``posture doctor``: what works here, and what each missing thing would add."""

import asyncio
import importlib.util
import os
import platform
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from posture.cli import common
from posture.cli.exits import Exit
from posture.client import AuthorisationError, Client, authorised, load_client
from posture.clock import SystemClock
from posture.model import BackupSet, CollectError, Domain, SecretRef, Tenant
from posture.net import NetConfig, NetRoot, TrustAnchors
from posture.plugins import Registry
from posture.policy import load_policy
from posture.render.pdf import available
from posture.secrets import Secrets
from posture.version import VERSION

PROGRAMS = {
    "nmap": "product names and versions behind open ports",
    "restic": "reading restic repositories",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    good: bool
    what: str
    detail: str
    needed: bool = True
    """False: posture works without it, with less to say."""


@click.command()
@click.argument("client_file", required=False, type=click.Path(path_type=Path, dir_okay=False))
def command(client_file: Path | None) -> Exit:
    """Check this machine and, with CLIENT_FILE, everything it refers to. Prints no secret."""
    registry = common.registry()
    lines = list(_machine())
    if client_file:
        lines += _client(load_client(client_file, registry), registry)
    for line in lines:
        mark = "ok" if line.good else ("MISSING" if line.needed else "absent")
        common.data(f"{mark:8} {line.what}: {line.detail}")
    return Exit.FINE if all(line.good or not line.needed for line in lines) else Exit.USAGE


def _machine() -> Iterator[Line]:
    yield Line(True, "posture", f"{VERSION}, Python {platform.python_version()}")
    for program, adds in PROGRAMS.items():
        path = shutil.which(program)
        yield Line(bool(path), program, path or f"would add {adds}", needed=False)
    able = available()
    yield Line(
        bool(able),
        "PDF",
        ", ".join(able) or "would add report.pdf: install Pango for WeasyPrint, or Chromium",
        needed=False,
    )
    keyring = importlib.util.find_spec("keyring") is not None
    yield Line(keyring, "keyring", "installed" if keyring else "would add keyring secrets", False)


def _client(client: Client, registry: Registry) -> Iterator[Line]:
    try:
        authorised(client, SystemClock().now())
        yield Line(True, "authorisation", f"by {client.authorisation.by}")
    except AuthorisationError as error:
        yield Line(False, "authorisation", str(error))
    policy = load_policy(client.policy, registry)
    yield Line(True, "policy", f"{policy.id} {policy.version}, {policy.profile(client.profile)}")
    yield from _files(client)
    yield from _secrets(client)
    yield asyncio.run(_resolver(client))


def _files(client: Client) -> Iterator[Line]:
    """What a scan reads and where it writes."""
    directory = client.directory or Path()
    writable = os.access(directory, os.W_OK | os.X_OK)
    yield Line(writable, "runs", f"{directory} {'can' if writable else 'cannot'} be written to")
    if client.network.ca_file:
        yield _ca_file(client.network.ca_file)
    for subject in client.subjects:
        if isinstance(subject, BackupSet) and subject.source == "files":
            yield _backup(subject)


def _backup(backup: BackupSet) -> Line:
    """Whether the place can be read: the folder above the first wildcard, where there is one."""
    fixed = re.split(r"[*?\[]", backup.location, maxsplit=1)[0]
    place = Path(fixed) if fixed == backup.location else Path(f"{fixed}x").parent
    good = os.access(place, os.R_OK)
    what = "can be read" if good else "is not there, or not for you to read"
    return Line(good, f"backup {backup.name}", f"{place} {what}")


def _ca_file(path: Path) -> Line:
    try:
        TrustAnchors.from_file(path)
    except (OSError, ValueError) as error:
        return Line(False, "ca_file", str(error))
    return Line(True, "ca_file", f"{path} can be read")


def _secrets(client: Client) -> Iterator[Line]:
    secrets = Secrets(client.directory)
    for subject in client.subjects:
        refs: list[SecretRef | None] = []
        if isinstance(subject, Tenant):
            refs = [subject.secret, subject.certificate]
        elif isinstance(subject, BackupSet):
            refs = [subject.password]
        for ref in refs:
            if ref is None:
                continue
            try:
                secrets.get(ref)
                yield Line(True, f"secret of {subject.label}", "can be read")
            except CollectError as error:
                yield Line(False, f"secret of {subject.label}", error.detail)


async def _resolver(client: Client) -> Line:
    """Ask the resolver for a domain the client declared, the root otherwise."""
    name = next((s.name for s in client.subjects if isinstance(s, Domain)), ".")
    where = client.network.resolver or "the system's resolver"
    try:
        root = NetRoot(NetConfig(resolver=client.network.resolver))
        await root.dns.query(name, "NS")
    except (CollectError, OSError) as error:
        return Line(False, "DNS", f"{where} did not answer: {error}")
    return Line(True, "DNS", f"{where} answers")
