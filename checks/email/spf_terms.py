"""SPF: how the record ends, and whether each of its entries does anything."""

from dataclasses import replace

from posture.model import (
    Domain,
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
from .dkim_catalogue import Provider, catalogue
from .facts import DkimDiscovery, Outcome, SpfDiscovery, SpfLookup
from .names import normal
from .sender_policy import faulty, not_seen, records, undecided
from .spf_tree import chain, costs, refers
from .suffix_list import organization


@params
class Useful:
    """When entries without effect are worth the trouble of removing them."""

    lookups: int
    """Only a record that takes more DNS lookups than this."""


@check("email.spf.closed")
def closed(domain: Domain, spf: SpfDiscovery) -> Verdict:
    """The SPF record says that servers it does not list are not the domain's."""
    if away := undecided(spf) or faulty(spf):
        return away
    if domain.sends_mail is False:
        return not_applicable("parked", *records(spf), domain=spf.domain)
    return replace(_ended(spf), expected="~all or -all")


def _ended(spf: SpfDiscovery) -> Verdict:
    """Judge the end of the record, or of the one that its redirects lead to (RFC 7208 §6.1)."""
    evidence = records(spf)
    followed = chain(spf)
    if followed is None:
        return _lost(spf)
    last = followed[-1].all
    qualifier = last.qualifier if last else "?"
    if qualifier == "+":
        return not_applicable("everyone", *evidence, domain=spf.domain)
    targets = [normal(record.redirect.domain) for record in followed if record.redirect]
    holder = [spf.domain, *targets][-1]
    ending = last.text if last else "no all"
    values: dict[str, Value] = {"domain": spf.domain, "holder": holder, "ending": ending}
    observed = f"{ending} at {holder}"
    if qualifier in "-~":
        return replace(passed("ok", *evidence, **values), observed=observed)
    values["record"] = advice.ended(spf.records[0])
    says = "neutral" if last else "no_end"
    return replace(failed(says, *evidence, fix="end", **values), observed=observed)


def _lost(spf: SpfDiscovery) -> Verdict:
    """Say why the record that a redirect leads to is not known."""
    led = [seen for seen in spf.lookups if seen.term.lower().startswith("redirect=")]
    for seen in led:
        if seen.outcome is Outcome.UNSEEN:
            return not_seen(spf, seen)
        if seen.outcome is Outcome.MACRO:
            values = {"domain": spf.domain, "term": seen.term}
            return unknown("macro", *records(spf), reason=Reason.INCONCLUSIVE, **values)
    if spf.truncated:
        return unknown("truncated", *records(spf), reason=Reason.TOO_LARGE, domain=spf.domain)
    return not_applicable("dead_end", *records(spf), domain=spf.domain)


@check("email.spf.useful")
def useful(spf: SpfDiscovery, dkim: DkimDiscovery | Failed, params: Useful) -> Verdict:
    """A long SPF record holds no entry that does nothing."""
    if away := undecided(spf) or faulty(spf):
        return away
    total = len(spf.lookups)
    idle = _idle(spf)
    values: dict[str, Value] = {"domain": spf.domain, "total": total, "limit": params.lookups}
    if idle:
        verdict = _with_idle(spf, idle, dkim, params, values)
    else:
        verdict = passed("ok", *records(spf), **values)
        if any(seen.depth == 0 and _is_ptr(seen) for seen in spf.lookups):
            verdict = replace(verdict, near_miss="ptr")
    observed = f"{total} lookups, without effect: {', '.join(idle) or 'none'}"
    return replace(verdict, observed=observed, expected="no entry without effect")


def _with_idle(
    spf: SpfDiscovery,
    idle: dict[str, Provider],
    dkim: DkimDiscovery | Failed,
    params: Useful,
    values: dict[str, Value],
) -> Verdict:
    evidence = records(spf)
    saved = sum(cost for seen, cost in costs(spf.lookups) if seen.term in idle)
    services = sorted({provider.name for provider in idle.values()})
    values |= {"terms": ", ".join(idle), "services": ", ".join(services), "saved": saved}
    values["record"] = advice.without(spf.records[0], idle)
    if len(spf.lookups) > params.lookups:
        fix = "remove" if set(services) <= _signing(dkim) else "sign_first"
        return failed("idle", *evidence, fix=fix, **values)
    if spf.unresolved or spf.truncated:
        return unknown("uncounted", *evidence, reason=Reason.INCONCLUSIVE, **values)
    return replace(passed("ok_short", *evidence, **values), near_miss="idle")


def _idle(spf: SpfDiscovery) -> dict[str, Provider]:
    """Pair the own includes of services that send with return addresses of theirs with them.

    Receivers ask for the SPF record of the return address (RFC 7208 §2.4), so these includes are
    never read for the mail they are meant for. A name beneath the organisation's may be such a
    return address itself.
    """
    if organization(spf.domain) != spf.domain:
        return {}
    return {
        mechanism.text: provider
        for mechanism in grammar.parse(spf.records[0]).mechanisms
        if mechanism.name == "include"
        and (provider := catalogue().unaligned(normal(mechanism.domain)))
    }


def _signing(dkim: DkimDiscovery | Failed) -> set[str]:
    """Name the services whose DKIM keys were seen in place."""
    if isinstance(dkim, Failed):
        return set()
    return {found.provider for found in dkim.selectors if found.texts and found.provider}


def _is_ptr(seen: SpfLookup) -> bool:
    return not refers(seen) and seen.term.lower().lstrip("+-~?").partition(":")[0] == "ptr"
