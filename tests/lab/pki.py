"""The lab's certificate authority: a root that is trusted, and an intermediate that signs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from pathlib import Path

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

LIFETIME = timedelta(days=90)
LEFT = timedelta(days=60)
EXPIRED = timedelta(days=-12)


class State(StrEnum):
    """What is right or wrong with a server's certificate and what is sent with it."""

    GOOD = "good"
    RSA = "good, with an RSA key"
    EXPIRED = "expired"
    WRONG_NAME = "for another name"
    SELF_SIGNED = "self-signed"
    INCOMPLETE = "without the intermediate"


@dataclass(frozen=True)
class Party:
    """Somebody with a key and a name."""

    name: str
    key: Key
    organisation: str = ""

    @property
    def subject(self) -> x509.Name:
        kinds = {NameOID.ORGANIZATION_NAME: self.organisation, NameOID.COMMON_NAME: self.name}
        return x509.Name([x509.NameAttribute(kind, text) for kind, text in kinds.items() if text])


class Authority:
    """Issues what the lab's servers use, dated around ``now``."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        root = _party("Lab Root")
        self._signer = replace(_party("Lab Intermediate"), organisation="ca.example")
        self.root = self._authority(root, root)
        self._intermediate = self._authority(self._signer, root)

    def write(self, folder: Path, host: str, state: State) -> Path:
        """Write key and chain of a server into one file, as nginx and Postfix read them."""
        named = "hosting.good.example" if state is State.WRONG_NAME else host
        server = _party(named, rsa_key=state is State.RSA)
        end = self._now + (EXPIRED if state is State.EXPIRED else LEFT)
        alone = state is State.SELF_SIGNED
        chain = [_leaf(server, server if alone else self._signer, end)]
        if state not in {State.SELF_SIGNED, State.INCOMPLETE}:
            chain.append(self._intermediate)
        secret = server.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = folder / f"{host}.pem"
        path.write_bytes(secret + b"".join(one.public_bytes(Encoding.PEM) for one in chain))
        return path

    def _authority(self, who: Party, issuer: Party) -> x509.Certificate:
        start, end = self._now - timedelta(days=400), self._now + timedelta(days=2000)
        return (
            _builder(who, issuer, start, end)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_SIGNING, critical=True)
            .sign(issuer.key, hashes.SHA256())
        )


_SIGNING = x509.KeyUsage(
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


def _party(name: str, *, rsa_key: bool = False) -> Party:
    if rsa_key:
        return Party(name, rsa.generate_private_key(public_exponent=65537, key_size=2048))
    return Party(name, ec.generate_private_key(ec.SECP256R1()))


def _leaf(server: Party, issuer: Party, end: datetime) -> x509.Certificate:
    names = x509.SubjectAlternativeName([x509.DNSName(server.name)])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return (
        _builder(server, issuer, end - LIFETIME, end)
        .add_extension(names, critical=False)
        .add_extension(usage, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(issuer.key, hashes.SHA256())
    )


def _builder(who: Party, issuer: Party, start: datetime, end: datetime) -> x509.CertificateBuilder:
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    own = x509.SubjectKeyIdentifier.from_public_key(who.key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(who.subject)
        .issuer_name(issuer.subject)
        .public_key(who.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(own, critical=False)
        .add_extension(above, critical=False)
    )
