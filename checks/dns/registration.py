"""Whether the domain will still be the owner's tomorrow, by what its registry says."""

from dataclasses import replace
from datetime import datetime, timedelta

from posture.model import (
    Evidence,
    Failed,
    Moment,
    Reason,
    Status,
    Value,
    Verdict,
    check,
    failed,
    not_applicable,
    params,
    passed,
    unknown,
)

from .facts import Delegation, Lookup, Registration

# RFC 8056 §2, and RFC 9083 §10.2.2 for what registries say that do not speak EPP.
LOCKS = frozenset(
    {"client transfer prohibited", "server transfer prohibited", "transfer prohibited", "locked"}
)
HELD = frozenset({"client hold", "server hold"})
LEAVING = frozenset({"redemption period", "pending delete", "pending restore"})


@params
class Expiry:
    """How many days before its end a registration is worth a word, and an alarm."""

    warn_days: float
    alarm_days: float


@check("dns.registration.active")
def active(registration: Registration, delegation: Delegation | Failed) -> Verdict:
    """The registry neither suspends the domain nor lets go of it."""
    states = set(registration.statuses)
    if registration.lookup is Lookup.WITHIN:
        verdict = not_applicable("within")
    elif states & LEAVING:
        verdict = failed("leaving", fix="restore", states=_listed(states & LEAVING))
    elif states & HELD:
        verdict = failed("held", fix="release", states=_listed(states & HELD))
    elif states:
        verdict = passed("ok")
    else:
        verdict = _by_delegation(registration, delegation)
    return _told(registration, verdict, "neither on hold nor being deleted")


@check("dns.registration.expiry")
def expiry(registration: Registration, moment: Moment, params: Expiry) -> Verdict:
    """The registration of the domain ends in the distant future."""
    if registration.lookup is not Lookup.FOUND:
        verdict = _unasked(registration)
    elif registration.expires is None:
        verdict = unknown("undated", reason=Reason.INCONCLUSIVE)
    else:
        verdict = _by_date(registration.expires, moment.taken, params)
    return _told(registration, verdict, f"more than {params.warn_days:g} days")


@check("dns.registration.locked")
def locked(registration: Registration) -> Verdict:
    """The domain cannot be moved to another registrar without its lock being lifted."""
    states = set(registration.statuses)
    if registration.lookup is not Lookup.FOUND:
        verdict = _unasked(registration)
    elif states & LOCKS:
        verdict = passed("ok", states=_listed(states & LOCKS))
    elif _shows_locks(registration):
        verdict = failed("open", fix="lock")
    else:
        verdict = unknown("untold", reason=Reason.INCONCLUSIVE)
    return _told(registration, verdict, "client transfer prohibited")


def _by_delegation(registration: Registration, delegation: Delegation | Failed) -> Verdict:
    """Name servers disprove both: a name on hold, or deleted, has none (RFC 5731 §2.3)."""
    if isinstance(delegation, Delegation) and delegation.servers:
        return passed("served")
    if registration.lookup is Lookup.FOUND:
        return unknown("untold", reason=Reason.INCONCLUSIVE)
    return _unasked(registration)


def _by_date(end: datetime, taken: datetime, settings: Expiry) -> Verdict:
    left = end - taken
    values: dict[str, Value] = {"date": f"{end:%Y-%m-%d}", "days": abs(left).days}
    if left <= timedelta():
        return failed("expired", fix="renew", **values)
    if left <= timedelta(days=settings.alarm_days):
        return failed("alarm", fix="renew", **values)
    if left <= timedelta(days=settings.warn_days):
        return Verdict(status=Status.PARTIAL, says="warn", values=values, fix="renew", share=0.5)
    return passed("ok", **values)


def _unasked(registration: Registration) -> Verdict:
    if registration.lookup is Lookup.WITHIN:
        return not_applicable("within")
    if registration.lookup is Lookup.UNLISTED:
        return unknown("unlisted", reason=Reason.NOT_DECLARED)
    return unknown("absent", reason=Reason.INCONCLUSIVE)


def _shows_locks(registration: Registration) -> bool:
    """Whether a lock would be in the answer: some registries know none, or do not show it."""
    spoken = any(state.startswith(("client ", "server ")) for state in registration.statuses)
    return registration.contracted or spoken


def _listed(states: set[str]) -> str:
    return ", ".join(sorted(states))


def _told(registration: Registration, verdict: Verdict, expected: str) -> Verdict:
    values: dict[str, Value] = {
        "domain": registration.domain,
        "name": registration.name,
        "top": registration.name.rpartition(".")[2],
        "registrar": registration.registrar or "the registrar of the domain",
        "listed": registration.listed,
    }
    return replace(
        verdict,
        values={**values, **verdict.values},
        evidence=_evidence(registration),
        observed=_observed(registration),
        expected=expected,
    )


def _evidence(registration: Registration) -> tuple[Evidence, ...]:
    if not registration.server:
        return ()
    source = f"GET {registration.server}domain/{registration.name}"
    if registration.lookup is Lookup.ABSENT:
        return (Evidence(source=source, record="404, no such domain"),)
    parts = (
        f"expiration: {_date(registration)}",
        f"status: {', '.join(registration.statuses) or 'none'}",
        f"registrar: {registration.registrar or 'not named'}",
    )
    return (Evidence(source=source, record="; ".join(parts)),)


def _date(registration: Registration) -> str:
    end = registration.expires
    return f"{end:%Y-%m-%dT%H:%M:%SZ}" if end else "not told"


def _observed(registration: Registration) -> str:
    if registration.lookup is not Lookup.FOUND:
        return registration.lookup.value
    return f"until {_date(registration)}; {', '.join(registration.statuses) or 'no status'}"
