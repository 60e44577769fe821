"""Looks at keys and signatures of a zone that is signed; of any other, it asks nothing."""

from collections.abc import Callable
from typing import TypeVar

from posture.model import CollectError, Domain, Reason, collector
from posture.net import Answer, Net

from . import dnssec_records
from .facts import Dnssec, Validation
from .signing_facts import Signatures, Signing, SigningKey, ZoneSignature

RECORD_LIMIT = 32
T = TypeVar("T")


@collector(traffic="DNSKEY and NSEC3PARAM of the zone that {name} is in, where that is signed")
async def signing(domain: Domain, dnssec: Dnssec, net: Net) -> Signing:
    """Read what the zone is signed with, and how it proves what is not there."""
    del domain
    if not _can_be_seen(dnssec):
        return Signing(zone=dnssec.zone, keys=())
    net.dns.begin((dnssec.zone, "NSEC3PARAM"))
    keys = await _read(net, dnssec.zone, "DNSKEY", dnssec_records.key)
    rounds = await _read(net, dnssec.zone, "NSEC3PARAM", dnssec_records.iterations)
    signing = {SigningKey(algorithm=key.algorithm, bits=key.bits) for key in keys if key.signs}
    if not signing:
        raise CollectError(Reason.INCONCLUSIVE, f"DNSKEY {dnssec.zone}: none that signs")
    return Signing(
        zone=dnssec.zone,
        keys=tuple(sorted(signing, key=lambda key: (key.algorithm, key.bits))),
        iterations=max(rounds) if rounds else None,
    )


@collector(traffic="RRSIG SOA of the zone that {name} is in, where that is signed")
async def signatures(domain: Domain, dnssec: Dnssec, net: Net) -> Signatures:
    """Read until when the zone's signatures hold."""
    del domain
    if not _can_be_seen(dnssec):
        return Signatures(zone=dnssec.zone, signatures=())
    found = await _read(net, dnssec.zone, "RRSIG SOA", dnssec_records.signature)
    if not found:
        raise CollectError(Reason.INCONCLUSIVE, f"SOA {dnssec.zone}: no signature came with it")
    return Signatures(
        zone=dnssec.zone,
        signatures=tuple(
            ZoneSignature(inception=each.inception, expiration=each.expiration) for each in found
        ),
    )


def _can_be_seen(dnssec: Dnssec) -> bool:
    """Signed, and not in a way that makes the resolver withhold everything."""
    return bool(dnssec.ds) and dnssec.validation is not Validation.BOGUS


async def _read(net: Net, zone: str, rdtype: str, parse: Callable[[str], T]) -> list[T]:
    answer = await net.dns.query(zone, rdtype)
    records = answer.records if isinstance(answer, Answer) and not answer.chain else ()
    try:
        return [parse(record) for record in records[:RECORD_LIMIT]]
    except dnssec_records.ParseError as error:
        raise CollectError(Reason.MALFORMED, f"{rdtype} {zone}: {error}") from None
