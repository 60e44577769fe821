"""What ``posture probe`` is pointed at where its area brings options: by which name, way, time."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import click

from posture.clock import SystemClock
from posture.model import Clock, MailServer, Subject, WebSite
from posture.net.tls.starttls_protocols import BY_PORT, PROTOCOLS
from posture.targets import host_name

STARTTLS = (*PROTOCOLS, "none")
"""What may be spoken before TLS; ``none`` where the port would have it otherwise."""


@dataclass(frozen=True, slots=True)
class _Then:
    """A clock that stands still."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """One target."""

    subject: Subject
    connect: Mapping[str, str] | None
    """The connect map, with the way to a target that was given as a loopback address."""
    clock: Clock


def aim(subject: Subject, options: Mapping[str, str], connect: Mapping[str, str] | None) -> Aim:
    """Apply ``starttls``, ``sni`` and ``at``; raises UsageError for what they cannot mean."""
    clock: Clock = _Then(_time(options["at"])) if "at" in options else SystemClock()
    if not isinstance(subject, WebSite | MailServer):
        return Aim(subject=subject, connect=connect, clock=clock)
    if protocol := options.get("starttls"):
        if protocol not in STARTTLS:
            raise click.UsageError(f"--starttls knows {', '.join(STARTTLS)}, not {protocol!r}.")
        kind = MailServer if protocol == "smtp" else WebSite
        subject = kind(host=subject.host, port=subject.port)
    way = _way(subject.host, subject.port)
    if name := options.get("sni"):
        if way is None:
            raise click.UsageError("--sni goes with an address: write ADDRESS:PORT --sni NAME.")
        subject = replace(subject, host=_usable(name))
    if way and (ipaddress.ip_address(way[0]).is_loopback or "sni" in options):
        host, port = way
        there = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        connect = {**(connect or {}), _key(subject): there}
    return Aim(subject=subject, connect=connect, clock=clock)


def only_surveyed(subject: Subject, options: Mapping[str, str]) -> bool:
    """Whether no check speaks what goes before TLS there, but the survey does."""
    if not isinstance(subject, WebSite):
        return False
    return options.get("starttls", BY_PORT.get(subject.port, "none")) != "none"


def _way(host: str, port: int) -> tuple[str, int] | None:
    """Where a target is that was not given by a name of the DNS."""
    try:
        return str(ipaddress.ip_address(host)), port
    except ValueError:
        return ("127.0.0.1", port) if host == "localhost" else None


def _key(subject: WebSite | MailServer) -> str:
    host = f"[{subject.host}]" if ":" in subject.host else subject.host
    return f"{host}:{subject.port}"


def _usable(name: str) -> str:
    try:
        return host_name(name)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _time(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise click.UsageError(f"{text!r} is no time such as 2026-11-21T12:00Z") from error
