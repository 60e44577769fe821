"""What can be seen of the keys and signatures of a signed zone."""

from datetime import datetime

from posture.model import fact, record


@record
class SigningKey:
    """One DNSKEY record that signs a zone."""

    algorithm: int
    bits: int
    """Length of an RSA modulus; 0 for every other kind of key."""


@fact("dns.signing")
class Signing:
    """What a signed domain's zone is signed with."""

    zone: str
    keys: tuple[SigningKey, ...]
    """Empty: the zone is not signed, or its signatures do not hold, so nobody asked."""
    iterations: int | None = None
    """Additional iterations of NSEC3; None where absence is proven another way."""


@record
class ZoneSignature:
    """How long one signature over a zone's SOA holds."""

    inception: datetime
    expiration: datetime


@fact("dns.signatures")
class Signatures:
    """The signatures over a signed domain's SOA: the record that is signed most often."""

    zone: str
    signatures: tuple[ZoneSignature, ...]
    """Empty: the zone is not signed, or its signatures do not hold, so nobody asked."""
