"""``posture probe``: one area, one target, no client file."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import msgspec

from posture import codec
from posture.attest import Attestations
from posture.audit import Audit
from posture.cli import aim, common, expert, mail
from posture.cli.exits import Exit, worst
from posture.client import Authorisation, Client, NetworkSettings
from posture.client_file import Cover
from posture.model import Company, Domain, MailServer, Probe, Probed, Subject, WebSite
from posture.net import NetConfig
from posture.plan import Plan
from posture.plugins import Registry
from posture.policy import Policy, load_policy
from posture.run import Setup, audit, scan
from posture.sanitise import for_terminal
from posture.snapshot import Snapshot
from posture.targets import domain, host_name, name_and_port
from posture.waivers import Waivers

SMTP = {25, 587}
MAIL = "mail"
"""Stands for two areas at once."""
ONE_TARGET = 12
"""Connections at a time to the one server that was named."""
NEEDS_CLIENT = {"network", "identity", "backup", "governance"}


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("area")
@click.argument("target")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[PROBE OPTIONS]")
@click.option("--json", "as_json", is_flag=True, help="Print facts and findings as JSON.")
@click.option("--resolver", help="DNS resolver to ask, as ip:port.")
@click.option("--ca", "ca_file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--connect", multiple=True, help="host:port=ip:port; then nothing else is reached.")
@click.option("--policy", default="smb-baseline", show_default=True)
@click.option("--timeout", type=float, callback=common.seconds, default=120.0, show_default=True)
@click.option("--verbose", is_flag=True, help="Print the log to stderr.")
def command(
    area: str,
    target: str,
    words: tuple[str, ...],
    as_json: bool,
    resolver: str | None,
    ca_file: Path | None,
    connect: tuple[str, ...],
    policy: str,
    timeout: float,
    verbose: bool,
) -> Exit:
    """Look at TARGET in one AREA, as a browser or a mail server would.

    A target is a domain (dns, email), a web site or host:port (tls, web). Other areas read what
    only the client file can authorise: declare the target there and use `posture scan`.

    `mail` in place of an area looks at a domain's dns and email and adds a plan. Areas bring
    probes of their own, named in the same place, such as `dmarc`.
    """
    common.begin(verbose=verbose)
    registry = common.registry()
    extra = registry.probes.get(area)
    if extra and area not in registry.areas:
        config = NetConfig(
            resolver=common.resolver(resolver), ca_file=ca_file, connect=_connect(connect)
        )
        return expert.look(extra, target, words, config, seconds=timeout, as_json=as_json)
    if words and not extra:
        raise click.UsageError(f"The area {area} takes no {' '.join(words)!r}.")
    options = expert.given(extra, words) if extra else {}
    aimed = aim.aim(_subject(registry, area, target), options, _connect(connect))
    subject, clock = aimed.subject, aimed.clock
    network = NetworkSettings(
        resolver=common.resolver(resolver), ca_file=ca_file, connect=aimed.connect
    )
    areas = mail.AREAS if area == MAIL else {area}
    if extra and aim.only_surveyed(subject, options):
        return expert.show(_more(extra, aimed, options, network, timeout), as_json=as_json)
    narrowed = _only(load_policy(policy, registry), registry, areas, subject)
    setup = _setup(registry, narrowed, subject, network)
    taken = common.run_async(scan(setup, clock, deadline=timeout, only=_alone(setup.plan, subject)))
    made = audit(setup, taken)
    more = _more(extra, aimed, options, network, timeout) if extra else None
    if as_json:
        plan = {"plan": mail.steps(made)} if area == MAIL else {}
        added = dict(more.document) if more else {}
        click.echo(codec.encode(_document(made, taken, subject) | plan | added), nl=False)
    elif area == MAIL:
        for line in mail.lines(made):
            common.data(line)
    else:
        _print(made)
        for line in more.lines if more else ():
            common.data(line)
    return worst([common.exit_code(made, "high", 0.0), common.interrupted(taken)])


def _more(
    extra: Probe,
    aimed: aim.Aim,
    options: Mapping[str, str],
    network: NetworkSettings,
    seconds: float,
) -> Probed:
    """What an area's own probe adds to its findings."""
    config = NetConfig(
        resolver=network.resolver,
        ca_file=network.ca_file,
        connect=network.connect,
        per_host=ONE_TARGET,
    )
    at = {"at": aimed.clock.now().isoformat()}
    return expert.beside(extra, aimed.subject, {**options, **at}, config, seconds=seconds)


def _setup(registry: Registry, policy: Policy, subject: Subject, network: NetworkSettings) -> Setup:
    """A scan of one subject that needs nobody's files."""
    client = Client(
        company=Company(client_id="probe", name=subject.label),
        authorisation=Authorisation(by="whoever runs this", covers=frozenset({Cover.DOMAINS})),
        subjects=(subject,),
        network=network,
    )
    return Setup(
        client=client,
        registry=registry,
        policy=policy,
        profile=policy.default_profile,
        waivers=Waivers(),
        attestations=Attestations(),
    )


def _subject(registry: Registry, area: str, target: str) -> Subject:
    if area not in {MAIL, *registry.areas}:
        known = ", ".join(sorted([MAIL, *registry.areas, *registry.probes]))
        raise click.UsageError(f"There is no area {area!r}: {known}.")
    if area in NEEDS_CLIENT:
        raise click.UsageError(
            f"The area {area} needs an authorisation that only a client file can give: "
            "declare the target in client.toml (`posture init`) and use `posture scan`."
        )
    try:
        if area in {"tls", "web"}:
            return _service(target)
        return Domain(name=domain(target))
    except ValueError as error:
        raise click.UsageError(f"{target!r} {error}") from error


def _service(target: str) -> Subject:
    text = target.removesuffix("/")
    if target.startswith("https://"):
        text = target.removeprefix("https://").partition("/")[0]
    if ":" not in text:
        return WebSite(host=host_name(text))
    host, port = name_and_port(text)
    return MailServer(host=host, port=port) if port in SMTP else WebSite(host=host, port=port)


def _connect(pairs: tuple[str, ...]) -> dict[str, str] | None:
    if not pairs:
        return None
    if any("=" not in pair for pair in pairs):
        raise click.BadParameter("write host:port=ip:port", param_hint="--connect")
    return {asked: real for asked, _, real in (pair.partition("=") for pair in pairs)}


def _only(policy: Policy, registry: Registry, areas: Collection[str], subject: Subject) -> Policy:
    """The policy's rules about these areas and this kind of subject."""
    rules = {
        check: rule
        for check, rule in policy.rules.items()
        if registry.checks[check].area.name in areas
        and registry.checks[check].subject is type(subject)
    }
    everywhere = tuple({place for places in policy.profiles.values() for place in places})
    return replace(policy, rules=rules, profiles={"probe": everywhere}, default_profile="probe")


def _alone(made: Plan, subject: Subject) -> Plan:
    """The plan without discovery: one target was asked for."""
    collectors = tuple(c for c in made.collectors if c.subject is type(subject))
    return replace(made, collectors=collectors, discoverers=())


def _document(made: Audit, taken: Snapshot, subject: Subject) -> dict[str, Any]:
    return {
        "subject": subject.id,
        "facts": {
            o.fact: {"failed": o.failed} if o.failed else o.value for o in taken.observations
        },
        "findings": [
            {
                "check": entry.finding.check,
                "subject": entry.finding.subject,
                "status": entry.finding.status,
                "severity": entry.finding.severity,
                "summary": entry.summary,
                "observed": entry.finding.observed,
                "expected": entry.finding.expected,
                "evidence": msgspec.to_builtins(entry.finding.evidence),
                "fix": entry.fix,
                "records": msgspec.to_builtins(entry.records),
            }
            for entry in made.entries
        ],
    }


def _print(made: Audit) -> None:
    for entry in made.entries:
        finding = entry.finding
        common.data(f"{finding.status:14} {finding.severity:8} {finding.check}  {finding.label}")
        for line in entry.summary.splitlines():
            common.data(f"    {line}")
        if entry.fix:
            click.echo("\n".join(f"      {line}" for line in for_terminal(entry.fix).splitlines()))
