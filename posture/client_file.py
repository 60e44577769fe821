"""The shape of client.toml: its tables, and what their values must be."""

import os.path
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from posture import targets
from posture.model import (
    BackupSet,
    Domain,
    Host,
    MailServer,
    Network,
    SecretRef,
    Subject,
    System,
    Tenant,
    WebSite,
)
from posture.tomlfile import Rules, Span, did_you_mean, quote

BASELINE = "smb-baseline"
"""The policy of a client that names none."""
PROVIDERS = ("entra",)
BACKUP_SOURCES = ("files", "restic")
_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_REMOTE = re.compile(r"(?:sftp|rest|s3|swift|b2|azure|gs|rclone):")
"""The prefixes by which restic tells a remote repository from a folder."""


class Cover(StrEnum):
    """What an authorisation may extend to."""

    DOMAINS = "domains"
    """What a browser or a mail server does with the domains, their sites and their mail servers."""
    HOSTS = "hosts"
    """Port scans of the declared hosts and networks."""
    TENANTS = "tenants"
    """Reading the declared identity providers through their APIs."""
    BACKUPS = "backups"
    """Reading the declared backups."""
    PLUGINS = "plugins"
    """Looking at what is declared under ``[[plugin.…]]``."""


class Position(StrEnum):
    """Where the scan looks from, seen from the office's firewall."""

    INSIDE = "inside"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyTable:
    """Whose audit this is."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisationTable:
    """Who allowed the audit, for what, and from when until when."""

    by: str
    covers: tuple[Cover, ...]
    role: str = ""
    active_tests: bool = False
    """Tests beyond ordinary use may run, on targets marked ``owned`` only."""
    valid_from: Span | None = None
    valid_until: Span | None = None
    """A date counts to its end in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTable:
    """How the scan reaches the world when that is not the ordinary way."""

    resolver: str = ""
    """Address and port of the DNS resolver to ask; the system's when empty."""
    ca_file: str = ""
    """PEM file of the certificate authorities to trust instead of the public ones."""
    vantage: Position | None = None
    connect: dict[str, str] | None = None
    """``host:port`` or ``host:*`` to the ``address:port`` really spoken to; nothing else is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTable:
    """What it is judged by: the name of a built-in policy or a path."""

    file: str = BASELINE
    profile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFile:
    """Everything a client.toml may hold."""

    company: CompanyTable
    authorisation: AuthorisationTable
    network: NetworkTable = field(default_factory=NetworkTable)
    policy: PolicyTable = field(default_factory=PolicyTable)
    domains: tuple[Domain, ...] = ()
    sites: tuple[WebSite, ...] = ()
    mail: tuple[MailServer, ...] = ()
    networks: tuple[Network, ...] = ()
    hosts: tuple[Host, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    backups: tuple[BackupSet, ...] = ()
    systems: tuple[System, ...] = ()
    none: dict[str, str] = field(default_factory=dict)
    """By kind of subject: why the client has none."""
    plugin: dict[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    """By area: the subjects a plugin brings, told apart by ``kind``."""


SUBJECT_TABLES: Mapping[str, type[Subject]] = {
    "domains": Domain,
    "sites": WebSite,
    "mail": MailServer,
    "networks": Network,
    "hosts": Host,
    "tenants": Tenant,
    "backups": BackupSet,
    "systems": System,
}


def rules(directory: Path, plugged: Iterable[type[Subject]] = ()) -> Rules:
    """What each value must be beyond its type; relative paths start at ``directory``.

    ``plugged`` are the kinds of subject that plugins bring.
    """
    once = _Once()
    host: Mapping[str, Callable[[Any], Any]] = {
        "host": targets.host_name,
        "port": targets.port,
        "": once,
    }
    path = _Paths(directory)
    return {
        CompanyTable: {"id": _slug, "name": line},
        AuthorisationTable: {"by": line, "role": _short, "covers": _covers, "": _window},
        NetworkTable: {"resolver": _resolver, "ca_file": path.plain, "connect": _connect},
        PolicyTable: {"file": path.policy, "profile": _short},
        Domain: {"name": targets.domain, "reports": path.plain, "rdap": _rdap, "": once},
        WebSite: host,
        MailServer: host,
        Network: {"cidr": targets.network, "site": _short, "": once},
        Host: {"address": targets.address, "name": _short, "site": _short, "": once},
        Tenant: {**_TENANT, "": _all(_one_credential, once)},
        BackupSet: {**_BACKUP, "": _all(path.backup, once)},
        System: {"name": line, "product": _short, "role": _short, "": once},
        SecretRef: {"": _all(_one_source, path.secret)},
        ClientFile: {"none": _reasons},
        **{kind: {"": once} for kind in plugged},
    }


def line(text: str) -> str:
    """Accept one line of ordinary text, not empty."""
    if not text.strip():
        raise ValueError("is empty")
    return _short(text)


def _short(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"{quote(text)} holds a line break or a control character")
    if len(text) > 200:
        raise ValueError("is longer than 200 characters")
    return text.strip()


def _slug(text: str) -> str:
    if not _SLUG.match(text):
        raise ValueError(
            f"{quote(text)} is not an id: lower-case letters, digits and hyphens, such as "
            '"smile-dental"'
        )
    return text


def _covers(words: tuple[Cover, ...]) -> tuple[Cover, ...]:
    if not words:
        raise ValueError(f"is empty: name what may be audited ({', '.join(Cover)})")
    return tuple(dict.fromkeys(words))


def _window(table: AuthorisationTable) -> AuthorisationTable:
    start, end = table.valid_from, table.valid_until
    if start and end and start.start >= end.end:
        raise ValueError("valid_until lies before valid_from")
    return table


def _resolver(text: str) -> str:
    return _joined(*targets.address_and_port(text, 53))


def _connect(table: dict[str, str]) -> dict[str, str]:
    return {_asked(text): _joined(*targets.address_and_port(real)) for text, real in table.items()}


def _asked(text: str) -> str:
    """``host:*`` is every port of a host that is not listed by itself."""
    if text.endswith(":*"):
        host, _ = targets.name_and_port(f"{text.removesuffix('*')}1")
        return _joined(host, "*")
    return _joined(*targets.name_and_port(text))


def _joined(host: str, port: int | str) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reasons(table: dict[str, str]) -> dict[str, str]:
    for kind, reason in table.items():
        if len(reason.strip()) < 10:
            raise ValueError(f"{kind}: say in a sentence why there is none")
        _short(reason)
    return {kind: reason.strip() for kind, reason in table.items()}


def _word_of(known: tuple[str, ...]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in known:
            near = did_you_mean(text, known)
            raise ValueError(f"{quote(text)} is not one of {', '.join(known)}{near}")
        return text

    return check


def _api_id(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,127}", text):
        raise ValueError(f"{quote(text)} is not an id of the provider")
    return text


def _origin(text: str) -> str:
    if "@" in text:  # said without the text: it would print the password
        raise ValueError("holds a user name or a password: it has no place in this file")
    return targets.origin(text) if text else ""


def _rdap(text: str) -> str:
    """``https://host[:port]/path/``; it is asked about the domain, so nothing secret is in it."""
    if not text:
        return ""
    match = re.fullmatch(r"(https://[^/@?#]*)(/(?:[A-Za-z0-9][A-Za-z0-9._~-]*/)*)?", text)
    if not match:
        raise ValueError(f"{quote(text)} is not a base URL, such as https://rdap.example.com/v1/")
    return targets.origin(match[1]) + (match[2] or "/")


def _break_glass(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(line, names))


def _hours(number: float) -> float:
    if not 0 < number <= 8760:
        raise ValueError("must be more than 0 and at most 8760 hours (a year)")
    return number


_TENANT: Mapping[str, Callable[[Any], Any]] = {
    "name": line,
    "provider": _word_of(PROVIDERS),
    "tenant_id": _api_id,
    "client_id": _api_id,
    "base_url": _origin,
    "login_url": _origin,
    "break_glass": _break_glass,
}
_BACKUP: Mapping[str, Callable[[Any], Any]] = {
    "name": line,
    "source": _word_of(BACKUP_SOURCES),
    "location": line,
    "rpo_hours": _hours,
    "system": _short,
}


def _one_credential(tenant: Tenant) -> Tenant:
    if tenant.secret and tenant.certificate:
        raise ValueError("has both a secret and a certificate: keep one")
    return tenant


def _one_source(ref: SecretRef) -> SecretRef:
    given = [name for name in ("env", "file", "keyring", "command") if getattr(ref, name)]
    if len(given) != 1:
        raise ValueError("must name exactly one of env, file, keyring, command")
    if ref.env and not _VARIABLE.match(ref.env):  # said without it: it may be the secret itself
        raise ValueError("env is not the name of an environment variable")
    return ref


def _all(*steps: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return run


class _Once:
    """Refuses a second subject with the same id."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, subject: Subject) -> Subject:
        if subject.id in self._seen:
            raise ValueError(f"{quote(subject.id)} is declared twice")
        self._seen.add(subject.id)
        return subject


class _Paths:
    """Makes paths absolute; a relative one starts where the client file is."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def plain(self, text: str) -> str:
        if not text:
            return ""
        _short(text)
        return os.path.normpath(self._directory / os.path.expanduser(text))  # noqa: PTH111

    def policy(self, text: str) -> str:
        """Leave the name of a built-in policy alone."""
        return self.plain(text) if text.endswith(".toml") else line(text)

    def secret(self, ref: SecretRef) -> SecretRef:
        return SecretRef(
            env=ref.env,
            file=self.plain(ref.file) if ref.file else None,
            keyring=ref.keyring,
            command=ref.command,
        )

    def backup(self, backup: BackupSet) -> BackupSet:
        """A folder or glob is made absolute, a remote repository is not."""
        if re.search(r"://[^/@]*:[^/@]*@", backup.location):
            raise ValueError("location holds a password: it has no place in this file")
        if backup.source == "restic" and _REMOTE.match(backup.location):
            return backup
        return replace(backup, location=self.plain(backup.location))
