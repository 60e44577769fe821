"""Looks for a domain's DKIM keys under the selectors it may use."""

from collections.abc import Sequence
from hashlib import sha256

from posture.model import Clock, CollectError, Domain, Failed, Reason, collector
from posture.net import Net
from posture.net.dns import Absent, Answer

from ..dns.facts import DomainTexts
from . import nsec
from .dkim import withdraw_all
from .dkim_catalogue import Catalogue, catalogue
from .facts import DkimDiscovery, DkimSelector, DkimTree, Mx
from .names import is_host_name, is_within
from .report_facts import ReportTotals

SELECTOR_LIMIT = 29
"""Selectors tried at one domain: with ``_domainkey`` and a made-up selector, 31 questions."""
LEARNT = 10
"""Selectors of these that reports and sample mails may name."""
STEPS = 6
"""NSEC records followed beneath ``_domainkey``."""
LIKELIEST = 3
"""Selectors that must confirm that ``_domainkey`` does not exist."""
RECORD_LIMIT = 5
TEXT_LIMIT = 4096
_NOT_SHOWN = {Reason.NO_SUCH_NAME, Reason.WRONG_VANTAGE}
"""What stands in the way of the domain's own records stands in the way of all beneath it."""


@collector(
    traffic="TXT of _domainkey.{name} and at most 36 names beneath it; NSEC of at most 8 names "
    "where no key was found and the zone is signed"
)
async def dkim(
    domain: Domain,
    texts: DomainTexts | Failed,
    mx: Mx | Failed,
    reports: ReportTotals | Failed,
    net: Net,
    clock: Clock,
) -> DkimDiscovery:
    """Try the selectors that reports name, those of services in use, then the common ones.

    Nothing stands beneath a name that does not exist (RFC 8020), so most domains without keys
    cost four questions. Some servers deny a name that only has names beneath it, which is why
    three selectors must confirm. A domain that sends no mail is asked for a wildcard first.
    """
    if isinstance(texts, Failed) and texts.reason in _NOT_SHOWN:
        raise CollectError(texts.reason, texts.detail)
    known = catalogue()
    base = f"_domainkey.{domain.name}"
    if domain.sends_mail is False and (locked := await _locked(net, base, domain.name)):
        return locked
    hinted = known.hinted(domain.name, _servers(mx), _included(texts))
    guessed = known.names(hinted, clock.now().date(), SELECTOR_LIMIT)
    names = tuple(dict.fromkeys((*_learnt(domain.name, reports), *guessed)))[:SELECTOR_LIMIT]
    found: tuple[DkimSelector, ...] = ()
    tried = 0
    if _missing(await net.dns.query(base, "TXT")):
        tried = LIKELIEST
        found = await _all(known, net, base, names[:tried])
        if all(selector.reason for selector in found):
            return DkimDiscovery(
                domain=domain.name, tree=DkimTree.MISSING, asked=names[:tried], selectors=found
            )
    nobody = f"{_word(domain.name)}.{base}"
    net.dns.begin((nobody, "TXT"))
    found += await _all(known, net, base, names[tried:])
    made_up = await net.dns.query(nobody, "TXT")
    if _missing(made_up) and made_up.authenticated and not any(at.texts for at in found):
        listed = [name for name in await _listed(net, domain.name) if name not in names]
        found += await _all(known, net, base, listed)
        names += tuple(listed)
    return DkimDiscovery(
        domain=domain.name,
        tree=DkimTree.PRESENT if _missing(made_up) else DkimTree.UNCLEAR,
        asked=names,
        selectors=tuple(item for item in found if not _made_up(item, made_up)),
        wildcard=_kept(made_up),
    )


def _learnt(domain: str, reports: ReportTotals | Failed) -> list[str]:
    """Name the selectors that receivers reported and that sample mails were signed with."""
    if isinstance(reports, Failed):
        return []
    signers = (*reports.signers, *reports.sampled)
    words = (signer.selector.lower() for signer in signers if signer.domain == domain)
    return [word for word in dict.fromkeys(words) if is_host_name(word)][:LEARNT]


async def _listed(net: Net, domain: str) -> tuple[str, ...]:
    """Read selectors off the NSEC records of a signed zone, which name what comes next.

    They follow each other in the order of RFC 4034 §6.1, so the one at ``_dmarc``, or at the domain
    if there is none, mostly leads to the first name beneath ``_domainkey``. A signature stands for
    each (RFC 8198 §5.1 has resolvers reason likewise). Nothing outside ``_domainkey`` is followed.
    """
    base = f"_domainkey.{domain}"
    found: dict[str, None] = {}
    following = await _next(net, f"_dmarc.{domain}") or await _next(net, domain)
    for _ in range(STEPS):
        if not is_within(following, base) or following in found:
            break
        found[following] = None
        following = await _next(net, following)
    return tuple(name.removesuffix(f".{base}") for name in found if name != base)


async def _next(net: Net, name: str) -> str:
    """Return the name that a validated NSEC record says comes next, empty without one."""
    try:
        seen = await net.dns.query(name, "NSEC")
        if isinstance(seen, Answer) and seen.authenticated and not seen.chain:
            return nsec.parse(seen.records[0])
    except (CollectError, nsec.ParseError):
        pass
    return ""


async def _locked(net: Net, base: str, domain: str) -> DkimDiscovery | None:
    """Settle with two questions a domain that sends no mail and has no key, or only a wildcard."""
    nobody = f"{_word(domain)}.{base}"
    net.dns.begin((base, "TXT"), (nobody, "TXT"))
    above, made_up = await net.dns.query(base, "TXT"), await net.dns.query(nobody, "TXT")
    kept = _kept(made_up)
    if _missing(above) and _missing(made_up):
        tree = DkimTree.MISSING
    elif withdraw_all(kept):
        tree = DkimTree.UNCLEAR
    else:
        return None
    return DkimDiscovery(domain=domain, tree=tree, asked=(), selectors=(), wildcard=kept)


def _missing(seen: Answer | Absent) -> bool:
    """Whether a name itself is denied, not only what its alias leads to."""
    return isinstance(seen, Absent) and seen.nxdomain and not seen.chain


def _word(domain: str) -> str:
    """Make up a selector that nobody has: the same in each run, so that resolvers know it."""
    return f"x{sha256(domain.encode()).hexdigest()[:15]}"


def _made_up(found: DkimSelector, made_up: Answer | Absent) -> bool:
    """Whether a selector is no more than a wildcard's work."""
    if found.reason:
        return False
    if not found.texts and made_up.chain:
        return True
    return bool(found.texts) and found.texts == _kept(made_up)


def _kept(seen: Answer | Absent) -> tuple[str, ...]:
    records = seen.records if isinstance(seen, Answer) else ()
    return tuple(text[:TEXT_LIMIT] for text in records[:RECORD_LIMIT])


async def _all(
    known: Catalogue, net: Net, base: str, names: Sequence[str]
) -> tuple[DkimSelector, ...]:
    net.dns.begin(*((f"{name}.{base}", "TXT") for name in names))
    seen = [await _selector(known, net, base, name) for name in names]
    return tuple(found for found in seen if found)


async def _selector(known: Catalogue, net: Net, base: str, name: str) -> DkimSelector | None:
    """Ask for one selector; None if it does not exist."""
    try:
        seen = await net.dns.query(f"{name}.{base}", "TXT")
    except CollectError as error:
        return DkimSelector(selector=name, reason=error.reason)
    if isinstance(seen, Absent) and not seen.chain:
        return None
    texts = _kept(seen)
    if any(len(text) >= TEXT_LIMIT for text in texts):
        return DkimSelector(selector=name, chain=seen.chain, reason=Reason.TOO_LARGE)
    owner = known.owner(seen.chain)
    return DkimSelector(selector=name, chain=seen.chain, provider=owner, texts=texts)


def _servers(mx: Mx | Failed) -> list[str]:
    return [] if isinstance(mx, Failed) else [host.host for host in mx.hosts]


def _included(texts: DomainTexts | Failed) -> list[str]:
    """Name the domains that SPF includes; a record that cannot be read is a hint all the same."""
    if isinstance(texts, Failed):
        return []
    terms = " ".join(record.text for record in texts.records).lower().split()
    return [
        term.rpartition("=" if term.startswith("redirect=") else ":")[2]
        for term in terms
        if term.lstrip("+-~?").startswith(("include:", "redirect="))
    ]
