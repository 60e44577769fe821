"""Signing in: what is sent, to whom, and what is refused before anything is sent."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from posture.checks.identity import collect_sign_in
from posture.checks.identity.collect_graph import Graph
from posture.demo.graph import Fault, GraphStandIn
from posture.model import CollectError, Reason, SecretRef, Tenant
from posture.net.http import HttpResponse
from posture.testing import FakeClock, FakeHttp, FakeSecrets
from tests.checks.identity.offices import GOOD, http, tenant

CLOCK = FakeClock()
NOW = CLOCK.now()


def pem(key: Any, *, days: int = 30, of: Any = None) -> tuple[str, str]:
    """A private key with a certificate (of another key, if given), and the certificate alone."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "audit")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key((of or key).public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=40))
        .not_valid_after(NOW + timedelta(days=days))
        .sign(of or key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
        .decode()
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    return private + certificate, certificate


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WHOLE, CERTIFICATE = pem(RSA)


def signed_in(stand_in: GraphStandIn, content: str, **changes: Any) -> Graph:
    changes = {"secret": None, "certificate": SecretRef(file="key.pem"), **changes}
    subject = tenant(stand_in, **changes)
    secrets = FakeSecrets({"key.pem": content, "GRAPH": stand_in.tenant.secret})
    return Graph(http(stand_in, subject), subject, CLOCK, 30).sign_in(secrets)


def serving(**changes: Any) -> GraphStandIn:
    return GraphStandIn(replace(GOOD, **changes), now=NOW.timestamp)


def test_a_certificate_signs_in() -> None:
    with serving(certificate=CERTIFICATE, secret="another") as stand_in:
        graph = signed_in(stand_in, WHOLE)
        found = graph.get("/v1.0/policies/identitySecurityDefaultsEnforcementPolicy", "P")
    assert found["isEnabled"] is False


def test_a_secret_signs_in() -> None:
    with serving() as stand_in:
        signed_in(stand_in, "", certificate=None, secret=SecretRef(env="GRAPH"))
        assert len(stand_in.tokens) == 1


def test_the_stand_in_refuses_what_microsoft_refuses() -> None:
    other, _ = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    with serving(certificate=CERTIFICATE) as stand_in:
        with pytest.raises(CollectError, match=r"invalid_client \(AADSTS7000215\)") as refused:
            signed_in(stand_in, other)
        assert refused.value.reason is Reason.DENIED
        with pytest.raises(CollectError, match="invalid_request"):
            signed_in(stand_in, WHOLE, tenant_id="elsewhere.example")
        with pytest.raises(CollectError, match="invalid_client"):
            signed_in(stand_in, WHOLE, client_id="stranger")
    with serving() as stand_in, pytest.raises(CollectError, match="invalid_client"):
        signed_in(stand_in, WHOLE)


def test_an_assertion_of_yesterday_is_refused_by_the_stand_in() -> None:
    late = NOW.timestamp() + collect_sign_in.LIFETIME + 1
    with (
        GraphStandIn(replace(GOOD, certificate=CERTIFICATE), now=lambda: late) as stand_in,
        pytest.raises(CollectError, match="invalid_client"),
    ):
        signed_in(stand_in, WHOLE)


SMALL = rsa.generate_private_key(public_exponent=65537, key_size=1024)
CURVE = ec.generate_private_key(ec.SECP256R1())
ENCRYPTED = (
    RSA.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"x"),
    ).decode()
    + CERTIFICATE
)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "PEM file"),
        (CERTIFICATE, "PEM file"),
        (WHOLE.removesuffix(CERTIFICATE), "PEM file"),
        (ENCRYPTED, "unencrypted"),
        (pem(SMALL)[0], "2048 bits"),
        (pem(CURVE)[0], "2048 bits"),
        (pem(RSA, of=SMALL)[0], "another key"),
        (pem(RSA, days=-1)[0], "valid from 2026-10-12 to 2026-11-20 only"),
    ],
)
def test_a_credential_that_cannot_work_is_refused_here(content: str, why: str) -> None:
    with serving() as stand_in:
        with pytest.raises(CollectError, match=why) as refused:
            signed_in(stand_in, content)
        assert stand_in.requests == []
    assert refused.value.reason is Reason.NO_CREDENTIAL
    assert "PRIVATE" not in refused.value.detail


@pytest.mark.parametrize(
    "changes",
    [
        {"tenant_id": ""},
        {"tenant_id": "../admin"},
        {"tenant_id": "a?b"},
        {"client_id": ""},
        {"certificate": None},
    ],
)
def test_what_is_not_configured_is_said(changes: dict[str, Any]) -> None:
    with serving() as stand_in:
        with pytest.raises(CollectError) as refused:
            signed_in(stand_in, WHOLE, **changes)
        assert stand_in.requests == []
    assert refused.value.reason is Reason.NO_CREDENTIAL


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://graph.microsoft.us", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost:8080", True),
        ("http://graph.microsoft.com", False),
        ("http://10.0.0.5", False),
        ("ftp://127.0.0.1", False),
    ],
)
def test_credentials_travel_encrypted_or_not_at_all(url: str, sent: bool) -> None:
    subject = Tenant(name="x", provider="entra", base_url=url)
    if sent:
        assert collect_sign_in.origins(subject).graph == url
        return
    with pytest.raises(CollectError) as refused:
        collect_sign_in.origins(subject)
    assert refused.value.reason is Reason.OUT_OF_SCOPE


def test_the_public_cloud_is_the_default() -> None:
    found = collect_sign_in.origins(Tenant(name="x", provider="entra"))
    assert found.graph == "https://graph.microsoft.com"
    assert found.login == "https://login.microsoftonline.com"


TOKEN = "https://login.microsoftonline.com/t/oauth2/v2.0/token"
SUBJECT = Tenant(
    name="x", provider="entra", tenant_id="t", client_id="c", secret=SecretRef(env="S")
)


def answered(status: int, body: bytes, **headers: str) -> HttpResponse:
    return HttpResponse(url=TOKEN, status=status, body=body, headers=tuple(headers.items()))


@pytest.mark.parametrize(
    ("status", "body", "reason", "why"),
    [
        (200, b"{}", Reason.MALFORMED, "access_token"),
        (200, b"[]", Reason.MALFORMED, "not an object"),
        (200, b"<html>", Reason.MALFORMED, "not JSON"),
        (400, b"<html>", Reason.DENIED, "answer 400"),
        (400, b"[]", Reason.DENIED, "answer 400"),
        (401, b'{"error": 7, "error_codes": [1]}', Reason.DENIED, "answer 401 .AADSTS1."),
        (401, b'{"error": "x", "error_codes": ["y"]}', Reason.DENIED, "x"),
        (302, b"", Reason.DENIED, "answer 302"),
    ],
)
def test_answers_of_the_token_endpoint(status: int, body: bytes, reason: Reason, why: str) -> None:
    graph = Graph(FakeHttp({TOKEN: answered(status, body)}), SUBJECT, CLOCK, 30)
    with pytest.raises(CollectError, match=why) as refused:
        graph.sign_in(FakeSecrets({"S": "secret"}))
    assert refused.value.reason is reason
    assert "secret" not in refused.value.detail


def test_what_is_posted(pauses: list[float]) -> None:
    busy = answered(503, b"", **{"Retry-After": "1.5"})
    web = FakeHttp({TOKEN: [busy, answered(200, b'{"access_token": "t"}')]})
    Graph(web, SUBJECT, CLOCK, 30).sign_in(FakeSecrets({"S": " secret\n"}))
    assert web.sent[-1].form == {
        "grant_type": "client_credentials",
        "client_id": "c",
        "client_secret": "secret",
        "scope": "https://graph.microsoft.com/.default",
    }
    assert pauses == [1.5]


def test_a_wait_longer_than_the_time_left_is_not_begun(pauses: list[float]) -> None:
    busy = answered(429, b"", **{"Retry-After": "3600"})
    graph = Graph(FakeHttp({TOKEN: busy}), SUBJECT, CLOCK, 30)
    with pytest.raises(CollectError) as refused:
        graph.sign_in(FakeSecrets({"S": "secret"}))
    assert (refused.value.reason, pauses) == (Reason.RATE_LIMITED, [])


def test_no_request_without_time_for_it() -> None:
    graph = Graph(FakeHttp({}), SUBJECT, CLOCK, 0)
    with pytest.raises(CollectError) as refused:
        graph.sign_in(FakeSecrets({"S": "secret"}))
    assert refused.value.reason is Reason.TIMEOUT


GRAPH = "https://graph.microsoft.com"


def pages(reply: HttpResponse) -> FakeHttp:
    return FakeHttp({f"{GRAPH}/v1.0/users": reply})


def test_an_empty_page_may_have_a_next_one_and_pages_are_spaced(pauses: list[float]) -> None:
    first = answered(200, b'{"value": [], "@odata.nextLink": "https://GRAPH.microsoft.com/2"}')
    second = answered(200, b'{"value": [2]}')
    web = FakeHttp({f"{GRAPH}/v1.0/users": first, "https://GRAPH.microsoft.com/2": second})
    found = list(Graph(web, SUBJECT, CLOCK, 30).pages("/v1.0/users", "P", gap=2))
    assert (found, pauses) == ([2], [2])


def test_long_links_and_long_tokens_are_kept_whole(pauses: list[float]) -> None:
    url, token = f"{GRAPH}/next?$skiptoken={'x' * 9000}", "t" * 9000
    pages = {
        TOKEN: answered(200, b'{"access_token": "' + token.encode() + b'"}'),
        f"{GRAPH}/v1.0/users": answered(
            200, b'{"value": [1], "@odata.nextLink": "' + url.encode() + b'"}'
        ),
        url: answered(200, b'{"value": [2]}'),
    }
    web = FakeHttp(pages)
    graph = Graph(web, SUBJECT, CLOCK, 30).sign_in(FakeSecrets({"S": "secret"}))
    assert list(graph.pages("/v1.0/users", "P")) == [1, 2]
    assert web.sent[-1].headers["Authorization"] == f"Bearer {token}"


@pytest.mark.parametrize(
    "link",
    [
        "http://graph.microsoft.com/2",
        "https://graph.microsoft.com:444/2",
        "https://graph.microsoft.com.example/2",
        "https://graph.microsoft.com@example/2",
        "https://[graph/2",
        "/2",
    ],
)
def test_the_next_page_is_on_the_same_origin_or_nowhere(link: str) -> None:
    web = pages(answered(200, b'{"value": [1], "@odata.nextLink": "' + link.encode() + b'"}'))
    with pytest.raises(CollectError, match="elsewhere"):
        list(Graph(web, SUBJECT, CLOCK, 30).pages("/v1.0/users", "P"))
    assert len(web.sent) == 1


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (401, b"x", Reason.DENIED),
        (403, b"x", Reason.DENIED),
        (404, b"Request_ResourceNotFound", Reason.INCONCLUSIVE),
        (404, b"x", Reason.INCONCLUSIVE),
        (302, b"x", Reason.INCONCLUSIVE),
        (400, b"Authentication_RequestFromNonPremiumTenantOrB2CTenant", Reason.UNLICENSED),
    ],
)
def test_what_each_refusal_means(status: int, code: bytes, reason: Reason) -> None:
    web = pages(answered(status, b'{"error": {"code": "' + code + b'"}}'))
    with pytest.raises(CollectError) as refused:
        Graph(web, SUBJECT, CLOCK, 30).get("/v1.0/users", "Some.Permission")
    assert refused.value.reason is reason
    assert ("Some.Permission" in refused.value.detail) == (reason is Reason.DENIED)


def test_the_token_endpoint_throttles_too(pauses: list[float]) -> None:
    with serving(faults={"token": Fault.THROTTLED}) as stand_in:
        with pytest.raises(CollectError) as refused:
            signed_in(stand_in, WHOLE)
        assert refused.value.reason is Reason.RATE_LIMITED
        assert len(stand_in.requests) == 6
