"""Signs the audit's own application in: client credentials, by certificate or by secret.

docs/decisions/0010-sign-in.md says why the assertion is Authlib's and the request ours.
"""

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from posture.model import CollectError, Reason, Tenant
from posture.secrets import Secrets

GRAPH = "https://graph.microsoft.com"
LOGIN = "https://login.microsoftonline.com"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME = 300
"""Seconds an assertion is valid."""
RSA_BITS = 2048
"""Entra refuses shorter keys."""

_TENANT_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Origins:
    """Where a tenant's API and its sign-in are."""

    graph: str
    login: str


def origins(tenant: Tenant) -> Origins:
    """The declared origins, or the public cloud's. Raises ``CollectError``."""
    return Origins(_origin(tenant.base_url or GRAPH), _origin(tenant.login_url or LOGIN))


def _origin(url: str) -> str:
    """Scheme, host and port of a URL that a credential may be sent to."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(parts.hostname)):
        raise CollectError(Reason.OUT_OF_SCOPE, f"{url}: a credential is sent over https only")
    return f"{parts.scheme}://{parts.netloc}"


def _loopback(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


def token_url(tenant: Tenant, where: Origins) -> str:
    """The tenant's token endpoint. Raises ``CollectError`` for ids that are none."""
    if not _TENANT_ID.fullmatch(tenant.tenant_id) or not tenant.client_id:
        raise CollectError(Reason.NO_CREDENTIAL, "tenant_id and client_id must be set")
    return f"{where.login}/{tenant.tenant_id}/oauth2/v2.0/token"


def token_form(tenant: Tenant, where: Origins, secrets: Secrets, now: datetime) -> dict[str, str]:
    """What is posted to the token endpoint. Raises ``CollectError(NO_CREDENTIAL)``."""
    form = {
        "grant_type": "client_credentials",
        "client_id": tenant.client_id,
        "scope": f"{where.graph}/.default",
    }
    if tenant.certificate:
        pem = secrets.get(tenant.certificate).reveal()
        form["client_assertion_type"] = ASSERTION_TYPE
        form["client_assertion"] = assertion(pem, tenant.client_id, token_url(tenant, where), now)
    elif tenant.secret:
        form["client_secret"] = secrets.get(tenant.secret).reveal().strip()
    else:
        raise CollectError(Reason.NO_CREDENTIAL, "neither certificate nor secret is set")
    return form


def assertion(pem: str, client_id: str, audience: str, now: datetime) -> str:
    """A signed statement of who is asking (RFC 7523 §2.2), valid for a few minutes.

    ``pem`` holds an RSA key and its certificate, in any order. Raises
    ``CollectError(NO_CREDENTIAL)``.
    """
    from authlib.oauth2.rfc7523 import private_key_jwt_sign  # type: ignore[import-untyped]
    from joserfc.jwk import RSAKey

    key, certificate = _credential(pem)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise CollectError(
            Reason.NO_CREDENTIAL,
            f"the certificate is valid from {certificate.not_valid_before_utc:%Y-%m-%d}"
            f" to {certificate.not_valid_after_utc:%Y-%m-%d} only",
        )
    thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256()))
    issued = int(now.timestamp())
    return str(
        private_key_jwt_sign(
            RSAKey.import_key(_pem(key)),
            client_id,
            audience,
            alg="PS256",
            header={"x5t#S256": thumbprint.rstrip(b"=").decode("ascii")},
            claims={"nbf": issued},
            issued_at=issued,
            expires_at=issued + LIFETIME,
        )
    )


def _credential(pem: str) -> tuple[RSAPrivateKey, x509.Certificate]:
    data = pem.encode("utf-8")
    try:
        key = serialization.load_pem_private_key(data, password=None)
        certificate = x509.load_pem_x509_certificate(data)
    except (ValueError, TypeError) as error:
        wanted = "a PEM file with an unencrypted private key and its certificate is needed"
        raise CollectError(Reason.NO_CREDENTIAL, wanted) from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < RSA_BITS:
        raise CollectError(Reason.NO_CREDENTIAL, f"an RSA key of {RSA_BITS} bits is needed")
    if key.public_key() != certificate.public_key():
        raise CollectError(Reason.NO_CREDENTIAL, "the certificate belongs to another key")
    return key, certificate


def _pem(key: RSAPrivateKey) -> str:
    made = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return made.decode("ascii")
