"""The demo office's certificate authority, and the keys and certificates of its servers."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=90)
ISSUER = "ca.demo.example"
"""The authority's organisation, and its name in CAA records."""

LIST_HOST = f"crl.{ISSUER}"
_LIST = f"http://{LIST_HOST}/revoked.crl"


class CertificateState(StrEnum):
    """What is right or wrong with a server's certificate."""

    GOOD = "good"
    OLD = "old"
    """Good, but a newer one has been issued."""
    ENDING = "ending"
    """Past the time when automatic renewal would have replaced it."""
    EXPIRING = "expiring"
    """A matter of days."""
    EXPIRED = "expired"
    WRONG_NAME = "wrong-name"
    SELF_SIGNED = "self-signed"
    REVOKED = "revoked"


# Days from now to the end of a certificate that lives 90 days.
_DAYS_LEFT = {
    CertificateState.OLD: 40,
    CertificateState.ENDING: 21,
    CertificateState.EXPIRING: 3,
    CertificateState.EXPIRED: -6,
}


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority that only the demo office trusts."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    server_key: ec.EllipticCurvePrivateKey
    """One key for all servers: making one takes longer than signing a certificate."""
    now: datetime
    revoked: list[int] = field(default_factory=list)
    """Serial numbers of the certificates it took back."""

    @classmethod
    def found(cls, now: datetime) -> Self:
        """Make a new authority whose certificates are dated around ``now``."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Smile Dental Demo CA", ISSUER)
        made = (
            _builder(name, name, key, now - timedelta(days=400), now + timedelta(days=3000))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_CA_USAGE, critical=True)
        )
        return cls(
            key=key,
            certificate=made.sign(key, hashes.SHA256()),
            server_key=ec.generate_private_key(ec.SECP256R1()),
            now=now,
        )

    @property
    def key_digest(self) -> str:
        """SHA-256 of the servers' public key, hexadecimal, as TLSA records hold it."""
        encoded = self.server_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return sha256(encoded).hexdigest()

    def write(self, path: Path) -> None:
        """Write the certificate that clients have to trust."""
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def revocation_list(self) -> bytes:
        """Return the list of certificates it took back, DER."""
        week, day = timedelta(days=7), timedelta(days=1)
        made = x509.CertificateRevocationListBuilder(
            self.certificate.subject, self.now - day, self.now + week
        )
        reason = x509.CRLReason(x509.ReasonFlags.key_compromise)
        for serial in self.revoked:
            entry = x509.RevokedCertificateBuilder(serial, self.now - day)
            made = made.add_revoked_certificate(entry.add_extension(reason, critical=False).build())
        return made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def context(
        self, folder: Path, host: str, state: CertificateState, *, legacy: bool
    ) -> ssl.SSLContext:
        """Return a server's TLS settings; ``legacy`` accepts TLS 1.0 and 1.1 as well."""
        chain = folder / f"{host}.pem"
        chain.write_bytes(self._chain(host, state))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if legacy:
            # "As old as the library can" does not warn as the names of old versions do.
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        else:
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
        context.load_cert_chain(chain)
        return context

    def _chain(self, host: str, state: CertificateState) -> bytes:
        leaf = self._leaf(host, state)
        if state is CertificateState.REVOKED:
            self.revoked.append(leaf.serial_number)
        sent = [leaf] if state is CertificateState.SELF_SIGNED else [leaf, self.certificate]
        key = self.server_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return key + b"".join(c.public_bytes(serialization.Encoding.PEM) for c in sent)

    def _leaf(self, host: str, state: CertificateState) -> x509.Certificate:
        alone = state is CertificateState.SELF_SIGNED
        named = "hosting.provider.example" if state is CertificateState.WRONG_NAME else host
        end = self.now + timedelta(days=_DAYS_LEFT.get(state, 60))
        issuer = _name(host) if alone else self.certificate.subject
        made = (
            _builder(_name(named), issuer, self.server_key, end - LIFETIME, end)
            .add_extension(x509.SubjectAlternativeName(_dns_names([named])), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    (self.server_key if alone else self.key).public_key()
                ),
                critical=False,
            )
            .add_extension(_LISTED, critical=False)
        )
        return made.sign(self.server_key if alone else self.key, hashes.SHA256())


_CA_USAGE = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


_LISTED = x509.CRLDistributionPoints(
    [x509.DistributionPoint([x509.UniformResourceIdentifier(_LIST)], None, None, None)]
)


def _name(common: str, organisation: str = "") -> x509.Name:
    kinds = {NameOID.ORGANIZATION_NAME: organisation, NameOID.COMMON_NAME: common}
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in kinds.items() if text])


def _dns_names(names: Sequence[str]) -> list[x509.GeneralName]:
    return [x509.DNSName(name) for name in names]


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
