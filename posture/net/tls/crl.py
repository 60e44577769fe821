"""Looks a certificate up in its issuer's list of revoked certificates (RFC 5280 §5 and §6.3).

A list comes over plain HTTP, so nothing in it counts before its signature does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

_UNREADABLE = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.DuplicateExtension)
_SIGNING = (
    rsa.RSAPublicKey,
    ec.EllipticCurvePublicKey,
    ed25519.Ed25519PublicKey,
    ed448.Ed448PublicKey,
    dsa.DSAPublicKey,
)
_UNDERSTOOD = {x509.IssuingDistributionPoint, x509.AuthorityKeyIdentifier, x509.CRLNumber}
Place = x509.GeneralName


class ParseError(ValueError):
    """What was fetched says nothing about the certificate; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What the list says of one certificate."""

    revoked: datetime | None
    """Since when; None: it is not on the list."""
    why: str
    """The reason the issuer gives, e.g. ``keyCompromise``; may be empty."""
    issued: datetime
    """When the list was made."""
    until: datetime
    """When the next one is due."""


def look_up(data: bytes, issuer: bytes, serial: int, places: Iterable[str], at: datetime) -> Listed:
    """Return what the list ``data`` says at ``at`` (aware) about the certificate ``serial``.

    ``issuer``: DER of the certificate that issued it, which the caller trusts; ``places``: URLs at
    which it says its issuer's list is. Raises ParseError, and nothing else, for a list that is not
    the issuer's, not whole or out of date.
    """
    try:
        found = x509.load_der_x509_crl(data)
        _authentic(found, x509.load_der_x509_certificate(issuer))
        _whole(found, {x509.UniformResourceIdentifier(place) for place in places})
        return _entry(found, serial, at)
    except ParseError:
        raise
    except _UNREADABLE as error:
        raise ParseError(f"cannot be read: {str(error)[:200]}") from None


def _authentic(found: x509.CertificateRevocationList, issuer: x509.Certificate) -> None:
    key = issuer.public_key()
    if found.issuer != issuer.subject:
        raise ParseError("made by another authority")
    if not isinstance(key, _SIGNING) or not found.is_signature_valid(key):
        raise ParseError("its signature is wrong")
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.crl_sign:
        raise ParseError("its issuer may not sign lists")


def _whole(found: x509.CertificateRevocationList, places: set[Place]) -> None:
    """It covers the certificate, for every reason (RFC 5280 §6.3.3, step b)."""
    for extension in found.extensions:
        if extension.critical and type(extension.value) not in _UNDERSTOOD:
            raise ParseError(f"it is of a special kind: {extension.oid.dotted_string}")
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            _covers(extension.value, places)


def _covers(scope: x509.IssuingDistributionPoint, places: set[Place]) -> None:
    partial = (
        scope.indirect_crl,
        scope.only_contains_ca_certs,
        scope.only_contains_attribute_certs,
        scope.only_some_reasons is not None,
        scope.relative_name is not None,
    )
    if any(partial):
        raise ParseError("it is a list of something else")
    if scope.full_name is not None and not places.intersection(scope.full_name):
        # Else somebody on the way could send another part of it, signed just as well.
        raise ParseError("it is another part of the issuer's list")


def _entry(found: x509.CertificateRevocationList, serial: int, at: datetime) -> Listed:
    issued, until = found.last_update_utc, found.next_update_utc
    if until is None or not issued <= at <= until:
        raise ParseError(f"it is not of {at:%Y-%m-%d}: made on {issued:%Y-%m-%d}")
    entry = found.get_revoked_certificate_by_serial_number(serial)
    if entry is None:
        return Listed(revoked=None, why="", issued=issued, until=until)
    why = _reason(entry)
    taken_back = why == x509.ReasonFlags.remove_from_crl.value
    revoked = None if taken_back else entry.revocation_date_utc
    return Listed(revoked=revoked, why=why, issued=issued, until=until)


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        return ""
