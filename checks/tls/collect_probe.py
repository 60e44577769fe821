"""``posture probe tls``: everything a server shows, with the names of the standards."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from posture.model import CollectError, MailServer, Probe, Probed, WebSite
from posture.net import Net
from posture.net.tls import iana
from posture.net.tls.asker import Budget
from posture.net.tls.chain import KEPT, RawChain
from posture.net.tls.exchange import Dial
from posture.net.tls.interview import survey
from posture.net.tls.starttls_outcome import Begun, Outcome
from posture.net.tls.starttls_protocols import BY_PORT, PROTOCOLS, Protocol, begin, past
from posture.net.tls.survey import Chain, Order, Survey

from .collect_certificate import examine

WEB = ("h2", "http/1.1")
CHAINS = 4
"""Chains examined: one server has two, for RSA and for ECDSA."""

MAX_DETAIL = 500


async def look(subject: WebSite | MailServer, net: Net, options: Mapping[str, str]) -> Probed:
    """Survey one server. ``options["at"]``: when its certificates are to be judged, ISO 8601.

    ``options["starttls"]``: what is spoken before TLS, a name or ``none``; else the port tells.
    """
    protocol = _protocol(subject, options.get("starttls"))
    dial = partial(net.connect, subject.host, subject.port)
    if protocol is None:
        return await _surveyed(subject.host, dial, net, options["at"], Budget(), WEB)
    async with await dial() as stream:
        begun, address = await begin(protocol, stream, subject.host), stream.peer
    said = {"starttls": {"protocol": protocol.name, **_begun(begun)}}
    line = f"{protocol.name}: {begun.outcome.value}, {begun.said}"
    if begun.outcome is not Outcome.READY:
        return Probed(document={**_NOTHING, **said, "address": address}, lines=(line,))
    found = await _surveyed(
        subject.host, past(protocol, dial, subject.host), net, options["at"], Budget(parallel=2)
    )
    return Probed(document={**found.document, **said}, lines=(line, *found.lines))


def _protocol(subject: WebSite | MailServer, name: str | None) -> Protocol | None:
    if name is None:
        name = "smtp" if isinstance(subject, MailServer) else BY_PORT.get(subject.port)
    return PROTOCOLS.get(name) if name else None


def _begun(begun: Begun) -> dict[str, Any]:
    found = {"outcome": begun.outcome, "said": begun.said, "offered": list(begun.offered)}
    return found | {"ahead": begun.ahead.decode("latin-1")} if begun.ahead else found


_NOTHING: Mapping[str, Any] = {
    "spoken": "nothing",
    "versions": [],
    "suites": {},
    "groups": [],
    "chains": [],
    "inconclusive": [],
    "connections": 1,
}
"""Where TLS was not begun."""


async def _surveyed(
    name: str, dial: Dial, net: Net, at: str, budget: Budget, alpn: tuple[str, ...] = ()
) -> Probed:
    seen = await survey(dial, name=name, alpn=alpn, budget=budget)
    when = datetime.fromisoformat(at)
    chains = [await _chain(net, seen, chain, when) for chain in seen.chains[:CHAINS]]
    document = _document(seen, chains)
    return Probed(document=document, lines=tuple(_lines(seen, document)))


async def _chain(net: Net, seen: Survey, chain: Chain, at: datetime) -> dict[str, Any]:
    """One chain, read and verified in a child process as any other of the area."""
    raw = RawChain(
        certificates=chain.certificates[:KEPT],
        sent=len(chain.certificates),
        version=chain.versions[-1],
        suite="",
    )
    found: dict[str, Any] = {"kind": chain.kind, "versions": list(chain.versions)}
    try:
        presented = await examine(
            net.run, raw, net.anchors, host=seen.name, address=seen.address, at=at
        )
    except CollectError as error:
        return found | {"sent": raw.sent, "certificates": [], "failed": str(error)}
    return found | {
        "sent": raw.sent,
        "certificates": list(presented.chain),
        "name_matches": presented.name_matches,
        "trust": presented.trust,
    }


def _document(seen: Survey, chains: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    groups = {version: found.accepted for version, found in seen.groups.items()}
    return {
        "spoken": seen.spoken.value,
        "detail": seen.detail[:MAX_DETAIL],
        "address": seen.address,
        "versions": list(seen.accepted),
        "refused": [v for v, found in seen.versions.items() if found.outcome == "refused"],
        "suites": {
            version: [iana.suite_name(suite) for suite in found.suites]
            for version, found in seen.versions.items()
            if found.suites
        },
        "order": {
            version: found.order.value
            for version, found in seen.versions.items()
            if found.order is not Order.INCONCLUSIVE
        },
        "groups": [
            iana.group_name(group)
            for group in dict.fromkeys(group for each in groups.values() for group in each)
        ],
        "groups_by_version": {
            version: [iana.group_name(group) for group in found]
            for version, found in groups.items()
        },
        "signatures": [iana.signature_name(scheme) for scheme in seen.signatures.accepted],
        "chains": list(chains),
        "dh": [{"bits": found.bits, "standard": found.standard} for found in seen.dh],
        "extensions": {name: getattr(seen.facts, name) for name in seen.facts.__slots__},
        "inconclusive": _inconclusive(seen),
        "connections": seen.connections,
        "rounds": seen.rounds,
        "degraded": seen.degraded,
    }


def _inconclusive(seen: Survey) -> list[dict[str, str]]:
    """What could not be settled, a version as a whole where none of it could."""
    found = []
    for version, each in seen.versions.items():
        if each.outcome == "inconclusive":
            found.append({"version": version, "detail": each.detail[:MAX_DETAIL]})
        else:
            found += [
                {"version": version, "suite": iana.suite_name(suite)} for suite in each.inconclusive
            ]
    for version, settled in seen.groups.items():
        found += [
            {"version": version, "group": iana.group_name(group)} for group in settled.inconclusive
        ]
    names = map(iana.signature_name, seen.signatures.inconclusive)
    return [*found, *({"version": "TLS 1.2", "signature": name} for name in names)]


def _lines(seen: Survey, document: Mapping[str, Any]) -> list[str]:
    lines = [f"{seen.connections} connections, {seen.rounds} of them one after the other"]
    if seen.detail:
        lines.append(f"stopped: {document['detail']}")
    if seen.degraded:
        lines.append("the server ceased to answer normally: what it refused late is left open")
    for version, found in seen.versions.items():
        suites = document["suites"].get(version, ())
        order = f", {found.order.value} order" if version in document["order"] else ""
        detail = f", {len(suites)} suites{order}" if suites else f" ({found.detail[:MAX_DETAIL]})"
        lines.append(f"{version}: {found.outcome.value}{detail}")
        lines += [f"  {suite}" for suite in suites]
    lines += [
        f"groups of {version}: {', '.join(found)}"
        for version, found in document["groups_by_version"].items()
    ]
    lines += [f"chain {_summary(chain)}" for chain in document["chains"]]
    lines += [f"{name}: {_word(value)}" for name, value in document["extensions"].items()]
    return lines + [f"not settled: {' '.join(each.values())}" for each in document["inconclusive"]]


def _summary(chain: Mapping[str, Any]) -> str:
    leaf = chain["certificates"][0].subject if chain["certificates"] else "unreadable"
    trust = chain["trust"].result.value if "trust" in chain else chain["failed"]
    return f"{chain['kind']}, {chain['sent']} certificates: {leaf}, {trust}"


def _word(value: bool | str | None) -> str:  # noqa: FBT001 - one of the values of a fact
    if isinstance(value, str):
        return value or "none"
    return {True: "yes", False: "no", None: "not seen"}[value]


def subject(target: str) -> WebSite | MailServer:
    """Read ``HOST:PORT`` or ``HOST``."""
    host, _, port = target.rpartition(":")
    if not host or not port.isdigit():
        return WebSite(host=target)
    return WebSite(host=host, port=int(port))


PROBE = Probe(
    name="tls",
    help="Versions, suites, groups and chains of one server, each yes, no or not settled.",
    subject=subject,
    look=look,
    options={
        "starttls": "what is spoken before TLS: " + ", ".join(PROTOCOLS) + ", or none",
        "sni": "the server name to ask for, where HOST is an address",
        "at": "when the certificates must be valid, ISO 8601; now, if not given",
    },
)
