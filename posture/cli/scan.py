"""``posture scan``: the audit."""

from dataclasses import replace
from pathlib import Path

import click

from posture import codec, history
from posture.audit import Audit
from posture.cli import common, many, outputs
from posture.cli.exits import HELP, Exit, worst
from posture.client import Client, NetworkSettings, load_client
from posture.clock import SystemClock
from posture.model import View
from posture.plan import announce
from posture.plugins import Registry
from posture.run import Setup, audit, prepare, scan

VANTAGE = {"inside": View.INTERNAL, "outside": View.EXTERNAL}


@click.command(epilog=HELP)
@click.argument("client_file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--domain", help="Audit one domain from outside, without a client file.")
@click.option(
    "--domains-from",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Audit every domain of a file, one a line; print a line for each.",
)
@click.option("--authorised-by", help="Who allowed an audit without a client file.")
@click.option("--resolver", help="DNS resolver to ask, as ip:port.")
@click.option("--policy", help="Name or path of the policy, instead of the client file's.")
@click.option("--profile", help="Profile of the policy, instead of the client file's.")
@click.option("--vantage", type=click.Choice(list(VANTAGE)), help="Where this machine stands.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; open no socket.")
@click.option("--gentle", is_flag=True, help="At most 300 new connections a second.")
@click.option(
    "--timeout",
    type=float,
    callback=common.seconds,
    default=1800.0,
    show_default=True,
    help="Seconds in all.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Directory for runs/ and history.")
@click.option("--no-pdf", is_flag=True, help="Write no PDF.")
@click.option("--quiet", is_flag=True, help="For cron: print only a change of grade, or an error.")
@click.option("--verbose", is_flag=True, help="Print the log to stderr.")
@common.judged_by
def command(
    client_file: Path | None,
    domain: str | None,
    domains_from: Path | None,
    authorised_by: str | None,
    resolver: str | None,
    policy: str | None,
    profile: str | None,
    vantage: str | None,
    dry_run: bool,
    gentle: bool,
    timeout: float,
    out: Path | None,
    no_pdf: bool,
    quiet: bool,
    verbose: bool,
    fail_on: str,
    min_coverage: float,
) -> Exit:
    """Audit a client and write its report.

    CLIENT_FILE is a client.toml that `posture init` wrote. Without one, give --domain and
    --authorised-by.
    """
    common.begin(verbose=verbose)
    registry = common.registry()
    clock = SystemClock()
    if domains_from:
        if client_file or domain:
            raise click.UsageError("Give one of a client file, --domain and --domains-from.")
        network = NetworkSettings(resolver=common.resolver(resolver))
        clients = many.read_list(domains_from, _allowed_by(authorised_by, "them"), network)
        setup = prepare(clients[0], registry, clock.now(), policy=policy, profile=profile)
        batch = many.Batch(setup=setup, clients=clients, clock=clock, deadline=timeout, out=out)
        return _list(batch, fail_on, min_coverage)
    client = _client(client_file, domain, authorised_by, registry)
    client = _as_told(client, common.resolver(resolver), vantage)
    setup = prepare(client, registry, clock.now(), policy=policy, profile=profile)
    if dry_run:
        return _dry_run(setup)
    directory = out or client.directory or Path(f"posture-{client.company.client_id}")
    with history.locked(directory), history.RunDirectory(directory, clock.now()) as run:
        history.require_room(directory)
        with common.progress(quiet=quiet) as progress:
            taken = common.run_async(
                scan(setup, clock, progress=progress, deadline=timeout, gentle=gentle)
            )
        run.write(history.SNAPSHOT, codec.encode(taken))
        made = audit(setup, taken, directory=directory)
        outputs.write(run, made, pdf=not no_pdf, quiet=quiet)
    outputs.summarise(made, run.final, quiet=quiet)
    return worst([common.exit_code(made, fail_on, min_coverage), common.interrupted(taken)])


def _client(
    path: Path | None, domain: str | None, authorised_by: str | None, registry: Registry
) -> Client:
    if path and domain:
        raise click.UsageError("Give a client file or --domain, not both.")
    if path:
        return load_client(path, registry)
    if not domain:
        raise click.UsageError(
            "What shall be audited? Name a client.toml (`posture init` writes one), "
            "or give --domain and --authorised-by."
        )
    return Client.for_domain(domain, _allowed_by(authorised_by, domain))


def _allowed_by(name: str | None, what: str) -> str:
    if not name:
        raise click.UsageError(
            f"Who allowed an audit of {what}? Say so with --authorised-by NAME; "
            "nothing is looked at before."
        )
    return name


def _as_told(client: Client, resolver: str, vantage: str | None) -> Client:
    """Let options overrule the client file's network table."""
    network = client.network
    if resolver:
        network = replace(network, resolver=resolver)
    if vantage:
        network = replace(network, vantage=VANTAGE[vantage])
    return replace(client, network=network)


def _list(batch: many.Batch, fail_on: str, min_coverage: float) -> Exit:
    """Audit a list of domains; the exit code is the worst of all."""
    codes = []

    def tell(made: Audit) -> None:
        many.say(made)
        codes.append(common.exit_code(made, fail_on, min_coverage))
        if not made.complete:
            codes.append(Exit.INTERRUPTED if _stopped(made) else Exit.INCOMPLETE)

    common.run_async(many.look(batch, tell))
    return worst(codes)


def _stopped(made: Audit) -> bool:
    return any(run.interrupted == "interrupted" for run in made.runs)


def _dry_run(setup: Setup) -> Exit:
    """Print what would be sent, and to whom."""
    common.say(f"Nothing is sent. Profile {setup.profile} of {setup.policy.title} would do this:")
    for line in announce(setup.plan, setup.client.declared()):
        extra = "".join(f" [needs {need}]" for need in line.needs)
        extra += f" [with consent: {line.consent}]" if line.consent else ""
        common.data(f"{line.target}: {line.traffic}{extra}")
    for check in setup.plan.not_tested:
        common.say(f"Not tested, since nobody agreed to active tests: {check.id}")
    return Exit.FINE
