"""The check of HTTP Strict Transport Security (RFC 6797)."""

from dataclasses import replace

from posture.model import Evidence, Reason, Verdict, check, failed, params, passed, unknown

from . import strict_transport
from .facts import SecureVisit

DAY = 86400


@params
class Present:
    """How long browsers must remember to come back encrypted."""

    minimum_seconds: int


@check("web.hsts.present")
def present(visit: SecureVisit, params: Present) -> Verdict:
    """The web site tells browsers to come back only over HTTPS, for long enough."""
    header = visit.headers[0] if visit.headers else ""
    seen = Evidence(source=f"GET {visit.url}", record=header or f"{visit.status}, no such header")
    verdict = _judge(visit, header, params, seen)
    expected = f"max-age={params.minimum_seconds} or more"
    return replace(verdict, observed=header or "no header", expected=expected)


def _judge(visit: SecureVisit, header: str, params: Present, seen: Evidence) -> Verdict:
    if not visit.headers:
        if visit.status >= 400:
            # Common servers leave their extra headers out of error pages.
            return unknown("error", seen, reason=Reason.INCONCLUSIVE, status=visit.status)
        return failed("absent", seen, fix="header", minimum=params.minimum_seconds)
    try:
        policy = strict_transport.parse(header)
    except strict_transport.ParseError as error:
        return failed("invalid", seen, fix="header", why=str(error), minimum=params.minimum_seconds)
    if policy.max_age < params.minimum_seconds:
        return failed(
            "short",
            seen,
            fix="header",
            days=policy.max_age // DAY,
            wanted=params.minimum_seconds // DAY,
            minimum=params.minimum_seconds,
        )
    return passed("ok", seen, days=policy.max_age // DAY)
