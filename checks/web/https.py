"""The check of the way from plain HTTP to HTTPS."""

from dataclasses import replace

from posture.model import Evidence, Reason, Status, Verdict, check, failed, passed, unknown

from .facts import Hop, PlainVisit
from .origin import Origin, origin

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
    last = visit.hops[-1]
    if not last.target and (len(visit.hops) == 1 or _is_error(last)):
        return _stays(last, seen)
    to = origin(last.target)
    if to == Origin("http", visit.host, 80) and last.target not in {hop.url for hop in visit.hops}:
        return unknown("long", *seen, reason=Reason.INCONCLUSIVE, steps=len(visit.hops))
    if to is None or to.scheme != "https":
        return failed("insecure", *seen, fix="redirect", target=last.target or last.url)
    if len(visit.hops) > 1:
        return _partly("detour", seen, target=last.target)
    if to.host != visit.host:
        return _partly("elsewhere", seen, target=last.target)
    return passed("ok", *seen, target=last.target)


def _stays(last: Hop, seen: tuple[Evidence, ...]) -> Verdict:
    """Show a page, or ask for a password, unencrypted; an error page says nothing."""
    if _is_error(last):
        return unknown("error", *seen, reason=Reason.INCONCLUSIVE, status=last.status)
    return failed("plain", *seen, fix="redirect", status=last.status)


def _is_error(hop: Hop) -> bool:
    return not 200 <= hop.status < 300 and hop.status != _UNAUTHORIZED


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
