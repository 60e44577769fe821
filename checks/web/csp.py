"""The check of Content-Security-Policy: what it lets through, not that it is there."""

from dataclasses import replace

from posture.model import Reason, Status, Verdict, check, failed, not_applicable, passed, unknown

from . import content_policy
from .content_policy import RUNS, ParseError, Policy
from .front import is_still, opened, seen, values
from .page_facts import Document, LandingPage

HALF = 0.5


@check("web.csp.effective")
def effective(page: LandingPage) -> Verdict:
    """A script that somebody smuggles into a page of the site does not run."""
    document = opened(page)
    if isinstance(document, Verdict):
        return document
    headers = values(page, "content-security-policy")
    said = " | ".join((*headers, *document.policies))
    try:
        policies = [policy for header in headers for policy in content_policy.parse(header)]
        for text in document.policies:
            policies += content_policy.parse(text, meta=True)
    except ParseError as error:
        return unknown("long", seen(page, said), reason=Reason.TOO_LARGE, why=str(error))
    verdict = _judge(page, document, policies, said)
    return replace(verdict, observed=said[:200] or "no policy", expected="only own scripts run")


def _judge(page: LandingPage, document: Document, policies: list[Policy], said: str) -> Verdict:
    holes = content_policy.holes(policies)
    evidence = seen(page, said or "no Content-Security-Policy")
    allows = ", ".join(content_policy.loose_words(policies))[:300]
    if not holes:
        return passed("ok", evidence)
    if is_still(document):
        return not_applicable("still", evidence)
    if not policies:
        watched = values(page, "content-security-policy-report-only")
        return failed("watching" if watched else "absent", evidence, fix="begin")
    if holes & RUNS:
        return failed("open", evidence, fix="tighten", allows=allows)
    return Verdict(
        status=Status.PARTIAL,
        says="nearly",
        values={"allows": allows},
        evidence=(evidence,),
        fix="tighten",
        near_miss="close",
        share=HALF,
    )
