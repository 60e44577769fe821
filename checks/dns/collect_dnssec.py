"""Finds out whether a domain is signed, and what the resolver makes of it."""

from dataclasses import dataclass

from posture.model import CollectError, Domain, Reason, collector
from posture.net import Net
from posture.net.dns import Absent, Answer, BogusError
from posture.net.suffix import registrable
from posture.net.vantage import as_the_world_sees_it

from .caa import climb
from .facts import TEXT_LIMIT, Dnssec, Validation

DEPTH = 4
"""Names asked for the SOA of the zone that a name deep inside belongs to."""
RECORD_LIMIT = 32


@dataclass(frozen=True, slots=True)
class _Apex:
    """A zone and its own answer; None: the resolver holds it for forged."""

    zone: str
    answer: Answer | None


@collector(
    traffic="A, SOA and DS of {name} (or of the zone it is in), DS of its top level; "
    "RRSIG SOA of a zone that is signed"
)
async def dnssec(domain: Domain, net: Net) -> Dnssec:
    """Look at the zone from its parent's side (DS) and from its own (does it validate?)."""
    top_level = domain.name.rpartition(".")[2]
    net.dns.begin((domain.name, "SOA"), (domain.name, "DS"), (top_level, "DS"))
    await as_the_world_sees_it(net.dns, domain.name)
    apex = await _apex(domain.name, net)
    ds = await net.dns.query(apex.zone, "DS")
    top = await net.dns.query(top_level, "DS")
    found = ds.records if isinstance(ds, Answer) else ()
    validation = _validation(apex, ds, top)
    if found and validation is Validation.SECURE and not await _vouched(net, apex.zone):
        validation = Validation.UNCHECKED
    return Dnssec(
        domain=domain.name,
        zone=apex.zone,
        ds=tuple(text[:TEXT_LIMIT] for text in found[:RECORD_LIMIT]),
        validation=validation,
        anchored=isinstance(top, Answer),
    )


async def _apex(domain: str, net: Net) -> _Apex:
    """Climb to the zone: a name within one has no SOA of its own."""
    stop = registrable(domain) or domain
    for name in climb(domain)[:DEPTH]:
        try:
            answer = await net.dns.query(name, "SOA")
        except BogusError:
            if name == stop or isinstance(await net.dns.query(name, "DS"), Answer):
                return _Apex(name, None)
            continue
        if isinstance(answer, Answer) and not answer.chain:
            return _Apex(name, answer)
        if name == stop:
            break
    raise CollectError(Reason.INCONCLUSIVE, f"SOA {domain}: no zone up to {stop} has one")


async def _vouched(net: Net, zone: str) -> bool:
    """Whether the resolver sets AD of its own accord: some forwarders only copy ours.

    With the signatures it is not asked for (RFC 6840 §5.8); whether they last asks for them too.
    """
    signed = await net.dns.query(zone, "RRSIG SOA")
    return isinstance(signed, Answer) and signed.authenticated


def _validation(apex: _Apex, *others: Answer | Absent) -> Validation:
    if apex.answer is None:
        return Validation.BOGUS
    if apex.answer.authenticated:
        return Validation.SECURE
    if any(answer.authenticated for answer in others):
        return Validation.INSECURE
    return Validation.UNCHECKED
