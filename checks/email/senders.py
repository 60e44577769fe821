"""DMARC: whether the services that send in the domain's name pass, by the reports of receivers."""

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

from .facts import SpfDiscovery
from .names import is_within
from .report_facts import ReportTotals, SendingSource
from .suffix_list import organization

_SHOWN = 15


@params
class Aligned:
    """How much evidence is asked for."""

    share: float
    """Of the messages of authorised senders, the part that must pass; 0 to 1."""
    days: float
    """How long the reports must reach."""


@check("email.senders.aligned")
def aligned(
    domain: Domain, reports: ReportTotals, spf: SpfDiscovery | Failed, params: Aligned
) -> Verdict:
    """The services that send in the domain's name pass DMARC, by the reports of receivers."""
    if not reports.declared:
        return not_applicable("no_folder", domain=domain.name)
    if isinstance(spf, Failed):
        return unknown("spf_unseen", *_evidence(reports), reason=spf.reason, domain=domain.name)
    good = sum(source.aligned for source in reports.sources)
    total = good + sum(map(_failing, losing(reports, spf)))
    return replace(
        _judged(domain, reports, spf, params, (total, good)),
        observed=f"{_percent(good, total)} of {total} messages pass" if total else "no messages",
        expected=f"{params.share:.0%} or more pass",
    )


def _judged(
    domain: Domain,
    reports: ReportTotals,
    spf: SpfDiscovery,
    params: Aligned,
    volume: tuple[int, int],
) -> Verdict:
    total, good = volume
    evidence = _evidence(reports)
    values: dict[str, Value] = {"domain": domain.name, "total": total}
    if not reports.reports:
        return unknown("no_reports", *evidence, reason=Reason.INCONCLUSIVE, **values)
    if good < params.share * total:
        values |= {"share": _percent(good, total), "senders": named(losing(reports, spf))}
        return failed("unaligned", *evidence, fix="align", **values)
    if reports.truncated:
        return unknown("too_many", *evidence, reason=Reason.TOO_LARGE, **values)
    if spf.unresolved or spf.truncated:
        # Whom the unseen records would authorise is not known.
        return unknown("spf_unseen", *evidence, reason=Reason.INCONCLUSIVE, **values)
    if not total:
        return not_applicable("silent", *evidence, **values)
    if reports.days < params.days:
        values |= {"days": f"{reports.days:.0f}", "needed": f"{params.days:.0f}"}
        return unknown("short", *evidence, reason=Reason.INCONCLUSIVE, **values)
    others = named(_strangers(reports, spf))
    values |= {"share": _percent(good, total), "others": others}
    return passed("ok_others" if others else "ok", *evidence, **values)


def losing(reports: ReportTotals, spf: SpfDiscovery) -> list[SendingSource]:
    """Pick the senders whose mail a stricter policy would have thrown away.

    Only those that the owner has named in the SPF record count: a forwarder or a forger
    authenticates too, as somebody else.
    """
    return [source for source in reports.sources if _failing(source) and _is_named(source, spf)]


def by_spf(reports: ReportTotals | Failed) -> str:
    """List whose mail passes by SPF alone, so that it fails with a narrower record."""
    found = () if isinstance(reports, Failed) else reports.sources
    worst = sorted(found, key=lambda each: (-each.by_spf, each.domain))
    return ", ".join(f"{each.domain} ({each.by_spf})" for each in worst[:_SHOWN] if each.by_spf)


def passing(reports: ReportTotals | Failed) -> str:
    """List who sends mail that passes, the largest first."""
    found = () if isinstance(reports, Failed) else reports.sources
    most = sorted(found, key=lambda each: (-each.aligned, each.domain))
    return ", ".join(f"{each.domain} ({each.aligned})" for each in most[:_SHOWN] if each.aligned)


def _strangers(reports: ReportTotals, spf: SpfDiscovery) -> list[SendingSource]:
    return [source for source in reports.sources if _failing(source) and not _is_named(source, spf)]


def _failing(source: SendingSource) -> int:
    return source.messages - source.aligned


def _is_named(source: SendingSource, spf: SpfDiscovery) -> bool:
    """Whether the SPF record refers to the sender, or the sender's name is made of the domain's."""
    names = [spf.domain, *(record.domain for record in spf.referred)]
    own_key = f"{spf.domain.replace('.', '-')}."
    google = source.domain.startswith(own_key) and is_within(source.domain, "gappssmtp.com")
    return google or organization(source.domain) in map(organization, names)


def named(sources: list[SendingSource]) -> str:
    """List sources with the messages that fail, the largest first."""
    worst = sorted(sources, key=lambda each: (-_failing(each), each.domain))
    return ", ".join(f"{each.domain} ({_failing(each)})" for each in worst[:_SHOWN])


def _percent(part: int, whole: int) -> str:
    """Round down: what is not whole is not called so."""
    return f"{int(part * 1000 / whole) / 10:g} %"


def _evidence(reports: ReportTotals) -> tuple[Evidence, ...]:
    lines = [
        f"{each.domain}{_keys(each)}: {each.aligned} of {each.messages} pass, "
        f"networks: {each.networks}, receivers: {each.receivers}"
        for each in reports.sources[:_SHOWN]
    ]
    lines += [f"not authenticated by anybody: {reports.unauthenticated}"]
    lines += [f"failed, forwarded or by a list: {reports.forwarded}"]
    shown = [Evidence(source="DMARC reports", record=line) for line in lines]
    broken = [Evidence(source="report file", record=line) for line in reports.unreadable[:5]]
    return (*shown, *broken)


def _keys(source: SendingSource) -> str:
    return f" ({', '.join(source.selectors)})" if source.selectors else ""
