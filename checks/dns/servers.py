"""Whether the name servers of a domain have it, and tell the same of it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from posture.model import (
    Domain,
    Evidence,
    Failed,
    Moment,
    Reason,
    Seen,
    Verdict,
    check,
    failed,
    not_applicable,
    params,
    passed,
    unknown,
)

from .server_facts import Authority, Service, ZoneAnswer

_DATED = re.compile(r"(20\d\d)(\d\d)(\d\d)\d\d")
"""A serial by the custom of RFC 1912 §2.2: the day, and a number."""
_SECONDS = range(1_000_000_000, 2_000_000_000)
"""A serial that is the second of the change, since 1970; until 2033 no dated one looks like it."""


@params
class Agrees:
    """Settings of :func:`agrees`."""

    hours: float
    """How long a change may take to reach every server."""


@check("dns.delegation.answers")
def answers(domain: Domain, servers: Sequence[Seen[Authority | Failed]]) -> Verdict:
    """Every name server of the domain answers for it."""
    verdict = _judged([seen.fact for seen in servers])
    told = {"domain": domain.name, "count": len(servers), **verdict.values}
    evidence = tuple(each for seen in servers for each in _evidence(seen))
    return replace(verdict, values=told, evidence=evidence, expected="SOA, AA")


def _judged(seen: list[Authority | Failed]) -> Verdict:
    known = [found for found in seen if isinstance(found, Authority)]
    good = [found for found in known if found.service is Service.SERVES]
    lame = [found for found in known if found.service not in {Service.SERVES, Service.UNSEEN}]
    if lame and not good:
        # The resolver did get an answer from somewhere: more likely something stands in our way.
        return unknown("none", reason=Reason.INCONCLUSIVE)
    if lame:
        verdict = failed("lame", fix="repair", servers=", ".join(found.host for found in lame))
        return replace(verdict, observed="; ".join(f"{one.host} {one.service}" for one in lame))
    if len(good) < len(seen):
        return unknown("unseen", reason=_reason(seen))
    return passed("ok")


def _reason(seen: Sequence[Authority | Failed]) -> Reason:
    """Why the first thing that was not seen was not."""
    for found in seen:
        if isinstance(found, Failed):
            return found.reason
        for answer in found.answers:
            if answer.reason:
                return answer.reason
    return Reason.INCONCLUSIVE


def _evidence(seen: Seen[Authority | Failed]) -> list[Evidence]:
    source = f"SOA, asked of {getattr(seen.subject, 'host', seen.subject.label)}"
    if isinstance(seen.fact, Failed):
        return [Evidence(source=source, record=f"not seen: {seen.fact.reason}")]
    if not seen.fact.answers:
        return [Evidence(source=source, record=Service.NOWHERE)]
    return [
        Evidence(source=f"{source} at {answer.address}", record=_told(answer))
        for answer in seen.fact.answers
    ]


def _told(answer: ZoneAnswer) -> str:
    if answer.service is Service.SERVES:
        names = ", ".join(answer.servers) or f"not seen: {answer.reason}"
        return f"version {answer.serial} from {answer.primary}; name servers {names}"
    return f"{answer.service} ({answer.said or answer.reason})"


@check("dns.delegation.agrees")
def agrees(
    domain: Domain, servers: Sequence[Seen[Authority | Failed]], moment: Moment, params: Agrees
) -> Verdict:
    """The name servers of the domain tell the same of it."""
    verdict = _compared([seen.fact for seen in servers], moment, params)
    told = {"domain": domain.name, **verdict.values}
    evidence = tuple(each for seen in servers for each in _evidence(seen))
    return replace(verdict, values=told, evidence=evidence)


def _compared(seen: list[Authority | Failed], moment: Moment, params: Agrees) -> Verdict:
    known = [found for found in seen if isinstance(found, Authority)]
    every = [answer for found in known for answer in found.answers]
    good = [answer for answer in every if answer.service is Service.SERVES]
    named = {answer.servers for answer in good if answer.servers}
    if len(named) > 1:
        lists = sorted(" + ".join(names) for names in named)
        return replace(failed("names", fix="names"), observed=" / ".join(lists))
    versions = sorted(_differing(good))
    if versions and _is_settled(versions[-1], moment, params):
        return _stale(versions)
    if versions:
        return unknown("changing", reason=Reason.INCONCLUSIVE, versions=_words(versions))
    whole = all(answer.servers for answer in good)
    if len(known) < len(seen) or not whole or any(a.service is Service.UNSEEN for a in every):
        return unknown("unseen", reason=_reason(seen))
    return passed("ok") if len(good) > 1 else not_applicable("one")


def _stale(versions: list[int]) -> Verdict:
    verdict = failed("versions", fix="versions", versions=_words(versions))
    return replace(verdict, observed=" / ".join(map(str, versions)), expected=str(versions[-1]))


def _words(versions: list[int]) -> str:
    return " and ".join(map(str, versions))


def _differing(good: list[ZoneAnswer]) -> set[int]:
    """Versions that differ though they come from the same server.

    Two providers side by side number their versions each in its own way.
    """
    by_primary: dict[str, set[int]] = {}
    for answer in good:
        by_primary.setdefault(answer.primary, set()).add(answer.serial)
    return next((found for found in by_primary.values() if len(found) > 1), set())


def _is_settled(serial: int, moment: Moment, params: Agrees) -> bool:
    """Whether the newest version is so old that every server should have it by now."""
    made = _made(serial)
    return made is not None and made + timedelta(hours=params.hours) < moment.taken


def _made(serial: int) -> datetime | None:
    """Return the latest moment at which a version can have been made; None if it does not tell."""
    if serial in _SECONDS:
        return datetime.fromtimestamp(serial, UTC)
    dated = _DATED.fullmatch(str(serial))
    try:
        day = date(*map(int, dated.groups())) if dated else None
    except ValueError:
        return None
    # The end of that day, which comes half a day later west of Greenwich.
    return datetime.combine(day, time.min, UTC) + timedelta(days=2) if day else None
