"""The checks of headers that keep a page what it is, each judged by what it makes browsers do."""

from dataclasses import replace

from posture.model import Verdict, check, failed, not_applicable, passed

from . import content_policy
from .content_policy import ParseError, Policy
from .front import is_still, opened, seen, tokens, values
from .page_facts import LandingPage

_FRAMED = {"deny", "sameorigin"}
_LEAKS = {"unsafe-url", "no-referrer-when-downgrade"}
_REFERRER = {
    *_LEAKS,
    *("no-referrer", "origin", "origin-when-cross-origin", "same-origin", "strict-origin"),
    "strict-origin-when-cross-origin",
}
DEFAULT_REFERRER = "strict-origin-when-cross-origin"


@check("web.headers.nosniff")
def nosniff(page: LandingPage) -> Verdict:
    """Browsers take each file of the site for what the site says it is."""
    document = opened(page)
    if isinstance(document, Verdict):
        return document
    found = tokens(page, "x-content-type-options")
    evidence = seen(page, ", ".join(found) or "no X-Content-Type-Options header")
    if found[:1] == ["nosniff"]:  # Fetch standard §3.6: the first value decides
        verdict = passed("ok", evidence)
    elif is_still(document):
        verdict = not_applicable("still", evidence)
    else:
        verdict = failed("absent", evidence, fix="header")
    observed = ", ".join(found) or "no header"
    return replace(verdict, observed=observed[:200], expected="nosniff")


@check("web.headers.framing")
def framing(page: LandingPage) -> Verdict:
    """No other site can show this one inside its own pages."""
    document = opened(page)
    if isinstance(document, Verdict):
        return document
    framed = content_policy.frames(_policies(page))
    options = set(tokens(page, "x-frame-options")) - {""}
    said = [*values(page, "x-frame-options"), *values(page, "content-security-policy")]
    evidence = seen(page, " | ".join(said) or "neither header")
    if framed is False:
        verdict = passed("ancestors", evidence)
    elif framed is None and options & _FRAMED:  # frame-ancestors would overrule it
        verdict = passed("options", evidence)
    elif is_still(document):
        verdict = not_applicable("still", evidence)
    else:
        verdict = failed("open" if framed or options else "absent", evidence, fix="header")
    return replace(verdict, expected="frame-ancestors 'self' or X-Frame-Options")


def _policies(page: LandingPage) -> list[Policy]:
    """Those of headers: §3.3 of CSP 3 has frame-ancestors ignored in the page."""
    found: list[Policy] = []
    for header in values(page, "content-security-policy"):
        try:
            found += content_policy.parse(header)
        except ParseError:
            continue
    return found


@check("web.headers.referrer")
def referrer(page: LandingPage) -> Verdict:
    """Links to other sites do not tell them which page the visitor was on."""
    document = opened(page)
    if isinstance(document, Verdict):
        return document
    words = [
        *tokens(page, "referrer-policy"),
        *(word.strip().lower() for word in document.referrer),
    ]
    known = [word for word in words if word in _REFERRER]
    policy = known[-1] if known else DEFAULT_REFERRER  # the last one that browsers know
    evidence = seen(page, ", ".join(words) or "no Referrer-Policy")
    if policy in _LEAKS:
        verdict = failed("leaks", evidence, fix="header", policy=policy)
    else:
        verdict = passed("ok" if known else "default", evidence, policy=policy)
    return replace(verdict, observed=policy, expected=f"{DEFAULT_REFERRER} or stricter")
