"""Follows an SPF record through include and redirect without evaluating it (RFC 7208 §4.6.4).

Pure: questions come out, answers go in. Whoever asks calls ``expand`` again until nothing is
wanted. Every count is a fold over the list of lookups, so no path can be counted twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import (
    IPv4Network,
    IPv6Network,
    ip_address,
    ip_network,
)

from posture.model import Failed, Reason

from . import mx, spf
from .facts import Outcome, SpfDiscovery, SpfLookup, SpfRecord
from .names import is_askable, normal

LOOKUP_LIMIT = 250
"""Lookups that are followed. Ten are allowed; a tree of hundreds is an attack or a mistake."""
MX_LIMIT = 10
"""Servers of one mx term before it becomes a permanent error (§4.6.4)."""
RECORD_LIMIT = 4096
"""Characters of one record; a longer one is not judged, because it is not kept."""

Question = tuple[str, str]
"""Name and record type."""
Answers = Mapping[Question, tuple[str, ...] | Failed]
"""Records, none when proven absent, or why it was not seen."""


@dataclass(slots=True)
class Expansion:
    """What is known so far, and what to ask next."""

    lookups: list[SpfLookup] = field(default_factory=list)
    referred: dict[str, str] = field(default_factory=dict)
    wanted: list[Question] = field(default_factory=list)
    truncated: bool = False


def expand(domain: str, record: str, answers: Answers, *, servers: bool = False) -> Expansion:
    """Follow ``record`` of ``domain`` as far as ``answers`` reach; it must be without faults.

    With ``servers`` the addresses of every mx term are asked for, which costs no lookup (§4.6.4).
    """
    walk = _Walk(answers, Expansion(), servers)
    walk.follow(domain, record, (domain,))
    return walk.made


@dataclass(slots=True)
class _Walk:
    answers: Answers
    made: Expansion
    all_servers: bool

    def follow(self, domain: str, text: str, path: tuple[str, ...]) -> None:
        for term in spf.parse(text).queries:
            if len(self.made.lookups) >= LOOKUP_LIMIT:
                self.made.truncated = True
                return
            self.term(domain, term, path)

    def term(self, holder: str, term: spf.Term, path: tuple[str, ...]) -> None:
        target = normal(term.domain) or holder
        if spf.has_macro(term.domain) or term.name == "ptr":
            outcome = Outcome.MACRO if spf.has_macro(term.domain) else Outcome.OK
            self.add(path, holder, term, "", outcome)
        elif not is_askable(target):
            # No query can be made of it: nothing is found there (§4.3, §5.2).
            refers = term.name in {"include", "redirect"}
            outcome = Outcome.NONE if refers else Outcome.ABSENT
            self.add(path, holder, term, target, outcome)
        elif term.name in {"include", "redirect"}:
            self.refer(holder, term, target, path)
        else:
            self.hosts(holder, term, target, path)

    def add(
        self,
        path: tuple[str, ...],
        holder: str,
        term: spf.Term,
        target: str,
        outcome: Outcome,
        **seen: object,
    ) -> None:
        self.made.lookups.append(
            SpfLookup(
                depth=len(path) - 1,
                holder=holder,
                term=term.text,
                target=target,
                outcome=outcome,
                **seen,  # type: ignore[arg-type]
            )
        )

    def ask(self, name: str, rdtype: str) -> tuple[str, ...] | Failed:
        """Look an answer up; what is not there yet is wanted, and unseen for now."""
        question = (name, rdtype)
        if question in self.answers:
            return self.answers[question]
        if question not in self.made.wanted:
            self.made.wanted.append(question)
        return Failed(reason=Reason.NOT_COLLECTED)

    def refer(self, holder: str, term: spf.Term, target: str, path: tuple[str, ...]) -> None:
        if target in path:
            self.add(path, holder, term, target, Outcome.LOOP)
            return
        texts = self.ask(target, "TXT")
        if isinstance(texts, Failed):
            self.add(path, holder, term, target, Outcome.UNSEEN, reason=texts.reason)
            return
        records = [text for text in texts if spf.is_spf(text)]
        outcome, reason = _of_records(records)
        self.add(path, holder, term, target, outcome, void=not texts, reason=reason)
        if outcome is Outcome.OK:
            self.made.referred[target] = records[0]
            self.follow(target, records[0], (*path, target))

    def hosts(self, holder: str, term: spf.Term, target: str, path: tuple[str, ...]) -> None:
        if term.name == "mx":
            self.servers(holder, term, target, path)
            return
        rdtypes = ("A",) if term.name == "exists" else ("A", "AAAA")
        found = [self.ask(target, rdtype) for rdtype in rdtypes]
        failed, addresses = _failure(found), _joined(found)
        # One family is enough to know that the answer is not empty, but not how wide it is.
        if failed and (not addresses or _is_widened(term)):
            self.add(path, holder, term, target, Outcome.UNSEEN, reason=failed.reason)
            return
        outcome = Outcome.OK if addresses else Outcome.ABSENT
        seen = {"addresses": addresses, "all_addresses": not failed}
        self.add(path, holder, term, target, outcome, void=not addresses, **seen)

    def servers(self, holder: str, term: spf.Term, target: str, path: tuple[str, ...]) -> None:
        records = self.ask(target, "MX")
        if isinstance(records, Failed):
            self.add(path, holder, term, target, Outcome.UNSEEN, reason=records.reason)
            return
        if len(records) > MX_LIMIT:
            self.add(path, holder, term, target, Outcome.MANY)
            return
        # Asking for their addresses costs no lookup (§4.6.4), but time.
        asks = self.all_servers or _is_widened(term)
        found = [
            self.ask(host, rdtype) for host in mx_hosts(records) for rdtype in ("A", "AAAA") if asks
        ]
        failed = _failure(found)
        if failed and _is_widened(term):
            self.add(path, holder, term, target, Outcome.UNSEEN, reason=failed.reason)
            return
        outcome = Outcome.OK if records else Outcome.ABSENT
        seen = {"addresses": _joined(found), "all_addresses": asks and not failed}
        self.add(path, holder, term, target, outcome, void=not records, **seen)


def _of_records(records: Sequence[str]) -> tuple[Outcome, Reason | None]:
    if len(records) != 1:
        return (Outcome.SEVERAL if records else Outcome.NONE), None
    if len(records[0]) > RECORD_LIMIT:
        return Outcome.UNSEEN, Reason.TOO_LARGE
    return (Outcome.SYNTAX if spf.faults(records[0]) else Outcome.OK), None


def mx_hosts(records: Sequence[str]) -> list[str]:
    """Return the hosts of MX records by preference; what cannot be asked for is left out."""
    found = []
    for text in records:
        try:
            found.append(mx.parse(text))
        except mx.ParseError:
            continue
    return [host for _, host in sorted(found) if is_askable(host)]


def _is_widened(term: spf.Term) -> bool:
    return isinstance(term, spf.Mechanism) and (term.prefix4 < 32 or term.prefix6 < 128)


def _failure(found: Sequence[tuple[str, ...] | Failed]) -> Failed | None:
    return next((seen for seen in found if isinstance(seen, Failed)), None)


def _joined(found: Sequence[tuple[str, ...] | Failed]) -> tuple[str, ...]:
    return tuple(text for seen in found if not isinstance(seen, Failed) for text in seen)


@dataclass(frozen=True, slots=True)
class Breadth:
    """Whom an SPF record lets send."""

    everyone: str
    """The term that lets everybody in, empty when none does."""
    holder: str
    """The domain whose record holds that term."""
    ipv4: int
    """IPv4 addresses that may send, each counted once."""
    ipv6_prefix: int
    """The shortest IPv6 prefix that may send."""


@dataclass(slots=True)
class _Allowed:
    records: Mapping[str, str]
    lookups: Mapping[tuple[str, str], SpfLookup]
    visited: set[str] = field(default_factory=set)
    everyone: str = ""
    holder: str = ""
    ipv4: list[IPv4Network] = field(default_factory=list)
    ipv6: list[IPv6Network] = field(default_factory=list)

    def record(self, domain: str, text: str) -> None:
        if domain in self.visited:
            return
        self.visited.add(domain)
        record = spf.parse(text)
        for mechanism in record.mechanisms:
            if mechanism.qualifier == "+":
                self.mechanism(domain, mechanism)
        if record.redirect:
            self.refer(record.redirect)

    def mechanism(self, domain: str, mechanism: spf.Mechanism) -> None:
        if mechanism.name == "all":
            self.open(domain, mechanism.text)
        elif mechanism.network:
            self.add(mechanism.network)
        elif mechanism.name == "include":
            self.refer(mechanism)
        else:
            self.lookup(domain, mechanism)

    def open(self, domain: str, term: str) -> None:
        if not self.everyone:
            self.everyone, self.holder = term, domain

    def refer(self, term: spf.Term) -> None:
        target = normal(term.domain)
        if target in self.records:
            self.record(target, self.records[target])

    def lookup(self, domain: str, mechanism: spf.Mechanism) -> None:
        seen = self.lookups.get((domain, mechanism.text))
        if seen is None or seen.outcome is not Outcome.OK:
            return
        if mechanism.name == "exists":
            # A name that exists for one sender exists for all of them.
            self.open(domain, mechanism.text)
        for address in seen.addresses:
            prefix = mechanism.prefix6 if ":" in address else mechanism.prefix4
            self.add(ip_network(f"{ip_address(address)}/{prefix}", strict=False))

    def add(self, network: IPv4Network | IPv6Network) -> None:
        if isinstance(network, IPv4Network):
            self.ipv4.append(network)
        else:
            self.ipv6.append(network)


def breadth(discovery: SpfDiscovery) -> Breadth:
    """Add up whom the one record of a discovery lets send, through include and redirect."""
    allowed = _Allowed(
        records={record.domain: record.text for record in discovery.referred},
        lookups={(seen.holder, seen.term): seen for seen in discovery.lookups},
    )
    allowed.record(discovery.domain, discovery.records[0])
    return Breadth(
        everyone=allowed.everyone,
        holder=allowed.holder,
        ipv4=_addresses(allowed.ipv4),
        ipv6_prefix=min((network.prefixlen for network in allowed.ipv6), default=128),
    )


def _addresses(networks: Sequence[IPv4Network]) -> int:
    """Count addresses, each once."""
    total = end = 0
    starts = ((int(network.network_address), network.prefixlen) for network in networks)
    for first, after in sorted((start, start + (1 << 32 - prefix)) for start, prefix in starts):
        total += max(0, after - max(first, end))
        end = max(end, after)
    return total


def blocks(lookups: Sequence[SpfLookup]) -> list[Sequence[SpfLookup]]:
    """Split the lookups by the terms of the domain's own record, each first in its block."""
    own = [index for index, seen in enumerate(lookups) if seen.depth == 0]
    ends = [*own[1:], len(lookups)]
    return [lookups[start:end] for start, end in zip(own, ends, strict=False)]


def costs(lookups: Sequence[SpfLookup]) -> list[tuple[SpfLookup, int]]:
    """Pair each term of the domain's own record with the lookups it costs in all."""
    return [(block[0], len(block)) for block in blocks(lookups)]


def chain(discovery: SpfDiscovery) -> tuple[spf.Record, ...] | None:
    """The one record, without faults, and those its redirects lead to (§6.1); None: not known."""
    records = {record.domain: record.text for record in discovery.referred}
    found = [spf.parse(discovery.records[0])]
    while redirect := found[-1].redirect:
        # A target that is taken out can be met only once: no loop goes on for ever.
        text = records.pop(normal(redirect.domain), None)
        if text is None:
            return None
        found.append(spf.parse(text))
    return tuple(found)


def refers(seen: SpfLookup) -> bool:
    """Whether a term leads to another record."""
    return seen.term.lower().lstrip("+-~?").startswith(("include", "redirect"))


def own_term(discovery: SpfDiscovery, holder: str, term: str) -> str:
    """Name the term of the domain's own record that leads to a term of ``holder``'s record."""
    own = term
    for seen in discovery.lookups:
        if seen.depth == 0:
            own = seen.term
        if seen.target == holder and refers(seen):
            break
    return term if holder == discovery.domain else own


def kept(referred: Mapping[str, str]) -> tuple[SpfRecord, ...]:
    """Turn the records of an expansion into what a fact keeps."""
    return tuple(SpfRecord(domain=domain, text=text) for domain, text in referred.items())
