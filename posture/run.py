"""One audit from end to end, without a terminal: what the command line and the tests call."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from posture import attest, history, waivers
from posture.attest import Attestations
from posture.audit import Audit, Basis, compose
from posture.client import Client, authorised
from posture.collect import Order, Progress, collect
from posture.model import Clock, Host, Network, Subject
from posture.net import GENTLE, Net, NetConfig, NetRoot
from posture.net.http import Http
from posture.plan import Plan, plan
from posture.plugins import Registry
from posture.policy import Policy, load_policy
from posture.secrets import Secrets
from posture.snapshot import Authorisation, Run, Snapshot
from posture.tomlfile import ConfigError, ConfigErrors
from posture.version import VERSION
from posture.waivers import Waivers

TOOL = f"posture {VERSION}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Everything that is known before the first packet."""

    client: Client
    registry: Registry
    policy: Policy
    profile: str
    waivers: Waivers
    attestations: Attestations

    @property
    def plan(self) -> Plan:
        """What must be collected."""
        rules = self.policy.rules_of(self.profile)
        return plan(self.registry, rules, self.client.consents)


def prepare(
    client: Client,
    registry: Registry,
    now: datetime,
    *,
    policy: str | None = None,
    profile: str | None = None,
) -> Setup:
    """Read everything an audit needs; raises ConfigErrors, AuthorisationError or OSError."""
    chosen = load_policy(policy or client.policy, registry)
    setup = Setup(
        client=client,
        registry=registry,
        policy=chosen,
        profile=chosen.profile(profile or client.profile),
        waivers=waivers.load_waivers(_beside(client, waivers.FILE), registry),
        attestations=attest.load_attestations(_beside(client, attest.FILE), registry),
    )
    authorised(client, now)
    reach(client)
    return setup


def reach(client: Client, rate: float | None = None) -> NetRoot:
    """How this client is reached; raises ConfigErrors, or OSError for the CA file."""
    network = client.network
    try:
        return NetRoot(
            NetConfig(
                resolver=network.resolver,
                ca_file=network.ca_file,
                connect=network.connect,
                vantage=network.vantage,
                declared=tuple(_addresses(client.subjects)),
                rate=rate,
            )
        )
    except ValueError as error:
        raise ConfigErrors([ConfigError("network", 0, str(error))]) from None


def _beside(client: Client, name: str) -> Path | None:
    """A file next to the client file; whoever reads it knows what its absence means."""
    return client.directory / name if client.directory else None


async def scan(
    setup: Setup,
    clock: Clock,
    *,
    progress: Progress | None = None,
    deadline: float = 1800.0,
    gentle: bool = False,
    only: Plan | None = None,
    root: NetRoot | None = None,
) -> Snapshot:
    """Look at the client, within ``deadline`` seconds and no longer than is authorised.

    ``only`` narrows the plan to a part of it; ``root`` is a network shared with other scans.
    """
    client, network = setup.client, setup.client.network
    started = clock.now()
    root = root or reach(client, GENTLE if gentle else None)
    order = Order(
        plan=only or setup.plan,
        subjects=client.declared(),
        absent=client.absent,
        run=Run(
            id=started.strftime("%Y%m%dT%H%M%SZ"),
            tool=TOOL,
            started=started,
            ended=started,
            complete=False,
            vantage=network.vantage,
            consents=tuple(sorted(client.consents)),
            authorisation=_authorisation(client),
            resolver=network.resolver,
            connect=dict(network.connect or {}),
        ),
        tools=_tools(root, Secrets(client.directory), setup.attestations, clock),
        clock=clock,
        deadline=min(deadline, _authorised_seconds(client, started)),
    )
    return await collect(order, progress)


def audit(
    setup: Setup, snapshot: Snapshot, *, directory: Path | None = None, at: datetime | None = None
) -> Audit:
    """Judge a snapshot and compare it with the client's earlier audits in ``directory``."""
    basis = Basis(
        registry=setup.registry,
        policy=setup.policy,
        profile=setup.profile,
        waivers=setup.waivers,
        tool=TOOL,
        at=at,
    )
    if directory:
        stored, unreadable = history.earlier(directory, (snapshot.client_id, setup.profile))
        before = [one for one in stored if one.taken <= snapshot.taken]
        basis = replace(
            basis,
            previous=before[-1] if before else None,
            past=history.past(before),
            notices=(*unreadable, *_ahead(len(stored) - len(before))),
        )
    return compose(snapshot, basis)


def _ahead(count: int) -> tuple[str, ...]:
    """What a clock that was set back leaves behind."""
    if not count:
        return ()
    later = f"{count} of the stored audits are dated later than this one"
    return (f"{later}, which is not compared with them: check this computer's clock",)


def _addresses(subjects: Iterable[Subject]) -> list[str]:
    """The declared networks and host addresses: what may be dialled though it is not public."""
    return [
        s.cidr if isinstance(s, Network) else s.address
        for s in subjects
        if isinstance(s, Network | Host)
    ]


def _authorised_seconds(client: Client, now: datetime) -> float:
    until = client.authorisation.valid_until
    return (until - now).total_seconds() if until else math.inf


def _authorisation(client: Client) -> Authorisation:
    given = client.authorisation
    return Authorisation(
        by=given.by,
        covers=tuple(sorted(given.covers)),
        valid_from=given.valid_from.isoformat() if given.valid_from else "",
        valid_until=given.valid_until.isoformat() if given.valid_until else "",
    )


def _tools(
    root: NetRoot, secrets: Secrets, attestations: Attestations, clock: Clock
) -> Callable[[type[Any], Subject], object]:
    """Hand out tools by type, bound to the subject where they reach the world."""
    makers: Mapping[type[Any], Callable[[Subject], object]] = {
        Net: root.bound,
        Http: root.http,
        Secrets: lambda _: secrets,
        Attestations: lambda _: attestations,
        Clock: lambda _: clock,
    }

    def hand_out(kind: type[Any], subject: Subject) -> object:
        return makers[kind](subject)

    return hand_out
