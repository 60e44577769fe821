"""The shortest edit of an SPF record that is safe, with its proof.

A proposed record is evaluated on the zone that was seen, for every client address there is: the
answer can only change where a range begins or ends, so one address of each piece stands for all.
No include is ever dropped because its addresses are covered today: its owner may move tomorrow.
Only one that is reached another way, or that leads nowhere, goes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from posture.model import Failed, Reason

from . import spf
from .check_host import Limits, Result, answered, evaluate
from .facts import Outcome, SpfDiscovery, SpfLookup
from .macros import Message
from .names import normal
from .spf_tree import Question, expand, mx_hosts, refers

MOST_PIECES = 2000
"""Pieces of the address space; a record with more is not proven."""
_FREE = Limits(lookups=60, voids=60)
"""What the owner means is what the record says where no limit is in the way."""
_NOT_SEEN = Failed(reason=Reason.NOT_COLLECTED)
_OPEN = {Outcome.UNSEEN, Outcome.MACRO, Outcome.LOOP, Outcome.MANY, Outcome.SYNTAX, Outcome.SEVERAL}

Zone = Mapping[Question, tuple[str, ...]]
Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A record that means the same and asks less."""

    record: str
    removed: tuple[str, ...]
    """The terms that were left out, in the order of the old record."""
    lookups: int
    """Of the new record, counted like those of the old one."""
    voids: int


def shortened(discovery: SpfDiscovery, limits: Limits) -> Plan | None:
    """Propose a record; None if nothing can be left out, or nothing can be proven.

    The caller sees from the plan's counts whether it is short enough.
    """
    zone = _zone(discovery)
    if zone is None:
        return None
    edit = _Edit(discovery.domain, tuple(spf.words(discovery.records[0])), zone, limits)
    gone = edit.chosen()
    return edit.plan(gone) if gone else None


@dataclass(frozen=True)
class _Edit:
    domain: str
    words: tuple[str, ...]
    zone: Zone
    limits: Limits

    def chosen(self) -> frozenset[int]:
        """Choose the words to leave out: first what is there twice or dead, then what is covered.

        A term that others cover goes only as long as the record is too long.
        """
        gone = self.dead
        for number in self.doubtful:
            again = gone | {number}
            if self.is_reached(number, again) and self.means_the_same(again):
                gone = again
        for number in self.hosts:
            again = gone | {number}
            if number not in gone and not self.fits(gone) and self.means_the_same(again):
                gone = again
        return gone if gone and self.is_provable else frozenset()

    @cached_property
    def terms(self) -> tuple[spf.Term, ...]:
        return spf.parse(self.text(frozenset())).terms

    @cached_property
    def dead(self) -> frozenset[int]:
        """Includes without a record and hosts without an address: they can never match (§5)."""
        empty = {Outcome.ABSENT, Outcome.NONE}
        lookups = self.lookups(frozenset())
        found = {seen.term for seen in lookups if not seen.depth and seen.outcome in empty}
        return frozenset(
            number
            for number, term in enumerate(self.terms)
            if isinstance(term, spf.Mechanism) and term.text in found
        )

    @property
    def doubtful(self) -> list[int]:
        """Mechanisms that may be there twice, the last one first."""
        return [
            number
            for number in reversed(range(len(self.terms)))
            if isinstance(self.terms[number], spf.Mechanism) and self.terms[number].name != "all"
        ]

    @property
    def hosts(self) -> list[int]:
        return [number for number, term in enumerate(self.terms) if term.name in {"a", "mx"}]

    def is_reached(self, number: int, gone: frozenset[int]) -> bool:
        """Whether a word is there again without it, or its include is reached another way."""
        term = self.terms[number]
        kept = [other for n, other in enumerate(self.terms) if n not in gone]
        if any(other.text.lower() == term.text.lower() for other in kept):
            return True
        if not (isinstance(term, spf.Mechanism) and term.name == "include"):
            return False
        target = normal(term.domain)
        return any(target in self.passing[n] for n in range(len(self.terms)) if n not in gone)

    @cached_property
    def passing(self) -> tuple[frozenset[str], ...]:
        """For each term the domains whose pass makes it match."""
        found = (_included(self.zone, f"{spf.VERSION} {word}", set()) for word in self.words)
        return tuple(map(frozenset, found))

    def text(self, gone: frozenset[int]) -> str:
        left = [word for number, word in enumerate(self.words) if number not in gone]
        return " ".join([spf.VERSION, *left])

    def lookups(self, gone: frozenset[int]) -> list[SpfLookup]:
        """Follow the edited record over the zone, as the collector did with the old one."""
        return expand(self.domain, self.text(gone), self.zone).lookups

    def fits(self, gone: frozenset[int]) -> bool:
        plan = self.plan(gone)
        return plan.lookups <= self.limits.lookups and plan.voids <= self.limits.voids

    def plan(self, gone: frozenset[int]) -> Plan:
        lookups = self.lookups(gone)
        return Plan(
            record=self.text(gone),
            removed=tuple(self.words[number] for number in sorted(gone)),
            lookups=len(lookups),
            voids=sum(seen.void for seen in lookups),
        )

    @cached_property
    def meaning(self) -> dict[Address, Result]:
        """What the record without its dead terms says of one address of every piece."""
        return {address: self.result(self.dead, address) for address in self.pieces}

    @cached_property
    def is_provable(self) -> bool:
        """Whether every piece can be tried, and the record as it stands breaks for none."""
        few = len(self.pieces) <= MOST_PIECES
        return few and Result.PERMERROR not in self.meaning.values()

    def means_the_same(self, gone: frozenset[int]) -> bool:
        """Whether no piece is judged otherwise without these words."""
        each = self.meaning.items() if self.is_provable else ()
        return bool(each) and all(self.result(gone, address) == was for address, was in each)

    def result(self, gone: frozenset[int], address: Address) -> Result:
        own = self.domain, "TXT"
        zone = {**self.zone, own: (self.text(gone),)}
        about = Message(address=address, sender=f"postmaster@{self.domain}", helo=self.domain)
        running = evaluate(about, _FREE)
        return answered(running, lambda *asked: zone.get(asked, _NOT_SEEN)).result

    @cached_property
    def pieces(self) -> tuple[Address, ...]:
        networks = set(_networks(self.zone))
        return (
            *(IPv4Address(first) for first in sorted(_firsts(networks, 4))),
            *(IPv6Address(first) for first in sorted(_firsts(networks, 6))),
        )


def _included(zone: Zone, text: str, found: set[str]) -> set[str]:
    """Name the domains whose pass makes a record pass."""
    for mechanism in spf.parse(text).mechanisms:
        target = normal(mechanism.domain)
        if mechanism.name == "include" and mechanism.qualifier == "+" and target not in found:
            found.add(target)
            for inner in zone.get((target, "TXT"), ()):
                _included(zone, inner, found)
    return found


def _firsts(networks: set[IPv4Network | IPv6Network], version: int) -> set[int]:
    """Find where the pieces begin into which ranges cut the address space."""
    firsts = {0}
    for network in networks:
        if network.version == version:
            firsts |= {int(network[0]), int(network[-1]) + 1}
    return firsts - {2 ** (32 if version == 4 else 128)}


def _networks(zone: Zone) -> Iterator[IPv4Network | IPv6Network]:
    for (domain, rdtype), texts in zone.items():
        if rdtype == "TXT" and texts:
            for mechanism in spf.parse(texts[0]).mechanisms:
                yield from _ranges(domain, mechanism, zone)


def _ranges(
    domain: str, mechanism: spf.Mechanism, zone: Zone
) -> Iterator[IPv4Network | IPv6Network]:
    if mechanism.network:
        yield mechanism.network
    if mechanism.name not in {"a", "mx"}:
        return
    target = normal(mechanism.domain) or domain
    hosts = mx_hosts(zone.get((target, "MX"), ())) if mechanism.name == "mx" else [target]
    for host in hosts:
        for text in (*zone.get((host, "A"), ()), *zone.get((host, "AAAA"), ())):
            prefix = mechanism.prefix6 if ":" in text else mechanism.prefix4
            yield ip_network(f"{text}/{prefix}", strict=False)


def _zone(discovery: SpfDiscovery) -> Zone | None:
    """Write down what was seen as a zone; None where too little of it is known."""
    if discovery.truncated or not all(_is_known(seen) for seen in discovery.lookups):
        return None
    zone: dict[Question, tuple[str, ...]] = {(discovery.domain, "TXT"): discovery.records}
    zone |= {(record.domain, "TXT"): (record.text,) for record in discovery.referred}
    for number, seen in enumerate(discovery.lookups):
        if refers(seen):
            zone.setdefault((seen.target, "TXT"), ())
        else:
            zone |= _hosts(seen, f"{number}.invalid")
    return zone


def _is_known(seen: SpfLookup) -> bool:
    whole = refers(seen) or seen.all_addresses or seen.outcome is Outcome.ABSENT
    return seen.outcome not in _OPEN and bool(seen.target) and whole


def _hosts(seen: SpfLookup, server: str) -> dict[Question, tuple[str, ...]]:
    """Write down one term; all servers of an mx term become one of a name nobody has (RFC 2606)."""
    name = seen.term.lower().lstrip("+-~?")
    host = server if name.startswith("mx") else seen.target
    found = {(host, "A"): tuple(text for text in seen.addresses if ":" not in text)}
    if not name.startswith("exists"):
        found[host, "AAAA"] = tuple(text for text in seen.addresses if ":" in text)
    if name.startswith("mx"):
        found[seen.target, "MX"] = (f"0 {server}.",) if seen.outcome is Outcome.OK else ()
    return found
