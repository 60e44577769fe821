"""Domains that send no mail: nobody may send in their name."""

from dataclasses import replace

from posture.model import (
    Domain,
    Evidence,
    Failed,
    Reason,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    unknown,
)

from . import dmarc_advice, spf, spf_advice
from .dkim import withdraw_all
from .dmarc import Applied, settle
from .facts import DkimDiscovery, DmarcDiscovery, Mx, Outcome, SpfDiscovery
from .report_facts import ReportTotals
from .senders import passing
from .spf_tree import chain

_EXPECTED = "MX 0 . | v=spf1 -all | p=reject"


@check("email.parked.locked")
def locked(
    domain: Domain,
    spf: SpfDiscovery,
    dmarc: DmarcDiscovery,
    mx: Mx,
    dkim: DkimDiscovery | Failed,
    reports: ReportTotals | Failed,
) -> Verdict:
    """A domain that sends no mail tells everybody so."""
    if domain.sends_mail is not False:
        return not_applicable("sends", domain=domain.name)
    applied = settle(dmarc.domain, dmarc.walk)
    lines = _missing(domain.name, spf, applied, mx)
    evidence = _evidence(spf, dmarc, mx)
    open_parts = ", ".join(lines)
    keys = _keys(domain.name, dkim)
    if lines:
        records = "\n    ".join([*lines.values(), *keys])
        values = {"missing": open_parts, "records": records, "senders": passing(reports)}
        fix = "after" if values["senders"] else "lock"
        verdict = failed("open", *evidence, fix=fix, domain=domain.name, **values)
    elif applied.unseen:
        reasons = [answer.reason for answer in dmarc.answers if answer.reason]
        verdict = unknown("unseen", *evidence, reason=reasons[0] or Reason.INCONCLUSIVE)
    elif _is_closed(spf) is None:
        verdict = unknown("unseen_spf", *evidence, reason=Reason.INCONCLUSIVE)
    else:
        verdict = passed("ok", *evidence, domain=domain.name, record="".join(keys))
        verdict = replace(verdict, near_miss="keys" if keys else None)
    observed = f"not locked: {open_parts}" if lines else "MX, SPF and DMARC locked"
    return replace(verdict, observed=observed, expected=_EXPECTED)


def _missing(domain: str, found: SpfDiscovery, applied: Applied, mx: Mx) -> dict[str, str]:
    """Pair each part that is proven open with the record that closes it."""
    lines = {}
    if not mx.null:
        lines["MX"] = f"{domain}. MX 0 ."
    if _is_closed(found) is False:
        lines["SPF"] = f'{domain}. TXT "{spf_advice.CLOSED}"'
    if _is_open(applied):
        record = (
            dmarc_advice.raised(applied.record, "reject")
            if applied.own and applied.record
            else dmarc_advice.first(domain, sends_mail=False)
        )
        lines["DMARC"] = f'_dmarc.{domain}. TXT "{record}"'
    return lines


def _keys(domain: str, dkim: DkimDiscovery | Failed) -> list[str]:
    """Write the record that withdraws every DKIM key, where it is proven not to be there.

    It alone opens nothing: without a key no signature passes. It helps against keys left behind.
    """
    if isinstance(dkim, Failed) or withdraw_all(dkim.wildcard):
        return []
    return [f'*._domainkey.{domain}. TXT "v=DKIM1; p="']


def _is_closed(found: SpfDiscovery) -> bool | None:
    """Whether nobody may send; None when a redirect leads to what was not seen."""
    if len(found.records) != 1 or spf.faults(found.records[0]):
        return False
    records = chain(found)
    if records is None:
        hidden = {Outcome.UNSEEN, Outcome.MACRO}
        return None if any(seen.outcome in hidden for seen in found.lookups) else False
    refused = all(term.qualifier == "-" for record in records for term in record.mechanisms)
    return refused and records[-1].all is not None


def _is_open(applied: Applied) -> bool:
    """Whether a policy weaker than reject is proven; what was not seen proves nothing."""
    beneath = {applied.subdomains, applied.nonexistent} != {"reject"} and not applied.unseen
    if applied.own:
        return applied.domain != "reject" or _in_part(applied) or beneath
    return beneath or (not applied.unseen and (applied.domain != "reject" or _in_part(applied)))


def _in_part(applied: Applied) -> bool:
    """Receivers from before RFC 9989 apply the policy to a share of the mail only."""
    return applied.record is not None and applied.record.pct not in {None, 100}


def _evidence(found: SpfDiscovery, dmarc: DmarcDiscovery, mx: Mx) -> tuple[Evidence, ...]:
    servers = ", ".join(f"{host.preference} {host.host}." for host in mx.hosts[:5])
    policies = [text for answer in dmarc.answers for text in answer.records]
    return (
        Evidence(source=f"MX {mx.domain}", record=servers or "no such record"),
        Evidence(source=f"TXT {found.domain}", record=" | ".join(found.records[:3]) or "no SPF"),
        Evidence(source=f"TXT _dmarc.{mx.domain}", record=" | ".join(policies[:3]) or "no DMARC"),
    )
