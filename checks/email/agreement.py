"""DMARC: whether receivers that walk the DNS and those that use a list find the same policy."""

from dataclasses import replace

from posture.model import Verdict, check, failed, not_applicable, passed

from . import dmarc_advice as advice
from .dmarc import Applied, DmarcRecord, parse, settle
from .dmarc_evidence import records, unseen
from .facts import DmarcDiscovery
from .names import is_within
from .suffix_list import Reading, read


@check("email.dmarc.consistent")
def consistent(dmarc: DmarcDiscovery) -> Verdict:
    """Old and new receivers find the same DMARC policy for the domain."""
    applied, listed = settle(dmarc.domain, dmarc.walk), read(dmarc.domain, dmarc.walk)
    if dmarc.domain in applied.several:
        return not_applicable("several", *records(dmarc), domain=dmarc.domain)
    if applied.unseen or listed is None:
        return unseen(dmarc, [answer.domain for answer in dmarc.answers if answer.reason])
    if not applied.domain and not listed.domain:
        return not_applicable("no_record", *records(dmarc), domain=dmarc.domain)
    return replace(
        _compared(dmarc, applied, listed),
        observed=f"organisation {applied.organization}, by the list {listed.organization}",
        expected="one organisation, one policy",
    )


def _compared(dmarc: DmarcDiscovery, applied: Applied, listed: Reading) -> Verdict:
    values = {"walked": applied.organization, "listed": listed.organization}
    same = applied.organization == listed.organization
    if same and _published(dmarc.domain, applied) == (listed.domain, listed.subdomains):
        return passed("ok", *records(dmarc), organization=listed.organization)
    if not same and _declares(dmarc, applied.organization):
        return passed("declared", *records(dmarc), **values)
    record = _remedy(dmarc, applied, listed)
    says = "policy" if same else "organization"
    fix = "cover" if not same and is_within(applied.organization, listed.organization) else "anchor"
    values |= {"host": f"_dmarc.{listed.organization}", "record": record}
    values |= {"policy": applied.domain or "no", "other": listed.domain or "no"}
    values |= {"beneath": applied.subdomains or "no", "other_beneath": listed.subdomains or "no"}
    return failed(says, *records(dmarc), fix=fix, **values)


def _published(domain: str, applied: Applied) -> tuple[str, str]:
    """The policies as they are written: that older receivers do not know t=y is no surprise."""
    order = ("p",) if applied.found_at == domain else ("sp", "p")
    return (
        applied.record.published(*order) if applied.record else "",
        applied.inherited.published("sp", "p") if applied.inherited else "",
    )


def _declares(dmarc: DmarcDiscovery, organization: str) -> bool:
    """The owner says on purpose that the organisation begins here."""
    found = _record(dmarc, organization)
    return found is not None and found.value("psd") == "n"


def _record(dmarc: DmarcDiscovery, name: str) -> DmarcRecord | None:
    texts = dict(dmarc.walk).get(name)
    return parse(texts[0]) if texts and len(texts) == 1 else None


def _remedy(dmarc: DmarcDiscovery, applied: Applied, listed: Reading) -> str:
    """The record at the list's organisation that makes both find the same."""
    own = _record(dmarc, listed.organization)
    if is_within(listed.organization, applied.organization):
        return advice.organized(own, applied.domain or listed.domain, psd="n")
    if own:
        return advice.organized(own, "none", psd="")
    return advice.first(listed.organization, sends_mail=True)
