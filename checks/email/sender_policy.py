"""SPF: which servers may send mail in the domain's name."""

from collections.abc import Sequence
from dataclasses import replace

from posture.model import (
    Domain,
    Evidence,
    Failed,
    Reason,
    Value,
    Verdict,
    check,
    failed,
    not_applicable,
    params,
    passed,
    unknown,
)

from . import spf as grammar
from . import spf_advice as advice
from .check_host import Limits
from .facts import Mx, Outcome, SpfDiscovery, SpfLookup
from .report_facts import ReportTotals
from .senders import by_spf
from .spf_plan import shortened
from .spf_tree import Breadth, breadth, chain, costs, own_term, refers

_ERRORS = {Outcome.NONE, Outcome.SEVERAL, Outcome.SYNTAX}
_EVIDENCE_LIMIT = 20


@params
class Lookups:
    """How much an SPF record may ask of a receiver."""

    limit: int
    """DNS lookups, counted through every include (RFC 7208 §4.6.4: 10)."""
    voids: int
    """Lookups with an empty answer (RFC 7208 §4.6.4: 2)."""


@params
class Restrictive:
    """How many addresses an SPF record may let send."""

    ipv4_addresses: int
    """In all; a /8 has 16,777,216."""
    ipv6_prefix: int
    """The shortest prefix of one range."""


@check("email.spf.present")
def present(domain: Domain, spf: SpfDiscovery, mx: Mx | Failed) -> Verdict:
    """The domain publishes which servers may send its mail."""
    closed = domain.sends_mail is False
    if spf.records:
        verdict = passed("ok", *records(spf), domain=domain.name, record=spf.records[0])
    else:
        hosts = () if isinstance(mx, Failed) else tuple(host.host for host in mx.hosts)
        sends = not closed and hosts != ("",)
        record = advice.first(hosts, sends_mail=sends)
        fix = "publish" if sends else "close"
        verdict = failed("none", *records(spf), fix=fix, domain=domain.name, record=record)
    count = len(spf.records)
    observed = spf.records[0] if count == 1 else f"{count} SPF records"
    return replace(verdict, observed=observed, expected=advice.CLOSED if closed else "1 SPF record")


@check("email.spf.single")
def single(spf: SpfDiscovery) -> Verdict:
    """The domain publishes exactly one SPF record."""
    if not spf.records:
        return not_applicable("no_record", *records(spf), domain=spf.domain)
    count = len(spf.records)
    if count == 1:
        verdict = passed("ok", *records(spf), domain=spf.domain)
    else:
        record = advice.merged(spf.records)
        verdict = failed(
            "several", *records(spf), fix="merge", domain=spf.domain, count=count, record=record
        )
    return replace(verdict, observed=f"{count} SPF records", expected="1 SPF record")


@check("email.spf.valid")
def valid(spf: SpfDiscovery) -> Verdict:
    """The SPF record, and each one that it includes, can be read without error."""
    if away := undecided(spf):
        return away
    evidence, record = records(spf), spf.records[0]
    expected = "RFC 7208 syntax"
    if found := grammar.faults(record):
        verdict = failed(
            found[0].fault.value,
            *evidence,
            fix="correct",
            domain=spf.domain,
            term=found[0].term,
            record=advice.corrected(record),
        )
        return replace(
            verdict, observed=f"{found[0].fault.value}: {found[0].term}", expected=expected
        )
    return replace(_references(spf), expected=expected)


def _references(spf: SpfDiscovery) -> Verdict:
    """Judge the records that a record without faults refers to."""
    found = [seen for seen in spf.lookups if refers(seen)]
    broken = next((seen for seen in found if seen.outcome in _ERRORS), None)
    if broken:
        return _broken(spf, broken)
    values: dict[str, Value] = {"domain": spf.domain, "count": len(found)}
    if unseen := _first(found, Outcome.UNSEEN):
        return not_seen(spf, unseen)
    if spf.truncated:
        return unknown("truncated", *records(spf), reason=Reason.TOO_LARGE, **values)
    says = "ok_macro" if _first(found, Outcome.MACRO) else "ok"
    return replace(passed(says, *records(spf), **values), observed="no error")


def _broken(spf: SpfDiscovery, broken: SpfLookup) -> Verdict:
    verdict = failed(
        f"broken_{broken.outcome.value}",
        *records(spf),
        *_tree(spf.lookups),
        fix="ask" if broken.depth else "drop",
        domain=spf.domain,
        holder=broken.holder,
        term=broken.term,
        target=broken.target,
        record=_without(spf, broken.holder, broken.term),
    )
    return replace(verdict, observed=f"{broken.term}: {broken.outcome.value}")


def _without(spf: SpfDiscovery, holder: str, term: str) -> str:
    """Write the domain's own record without the term that leads to a bad one."""
    return advice.without(spf.records[0], {own_term(spf, holder, term)})


@check("email.spf.lookups")
def lookups(spf: SpfDiscovery, params: Lookups) -> Verdict:
    """Reading the SPF record takes no more DNS lookups than receivers allow."""
    if away := undecided(spf) or faulty(spf):
        return away
    total = len(spf.lookups)
    voids = sum(seen.void for seen in spf.lookups)
    more = "at least " if spf.unresolved or spf.truncated else ""
    return replace(
        _counted(spf, params, total, voids),
        observed=f"{more}{total} lookups, {voids} void",
        expected=f"at most {params.limit} lookups, {params.voids} void",
    )


def _counted(spf: SpfDiscovery, params: Lookups, total: int, voids: int) -> Verdict:
    evidence = (*records(spf), *_tree(spf.lookups))
    values: dict[str, Value] = {"domain": spf.domain, "total": total, "voids": voids}
    values["limit"] = params.limit
    if loop := _first(spf.lookups, Outcome.LOOP):
        record = _without(spf, loop.holder, loop.term)
        named = {"term": loop.term, "holder": loop.holder, "record": record}
        return failed("loop", *evidence, fix="ask" if loop.depth else "drop", **values, **named)
    if many := _first(spf.lookups, Outcome.MANY):
        named = {"term": many.term, "holder": many.holder}
        return failed("many_servers", *evidence, fix="list_servers", **values, **named)
    if total > params.limit or voids > params.voids:
        says = "too_many" if total > params.limit else "voids"
        fix, shorter = _shorter(spf, params)
        return failed(says, *evidence, fix=fix, **values, **shorter, allowed=params.voids)
    if open_end := _unknown_total(spf, params, voids):
        return open_end
    return passed("ok", *evidence, **values)


def _shorter(spf: SpfDiscovery, params: Lookups) -> tuple[str, dict[str, Value]]:
    """Name the fix and what it fills in: a record that is proven to do, or the way to one."""
    plan = shortened(spf, Limits(lookups=params.limit, voids=params.voids))
    if plan and plan.lookups <= params.limit and plan.voids <= params.voids:
        removed = ", ".join(plan.removed)
        return "trim", {"record": plan.record, "left": plan.lookups, "removed": removed}
    record = plan.record if plan else advice.trimmed(spf)
    return "reduce", {"record": record, "costs": _priced(spf)}


def _unknown_total(spf: SpfDiscovery, params: Lookups, voids: int) -> Verdict | None:
    """Say why the total is not known; None when it is."""
    unseen = [seen for seen in spf.lookups if seen.outcome is Outcome.UNSEEN]
    beneath = next((seen for seen in unseen if refers(seen)), None)
    if beneath or (voids + len(unseen) > params.voids and unseen):
        return not_seen(spf, beneath or unseen[0])
    # What ptr and macros find is another thing for each message: it may be nothing at all.
    various = [seen for seen in spf.lookups if not seen.target]
    if various and voids + len(unseen) + len(various) > params.voids:
        reason, term = Reason.INCONCLUSIVE, various[0].term
        return unknown("various", *records(spf), reason=reason, domain=spf.domain, term=term)
    macro = next((s for s in spf.lookups if s.outcome is Outcome.MACRO and refers(s)), None)
    if spf.truncated:
        return unknown("truncated", *records(spf), reason=Reason.TOO_LARGE, domain=spf.domain)
    if macro:
        return unknown(
            "macro", *records(spf), reason=Reason.INCONCLUSIVE, domain=spf.domain, term=macro.term
        )
    return None


@check("email.spf.restrictive")
def restrictive(spf: SpfDiscovery, reports: ReportTotals | Failed, params: Restrictive) -> Verdict:
    """The SPF record does not let the whole internet send in the domain's name."""
    if away := undecided(spf) or faulty(spf):
        return away
    found = breadth(spf)
    expected = f"no +all, at most {params.ipv4_addresses:,} IPv4 addresses"
    observed = found.everyone or f"{found.ipv4:,} IPv4 addresses"
    verdict = _allowed(spf, found, params)
    if verdict.says == "everyone" and (senders := by_spf(reports)):
        # Whether they would still be listed cannot be told: reports keep no addresses.
        verdict = replace(verdict, fix="after", values={**verdict.values, "senders": senders})
    return replace(verdict, observed=observed, expected=expected)


def _allowed(spf: SpfDiscovery, found: Breadth, params: Restrictive) -> Verdict:
    evidence = [*records(spf)]
    evidence += [
        Evidence(source=f"TXT {record.domain}", record=record.text)
        for record in spf.referred[:_EVIDENCE_LIMIT]
    ]
    values = {"domain": spf.domain, "addresses": f"{found.ipv4:,}"}
    if found.everyone:
        return _everyone(spf, found, evidence)
    if found.ipv4 > params.ipv4_addresses:
        return failed("too_wide", *evidence, fix="narrow", **values)
    if found.ipv6_prefix < params.ipv6_prefix:
        prefix = found.ipv6_prefix
        return failed("too_wide_ipv6", *evidence, fix="narrow", prefix=prefix, **values)
    for seen in spf.lookups:
        if seen.outcome is Outcome.UNSEEN:
            return not_seen(spf, seen)
        if seen.outcome is Outcome.MACRO and refers(seen):
            reason = Reason.INCONCLUSIVE
            return unknown("macro", *evidence, reason=reason, domain=spf.domain, term=seen.term)
    if spf.truncated:
        return unknown("truncated", *evidence, reason=Reason.TOO_LARGE, domain=spf.domain)
    followed = chain(spf)
    last = followed[-1].all if followed else None
    closed = last and last.qualifier in "-~"
    return passed("ok" if closed else "open_ended", *evidence, **values)


def _everyone(spf: SpfDiscovery, found: Breadth, evidence: Sequence[Evidence]) -> Verdict:
    own = found.holder == spf.domain
    record = (
        advice.closed(spf.records[0], found.everyone)
        if own
        else _without(spf, found.holder, found.everyone)
    )
    return failed(
        "everyone",
        *evidence,
        fix="close" if own else "drop",
        domain=spf.domain,
        term=found.everyone,
        holder=found.holder,
        record=record,
    )


def undecided(spf: SpfDiscovery) -> Verdict | None:
    """Without exactly one record there is nothing to judge: other checks say so."""
    if len(spf.records) == 1:
        return None
    says = "several" if spf.records else "no_record"
    return not_applicable(says, *records(spf), domain=spf.domain)


def faulty(spf: SpfDiscovery) -> Verdict | None:
    """A record with a fault is ignored as a whole, whatever it lists (RFC 7208 §4.6)."""
    if grammar.faults(spf.records[0]):
        return not_applicable("faulty", *records(spf), domain=spf.domain)
    return None


def not_seen(spf: SpfDiscovery, seen: SpfLookup) -> Verdict:
    """Say that the answer for one term did not arrive."""
    return unknown(
        "unseen",
        *records(spf),
        *_tree(spf.lookups),
        reason=seen.reason or Reason.INCONCLUSIVE,
        domain=spf.domain,
        term=seen.term,
        holder=seen.holder,
    )


def _first(lookups: Sequence[SpfLookup], outcome: Outcome) -> SpfLookup | None:
    return next((seen for seen in lookups if seen.outcome is outcome), None)


def records(spf: SpfDiscovery) -> tuple[Evidence, ...]:
    """Quote the domain's own SPF records."""
    source = f"TXT {spf.domain}"
    found = tuple(Evidence(source=source, record=text) for text in spf.records[:_EVIDENCE_LIMIT])
    return found or (Evidence(source=source, record="no record begins with v=spf1"),)


def _tree(lookups: Sequence[SpfLookup]) -> tuple[Evidence, ...]:
    shown = [f"{'  ' * seen.depth}{seen.term}: {seen.outcome.value}" for seen in lookups[:60]]
    if not shown:
        return ()
    return (Evidence(source="DNS lookups in order of evaluation", record="\n".join(shown)),)


def _priced(spf: SpfDiscovery) -> str:
    priced = sorted(costs(spf.lookups), key=lambda pair: -pair[1])
    return ", ".join(f"{seen.term} ({cost})" for seen, cost in priced[:_EVIDENCE_LIMIT])
