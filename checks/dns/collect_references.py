"""Gathers the names of others that a domain depends on, and asks whether they are there."""

from collections.abc import Iterable

from posture.model import CollectError, Domain, Failed, Reason, collector
from posture.net import Net
from posture.net.dns import Absent, Answer
from posture.net.suffix import registrable
from posture.net.vantage import as_the_world_sees_it, denier, without_invention

from ..email.facts import DmarcDiscovery, Mx, SpfDiscovery
from .facts import Delegation, DomainAddresses, Existence, Place, Reference, References, Root
from .named import ALIASES, Mention, Named, in_alias, in_delegation, in_dmarc, in_mx, in_spf

ROOT_LIMIT = 30
"""Registrable names asked about; what goes beyond is left open."""
REFERENCE_LIMIT = 200


@collector(
    traffic="A of {name} and autodiscover.{name}; NS of at most 30 outside domains "
    "that the records of {name} name; A of a made-up name"
)
async def references(
    domain: Domain,
    spf: SpfDiscovery | Failed,
    mx: Mx | Failed,
    dmarc: DmarcDiscovery | Failed,
    addresses: DomainAddresses | Failed,
    delegation: Delegation | Failed,
    net: Net,
) -> References:
    """Follow each outside name down to the part of it that somebody has to have registered."""
    aliases = [f"{label}.{domain.name}" for label in ALIASES]
    net.dns.begin(*((name, "A") for name in aliases))
    await as_the_world_sees_it(net.dns, domain.name)
    await without_invention(net.dns)
    named = [
        in_spf(domain.name, spf),
        in_mx(domain.name, mx),
        in_delegation(domain.name, delegation),
        in_dmarc(domain.name, dmarc),
        *in_alias(domain.name, addresses),
        *_policies(domain.name, dmarc),
        *[await _alias(net, name) for name in aliases],
    ]
    found, alive = _outside(domain.name, named)
    roots = list(dict.fromkeys(reference.root for reference in found))
    net.dns.begin(*((name, "NS") for name in roots[:ROOT_LIMIT] if name not in alive))
    asked = [await _root(net, name, known=name in alive) for name in roots[:ROOT_LIMIT]]
    beyond = (
        Root(name=name, existence=Existence.UNSEEN, reason=Reason.TOO_LARGE)
        for name in roots[ROOT_LIMIT:]
    )
    gaps = [gap for part in named for gap in part.unseen]
    return References(
        domain=domain.name,
        references=tuple(found[:REFERENCE_LIMIT]),
        roots=(*asked, *beyond),
        unseen=tuple(what for what, _ in gaps),
        reason=gaps[0][1] if gaps else None,
    )


def _outside(domain: str, named: Iterable[Named]) -> tuple[list[Reference], set[str]]:
    """Return the references that leave the domain, and the roots known to hold something."""
    own = registrable(domain) or domain
    found: dict[Reference, None] = {}
    alive = set()
    for part in named:
        for mention in part.mentions:
            root = registrable(mention.target)
            # A DMARC record above the organisation is the registry's own affair.
            foreign = part.place is Place.DMARC and registrable(mention.holder) != own
            if root in {"", own} or foreign:
                continue
            found[_reference(part.place, mention, root)] = None
            if mention.alive:
                alive.add(root)
    return list(found), alive


def _reference(place: Place, mention: Mention, root: str) -> Reference:
    return Reference(
        place=place,
        holder=mention.holder,
        record=mention.record,
        target=mention.target,
        root=root,
    )


def _policies(domain: str, dmarc: DmarcDiscovery | Failed) -> list[Named]:
    """Aliases in the place of DMARC records: whoever holds their end sets the policy."""
    answers = () if isinstance(dmarc, Failed) else dmarc.answers
    return [
        Named.alias(f"_dmarc.{seen.domain}", seen.chain, alive=bool(seen.records))
        for seen in answers
        if seen.domain == domain or registrable(seen.domain) == registrable(domain)
    ]


async def _alias(net: Net, name: str) -> Named:
    try:
        found = await net.dns.query(name, "A")
    except CollectError as error:
        return Named(Place.CNAME, unseen=((f"A {name}", error.reason),))
    return Named.alias(name, found.chain, alive=isinstance(found, Answer))


async def _root(net: Net, name: str, *, known: bool) -> Root:
    if known:
        return Root(name=name, existence=Existence.EXISTS)
    try:
        return await _asked(net, name)
    except CollectError as error:
        return Root(name=name, existence=Existence.UNSEEN, reason=error.reason)


async def _asked(net: Net, name: str) -> Root:
    """Take a name for missing only if its own parent zone, which is there, says so twice.

    A filtering resolver denies names too, without the SOA of the zone they would be in.
    """
    denials: list[Absent] = []
    for rdtype in ("NS", "SOA"):
        found = await net.dns.query(name, rdtype)
        # The code of a reply speaks of the end of its aliases (RFC 6604 §3): here is one, at least.
        if isinstance(found, Answer) or not found.nxdomain or found.chain:
            return Root(name=name, existence=Existence.EXISTS)
        denials.append(found)
    parent = name.partition(".")[2]
    above = await net.dns.query(parent, "NS")
    if isinstance(above, Absent) and above.nxdomain:
        return Root(name=name, existence=Existence.INTERNAL, denied_by=above.zone)
    if not all(denier(name, denial) for denial in denials):
        return Root(name=name, existence=Existence.UNSEEN, reason=Reason.INCONCLUSIVE)
    return Root(name=name, existence=Existence.MISSING, denied_by=denials[0].zone)
