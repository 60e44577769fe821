"""BIMI: whether DMARC is in the way of the logo a domain wants shown. Information, no more."""

from dataclasses import replace

from posture.model import Domain, Evidence, Verdict, check, failed, not_applicable, passed

from . import bimi, dmarc_advice
from .dmarc import Applied, settle
from .dmarc_evidence import records, unseen
from .facts import DmarcDiscovery
from .transport_facts import Bimi


@check("email.bimi.shown")
def shown(domain: Domain, dmarc: DmarcDiscovery, logo: Bimi) -> Verdict:
    """DMARC does not keep a logo of the domain from being shown."""
    applied = settle(dmarc.domain, dmarc.walk)
    if applied.unseen and not applied.own:
        return unseen(dmarc, applied.unseen)
    return replace(
        _judged(domain, dmarc, applied, logo),
        observed=f"p={applied.domain or 'no policy'}, subdomains {applied.subdomains or 'none'}",
        expected="p=quarantine or reject, no sp=none",
    )


def _judged(domain: Domain, dmarc: DmarcDiscovery, applied: Applied, logo: Bimi) -> Verdict:
    if bimi.shows(applied):
        return passed("ok", *records(dmarc), policy=applied.domain)
    wanted = [text for text in logo.records if bimi.parse(text)]
    if not wanted:
        return not_applicable("none" if logo.asked else "no_dmarc", domain=domain.name)
    found = Evidence(source=f"TXT default._bimi.{logo.domain}", record=wanted[0])
    where = applied.found_at if applied.domain == "none" else applied.inherited_at
    record = applied.record if applied.domain == "none" else applied.inherited
    text = dmarc_advice.raised(record, "quarantine") if record else ""
    return failed(
        "hidden", found, *records(dmarc), fix="enforce", host=f"_dmarc.{where}", record=text
    )
