"""Where the records of a domain name somebody else. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from posture.model import Failed, Reason

from ..email.facts import DmarcDiscovery, Mx, Outcome, SpfDiscovery
from .facts import Delegation, DomainAddresses, Place

ALIASES = ("autodiscover",)
"""Names beside the domain itself and ``www`` that often lead to a service, and carry passwords.

Mail servers are named by MX, and looked up there.
"""
_NAME = re.compile(r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}\Z")
_NUMBER = re.compile(r"[0-9.]+\Z")
_MAILTO = re.compile(r"mailto:[^\s,;!?@]+@([a-z0-9._-]+)", re.IGNORECASE)
_RECORD_LIMIT = 512
"""Characters of a record that are kept to show it."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One name, and the record that holds it."""

    holder: str
    record: str
    target: str
    alive: bool
    """Something was found there."""


@dataclass(frozen=True, slots=True)
class Named:
    """Everything that one kind of record names."""

    place: Place
    mentions: tuple[Mention, ...] = ()
    unseen: tuple[tuple[str, Reason], ...] = ()
    """Questions that were not answered, so that there may be more names, with the reasons."""

    @classmethod
    def of(cls, place: Place, mentions: Iterator[Mention], *unseen: tuple[str, Reason]) -> Self:
        """Keep the mentions of what can be a name on the internet."""
        return cls(place, tuple(each for each in mentions if _is_name(each.target)), unseen)

    @classmethod
    def alias(cls, name: str, chain: tuple[str, ...], *, alive: bool) -> Self:
        """Name each step of a chain of CNAMEs; only of its end is it known that it is there."""
        steps = zip((name, *chain), chain, strict=False)
        mentions = (
            Mention(holder, f"CNAME {target}", target, alive and target == chain[-1])
            for holder, target in steps
        )
        return cls.of(Place.CNAME, mentions)


def in_spf(domain: str, spf: SpfDiscovery | Failed) -> Named:
    """Names in the SPF record and in the records it leads to."""
    if isinstance(spf, Failed):
        return Named(Place.SPF, unseen=((f"TXT {domain}", spf.reason),))
    mentions = (
        Mention(seen.holder, seen.term[:_RECORD_LIMIT], seen.target, seen.outcome is Outcome.OK)
        for seen in spf.lookups
    )
    gaps = (
        (f"SPF {seen.target}", seen.reason or Reason.INCONCLUSIVE)
        for seen in spf.lookups
        if seen.outcome is Outcome.UNSEEN
    )
    cut = (("SPF", Reason.TOO_LARGE),) if spf.truncated else ()
    return Named.of(Place.SPF, mentions, *gaps, *cut)


def in_mx(domain: str, mx: Mx | Failed) -> Named:
    """The servers that receive mail, and the aliases on the way to them."""
    if isinstance(mx, Failed):
        return Named(Place.MX, unseen=((f"MX {domain}", mx.reason),))
    mentions = (
        Mention(domain, f"MX {host.preference} {host.host}", target, bool(host.addresses) and last)
        for host in mx.hosts
        for target, last in _with_last((host.host, *host.chain))
    )
    return Named.of(Place.MX, mentions)


def in_delegation(domain: str, delegation: Delegation | Failed) -> Named:
    """The name servers."""
    if isinstance(delegation, Failed):
        return Named(Place.NS, unseen=((f"NS {domain}", delegation.reason),))
    mentions = (
        Mention(domain, f"NS {server.name}", server.name, bool(server.ipv4 or server.ipv6))
        for server in delegation.servers
    )
    return Named.of(Place.NS, mentions)


def in_dmarc(domain: str, dmarc: DmarcDiscovery | Failed) -> Named:
    """The hosts that reports are sent to by the records at the domain and above it."""
    if isinstance(dmarc, Failed):
        return Named(Place.DMARC, unseen=((f"TXT _dmarc.{domain}", dmarc.reason),))
    mentions = (
        Mention(f"_dmarc.{seen.domain}", found[0][:_RECORD_LIMIT], found[1].lower(), alive=False)
        for seen in dmarc.answers
        for text in seen.records
        for found in _MAILTO.finditer(text)
    )
    gaps = ((f"TXT _dmarc.{seen.domain}", seen.reason) for seen in dmarc.answers if seen.reason)
    return Named.of(Place.DMARC, mentions, *gaps)


def in_alias(domain: str, addresses: DomainAddresses | Failed) -> list[Named]:
    """The aliases of the domain itself and of its ``www``."""
    if isinstance(addresses, Failed):
        return [Named(Place.CNAME, unseen=((f"A {domain}", addresses.reason),))]
    return [Named.alias(host.name, host.chain, alive=host.exists) for host in addresses.hosts]


def _with_last(chain: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    for number, name in enumerate(chain, 1):
        yield name, number == len(chain)


def _is_name(target: str) -> bool:
    return bool(_NAME.match(target)) and not _NUMBER.match(target)
