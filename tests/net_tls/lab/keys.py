"""Keys and chains for the lab's servers: RSA and ECDSA, each with its intermediate."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.lab.daemons import done
from tests.net_tls import ca

HOST = "www.example.com"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One chain and its key, on disk."""

    chain: Path
    """The server's certificate and the intermediate, PEM."""
    key: Path
    both: Path
    """The key, then the chain."""
    der: tuple[bytes, ...]
    """What is in ``chain``."""


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What servers are given."""

    folder: Path
    rsa: Pair
    ecdsa: Pair
    export: Pair
    """RSA of 512 bits: OpenSSL 1.0.1 has EXPORT suites only with such a key."""
    middle: Path
    """The intermediate, PEM."""
    authority: Path
    """The root, PEM."""

    @classmethod
    def made(cls, folder: Path) -> Self:
        """Write everything into ``folder``."""
        root = ca.root("Lab Root")
        middle = ca.intermediate(root, "Lab Intermediate")
        elliptic = ca.leaf(middle, HOST)
        plain = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        authority, above = folder / "root.pem", folder / "middle.pem"
        authority.write_bytes(root.pem)
        above.write_bytes(middle.pem)
        return cls(
            folder=folder,
            rsa=_written(folder, "rsa", plain, [_signed(plain, middle), middle.certificate]),
            ecdsa=_written(
                folder, "ecdsa", elliptic.key, [elliptic.certificate, middle.certificate]
            ),
            export=_export(folder),
            middle=above,
            authority=authority,
        )


def _written(
    folder: Path,
    name: str,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    chain: list[x509.Certificate],
) -> Pair:
    # Node 0.10 and vsftpd know the traditional form best; everything else reads it too.
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    text = b"".join(found.public_bytes(Encoding.PEM) for found in chain)
    pair = Pair(
        chain=folder / f"{name}.crt",
        key=folder / f"{name}.key",
        both=folder / f"{name}.pem",
        der=tuple(found.public_bytes(Encoding.DER) for found in chain),
    )
    for path, content in ((pair.chain, text), (pair.key, secret), (pair.both, secret + text)):
        path.write_bytes(content)
        path.chmod(0o600)
    return pair


def _export(folder: Path) -> Pair:
    """OpenSSL still makes such keys; the library of ours rightly does not."""
    chain, key = folder / "export.crt", folder / "export.key"
    files = ("-keyout", str(key), "-out", str(chain))
    subject = ("-subj", f"/CN={HOST}", "-days", "90")
    done("openssl", "req", "-x509", "-newkey", "rsa:512", "-nodes", "-sha256", *subject, *files)
    return Pair(
        chain=chain,
        key=key,
        both=chain,
        der=(ssl.PEM_cert_to_DER_cert(chain.read_text(encoding="ascii")),),
    )


def _signed(key: rsa.RSAPrivateKey, issuer: ca.Issued) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ca.NOW - 30 * ca.DAY)
        .not_valid_after(ca.NOW + 60 * ca.DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(issuer.key, hashes.SHA256())
    )
