"""The check of the request to be on the browsers' built-in list of HTTPS sites."""

from dataclasses import replace

from posture.model import Evidence, Reason, Verdict, check, failed, not_applicable, passed, unknown

from . import strict_transport
from .page_facts import LandingPage

YEAR = 31_536_000
"""Seconds that hstspreload.org asks for, beside includeSubDomains and preload."""
WHOLE = 1000
"""Characters of a header up to which it is whole."""


@check("web.hsts.preload")
def preload(page: LandingPage) -> Verdict:
    """A site that asks for the browsers' built-in list keeps the rules of that list."""
    header = page.transport[0] if page.transport else ""
    seen = Evidence(source=f"GET {page.asked}", record=header[:WHOLE] or "no such header")
    verdict = _judge(page, header, seen)
    expected = f"max-age={YEAR}; includeSubDomains; preload"
    return replace(verdict, observed=header[:200] or "no header", expected=expected)


def _judge(page: LandingPage, header: str, seen: Evidence) -> Verdict:
    if len(header) > WHOLE:
        return unknown("long", seen, reason=Reason.TOO_LARGE)
    try:
        policy = strict_transport.parse(header)
    except strict_transport.ParseError:
        return not_applicable("not_asked", seen)
    if not policy.preload:
        return not_applicable("not_asked", seen)
    if not page.registered:
        return not_applicable("beneath", seen)
    missing = [
        *(["includeSubDomains"] if not policy.include_subdomains else []),
        *([f"max-age={YEAR}"] if policy.max_age < YEAR else []),
    ]
    if missing:
        return failed("refused", seen, fix="header", missing=" and ".join(missing))
    return passed("ok", seen)
