"""The check of the way from plain HTTP to HTTPS."""

from dataclasses import replace

from posture.model import Evidence, Reason, Status, Verdict, check, failed, passed, unknown

from .facts import Hop, PlainVisit
from .origin import origin

_UNAUTHORIZED = 401


@check("web.https.redirect")
def redirected(visit: PlainVisit) -> Verdict:
    """Whoever types the name without https ends up on HTTPS at once."""
    if visit.closed:
        seen = Evidence(source=f"{visit.host} port 80", record="connection refused")
        verdict = passed("closed", seen)
    else:
        verdict = _judge(visit)
    observed = "port 80 closed" if visit.closed else _words(visit.hops[-1])
    return replace(verdict, observed=observed, expected=f"redirect to https://{visit.host}/")


def _judge(visit: PlainVisit) -> Verdict:
    seen = tuple(Evidence(source=f"GET {hop.url}", record=_words(hop)) for hop in visit.hops)
    first, last = visit.hops[0], visit.hops[-1]
    if not first.target:
        return _stays(first, seen)
    to = origin(last.target)
    if to is None or to.scheme != "https":
        return failed("insecure", *seen, fix="redirect", target=last.target or last.url)
    if len(visit.hops) > 1:
        return _partly("detour", seen, target=last.target)
    if to.host != visit.host:
        return _partly("elsewhere", seen, target=last.target)
    return passed("ok", *seen, target=last.target)


def _stays(first: Hop, seen: tuple[Evidence, ...]) -> Verdict:
    """Show a page, or ask for a password, unencrypted; an error page says nothing."""
    if 200 <= first.status < 300 or first.status == _UNAUTHORIZED:
        return failed("plain", *seen, fix="redirect", status=first.status)
    return unknown("error", *seen, reason=Reason.INCONCLUSIVE, status=first.status)


def _partly(says: str, seen: tuple[Evidence, ...], *, target: str) -> Verdict:
    return Verdict(
        status=Status.PARTIAL,
        says=says,
        values={"target": target},
        fix="redirect",
        near_miss="direct",
        evidence=seen,
        share=0.5,
    )


def _words(hop: Hop) -> str:
    return f"{hop.status} to {hop.target}" if hop.target else f"{hop.status}, no redirect"
