"""The check of HTTP Strict Transport Security (RFC 6797)."""

from dataclasses import replace

from posture.model import (
    Evidence,
    Failed,
    Reason,
    Status,
    Verdict,
    check,
    failed,
    not_applicable,
    params,
    passed,
    unknown,
)

from ..tls.facts import TrustResult, WebCertificate
from . import strict_transport
from .facts import SecureVisit

DAY = 86400
_REJECTED = {
    TrustResult.SELF_SIGNED,
    TrustResult.UNKNOWN_ISSUER,
    TrustResult.EXPIRED,
    TrustResult.NOT_YET_VALID,
}
"""What every browser warns of. Some find a missing intermediate certificate by themselves."""


@params
class Present:
    """How long browsers must remember to come back encrypted."""

    minimum_seconds: int


@check("web.hsts.present")
def present(visit: SecureVisit, certificate: WebCertificate | Failed, params: Present) -> Verdict:
    """The web site tells browsers to come back only over HTTPS, for long enough."""
    header = visit.headers[0] if visit.headers else ""
    seen = Evidence(source=f"GET {visit.url}", record=header or f"{visit.status}, no such header")
    verdict = _judge(visit, header, params, seen)
    if verdict.status is Status.PASS and _is_rejected(certificate):
        # RFC 6797 §8.1: it counts only over a connection without any error.
        verdict = not_applicable("ignored", seen)
    expected = f"max-age={params.minimum_seconds} or more"
    return replace(verdict, observed=header or "no header", expected=expected)


def _is_rejected(certificate: WebCertificate | Failed) -> bool:
    if isinstance(certificate, Failed):
        return False
    presented = certificate.presented
    return presented.trust.result in _REJECTED or not presented.name_matches


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
