"""Adds reports up: who sends in a domain's name, and how much of it passes. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .aggregate_reports import AggregateReport, Row
from .names import is_within
from .report_facts import ReportTotals, SendingSource, Signer, TlsFailure
from .tls_reports import TlsReport

SOURCES = 50
SELECTORS = 10
SIGNERS = 50
NETWORKS = 1000
"""Networks and receivers that are told apart for one source."""
GROUPS = 10_000
"""Sources that are told apart; the rest is counted together."""


@dataclass(slots=True)
class _Sum:
    messages: int = 0
    aligned: int = 0
    by_spf: int = 0
    selectors: Counter[str] = field(default_factory=Counter)
    networks: set[str] = field(default_factory=set)
    receivers: set[str] = field(default_factory=set)


class Totals:
    """The sum so far for one domain, of reports that end at ``since`` or later."""

    def __init__(self, domain: str, since: datetime) -> None:
        """Begin with nothing."""
        self._domain, self._since = domain, since.timestamp()
        self._seen: set[tuple[str, str, str]] = set()
        self._sums: dict[str, _Sum] = {}
        self._signers: Counter[tuple[str, str]] = Counter()
        self._sampled: set[tuple[str, str]] = set()
        self._tls: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._edges: list[int] = []

    def add(self, report: AggregateReport) -> None:
        """Count a report once, however often it was delivered (RFC 9990 §2.6)."""
        rows = [(row, count) for row, count in report.rows if self._concerns(row, report)]
        if not rows or self._known("dmarc", report.organization, report.report_id):
            return
        if report.end < self._since:
            self._counts["outdated"] += 1
            return
        self._counts["reports"] += 1
        edges = (*self._edges, report.begin, report.end)
        self._edges = [min(edges), max(edges)]
        for row, count in rows:
            self._row(row, count, report.organization)

    def add_tls(self, report: TlsReport) -> None:
        """Count a TLS report once."""
        about = [
            sessions for sessions in report.domains if is_within(sessions.domain, self._domain)
        ]
        if not about or self._known("tls", report.organization, report.report_id):
            return
        self._counts["tls_reports"] += 1
        for sessions in about:
            self._counts["tls_sessions"] += sessions.succeeded
            for kind, number in sessions.failed:
                self._tls[kind] += number

    def add_sample(self, signers: Iterable[tuple[str, str]]) -> None:
        """Keep which keys of the domain a sample mail names: domain and selector of each."""
        for domain, selector in signers:
            if is_within(domain, self._domain) and len(self._sampled) < SIGNERS:
                self._sampled.add((domain, selector))

    def fact(self, *, unreadable: Iterable[str], truncated: bool) -> ReportTotals:
        """Write the sum down."""
        listed = sorted(self._sums.items(), key=lambda item: (-item[1].messages, item[0]))
        names = sorted(unreadable)
        begin, end = self._edges or (None, None)
        return ReportTotals(
            domain=self._domain,
            declared=True,
            reports=self._counts["reports"],
            begins=_time(begin),
            ends=_time(end),
            sources=tuple(_source(name, found) for name, found in listed[:SOURCES]),
            beyond=self._counts["beyond"] + sum(found.messages for _, found in listed[SOURCES:]),
            unauthenticated=self._counts["unauthenticated"],
            forwarded=self._counts["forwarded"],
            signers=tuple(Signer(domain=d, selector=s) for d, s in sorted(self._signers)[:SIGNERS]),
            sampled=tuple(Signer(domain=d, selector=s) for d, s in sorted(self._sampled)),
            tls_reports=self._counts["tls_reports"],
            tls_sessions=self._counts["tls_sessions"],
            tls_failures=tuple(
                TlsFailure(kind=kind, sessions=number)
                for kind, number in sorted(self._tls.items())[:SOURCES]
            ),
            outdated=self._counts["outdated"],
            unreadable=tuple(names[:20]),
            unreadable_total=len(names),
            truncated=truncated,
        )

    def _concerns(self, row: Row, report: AggregateReport) -> bool:
        return is_within(row.header_from or report.domain, self._domain)

    def _known(self, kind: str, organization: str, report_id: str) -> bool:
        key = kind, organization.lower(), report_id
        known = bool(report_id) and key in self._seen
        self._seen.add(key)
        return known

    def _row(self, row: Row, count: int, receiver: str) -> None:
        for domain, selector in row.dkim:
            if selector and is_within(domain, self._domain) and len(self._signers) < GROUPS:
                self._signers[domain, selector] += count
        name, selectors = self._sender(row)
        if row.forwarded and not row.aligned:
            self._counts["forwarded"] += count
        elif not name:
            self._counts["unauthenticated"] += count
        elif name not in self._sums and len(self._sums) >= GROUPS:
            self._counts["beyond"] += count
        else:
            self._join(self._sums.setdefault(name, _Sum()), row, count, selectors, receiver)

    def _sender(self, row: Row) -> tuple[str, list[str]]:
        """Name who sent it: of the domains that passed, a service's before the client's own."""
        passed = [*dict.fromkeys(domain for domain, _ in row.dkim), *([row.spf] if row.spf else [])]
        foreign = [domain for domain in passed if not is_within(domain, self._domain)]
        # A receiver may say that it passed, and not list by what.
        own = [self._domain] if row.aligned else []
        name = next(iter([*foreign, *passed, *own]), "")
        return name, [selector for domain, selector in row.dkim if selector and domain == name]

    @staticmethod
    def _join(found: _Sum, row: Row, count: int, selectors: list[str], receiver: str) -> None:
        found.messages += count
        found.aligned += count if row.aligned else 0
        found.by_spf += count if row.by_spf else 0
        for selector in selectors:
            if len(found.selectors) < NETWORKS:
                found.selectors[selector] += count
        if row.network and len(found.networks) < NETWORKS:
            found.networks.add(row.network)
        if len(found.receivers) < NETWORKS:
            found.receivers.add(receiver.lower())


def _source(name: str, found: _Sum) -> SendingSource:
    common = sorted(found.selectors, key=lambda each: (-found.selectors[each], each))
    return SendingSource(
        domain=name,
        selectors=tuple(common[:SELECTORS]),
        messages=found.messages,
        aligned=found.aligned,
        by_spf=found.by_spf,
        networks=len(found.networks),
        receivers=len(found.receivers),
    )


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
