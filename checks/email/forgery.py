"""DMARC: what receivers do with mail that is forged in the domain's name."""

from dataclasses import replace
from typing import Literal

from posture.model import (
    Domain,
    Evidence,
    Failed,
    Reason,
    Status,
    Verdict,
    check,
    failed,
    not_applicable,
    params,
    passed,
    unknown,
)

from . import dmarc_advice as advice
from .dmarc import LEVELS, Applied, DmarcRecord, mail_host, parse, settle
from .dmarc_evidence import records, unseen
from .facts import DmarcDiscovery, ReportConsent, SpfDiscovery
from .names import is_within
from .report_facts import ReportTotals
from .senders import losing, named


@params
class Enforced:
    """How strict a policy must be."""

    minimum: Literal["quarantine", "reject"]


@check("email.dmarc.present")
def present(domain: Domain, dmarc: DmarcDiscovery) -> Verdict:
    """A DMARC record covers the domain."""
    applied = settle(dmarc.domain, dmarc.walk)
    expected = "1 DMARC record"
    if applied.record and applied.record.applies and domain.name not in applied.several:
        source = f"_dmarc.{applied.found_at}"
        verdict = passed("ok" if applied.own else "inherited", *records(dmarc), source=source)
        return replace(verdict, observed="1 DMARC record", expected=expected)
    return replace(_absent(domain, dmarc, applied), expected=expected)


def _absent(domain: Domain, dmarc: DmarcDiscovery, applied: Applied) -> Verdict:
    sends = domain.sends_mail is not False
    record = advice.first(domain.name, sends_mail=sends)
    values = {"domain": domain.name, "record": record}
    fix = "publish" if sends else "close"
    if domain.name in applied.several:
        # RFC 9989 goes on to the name above, receivers from before it end the search here.
        return replace(
            failed("several", *records(dmarc), fix="keep_one", **values),
            observed="several DMARC records",
        )
    if applied.unseen and not applied.own:
        return unseen(dmarc, applied.unseen)
    if applied.record:
        verdict = failed("unusable", *records(dmarc), fix=fix, **values)
        return replace(verdict, observed="record without a valid p")
    return replace(failed("none", *records(dmarc), fix=fix, **values), observed="no record")


@check("email.dmarc.enforced")
def enforced(
    domain: Domain,
    dmarc: DmarcDiscovery,
    reports: ReportTotals | Failed,
    spf: SpfDiscovery | Failed,
    params: Enforced,
) -> Verdict:
    """Mail that fails DMARC is rejected or quarantined, for the domain and all beneath it."""
    applied = settle(dmarc.domain, dmarc.walk)
    return replace(
        _warned(_at_once(domain, _strength(domain, dmarc, applied, params.minimum)), reports, spf),
        observed=_observed(applied),
        expected=f"p={params.minimum} or stronger, subdomains too",
    )


def _at_once(domain: Domain, verdict: Verdict) -> Verdict:
    """Spare the steps where nothing is ever sent, if the record is the domain's own."""
    own = verdict.values.get("host") == f"_dmarc.{domain.name}"
    if domain.sends_mail is not False or not own or verdict.fix == "close":
        return verdict
    record = advice.raised(parse(str(verdict.values["record"])), "reject")
    return replace(verdict, fix="close", values={**verdict.values, "record": record})


def _warned(
    verdict: Verdict, reports: ReportTotals | Failed, spf: SpfDiscovery | Failed
) -> Verdict:
    """Name the real senders that the fix would cut off; they are to be set up first."""
    if verdict.fix is None or isinstance(reports, Failed) or isinstance(spf, Failed):
        return verdict
    cut_off = named(losing(reports, spf))
    if not cut_off:
        return verdict
    return replace(verdict, fix="after", values={**verdict.values, "senders": cut_off})


def _strength(domain: Domain, dmarc: DmarcDiscovery, applied: Applied, minimum: str) -> Verdict:
    if applied.unseen and not applied.own:
        return unseen(dmarc, applied.unseen)
    if not applied.domain:
        return _begin(domain, dmarc, minimum)
    if _weak(applied.domain, minimum):
        testing = applied.record is not None and applied.record.testing
        says = "testing" if testing else applied.domain
        return _raise(says, dmarc, applied, applied.found_at, minimum)
    if applied.unseen:
        return unseen(dmarc, applied.unseen)
    if _weak(applied.subdomains, minimum) or _weak(applied.nonexistent, minimum):
        return _raise("subdomains", dmarc, applied, applied.inherited_at, minimum)
    if limited := _limited(applied):
        where, pct = limited
        verdict = _raise("in_part", dmarc, applied, where, minimum)
        values = {**verdict.values, "pct": pct}
        return replace(verdict, status=Status.PARTIAL, share=0.5, values=values)
    return passed("ok", *records(dmarc), policy=applied.domain)


def _begin(domain: Domain, dmarc: DmarcDiscovery, minimum: str) -> Verdict:
    """Watch first, and then refuse; at once where nothing is ever sent."""
    sends = domain.sends_mail is not False
    start = advice.first(domain.name, sends_mail=sends)
    record = f"v=DMARC1; p={minimum}; np=reject; rua=mailto:dmarc@{domain.name}" if sends else start
    host = f"_dmarc.{domain.name}"
    steps = "\n    ".join(f'{host}. TXT "{step}"' for step in dict.fromkeys((start, record)))
    fix = "publish" if sends else "close"
    return failed("absent", *records(dmarc), fix=fix, host=host, record=record, steps=steps)


def _limited(applied: Applied) -> tuple[str, int] | None:
    """Where a pct tag keeps receivers from before RFC 9989 from applying all of the policy."""
    places = ((applied.found_at, applied.record), (applied.inherited_at, applied.inherited))
    for where, record in places:
        if record and record.pct not in {None, 100}:
            return where, record.pct or 0
    return None


def _raise(says: str, dmarc: DmarcDiscovery, applied: Applied, where: str, minimum: str) -> Verdict:
    record = applied.record if where == applied.found_at else applied.inherited
    host = f"_dmarc.{where}"
    steps = advice.steps(record) if record else ()
    return failed(
        says,
        *records(dmarc),
        fix="staged" if _weak(applied.domain, minimum) and len(steps) > 1 else "raise",
        policy=applied.domain,
        subdomains=applied.subdomains,
        nonexistent=applied.nonexistent,
        host=host,
        record=advice.raised(record, minimum) if record else "",
        steps="\n    ".join(f'{host}. TXT "{step}"' for step in steps),
    )


@check("email.dmarc.reports")
def reports(domain: Domain, dmarc: DmarcDiscovery) -> Verdict:
    """Receivers report on mail in the domain's name to an address that takes the reports."""
    applied = settle(dmarc.domain, dmarc.walk)
    if applied.unseen and not applied.own:
        return unseen(dmarc, applied.unseen)
    if not applied.record or not applied.domain:
        return not_applicable("no_record", *records(dmarc), domain=dmarc.domain)
    verdict = _targets(dmarc, applied, applied.record)
    if domain.sends_mail is False and verdict.status is Status.FAIL:
        return not_applicable("parked", *verdict.evidence, domain=domain.name)
    if verdict.says == "refused" and applied.unseen:
        # How far the organisation reaches is not known, and within it nobody needs to agree.
        return unseen(dmarc, applied.unseen)
    observed = f"rua={','.join(applied.record.rua)[:200]}" if applied.record.rua else "no rua"
    return replace(verdict, observed=observed, expected="rua=mailto: an address that takes reports")


def _targets(dmarc: DmarcDiscovery, applied: Applied, record: DmarcRecord) -> Verdict:
    consents = {consent.host: consent for consent in dmarc.consents}
    hosts = record.report_hosts
    taken = [host for host in hosts if _takes(host, applied, consents)]
    address = next((uri for uri in record.rua if mail_host(uri) in taken), "")
    evidence = (*records(dmarc), *map(_consent, dmarc.consents))
    if address:
        return passed("ok", *evidence, address=address)
    failures = [consent.reason for consent in dmarc.consents if consent.reason]
    if failures or any(_unasked(host, applied, consents) for host in hosts):
        reason = failures[0] if failures else Reason.NOT_COLLECTED
        return unknown("consent_unseen", *evidence, reason=reason or Reason.INCONCLUSIVE)
    return failed(
        "refused" if hosts else "none",
        *evidence,
        fix="add",
        hosts=", ".join(hosts[:5]),
        host=f"_dmarc.{applied.found_at}",
        record=advice.reporting(record, applied.organization),
    )


def _takes(host: str, applied: Applied, consents: dict[str, ReportConsent]) -> bool:
    consent = consents.get(host)
    return is_within(host, applied.organization) or bool(consent and consent.granted)


def _unasked(host: str, applied: Applied, consents: dict[str, ReportConsent]) -> bool:
    return host not in consents and not is_within(host, applied.organization)


def _consent(consent: ReportConsent) -> Evidence:
    found = "agrees" if consent.granted else consent.reason or "no such record"
    return Evidence(source=f"TXT {consent.name}", record=str(found))


def _weak(level: str, minimum: str) -> bool:
    return not level or LEVELS.index(level) < LEVELS.index(minimum)


def _observed(applied: Applied) -> str:
    if not applied.domain:
        return "no policy"
    return f"p={applied.domain}, subdomains {applied.subdomains or 'not known'}"
