"""The checks of what a page loads and where its forms send what is typed."""

from dataclasses import replace

from posture.model import (
    Failed,
    Reason,
    Status,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    unknown,
)

from . import content_policy
from .content_policy import ParseError
from .facts import PlainVisit
from .front import opened, seen, values
from .page_facts import Document, Embedded, LandingPage

MAX_NAMED = 10
HALF = 0.5


@check("web.content.encrypted")
def encrypted(page: LandingPage) -> Verdict:
    """Everything on the encrypted front page is loaded encrypted too."""
    found = opened(page)
    if isinstance(found, Verdict):
        return found
    evidence = seen(page, _urls((*found.active, *found.passive)) or "nothing over plain HTTP")
    if not found.active and not found.passive:
        verdict = passed("ok", evidence) if found.whole else _cut(page)
    elif _upgrades(page, found):
        verdict = passed("upgraded", evidence)
    elif found.active:
        verdict = failed("active", evidence, fix="links", urls=_urls(found.active))
    else:
        verdict = Verdict(
            status=Status.PARTIAL,
            says="passive",
            values={"urls": _urls(found.passive)},
            evidence=(evidence,),
            fix="links",
            near_miss="links",
            share=HALF,
        )
    return replace(verdict, observed=_urls((*found.active, *found.passive))[:200])


@check("web.forms.encrypted")
def forms_encrypted(page: LandingPage, plain: PlainVisit | Failed) -> Verdict:
    """What visitors type into forms travels encrypted."""
    bare = plain.document if isinstance(plain, PlainVisit) else None
    if bare and any(form.password for form in bare.forms):
        evidence = seen(page, "a password field on the page over plain HTTP")
        return failed("plain_page", evidence, fix="redirect")
    found = opened(page)
    if isinstance(found, Verdict):
        return found
    targets = [form for form in found.forms if form.target.startswith("http:")]
    words = ", ".join(dict.fromkeys(form.target for form in targets))[:300]
    evidence = seen(page, words or f"{len(found.forms)} forms")
    if targets and not _upgrades(page, found):
        says = "password" if targets[0].password else "target"
        return failed(says, evidence, fix="action", targets=words)
    if isinstance(plain, Failed):
        return unknown("plain_unseen", evidence, reason=plain.reason)
    if not found.whole:
        return _cut(page)
    if not found.forms:
        return not_applicable("none", evidence)
    return passed("ok", evidence, count=len(found.forms))


@check("web.scripts.integrity")
def integrity(page: LandingPage) -> Verdict:
    """Scripts from other companies' servers are used only if they are unchanged."""
    found = opened(page)
    if isinstance(found, Verdict):
        return found
    foreign = found.foreign
    open_hosts = list(dict.fromkeys(script.host for script in foreign if not script.integrity))
    evidence = seen(page, ", ".join(dict.fromkeys(script.host for script in foreign)) or "none")
    if open_hosts:
        hosts = ", ".join(open_hosts[:MAX_NAMED])
        return failed("unchecked", evidence, fix="digest", hosts=hosts, count=len(open_hosts))
    if not found.whole:
        return _cut(page)
    if not foreign:
        return not_applicable("none", evidence)
    return passed("ok", evidence, count=len(foreign))


def _cut(page: LandingPage) -> Verdict:
    return unknown("cut", seen(page, "only the beginning was read"), reason=Reason.TOO_LARGE)


def _upgrades(page: LandingPage, found: Document) -> bool:
    """Whether browsers ask for HTTPS wherever the page says http (Upgrade Insecure Requests §3)."""
    said = [(text, False) for text in values(page, "content-security-policy")]
    for text, meta in (*said, *((text, True) for text in found.policies)):
        try:
            policies = content_policy.parse(text, meta=meta)
        except ParseError:
            continue
        if any("upgrade-insecure-requests" in policy.directives for policy in policies):
            return True
    return False


def _urls(items: tuple[Embedded, ...]) -> str:
    shown = [item.url for item in items[:MAX_NAMED]]
    more = len(items) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
