"""Whom TLS trusts: the public certificate authorities, or the client's own."""

import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

from posture.model import CollectError, Reason


class CertificateError(CollectError):
    """The peer's certificate is not trusted, or is for somebody else; nothing was sent to it."""

    def __init__(self, detail: str) -> None:
        """Keep the verifier's own words."""
        super().__init__(Reason.INCONCLUSIVE, f"certificate not accepted: {detail}")


@dataclass(frozen=True, slots=True)
class TrustAnchors:
    """Certificates that are trusted by themselves."""

    pem: bytes
    name: str
    """What the report calls them: ``certifi 2026.10.18``, or the name of the client's file."""

    @classmethod
    def public(cls) -> Self:
        """Return the authorities Mozilla trusts, as packaged by certifi."""
        import certifi

        pem = Path(certifi.where()).read_bytes()
        return cls(pem, f"certifi {certifi.__version__}")

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a PEM file; raises ``OSError``, or ``ValueError`` if it holds no certificate."""
        pem = path.read_bytes()
        made = cls(pem, path.name)
        try:
            made.context()
        except (ssl.SSLError, ValueError):
            message = f"{path}: holds no PEM certificate"
            raise ValueError(message) from None
        return made

    def context(self, *, verify: bool = True) -> ssl.SSLContext:
        """Return the client context that trusts these anchors. It is shared: do not change it.

        Without ``verify`` any certificate and any protocol version the library can speak will
        do, so that a badly kept server can still be looked at. Never send a credential there.
        """
        return _verifying(self.pem) if verify else _indifferent()


@cache
def _verifying(pem: bytes) -> ssl.SSLContext:
    # Not create_default_context: given an empty file it would trust the system's anchors instead,
    # and what it is strict about depends on the version of Python.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem.decode("ascii"))
    return context


@cache
def _indifferent() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def tls_failure(error: ssl.SSLError) -> CollectError:
    """Say what a failed handshake was: a bad certificate, a refusal by the peer, or nonsense."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return CertificateError(error.verify_message)
    why = error.reason or str(error)
    reason = Reason.REFUSED if "ALERT" in why.upper() else Reason.MALFORMED
    return CollectError(reason, f"TLS: {why.replace('_', ' ').lower()}")
