"""Reads and verifies a chain in a process of its own: ``python -I x509_child.py REQUEST.json``.

A server chooses what is in its certificates, and verifying them has been made to take minutes
with the interpreter locked; so a watchdog in C ends this process, whatever it is doing. It prints
one JSON line with the certificates and then one with the verification, and a parent that sees only
the first line knows that the second was not reached. Nothing of posture is imported, as the child
is started once per server.

The request: ``chain`` (DER, base64, the server's own first), ``sent`` (how many the server sent),
``anchors`` (PEM), ``at`` (ISO 8601 with zone), ``seconds`` for the verification.
"""

import base64
import datetime as dt
import faulthandler
import hashlib
import json
import re
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    SignatureAlgorithmOID,
)
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

_UNREADABLE = (
    ValueError,  # also ParsingError, and dates that Python cannot hold
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_SERVER_USES = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
_WITHOUT_DIGEST = {SignatureAlgorithmOID.ED25519, SignatureAlgorithmOID.ED448}
_MAX_TEXT = 4096
_MAX_LIST = 20
_URL = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[A-Za-z0-9._~%/+-]{0,500})?")
"""What is kept of a URL in a certificate ends up in commands for people to paste."""


class ParseError(ValueError):
    """The bytes are no certificate that can be read."""


def load(der: bytes) -> x509.Certificate:
    """Parse one certificate as far as telling what it is; ParseError if that fails anywhere."""
    try:
        found = x509.load_der_x509_certificate(der)
        describe(found)
    except _UNREADABLE as error:
        raise ParseError(f"certificate cannot be read: {error}") from None
    return found


def describe(certificate: x509.Certificate) -> dict[str, Any]:
    """Return what a report says of a certificate; keys are the fields of ``Certificate``."""
    names, addresses = _alternative_names(certificate)
    key, bits = _key(certificate)
    der, key_der = certificate.public_bytes(Encoding.DER), _spki(certificate)
    return {
        "subject": _text(certificate.subject),
        "issuer": _text(certificate.issuer),
        "common_name": _common_name(certificate),
        "names": names,
        "addresses": addresses,
        "serial": f"{certificate.serial_number:x}"[:_MAX_TEXT],
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "key": key,
        "key_bits": bits,
        "signature": certificate.signature_algorithm_oid._name,  # noqa: SLF001 - its only name
        "self_issued": certificate.issuer == certificate.subject,
        "sha256": hashlib.sha256(der).hexdigest(),
        "spki_sha256": hashlib.sha256(key_der).hexdigest() if key_der else "",
        "sha512": hashlib.sha512(der).hexdigest(),
        "spki_sha512": hashlib.sha512(key_der).hexdigest() if key_der else "",
        "profile": _profile(certificate),
    }


def _profile(certificate: x509.Certificate) -> dict[str, Any]:
    """Return what the rules for certificates look at; keys are the fields of ``Profile``."""
    usage = _extension(certificate, x509.ExtendedKeyUsage)
    logged = _extension(certificate, x509.PrecertificateSignedCertificateTimestamps)
    return {
        "digest": _digest(certificate),
        "uses": [use.dotted_string for use in usage or ()][:_MAX_LIST],
        "timestamps": len(logged or ()),
        "lists": _lists(certificate),
        "issuers": _published_issuers(certificate),
    }


def _digest(certificate: x509.Certificate) -> str:
    """The hash a signature is made over: its name, ``none``, or empty when it is not known."""
    if certificate.signature_algorithm_oid in _WITHOUT_DIGEST:
        return "none"
    try:
        found = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return ""
    return found.name if found else ""


def verify(
    chain: list[x509.Certificate], anchors: list[x509.Certificate], at: dt.datetime, sent: int
) -> dict[str, Any]:
    """Judge the path from the first certificate to an anchor at time ``at``.

    Returns ``result`` (a ``TrustResult``), ``anchor`` and ``detail``; ``path`` (fingerprints) and
    ``public`` where there is a path; ``url`` where the certificate that is missing can be had.
    Host names are not looked at.
    """
    try:
        path = _path(chain, anchors, at)
    except VerificationError as error:
        return _why_not(chain, anchors, at, sent, str(error))
    answer = _answer("trusted", anchor=_text(path[-1].subject))
    prints = [hashlib.sha256(found.public_bytes(Encoding.DER)).hexdigest() for found in path]
    return answer | {"path": prints, "public": _is_public(path[-1])}


def _is_public(anchor: x509.Certificate) -> bool:
    """Whether Mozilla's list has this authority, whoever else trusts it, too."""
    import certifi

    return anchor.public_bytes(Encoding.PEM).decode("ascii").strip() in certifi.contents()


def _path(
    chain: list[x509.Certificate], anchors: list[x509.Certificate], at: dt.datetime
) -> list[x509.Certificate]:
    """Build the path with the client verifier: it differs from the server's in the name alone."""
    policy = PolicyBuilder().store(Store(anchors)).time(at.replace(tzinfo=None))
    policy = policy.extension_policies(ca_policy=_ca_policy(), ee_policy=_ee_policy())
    return policy.build_client_verifier().verify(chain[0], chain[1:]).chain


def _ca_policy() -> ExtensionPolicy:
    """Ask what RFC 5280 asks of an authority, not all the CA/Browser Forum asks of public ones.

    An office's own authority without key identifiers is trusted by every browser it is given to.
    """
    either = Criticality.AGNOSTIC
    return (
        ExtensionPolicy.webpki_defaults_ca()
        .require_present(x509.BasicConstraints, either, None)
        .may_be_present(x509.KeyUsage, either, _signs_certificates)
        .may_be_present(x509.ExtendedKeyUsage, either, _serves)
        .may_be_present(x509.SubjectKeyIdentifier, either, None)
        .may_be_present(x509.AuthorityKeyIdentifier, either, None)
    )


def _ee_policy() -> ExtensionPolicy:
    either = Criticality.AGNOSTIC
    return (
        ExtensionPolicy.webpki_defaults_ee()
        .may_be_present(x509.SubjectAlternativeName, either, None)
        .may_be_present(x509.BasicConstraints, either, None)
        .may_be_present(x509.KeyUsage, either, None)
        .may_be_present(x509.ExtendedKeyUsage, either, _serves)
        .may_be_present(x509.AuthorityKeyIdentifier, either, None)
    )


def _signs_certificates(
    _policy: Policy, _certificate: x509.Certificate, found: x509.KeyUsage | None
) -> None:
    if found is not None and not found.key_cert_sign:
        raise ValueError("issued by a certificate that may not sign certificates")


def _serves(
    _policy: Policy, _certificate: x509.Certificate, found: x509.ExtendedKeyUsage | None
) -> None:
    if found is not None and not _SERVER_USES.intersection(found):
        raise ValueError("not issued for servers")


def _why_not(
    chain: list[x509.Certificate],
    anchors: list[x509.Certificate],
    at: dt.datetime,
    sent: int,
    complaint: str,
) -> dict[str, Any]:
    leaf, top = chain[0], _top(chain)
    if _signs(leaf, leaf) and leaf not in anchors:
        return _answer("self_signed")
    if sent > len(chain):
        return _answer("undecided", f"only {len(chain)} of {sent} certificates were looked at")
    if date := _date_problem(chain, anchors, at):
        return date
    if any(anchor.subject == top.issuer for anchor in anchors) or top in anchors:
        return _answer("other", complaint)
    urls = _published_issuers(top)
    if not _signs(top, top) and (top is leaf or urls):
        return _answer("incomplete_chain", _text(top.issuer)) | {"url": next(iter(urls), "")}
    return _answer("unknown_issuer", _text(top.issuer))


def _date_problem(
    chain: list[x509.Certificate], anchors: list[x509.Certificate], at: dt.datetime
) -> dict[str, str] | None:
    """Only the dates are to blame when the same chain verifies while all its parts are valid."""
    begin = max(found.not_valid_before_utc for found in chain)
    end = min(found.not_valid_after_utc for found in chain)
    for moment in (end, begin, chain[0].not_valid_after_utc, chain[0].not_valid_before_utc):
        try:
            path = _path(chain, anchors, moment)
        except VerificationError:
            continue
        late = [found for found in path if found.not_valid_after_utc < at]
        early = [found for found in path if found.not_valid_before_utc > at]
        if late or early:  # pragma: no branch - right then, wrong now: dates are all that changed
            return _answer(
                "expired" if late else "not_yet_valid", _text((late or early)[0].subject)
            )
    return None


def _top(chain: list[x509.Certificate]) -> x509.Certificate:
    """Follow the issuers through what was sent, as far as it goes, each certificate once."""
    top, rest = chain[0], chain[1:]
    while found := next((item for item in rest if _signs(item, top)), None):
        rest.remove(found)
        top = found
    return top


def _signs(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *_UNREADABLE):
        return False
    return True


def _published_issuers(certificate: x509.Certificate) -> list[str]:
    """Public authorities say where the next certificate up can be had (RFC 5280 §4.2.2.1)."""
    access = _extension(certificate, x509.AuthorityInformationAccess)
    return _urls(
        item.access_location
        for item in access or ()
        if item.access_method == AuthorityInformationAccessOID.CA_ISSUERS
    )


def _lists(certificate: x509.Certificate) -> list[str]:
    """Where the issuer's whole list of revoked certificates is, signed by itself (§4.2.1.13)."""
    points = _extension(certificate, x509.CRLDistributionPoints)
    whole = [point for point in points or () if not point.crl_issuer and not point.reasons]
    return _urls(name for point in whole for name in point.full_name or ())


def _urls(names: Iterable[x509.GeneralName]) -> list[str]:
    """Plain web addresses only: nothing that a shell or a page could take for something else."""
    found = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    return [url for url in found if _URL.fullmatch(url)][:_MAX_LIST]


def _extension(certificate: x509.Certificate, kind: type[Any]) -> Any:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _answer(result: str, detail: str = "", *, anchor: str = "") -> dict[str, str]:
    return {"result": result, "detail": detail[:_MAX_TEXT], "anchor": anchor}


def _text(name: x509.Name) -> str:
    return name.rfc4514_string()[:_MAX_TEXT]


def _common_name(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    value = found[0].value if found else ""
    return value[:_MAX_TEXT] if isinstance(value, str) else ""


def _alternative_names(certificate: x509.Certificate) -> tuple[list[str], list[str]]:
    found = _extension(certificate, x509.SubjectAlternativeName)
    if found is None:
        return [], []
    addresses = found.get_values_for_type(x509.IPAddress)
    return found.get_values_for_type(x509.DNSName), [str(address) for address in addresses]


def _key(certificate: x509.Certificate) -> tuple[str, int]:
    """The kind of key and its size in bits; an unknown kind is its OID and 0."""
    try:
        key = certificate.public_key()
    except UnsupportedAlgorithm:
        return certificate.public_key_algorithm_oid.dotted_string, 0
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}", key.key_size
    if isinstance(key, dsa.DSAPublicKey):
        return "DSA", key.key_size
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519", 256
    if isinstance(key, ed448.Ed448PublicKey):
        return "Ed448", 456
    return certificate.public_key_algorithm_oid.dotted_string, 0


def _spki(certificate: x509.Certificate) -> bytes:
    try:
        key = certificate.public_key()
    except UnsupportedAlgorithm:
        return b""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def examine(chain: list[bytes]) -> tuple[dict[str, Any], list[x509.Certificate]]:
    """Read a chain: the answer's first line, and the certificates that could be read."""
    readable: list[x509.Certificate] = []
    unreadable: list[int] = []
    for position, der in enumerate(chain):
        try:
            readable.append(load(der))
        except ParseError:
            unreadable.append(position)
    return {
        "certificates": [describe(found) for found in readable],
        "unreadable": unreadable,
    }, readable


def _anchors(pem: str) -> list[x509.Certificate]:
    """Read each anchor by itself: one that cannot be read must not take the others with it."""
    end = "-----END CERTIFICATE-----"
    found = []
    for block in pem.split(end)[:-1]:
        try:
            found.append(x509.load_pem_x509_certificate((block + end).encode()))
        except _UNREADABLE:
            continue
    return found


def main(path: str) -> None:
    """Answer the request in the file ``path`` on standard output."""
    warnings.simplefilter("ignore")  # of certificates that are odd; the parent judges them
    request = json.loads(Path(path).read_text(encoding="utf-8"))
    faulthandler.dump_traceback_later(request["seconds"], exit=True)
    read, readable = examine([base64.b64decode(der) for der in request["chain"]])
    _say(read)
    if readable and 0 not in read["unreadable"]:
        at = dt.datetime.fromisoformat(request["at"])
        skipped = request["sent"] - len(read["unreadable"])
        _say(verify(readable, _anchors(request["anchors"]), at, skipped))


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
