"""`posture probe tls`: what the survey adds to the findings, as data and as lines."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from posture import codec
from posture.checks.tls import AREA, collect_probe
from posture.model import CollectError, MailServer, Reason, WebSite
from posture.net.tls.survey import Facts, Order, Settled, Spoken, Survey, VersionSurvey
from posture.net.tls.versions import Outcome
from tests.checks.tls.test_collect import smtp
from tests.net_tls import ca
from tests.net_tls.servers import Handler, answering, net, serving, tls

HOST = "www.example.com"
AT = {"at": ca.NOW.isoformat()}


def probed(
    handler: Handler, subject: WebSite | MailServer, port: str, options: Mapping[str, str] = AT
) -> Any:
    async def scenario() -> Any:
        async with serving(handler) as real:
            bound = net(subject, None, **{port: real})
            return await collect_probe.look(subject, bound, options)

    return asyncio.run(scenario())


def test_the_document_has_the_names_of_the_standards() -> None:
    found = probed(tls(ca.leaf(ca.root(), HOST).context()), WebSite(host=HOST), "p443")
    document = codec.decode(codec.encode(found.document), dict[str, Any])
    assert document["versions"] == ["TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"]
    assert "SSL 3.0" in document["refused"]
    assert "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" in document["suites"]["TLS 1.2"]
    assert {"x25519", "secp384r1", "ffdhe2048"} < set(document["groups"])
    assert "ecdsa_secp256r1_sha256" in document["signatures"]
    (chain,) = document["chains"]
    assert (chain["kind"], chain["sent"], chain["name_matches"]) == ("ECDSA", 1, True)
    assert chain["trust"]["result"] == "incomplete_chain"
    assert document["connections"] > 40
    # With a key on a curve that the server prefers, no lesser curve can be told apart before 1.3.
    assert {(each["version"], "group" in each) for each in document["inconclusive"]} == {
        ("TLS 1.2", True)
    }
    assert any(line.startswith("chain ECDSA, 1 certificates: CN=www") for line in found.lines)
    assert "  TLS_AES_256_GCM_SHA384" in found.lines


def test_a_mail_server_is_surveyed_after_starttls() -> None:
    context = ca.leaf(ca.root(), HOST).context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    found = probed(smtp(context), MailServer(host=HOST), "p25")
    assert found.document["versions"] == ["TLS 1.3"]
    assert found.document["extensions"]["alpn"] is None


def imap(context: ssl.SSLContext | None, *, answer: bytes = b"b OK go\r\n") -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        await reader.readline()
        writer.write(b"* CAPABILITY IMAP4rev1 STARTTLS\r\na OK\r\n")
        await reader.readline()
        writer.write(answer)
        if context:
            await tls(context)(reader, writer)

    return handle


def test_what_is_spoken_before_tls_is_told_by_the_port_or_by_name() -> None:
    context = ca.leaf(ca.root(), HOST).context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    found = probed(imap(context), WebSite(host=HOST, port=143), "p143")
    assert found.document["versions"] == ["TLS 1.3"]
    assert found.document["starttls"] == {
        "protocol": "imap",
        "outcome": "ready",
        "said": "OK go",
        "offered": ["IMAP4REV1", "STARTTLS"],
    }
    assert found.lines[0] == "imap: ready, OK go"
    (chain,) = found.document["chains"]
    assert chain["name_matches"]
    named = AT | {"starttls": "imap"}
    again = probed(imap(context), WebSite(host=HOST, port=1143), "p1143", named)
    assert again.document["versions"] == ["TLS 1.3"]
    plain = probed(tls(context), WebSite(host=HOST, port=143), "p143", AT | {"starttls": "none"})
    assert plain.document["versions"] == ["TLS 1.3"]
    assert "starttls" not in plain.document


@pytest.mark.parametrize(
    ("answer", "outcome", "ahead"),
    [
        (b"b NO not here\r\n", "refused", None),
        (b"b OK go\r\n* CAPABILITY EVIL\r\n", "injected", "* CAPABILITY EVIL\r\n"),
    ],
)
def test_where_tls_does_not_begin_nothing_is_asked(
    answer: bytes, outcome: str, ahead: str | None
) -> None:
    found = probed(imap(None, answer=answer), WebSite(host=HOST, port=143), "p143")
    document = found.document
    assert (document["starttls"]["outcome"], document["connections"]) == (outcome, 1)
    assert (document["versions"], document["address"]) == ([], "127.0.0.1")
    assert document["starttls"].get("ahead") == ahead
    assert len(found.lines) == 1


def test_a_port_of_another_protocol_is_named() -> None:
    found = probed(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), WebSite(host=HOST), "p443")
    assert (found.document["spoken"], found.document["versions"]) == ("plaintext", [])
    assert {each["version"] for each in found.document["inconclusive"]} > {"TLS 1.2", "TLS 1.3"}
    assert any(line.startswith("stopped: ") for line in found.lines)


NOTHING = VersionSurvey(outcome=Outcome.INCONCLUSIVE, detail="no answer in 8 s")
SOME = VersionSurvey(
    outcome=Outcome.ACCEPTED,
    detail="chose suite 0xc02f",
    suites=(0xC02F,),
    inconclusive=(0x0033,),
    order=Order.SERVER,
)
SURVEY = Survey(
    name=HOST,
    address="192.0.2.1",
    spoken=Spoken.TLS,
    detail="",
    versions={"TLS 1.1": NOTHING, "TLS 1.2": SOME},
    groups={"TLS 1.2": Settled(accepted=(0x1D,), inconclusive=(0x17,))},
    signatures=Settled(inconclusive=(0x0201,)),
    chains=(),
    dh=(),
    facts=Facts(alpn="", heartbeat=True),
    connections=9,
    rounds=3,
    degraded=True,
)


def test_what_is_not_settled_is_listed_one_by_one() -> None:
    document = collect_probe._document(SURVEY, [])
    assert document["inconclusive"] == [
        {"version": "TLS 1.1", "detail": "no answer in 8 s"},
        {"version": "TLS 1.2", "suite": "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"},
        {"version": "TLS 1.2", "group": "secp256r1"},
        {"version": "TLS 1.2", "signature": "rsa_pkcs1_sha1"},
    ]
    lines = collect_probe._lines(SURVEY, document)
    assert "not settled: TLS 1.2 secp256r1" in lines
    assert "TLS 1.2: accepted, 1 suites, server order" in lines
    assert "TLS 1.1: inconclusive (no answer in 8 s)" in lines
    assert {"heartbeat: yes", "alpn: none", "compression: not seen"} < set(lines)
    assert any("ceased to answer" in line for line in lines)
    calm = replace(SURVEY, degraded=False)
    assert not any("ceased" in line for line in collect_probe._lines(calm, document))


def test_a_chain_that_cannot_be_examined_is_still_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise CollectError(Reason.INCONCLUSIVE, "no child")

    monkeypatch.setattr(collect_probe, "examine", fails)
    found = probed(tls(ca.leaf(ca.root(), HOST).context()), WebSite(host=HOST), "p443")
    (chain,) = found.document["chains"]
    assert (chain["sent"], chain["certificates"]) == (1, [])
    assert "chain ECDSA, 1 certificates: unreadable, inconclusive: no child" in found.lines


@pytest.mark.parametrize(
    ("target", "subject"),
    [
        ("www.example.com", WebSite(host=HOST)),
        ("www.example.com:8443", WebSite(host=HOST, port=8443)),
    ],
)
def test_a_target_is_a_name_with_or_without_a_port(target: str, subject: WebSite) -> None:
    (probe,) = AREA.probes
    assert probe.subject(target) == subject
    options = probe.options
    assert set(options) == {"starttls", "sni", "at"}
