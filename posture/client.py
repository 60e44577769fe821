"""Who is audited, what is in scope, who allowed it, and where secrets are: client.toml, read."""

import ipaddress
import os.path
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from posture import client_file, targets
from posture.client_file import ClientFile, Cover, Position
from posture.model import (
    ACTIVE,
    BackupSet,
    Company,
    Domain,
    Host,
    MailServer,
    NameServer,
    Network,
    Subject,
    System,
    Tenant,
    View,
    WebSite,
)
from posture.plugins import Registry
from posture.toml_lines import Place
from posture.tomlfile import (
    INVALID,
    Builder,
    ConfigError,
    ConfigErrors,
    did_you_mean,
    quote,
    read,
)

DOMAIN = "domain"
"""The profile of a scan without a client file: what a browser or a mail server does."""

_COVERED_BY: Mapping[type[Subject], Cover | None] = {
    Company: None,
    System: None,
    Domain: Cover.DOMAINS,
    WebSite: Cover.DOMAINS,
    MailServer: Cover.DOMAINS,
    NameServer: Cover.DOMAINS,
    Network: Cover.HOSTS,
    Host: Cover.HOSTS,
    Tenant: Cover.TENANTS,
    BackupSet: Cover.BACKUPS,
}


_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),  # RFC 1918 §3
        *("100.64.0.0/10", "169.254.0.0/16"),  # RFC 6598 §7, RFC 3927 §1
        *("fc00::/7", "fe80::/10", "fec0::/10"),  # RFC 4193 §3.1, RFC 4291 §2.4, RFC 3879
    )
)


class AuthorisationError(Exception):
    """The audit is not allowed; says what, why and the next step."""

    def __init__(self, what: str, why: str, next_step: str) -> None:
        """Keep the three parts for whoever prints them."""
        super().__init__(f"{what}: {why}. {next_step}")
        self.what = what
        self.why = why
        self.next_step = next_step


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorisation:
    """Who allowed the audit, for what, and within which time (aware UTC, end exclusive)."""

    by: str
    role: str = ""
    covers: frozenset[Cover]
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    active_tests: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """How the scan reaches the world."""

    resolver: str = ""
    """``ip:port``; empty is the system's resolver."""
    ca_file: Path | None = None
    vantage: View | None = None
    """Inside or outside the office's firewall; None when it was not said."""
    connect: Mapping[str, str] | None = None
    """``host:port`` to ``ip:port``; when given, nothing else may be connected to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client and everything that was declared about it."""

    company: Company
    authorisation: Authorisation
    subjects: tuple[Subject, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    """Kind of subject to the reason why there is none."""
    network: NetworkSettings = field(default_factory=NetworkSettings)
    policy: str = client_file.BASELINE
    """Name of a built-in policy, or the absolute path of a file."""
    profile: str | None = None
    """None is the policy's own default."""
    path: Path | None = None
    """The client file; None for a scan without one."""

    @property
    def directory(self) -> Path | None:
        """Where waivers, attestations and runs are kept; None without a client file."""
        return self.path.parent if self.path else None

    @property
    def consents(self) -> frozenset[str]:
        """The consents that collectors may ask for; each target must be ``owned`` as well."""
        return frozenset({ACTIVE}) if self.authorisation.active_tests else frozenset()

    def declared(self) -> tuple[Subject, ...]:
        """Every declared subject, the company first."""
        return (self.company, *self.subjects)

    @classmethod
    def for_domain(cls, name: str, authorised_by: str) -> "Client":
        """A client made of one domain: only what a browser or a mail server does is allowed.

        Raises ConfigErrors for what is no domain or no name.
        """
        errors: list[ConfigError] = []
        domain = _argument("--domain", targets.domain, name, errors)
        by = _argument("--authorised-by", client_file.line, authorised_by, errors)
        if errors:
            raise ConfigErrors(errors)
        return cls(
            company=Company(client_id=domain, name=domain),
            authorisation=Authorisation(by=by, covers=frozenset({Cover.DOMAINS})),
            subjects=(Domain(name=domain),),
            profile=DOMAIN,
        )


def authorised(client: Client, now: datetime) -> None:
    """Return if the audit may start now; raises AuthorisationError otherwise."""
    given = client.authorisation
    where = f"in {client.path}" if client.path else "in a client file"
    if given.valid_from and now < given.valid_from:
        raise AuthorisationError(
            "The audit may not start yet",
            f"{given.by} authorised it from {_when(given.valid_from)}",
            f"Wait until then, or have valid_from changed {where}.",
        )
    if given.valid_until and now >= given.valid_until:
        raise AuthorisationError(
            "The authorisation has expired",
            f"{given.by} authorised the audit until {_when(given.valid_until)}",
            f"Ask for a new one, then set valid_until {where}.",
        )
    for cover, subjects in _uncovered(client).items():
        more = f" and {len(subjects) - 1} more" if len(subjects) > 1 else ""
        raise AuthorisationError(
            f"{subjects[0].label}{more} may not be audited",
            f'the authorisation by {given.by} does not cover "{cover}"',
            f'Add "{cover}" to covers {where} if they agree, or remove what is declared.',
        )
    _require_bounds(client, where)


def _require_bounds(client: Client, where: str) -> None:
    """Looking behind the firewall, and active tests, need a last day and the word of the owner."""
    given = client.authorisation
    inside = [s for s in client.subjects if isinstance(s, Network | Host) and _is_inside(s)]
    if given.valid_until is None and (inside or given.active_tests):
        what = inside[0].label if inside else "A client with active tests"
        raise AuthorisationError(
            f"{what} may not be scanned without an end",
            f"{given.by} authorised it, and no last day is given",
            f"Set valid_until {where} to the day they agreed to.",
        )
    for subject in inside:
        if not subject.owned:
            raise AuthorisationError(
                f"{subject.label} may not be scanned",
                "it lies behind a firewall, and nobody said that it is the client's own",
                f"Set owned = true on it {where} if it is, or remove it.",
            )


def _is_inside(subject: Network | Host) -> bool:
    """Declared so, or an address that no packet from the internet reaches."""
    text = subject.cidr if isinstance(subject, Network) else subject.address
    block = ipaddress.ip_network(text)
    private = any(block.version == each.version and block.overlaps(each) for each in _PRIVATE)
    return private or subject.view is View.INTERNAL


def load_client(path: Path, registry: Registry | None = None) -> Client:
    """Read a client file; raises ConfigErrors with every mistake in it.

    With a registry, the subjects of plugins can be declared too.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    document = read(path)
    areas = registry.areas.values() if registry else ()
    kinds = {kind.kind: kind for area in areas for kind in area.subjects}
    builder = Builder(document, client_file.rules(path.parent, kinds.values()))
    table = builder.build(ClientFile, document.data)
    plugged = _plugin_subjects(builder, registry)
    _check_absent(builder, kinds)
    builder.finish()
    return _client(table, plugged, path)


def _client(table: ClientFile, plugged: tuple[Subject, ...], path: Path) -> Client:
    given, network = table.authorisation, table.network
    declared = (each for name in client_file.SUBJECT_TABLES for each in getattr(table, name))
    return Client(
        company=Company(client_id=table.company.id, name=table.company.name),
        authorisation=Authorisation(
            by=given.by,
            role=given.role,
            covers=frozenset(given.covers),
            valid_from=given.valid_from.start if given.valid_from else None,
            valid_until=given.valid_until.end if given.valid_until else None,
            active_tests=given.active_tests,
        ),
        subjects=(*declared, *plugged),
        absent=table.none,
        network=NetworkSettings(
            resolver=network.resolver,
            ca_file=Path(network.ca_file) if network.ca_file else None,
            vantage=_VIEWS[network.vantage] if network.vantage else None,
            connect=network.connect,
        ),
        policy=table.policy.file,
        profile=table.policy.profile or None,
        path=path,
    )


_VIEWS = {Position.INSIDE: View.INTERNAL, Position.OUTSIDE: View.EXTERNAL}


def _plugin_subjects(builder: Builder, registry: Registry | None) -> tuple[Subject, ...]:
    """The subjects under ``[[plugin.<area>]]``."""
    areas = registry.areas if registry else {}
    found = []
    for place, area, row in _plugin_rows(builder.document.data):
        if area not in areas:
            near = did_you_mean(area, areas)
            builder.problem(place[:2], f"there is no plugin {quote(area)} installed{near}")
            continue
        kinds = {kind.kind: kind for kind in areas[area].subjects}
        word = row.get("kind")
        if word not in kinds:
            builder.problem((*place, "kind"), f"must be one of {', '.join(kinds) or 'none'}")
            continue
        fields = {key: value for key, value in row.items() if key != "kind"}
        found.append(builder.build(kinds[word], fields, place))
    return tuple(each for each in found if each is not INVALID)


def _plugin_rows(data: Mapping[str, Any]) -> Iterable[tuple[Place, str, dict[str, Any]]]:
    """Every well-formed row with its place and area; the table's own shape is checked elsewhere."""
    table = data.get("plugin")
    for area, rows in table.items() if isinstance(table, dict) else ():
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            if isinstance(row, dict):
                yield ("plugin", area, index), area, row


def _check_absent(builder: Builder, plugged: Iterable[str]) -> None:
    """A kind declared absent must be known, and nothing of it may be declared."""
    absent = builder.document.data.get("none")
    tables = {kind.kind: name for name, kind in client_file.SUBJECT_TABLES.items()}
    known = (*tables, *plugged)
    for kind in absent if isinstance(absent, dict) else ():
        if kind not in known:
            near = did_you_mean(kind, known)
            builder.problem(("none", kind), f"is not a kind of subject{near}")
        elif builder.document.data.get(tables.get(kind, "")):
            builder.problem(("none", kind), f"but there is a [[{tables[kind]}]] in this file")


def _uncovered(client: Client) -> dict[Cover, list[Subject]]:
    """What is declared but not authorised."""
    found: dict[Cover, list[Subject]] = defaultdict(list)
    for subject in client.subjects:
        cover = _COVERED_BY.get(type(subject), Cover.PLUGINS)
        if cover and cover not in client.authorisation.covers:
            found[cover].append(subject)
    return dict(found)


def _argument(name: str, check: Callable[[str], str], text: str, errors: list[ConfigError]) -> str:
    try:
        return check(text)
    except ValueError as error:
        errors.append(ConfigError(name, 0, str(error)))
        return ""


def _when(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
