"""Walks up the DNS for a domain's DMARC policy."""

from dataclasses import replace

from posture.model import CollectError, Domain, Reason, collector
from posture.net import Net
from posture.net.dns import Answer
from posture.net.vantage import as_the_world_sees_it

from . import dmarc as grammar
from .facts import DmarcAnswer, DmarcDiscovery, ReportConsent
from .names import is_askable, is_within

RECORD_LIMIT = 10
"""DMARC records kept of one name; two are already one too many."""
TEXT_LIMIT = 4096
CONSENT_LIMIT = 10
"""Outside hosts that are asked whether they take reports."""


@collector(
    traffic="TXT _dmarc.{name} and _dmarc of its parent names, A {name}; "
    "TXT at outside report hosts"
)
async def dmarc(domain: Domain, net: Net) -> DmarcDiscovery:
    """Collect the answers of the tree walk, and the consent of outside report hosts."""
    net.dns.begin(*((f"_dmarc.{name}", "TXT") for name in grammar.walk(domain.name)))
    await as_the_world_sees_it(net.dns, domain.name)
    return await walked(domain, net)


async def walked(domain: Domain, net: Net) -> DmarcDiscovery:
    """Do so for a name that need not exist: policies are for such names, too."""
    names = grammar.walk(domain.name)
    net.dns.begin(*((f"_dmarc.{name}", "TXT") for name in names))
    answers = [await _answer(net, name) for name in names]
    if isinstance(answers[0], CollectError):
        raise answers[0]
    seen = tuple(
        DmarcAnswer(domain=name, records=(), reason=answer.reason)
        if isinstance(answer, CollectError)
        else answer
        for name, answer in zip(names, answers, strict=True)
    )
    found = DmarcDiscovery(domain=domain.name, answers=seen, consents=())
    return replace(found, consents=await _consents(net, grammar.settle(domain.name, found.walk)))


async def _answer(net: Net, name: str) -> DmarcAnswer | CollectError:
    try:
        answer = await net.dns.query(f"_dmarc.{name}", "TXT")
    except CollectError as error:
        return error
    texts = answer.records if isinstance(answer, Answer) else ()
    found = tuple(text for text in texts if grammar.is_dmarc(text))[:RECORD_LIMIT]
    if any(len(text) > TEXT_LIMIT for text in found):
        return CollectError(Reason.TOO_LARGE, f"the DMARC record of {name} is too long")
    return DmarcAnswer(domain=name, records=found, chain=answer.chain)


async def _consents(net: Net, applied: grammar.Applied) -> tuple[ReportConsent, ...]:
    hosts = applied.record.report_hosts if applied.record else ()
    outside = [host for host in hosts if not is_within(host, applied.organization)]
    asked = [(host, _consent_name(applied.found_at, host)) for host in outside[:CONSENT_LIMIT]]
    net.dns.begin(*((name, "TXT") for _, name in asked))
    return tuple([await _consent(net, host, name) for host, name in asked])


def _consent_name(policy_domain: str, host: str) -> str:
    return f"{policy_domain}._report._dmarc.{host}"


async def _consent(net: Net, host: str, name: str) -> ReportConsent:
    if not is_askable(name):
        # A name too long to be asked can hold no consent (RFC 9990 §4 step 4).
        return ReportConsent(host=host, name=name, granted=False)
    try:
        texts = await _texts(net, name)
    except CollectError as error:
        return ReportConsent(host=host, name=name, granted=False, reason=error.reason)
    granted = any(grammar.is_dmarc(text) for text in texts)
    return ReportConsent(host=host, name=name, granted=granted)


async def _texts(net: Net, name: str) -> tuple[str, ...]:
    answer = await net.dns.query(name, "TXT")
    return answer.records if isinstance(answer, Answer) else ()
