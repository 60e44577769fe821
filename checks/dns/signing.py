"""Whether a signed domain is signed in a way that lasts."""

from dataclasses import replace
from datetime import datetime, timedelta

from posture.model import (
    Evidence,
    Moment,
    Reason,
    Verdict,
    check,
    failed,
    not_applicable,
    params,
    passed,
    unknown,
)

from .dnssec_records import OUTDATED, RSA, WEAK_DIGESTS, ParseError, delegation_signer
from .facts import Dnssec, Validation
from .signing_facts import Signatures, Signing, SigningKey, ZoneSignature

SHARE_LEFT = 5
"""Signers renew before the last fifth of a signature's life; some let it live two days only."""


@params
class Modern:
    """Settings of :func:`modern`."""

    rsa_bits: int
    """An RSA key with fewer bits is too short."""


@params
class Fresh:
    """Settings of :func:`fresh`."""

    days: float
    """A long-lived signature that ends sooner should have been renewed."""


@check("dns.dnssec.modern")
def modern(dnssec: Dnssec, signing: Signing, params: Modern) -> Verdict:
    """What the domain is signed with is held for safe."""
    verdict = _unasked(dnssec) or _modern(dnssec, signing, params)
    keys = ", ".join(map(_key, signing.keys)) or "not asked"
    proof = "no NSEC3" if signing.iterations is None else f"NSEC3, iterations {signing.iterations}"
    told = {"zone": dnssec.zone, **verdict.values}
    evidence = (
        Evidence(source=f"DS {dnssec.zone}", record="; ".join(dnssec.ds) or "no such record"),
        Evidence(source=f"DNSKEY {dnssec.zone}", record=f"{keys}; {proof}"),
    )
    return replace(verdict, values=told, evidence=evidence)


def _modern(dnssec: Dnssec, signing: Signing, params: Modern) -> Verdict:
    old = sorted({OUTDATED[key.algorithm] for key in signing.keys if key.algorithm in OUTDATED})
    if old:
        return _weak("algorithm", "rekey", ", ".join(old), "ECDSAP256SHA256")
    short = [key.bits for key in signing.keys if 0 < key.bits < params.rsa_bits]
    if short:
        verdict = _weak("short", "rekey", f"{min(short)} bits", f"{params.rsa_bits} bits")
        return replace(verdict, values={**verdict.values, "bits": params.rsa_bits})
    digests = _digests(dnssec)
    if digests and digests <= WEAK_DIGESTS.keys():
        return _weak("digest", "digest", WEAK_DIGESTS[max(digests)], "SHA-256")
    if signing.iterations:
        return _weak("iterations", "iterations", str(signing.iterations), "0")
    return passed("ok")


def _weak(says: str, fix: str, found: str, expected: str) -> Verdict:
    return replace(failed(says, fix=fix, found=found), observed=found, expected=expected)


def _digests(dnssec: Dnssec) -> set[int]:
    """The digest types by which the parent vouches; one that cannot be read counts as another."""
    found = set()
    for record in dnssec.ds:
        try:
            found.add(delegation_signer(record)[1])
        except ParseError:
            found.add(0)
    return found


def _key(key: SigningKey) -> str:
    name = RSA.get(key.algorithm) or OUTDATED.get(key.algorithm) or f"algorithm {key.algorithm}"
    return f"{name} {key.bits} bits" if key.bits else name


@check("dns.dnssec.fresh")
def fresh(dnssec: Dnssec, signatures: Signatures, moment: Moment, params: Fresh) -> Verdict:
    """The signatures of the domain are renewed in time."""
    verdict = _unasked(dnssec) or _fresh(signatures, moment.taken, params)
    evidence = tuple(
        Evidence(
            source=f"RRSIG SOA {dnssec.zone}", record=f"{each.inception:%F %R} to {_when(each)}"
        )
        for each in signatures.signatures
    )
    return replace(verdict, values={"zone": dnssec.zone, **verdict.values}, evidence=evidence)


def _fresh(found: Signatures, now: datetime, params: Fresh) -> Verdict:
    first = min(found.signatures, key=lambda each: each.expiration)
    left = first.expiration - now
    life = first.expiration - first.inception
    near = left < min(timedelta(days=params.days), life / SHARE_LEFT)
    if not near:
        return passed("ok", date=_when(first))
    says = "over" if left < timedelta() else "soon"
    verdict = failed(says, fix="renew", date=_when(first))
    return replace(verdict, observed=_when(first), expected=f"renewed {params.days:g} days before")


def _when(signature: ZoneSignature) -> str:
    return f"{signature.expiration:%F %R} UTC"


def _unasked(dnssec: Dnssec) -> Verdict | None:
    """What is to be said where there was no sense in asking."""
    if dnssec.unsigned:
        return not_applicable("unsigned")
    if not dnssec.ds:
        return unknown("unaware", reason=Reason.INCONCLUSIVE)
    return not_applicable("broken") if dnssec.validation is Validation.BOGUS else None
