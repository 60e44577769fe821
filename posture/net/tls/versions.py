"""Which versions of TLS a server accepts, one connection per question.

Only three alerts mean 'no' (40, 70, 71). A closed or reset connection, internal_error and silence
mean nothing: some servers answer a version they do support that way, and firewalls any version.
"""

import asyncio
from dataclasses import dataclass, replace
from enum import StrEnum

from posture.model import CollectError
from posture.net.tls.exchange import PATIENCE, Dial, Silence, ask
from posture.net.tls.hello import ClientHello, ServerHello
from posture.net.tls.suites import families
from posture.net.tls.wire import Alert, Version

ASKED = (Version.TLS10, Version.TLS11, Version.TLS12, Version.TLS13)


class Outcome(StrEnum):
    """The three answers to 'do you speak this?'."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionProbe:
    """One version and what the server made of it."""

    version: str
    """``TLS 1.0`` to ``TLS 1.3``."""
    outcome: Outcome
    detail: str
    """What was heard, e.g. ``alert 70 protocol_version`` or ``chose suite 0xC02F``."""


async def probe_versions(
    dial: Dial, host: str, *, patience: float = PATIENCE
) -> tuple[VersionProbe, ...]:
    """Ask for each version from TLS 1.0 to 1.3, side by side as far as ``dial`` allows.

    CollectError when not one connection could be opened.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_reached(dial, host, version, patience)) for version in ASKED]
    results = [task.result() for task in tasks]
    errors = [result for result in results if isinstance(result, CollectError)]
    if len(errors) == len(ASKED):
        raise errors[0]
    return tuple(
        _unreached(version, result) if isinstance(result, CollectError) else result
        for version, result in zip(ASKED, results, strict=True)
    )


def judge_answer(version: Version, answer: ServerHello | Alert | Silence) -> VersionProbe:
    """What an answer to a hello for exactly ``version`` proves."""
    if isinstance(answer, ServerHello):
        return _judge_choice(version, answer)
    refused = isinstance(answer, Alert) and answer.refusal is not None
    return VersionProbe(
        version=version.label,
        outcome=Outcome.REFUSED if refused else Outcome.INCONCLUSIVE,
        detail=answer.why if isinstance(answer, Silence) else str(answer),
    )


def _judge_choice(version: Version, answer: ServerHello) -> VersionProbe:
    outcome, detail = Outcome.INCONCLUSIVE, f"chose unknown version {answer.version:#06x}"
    if answer.version == version:
        outcome, detail = Outcome.ACCEPTED, f"chose suite {answer.suite:#06x}"
    elif answer.version in set(Version) and answer.version < version:
        # RFC 5246 §E.1: a server answers with the highest version both sides know.
        outcome, detail = Outcome.REFUSED, f"chose {Version(answer.version).label}"
    return VersionProbe(version=version.label, outcome=outcome, detail=detail)


async def _reached(
    dial: Dial, host: str, version: Version, patience: float
) -> VersionProbe | CollectError:
    try:
        return await _probe(dial, host, version, patience)
    except CollectError as error:
        return error


async def _probe(dial: Dial, host: str, version: Version, patience: float) -> VersionProbe:
    hello = ClientHello(host=host, version=version)
    answer = await ask(dial, hello, patience=patience)
    first = judge_answer(version, answer)
    if first.outcome is Outcome.INCONCLUSIVE and _may_dislike_the_list(answer):
        return await _by_family(dial, hello, first, patience)
    return first


def _may_dislike_the_list(answer: ServerHello | Alert | Silence) -> bool:
    return isinstance(answer, Alert) or (isinstance(answer, Silence) and answer.closed)


async def _by_family(
    dial: Dial, hello: ClientHello, first: VersionProbe, patience: float
) -> VersionProbe:
    """Ask again with one key-exchange family at a time.

    Servers exist that choose a suite from a long list and then die on it (Dovecot 2.3 without
    Diffie-Hellman parameters); the list, not the version, is what failed.
    """
    probe, refusals = first, 0
    offers = families(hello.version)
    for suites in offers:
        answer = await ask(dial, replace(hello, suites=suites), patience=patience)
        probe = judge_answer(hello.version, answer)
        if probe.outcome is Outcome.ACCEPTED:
            return probe
        refusals += probe.outcome is Outcome.REFUSED
    return probe if refusals == len(offers) else first


def _unreached(version: Version, error: CollectError) -> VersionProbe:
    return VersionProbe(
        version=version.label, outcome=Outcome.INCONCLUSIVE, detail=f"not connected: {error}"
    )
