"""Asks the resolver what a domain publishes."""

from posture.model import CollectError, Domain, Reason, WebSite, collector
from posture.net import Net
from posture.net.dns import Absent, Answer, Outcome, every, outcome
from posture.net.scope import literal
from posture.net.vantage import as_the_world_sees_it, denier, without_invention

from .caa import climb
from .facts import (
    TEXT_LIMIT,
    Caa,
    DomainAddresses,
    DomainExistence,
    DomainTexts,
    HostAddresses,
    SiteCaa,
    TextRecord,
)
from .named import ALIASES

RECORD_LIMIT = 256
"""Records of one type at one name; a domain with more is not understood, so nothing is said."""


@collector(traffic="A and TXT {name}, A of a made-up name")
async def existence(domain: Domain, net: Net) -> DomainExistence:
    """Take a domain for missing only if the zone above it says so twice."""
    net.dns.begin((domain.name, "A"), (domain.name, "TXT"))
    await without_invention(net.dns)
    seen = await every(net.dns, ((domain.name, "A"), (domain.name, "TXT")))
    if any(map(_is_there, seen)):
        return DomainExistence(domain=domain.name, denied_by="")
    zones = [_denier(domain.name, found) for found in seen]
    return DomainExistence(domain=domain.name, denied_by=zones[0])


def _is_there(seen: Outcome) -> bool:
    """Whether a name is there, be it without records, or an alias that leads nowhere."""
    if isinstance(seen, CollectError):
        return False
    return isinstance(seen, Answer) or not seen.nxdomain or bool(seen.chain)


def _denier(name: str, seen: Outcome) -> str:
    if isinstance(seen, CollectError):
        raise seen
    if zone := denier(name, seen):
        return zone
    raise CollectError(Reason.INCONCLUSIVE, f"{name}: denied, but not by a zone above it")


@collector(traffic="TXT and A {name}")
async def texts(domain: Domain, net: Net) -> DomainTexts:
    """Read every TXT record of the domain."""
    net.dns.begin((domain.name, "TXT"))
    await as_the_world_sees_it(net.dns, domain.name)
    records = await _records(net, domain.name, "TXT")
    kept = tuple(TextRecord(text=text[:TEXT_LIMIT], length=len(text)) for text in records)
    return DomainTexts(domain=domain.name, records=kept)


@collector(traffic="A of {name} and www.{name}, AAAA where there is none, A of a made-up name")
async def addresses(domain: Domain, net: Net) -> DomainAddresses:
    """Find where the domain and its www lead."""
    names = (domain.name, f"www.{domain.name}")
    later = (f"{label}.{domain.name}" for label in ALIASES)  # references waits for us to ask
    net.dns.begin(*((name, "A") for name in (*names, *later)))
    await without_invention(net.dns)
    return DomainAddresses(hosts=tuple([await _host(net, name) for name in names]))


@collector(traffic="CAA {name} and its parent names, A {name}")
async def caa(domain: Domain, net: Net) -> Caa:
    """Climb the tree to the closest CAA record set (RFC 8659 §3)."""
    net.dns.begin((domain.name, "CAA"))
    await as_the_world_sees_it(net.dns, domain.name)
    return await _climbed(net, domain.name, domain.name)


@collector(traffic="CAA {host} and its parent names, A {host}")
async def site_caa(site: WebSite, net: Net) -> SiteCaa:
    """Find what an authority finds that is asked for a certificate of this very host."""
    if literal(site.host):
        return SiteCaa(host=site.host, found_at="", records=())  # an address has no CAA
    await as_the_world_sees_it(net.dns, site.host)
    found = await _climbed(net, site.host, _end(await outcome(net.dns, site.host, "A"), site.host))
    return SiteCaa(host=site.host, found_at=found.found_at, records=found.records)


async def _climbed(net: Net, host: str, end: str) -> Caa:
    """Climb from ``host``, an alias of ``end``, unless they are the same."""
    names = climb(host)
    for depth, name in enumerate(names, 1):
        records = await _records(net, end if name == host else name, "CAA")
        if records:
            kept = tuple(text[:TEXT_LIMIT] for text in records)
            return Caa(asked=names[:depth], found_at=name, records=kept)
    return Caa(asked=names, found_at="", records=())


async def _host(net: Net, name: str) -> HostAddresses:
    """An alias stands for every type (RFC 1034 §3.6.2): at its end much is known already."""
    answers = [await outcome(net.dns, name, "A")]
    if not isinstance(answers[0], Answer):
        answers.append(await outcome(net.dns, _end(answers[0], name), "AAAA"))
    failures = [seen for seen in answers if isinstance(seen, CollectError)]
    ipv4, ipv6 = (*(_found(seen, name) for seen in answers), ())[:2]
    host = HostAddresses(
        name=name,
        ipv4=ipv4,
        ipv6=ipv6,
        chain=next((seen.chain for seen in answers if not isinstance(seen, CollectError)), ()),
        reason=failures[0].reason if failures else None,
    )
    if failures and not host.exists:
        raise failures[0]
    return host


def _found(seen: Answer | Absent | CollectError, name: str) -> tuple[str, ...]:
    return _limited(seen.records, name) if isinstance(seen, Answer) else ()


def _end(seen: Answer | Absent | CollectError, name: str) -> str:
    """Where an alias leads to, or the name itself."""
    return name if isinstance(seen, CollectError) or not seen.chain else seen.chain[-1]


async def _records(net: Net, name: str, rdtype: str) -> tuple[str, ...]:
    answer = await net.dns.query(name, rdtype)
    return _limited(answer.records, name) if isinstance(answer, Answer) else ()


def _limited(records: tuple[str, ...], name: str) -> tuple[str, ...]:
    if len(records) > RECORD_LIMIT:
        raise CollectError(Reason.TOO_LARGE, f"{name} has {len(records)} records of one type")
    return records
