"""A tiny certificate authority for loopback servers, good ones and faulty ones."""

import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)

Extension = tuple[x509.ExtensionType, bool]


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    """One key a name and test run: making them is what takes time."""
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate, its key, and what a server sends with it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    above: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> tuple[bytes, ...]:
        return tuple(found.public_bytes(Encoding.DER) for found in (self.certificate, *self.above))

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def alone(self) -> Self:
        """The same without the certificates above: an incomplete chain."""
        return type(self)(certificate=self.certificate, key=self.key)

    def context(self) -> ssl.SSLContext:
        """TLS settings of a server that uses it; accepts every version there is."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers("ALL:@SECLEVEL=0")
        secret = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain = b"".join(
            found.public_bytes(Encoding.PEM) for found in (self.certificate, *self.above)
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "chain.pem")
            path.write_bytes(secret + chain)
            context.load_cert_chain(path)
        return context


def root(name: str = "Test Root") -> Issued:
    """An authority that signs itself."""
    return _sign(name, None, _authority(name), NOW - 1000 * DAY, NOW + 3000 * DAY)


def intermediate(
    issuer: Issued, name: str = "Test Intermediate", *, until: timedelta = 900 * DAY
) -> Issued:
    """An authority below ``issuer``."""
    return _sign(name, issuer, _authority(name), NOW - 900 * DAY, NOW + until)


def leaf(
    issuer: Issued | None,
    *names: str,
    since: timedelta = 30 * DAY,
    until: timedelta = 60 * DAY,
    addresses: Sequence[str] = (),
    more: Sequence[Extension] = (),
) -> Issued:
    """A server's certificate; without an issuer it signs itself."""
    import ipaddress

    general: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    general += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    extensions = list(more)
    if general:
        extensions.append((x509.SubjectAlternativeName(general), False))
    common = names[0] if names else "nameless"
    return _sign(common, issuer, extensions, NOW - since, NOW + until)


def published(url: str = "http://ca.example/issuer.der") -> Extension:
    """The extension by which public authorities say where their own certificate is."""
    issuers = AuthorityInformationAccessOID.CA_ISSUERS
    place = x509.AccessDescription(issuers, x509.UniformResourceIdentifier(url))
    return x509.AuthorityInformationAccess([place]), False


def _authority(name: str) -> list[Extension]:
    return [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (x509.SubjectKeyIdentifier.from_public_key(key(name).public_key()), False),
    ]


def _sign(
    common: str,
    issuer: Issued | None,
    extensions: Sequence[Extension],
    start: datetime,
    end: datetime,
) -> Issued:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key(common).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signed = builder.sign(issuer.key if issuer else key(common), hashes.SHA256())
    inside = issuer is not None and issuer.certificate.issuer != issuer.certificate.subject
    above = (issuer.certificate, *issuer.above) if issuer and inside else ()
    return Issued(certificate=signed, key=key(common), above=above)
