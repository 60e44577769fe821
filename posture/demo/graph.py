"""A stand-in for Microsoft Graph and its sign-in, on loopback, in this process.

It checks credentials and permissions as Microsoft does, pages, and breaks where it is told to.
"""

import base64
import json
import re
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from posture.demo.graph_model import (
    PERMISSIONS,
    ROLES,
    Fault,
    Group,
    Json,
    Role,
    TenantModel,
    User,
    object_id,
    policy,
)

_ONE = r"/([^/?]+)"
ENDPOINTS = {
    "token": (re.compile(r"/[^/]+/oauth2/v2\.0/token"), ""),
    "licence": (re.compile("/v1.0/subscribedSkus"), "Directory.Read.All"),
    "defaults": (
        re.compile("/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"),
        "Policy.Read.All",
    ),
    "policies": (re.compile("/v1.0/identity/conditionalAccess/policies"), "Policy.Read.All"),
    "users": (re.compile("/v1.0/users"), "Directory.Read.All"),
    "roles": (re.compile("/v1.0/roleManagement/directory/roleAssignments"), "Directory.Read.All"),
    "group": (re.compile("/v1.0/groups" + _ONE), "Directory.Read.All"),
    "members": (re.compile("/v1.0/groups" + _ONE + "/transitiveMembers"), "Directory.Read.All"),
    "object": (re.compile("/v1.0/directoryObjects" + _ONE), "Directory.Read.All"),
    "per-user": (
        re.compile("/beta/users" + _ONE + "/authentication/requirements"),
        "Policy.Read.All",
    ),
    "registration": (
        re.compile("/v1.0/reports/authenticationMethods/userRegistrationDetails"),
        "AuditLog.Read.All",
    ),
}
"""Name of each endpoint: its path, and the permission it takes."""

PREMIUM = {"registration"}
"""Endpoints that tenants without a premium licence are refused."""


_POLL = 0.01
"""Seconds until the server notices that it should stop."""


class GraphError(Exception):
    """An answer that is not 200."""

    def __init__(self, status: int, code: str, **headers: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.headers = headers


class GraphStandIn:
    """Serves one tenant while it is entered; ``url`` is both API and sign-in origin."""

    def __init__(
        self,
        tenant: TenantModel,
        context: ssl.SSLContext | None = None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Over TLS with a context, otherwise plain. ``now``: seconds since 1970."""
        self._now = now
        self.tenant = tenant
        self.requests: list[str] = []
        """Path and query of every request, in order."""
        self.tokens: set[str] = set()
        self.throttled: set[str] = set()
        self.stopping = threading.Event()
        self._server = _Server(self)
        if context:
            # The handshake waits for the handler's thread: a silent client must not block others.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._scheme = "https" if context else "http"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The origin to put into ``base_url`` and ``login_url``."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End, and free the port."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    __enter__ = start

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def answer(self, path: str, query: str, form: dict[str, str], token: str, base: str) -> Any:
        """The JSON for one request. Raises ``GraphError``."""
        name, subject = _endpoint(path)
        fault = self.tenant.faults.get(name)
        if fault in _INSTEAD:
            raise GraphError(*_INSTEAD[fault])
        if fault is Fault.THROTTLED_ONCE and name not in self.throttled:
            self.throttled.add(name)
            raise GraphError(429, "TooManyRequests", **{"Retry-After": "0.02"})
        if fault is Fault.HANG:
            self.stopping.wait()
        if name == "token":
            found = self._token(path, form, base)
        else:
            self._permit(name, token)
            found = self._found(name, subject, query, f"{base}{path}")
        return _spoiled(found, fault, f"{base}{path}?{query}")

    def _permit(self, name: str, token: str) -> None:
        if token not in self.tokens:
            raise GraphError(401, "InvalidAuthenticationToken")
        if ENDPOINTS[name][1] not in self.tenant.permissions:
            raise GraphError(403, "Authorization_RequestDenied")
        premium = self.tenant.licence != "free" and "Directory.Read.All" in self.tenant.permissions
        if name in PREMIUM and not premium:
            raise GraphError(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")

    def _token(self, path: str, form: dict[str, str], base: str) -> Json:
        tenant = self.tenant
        asked = path.split("/")[1] == tenant.tenant_id and form.get("scope") == f"{base}/.default"
        if not asked or form.get("grant_type") != "client_credentials":
            raise GraphError(400, "invalid_request")
        by_secret = form.get("client_secret") == tenant.secret
        if form.get("client_id") != tenant.client_id or not (
            by_secret or self._signed(form.get("client_assertion", ""), f"{base}{path}")
        ):
            raise GraphError(401, "invalid_client")
        token = secrets.token_urlsafe(24)
        self.tokens.add(token)
        return {"token_type": "Bearer", "expires_in": 3599, "access_token": token}

    def _signed(self, assertion: str, audience: str) -> bool:
        """Whether the declared certificate's key signed this, for here and now (RFC 7523 §3)."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import RSAKey

        if not self.tenant.certificate:
            return False
        certificate = x509.load_pem_x509_certificate(self.tenant.certificate.encode())
        public = certificate.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        digest = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256()))
        client = self.tenant.client_id
        rules = jwt.JWTClaimsRegistry(
            now=int(self._now()),
            iss={"essential": True, "value": client},
            sub={"essential": True, "value": client},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            jti={"essential": True},
        )
        try:
            found = jwt.decode(assertion, RSAKey.import_key(public), algorithms=["PS256"])
            rules.validate(found.claims)
        except (JoseError, ValueError):
            return False
        return found.header.get("x5t#S256") == digest.rstrip(b"=").decode()

    def _found(self, name: str, subject: str, query: str, url: str) -> Any:
        if name == "defaults":
            return _defaults(self.tenant)
        if name == "group":
            return _named(self.tenant.groups, subject).json()
        if name == "object":
            return self._object(subject)
        if name == "per-user":
            user = _named(self.tenant.users, subject)
            return {"perUserMfaState": user.per_user_mfa}
        if name == "members":
            group = _named(self.tenant.groups, subject)
            rows = [self.tenant.principal(member) for member in group.members]
        else:
            rows = self.tenant.rows(name)
        return self._page(rows, query, url)

    def _object(self, subject: str) -> Json:
        everything = (*self.tenant.users, *self.tenant.groups)
        found = _named(everything, subject)
        return self.tenant.principal(found.upn if isinstance(found, User) else found.name)

    def _page(self, rows: list[Json], query: str, url: str) -> Json:
        asked = {key: values[0] for key, values in parse_qs(query).items()}
        size = min(int(asked.get("$top", self.tenant.page_size)), self.tenant.page_size)
        start = int(asked.pop("$skiptoken", 0))
        page: Json = {"value": [_selected(row, asked) for row in rows[start : start + size]]}
        if start + size < len(rows):
            kept = "&".join(f"{key}={quote(value, safe=',')}" for key, value in asked.items())
            page["@odata.nextLink"] = f"{url}?{kept}&$skiptoken={start + size}"
        return page


def _endpoint(path: str) -> tuple[str, str]:
    for name, (pattern, _) in ENDPOINTS.items():
        if match := pattern.fullmatch(path):
            return name, unquote(match[1]) if match.groups() else ""
    raise GraphError(404, "ResourceNotFound")


def _named(things: Iterable[Any], identifier: str) -> Any:
    for thing in things:
        if thing.id == identifier:
            return thing
    raise GraphError(404, "Request_ResourceNotFound")


def _defaults(tenant: TenantModel) -> Json:
    return {
        "id": "00000000-0000-0000-0000-000000000005",
        "displayName": "Security Defaults",
        "description": "Basic protection against identity-related attacks",
        "isEnabled": tenant.security_defaults,
    }


def _selected(row: Json, asked: dict[str, str]) -> Json:
    if "$select" not in asked:
        return row
    wanted = {"id", "@odata.type", *asked["$select"].split(",")}
    return {key: value for key, value in row.items() if key in wanted}


def _spoiled(found: Any, fault: Fault | None, url: str) -> Any:
    """The right answer, with what is wrong about it."""
    changes: dict[Fault, Callable[[], Any]] = {
        Fault.WRONG_TYPES: lambda: dict.fromkeys(found, 7),
        Fault.WRONG_ROWS: lambda: {**found, "value": [7]},
        Fault.NO_ROWS: lambda: {**found, "value": []},
        Fault.LOOP: lambda: {**found, "@odata.nextLink": url},
        Fault.ELSEWHERE: lambda: {**found, "@odata.nextLink": "https://graph.example/v1.0/users"},
        Fault.EMPTY: lambda: b"",
        Fault.HTML: lambda: b"<!doctype html><title>Sign in to the guest network</title>",
    }
    return changes[fault]() if fault in changes else found


_INSTEAD = {
    Fault.FORBIDDEN: (403, "Authorization_RequestDenied"),
    Fault.UNAUTHORISED: (401, "InvalidAuthenticationToken"),
    Fault.THROTTLED: (429, "TooManyRequests"),
    Fault.BROKEN: (500, "InternalServerError"),
    Fault.UNLICENSED: (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"),
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, stand_in: GraphStandIn) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stand_in = stand_in

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hung up is not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Serve Graph."""
        self._serve({})

    def do_POST(self) -> None:
        """Serve the sign-in."""
        length = min(int(self.headers.get("Content-Length") or 0), 1 << 20)
        fields = parse_qs(self.rfile.read(length).decode("utf-8"))
        self._serve({key: values[0] for key, values in fields.items()})

    def _serve(self, form: dict[str, str]) -> None:
        stand_in = self.server.stand_in
        stand_in.requests.append(self.path)
        parts = urlsplit(self.path)
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        base = f"{scheme}://{self.headers.get('Host')}"
        try:
            found = stand_in.answer(unquote(parts.path), unquote(parts.query), form, token, base)
            self._reply(200, found, {})
        except GraphError as error:
            body: Json = {"error": {"code": error.code, "message": error.code}}
            if parts.path.endswith("/token"):
                body = {"error": error.code, "error_codes": [7000215]}
            self._reply(error.status, body, error.headers)

    def _reply(self, status: int, found: Any, headers: dict[str, str]) -> None:
        body = found if isinstance(found, bytes) else json.dumps(found).encode("utf-8")
        self.send_response_only(status)
        everything = {"Date": formatdate(usegmt=True), "Content-Type": "application/json"}
        for key, value in {**everything, **headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)


__all__ = [
    "ENDPOINTS",
    "PERMISSIONS",
    "ROLES",
    "Fault",
    "GraphStandIn",
    "Group",
    "Role",
    "TenantModel",
    "User",
    "object_id",
    "policy",
]
