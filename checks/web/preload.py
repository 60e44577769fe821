"""The check of the request to be on the browsers' built-in list of HTTPS sites."""

from dataclasses import replace

from posture.model import Evidence, Verdict, check, failed, not_applicable, passed

from . import strict_transport
from .facts import SecureVisit

YEAR = 31_536_000
"""Seconds that hstspreload.org asks for, beside includeSubDomains and preload."""


@check("web.hsts.preload")
def preload(visit: SecureVisit) -> Verdict:
    """A site that asks for the browsers' built-in list keeps the rules of that list."""
    header = visit.headers[0] if visit.headers else ""
    seen = Evidence(source=f"GET {visit.url}", record=header or f"{visit.status}, no such header")
    try:
        policy = strict_transport.parse(header)
    except strict_transport.ParseError:
        return not_applicable("not_asked", seen)
    if not policy.preload:
        return not_applicable("not_asked", seen)
    missing = [
        *(["includeSubDomains"] if not policy.include_subdomains else []),
        *([f"max-age={YEAR}"] if policy.max_age < YEAR else []),
    ]
    if missing:
        verdict = failed("refused", seen, fix="header", missing=" and ".join(missing))
    else:
        verdict = passed("ok", seen)
    return replace(verdict, observed=header, expected=f"max-age={YEAR}; includeSubDomains; preload")
