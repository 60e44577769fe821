"""The checks of cookies: by their names and flags; nobody looks at their values."""

from collections.abc import Iterable
from dataclasses import replace

from posture.model import Reason, Verdict, check, failed, not_applicable, passed, unknown

from .front import seen
from .page_facts import Cookie, LandingPage

MAX_NAMED = 10


@check("web.cookies.secure")
def secure(page: LandingPage) -> Verdict:
    """Browsers send the site's cookies over encrypted connections only."""
    verdict = _unjudged(page)
    if verdict:
        return verdict
    bare = [each for each in page.cookies if not each.secure]
    refused = [each for each in page.cookies if each.secure and not _keeps_prefix(each)]
    evidence = seen(page, _flags(page.cookies))
    if bare:
        verdict = failed("bare", evidence, fix="flag", names=_names(bare))
    elif refused:
        verdict = failed("refused", evidence, fix="prefix", names=_names(refused))
    else:
        verdict = passed("ok", evidence, count=len(page.cookies))
    return replace(verdict, observed=_names(bare) or "all Secure", expected="Secure")


@check("web.cookies.hidden")
def hidden(page: LandingPage) -> Verdict:
    """Scripts cannot read the cookies that keep visitors signed in."""
    verdict = _unjudged(page)
    if verdict:
        return verdict
    sessions = [each for each in page.cookies if each.session]
    readable = [each for each in sessions if not each.http_only]
    evidence = seen(page, _flags(page.cookies))
    if not sessions:
        return not_applicable("no_session", evidence)
    if readable:
        verdict = failed("readable", evidence, fix="flag", names=_names(readable))
    else:
        verdict = passed("ok", evidence, names=_names(sessions))
    return replace(verdict, observed=_names(readable) or "all HttpOnly", expected="HttpOnly")


@check("web.cookies.samesite")
def samesite(page: LandingPage) -> Verdict:
    """Other sites cannot act with the cookies that keep visitors signed in."""
    verdict = _unjudged(page)
    if verdict:
        return verdict
    sessions = [each for each in page.cookies if each.session]
    evidence = seen(page, _flags(page.cookies))
    if not sessions:
        return not_applicable("no_session", evidence)
    sent = [each for each in sessions if each.same_site == "none"]
    unsaid = [each for each in sessions if not each.same_site]
    if sent:
        verdict = failed("sent", evidence, fix="flag", names=_names(sent))
    elif unsaid:
        verdict = failed("unsaid", evidence, fix="flag", names=_names(unsaid))
    else:
        verdict = passed("ok", evidence, names=_names(sessions))
    return replace(verdict, expected="SameSite=Lax or Strict")


def _unjudged(page: LandingPage) -> Verdict | None:
    if page.cookies:
        return None
    if page.failed:
        return unknown("unseen", seen(page, page.failed), reason=Reason.INCONCLUSIVE)
    if page.status >= 400:
        evidence = seen(page, f"{page.status}, no cookie")
        return unknown("error", evidence, reason=Reason.INCONCLUSIVE, status=page.status)
    return not_applicable("none", seen(page, "no cookie"))


def _keeps_prefix(cookie: Cookie) -> bool:
    """RFC 6265bis §4.1.3: what a name promises, in any case; browsers drop what breaks it."""
    if not cookie.name.lower().startswith("__host-"):
        return True  # __Secure- asks for Secure alone
    return cookie.path == "/" and not cookie.domain


def _names(cookies: Iterable[Cookie]) -> str:
    names = [each.name or "(no name)" for each in cookies]
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _flags(cookies: Iterable[Cookie]) -> str:
    """Names and flags, as a header would say them."""
    return " | ".join(
        "; ".join(
            [
                f"{each.name}=…",
                *(["Secure"] if each.secure else []),
                *(["HttpOnly"] if each.http_only else []),
                *([f"SameSite={each.same_site.title()}"] if each.same_site else []),
            ]
        )
        for each in cookies
    )
