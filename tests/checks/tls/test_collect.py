"""The collectors against loopback servers, through the engine's own Net."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from posture.checks.tls import collect_mail, collect_web
from posture.checks.tls.facts import (
    MailCertificate,
    MailVersions,
    Outcome,
    StartTls,
    TlsStart,
    TrustResult,
    WebCertificate,
)
from posture.codec import decode, encode
from posture.model import CollectError, MailServer, Reason, WebSite
from posture.net import TrustAnchors
from posture.testing import FakeClock, FakeNet, observe
from tests.checks.tls.facts import STARTTLS
from tests.net_tls import ca
from tests.net_tls.servers import Handler, idle, net, serving, tls

SITE = WebSite(host="www.example.com")
SERVER = MailServer(host="mx.example.com")
ROOT = ca.root()
ANCHORS = TrustAnchors(ROOT.pem, "test store")
CLOCK = FakeClock(ca.NOW)


def smtp(context: ssl.SSLContext | None) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx.example.com ESMTP\r\n")
        while line := await reader.readline():
            if line.startswith(b"EHLO"):
                writer.write(b"250-mx.example.com\r\n")
                writer.write(b"250 STARTTLS\r\n" if context else b"250 8BITMIME\r\n")
            elif line.startswith(b"STARTTLS") and context:
                writer.write(b"220 go\r\n")
                await tls(context)(reader, writer)
            await writer.drain()

    return handle


@contextlib.asynccontextmanager
async def web(issued: ca.Issued) -> AsyncIterator[int]:
    async with serving(idle, issued.context()) as port, asyncio.timeout(60):
        yield port


def test_the_certificate_of_a_site() -> None:
    async def scenario() -> WebCertificate:
        async with web(ca.leaf(ca.intermediate(ROOT), SITE.host)) as port:
            return await collect_web.certificate(SITE, net(SITE, ANCHORS, p443=port), CLOCK)

    fact = asyncio.run(scenario())
    assert fact.presented.address == "127.0.0.1"
    assert fact.presented.host == SITE.host
    assert fact.presented.trust.result is TrustResult.TRUSTED
    assert decode(encode(fact), WebCertificate) == fact


def test_the_versions_of_a_site() -> None:
    async def scenario() -> list[Outcome]:
        context = ca.leaf(ROOT, SITE.host).context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        async with serving(tls(context)) as port, asyncio.timeout(60):
            fact = await collect_web.versions(SITE, net(SITE, p443=port))
        return [probe.outcome for probe in fact.probes]

    assert asyncio.run(scenario()) == [Outcome.REFUSED] * 2 + [Outcome.ACCEPTED] * 2


def test_a_closed_port_is_refused_for_both() -> None:
    for collect in (
        lambda: collect_web.certificate(SITE, net(SITE, ANCHORS), CLOCK),
        lambda: collect_web.versions(SITE, net(SITE)),
    ):
        with pytest.raises(CollectError) as caught:
            asyncio.run(collect())
        assert caught.value.reason is Reason.REFUSED


def mailed(
    handler: Handler, seen: StartTls | None = None
) -> tuple[StartTls, MailCertificate, MailVersions]:
    async def scenario() -> tuple[StartTls, MailCertificate, MailVersions]:
        async with serving(handler) as port, asyncio.timeout(60):
            bound = net(SERVER, ANCHORS, p25=port)
            starttls = seen or await collect_mail.starttls(SERVER, bound)
            certificate = await collect_mail.certificate(SERVER, starttls, bound, CLOCK)
            return starttls, certificate, await collect_mail.versions(SERVER, starttls, bound)

    return asyncio.run(scenario())


def test_a_mail_server_with_starttls() -> None:
    starttls, certificate, versions = mailed(smtp(ca.leaf(ROOT, SERVER.host).context()))
    assert (starttls.offered, starttls.accepted) == (True, True)
    assert starttls.start is TlsStart.SPOKEN
    assert starttls.banner == "220 mx.example.com ESMTP"
    assert certificate.presented is not None
    assert certificate.presented.trust.result is TrustResult.TRUSTED
    assert certificate.presented.name_matches
    assert [probe.outcome for probe in versions.probes] == [Outcome.ACCEPTED] * 4
    assert decode(encode(certificate), MailCertificate) == certificate
    assert decode(encode(starttls), StartTls) == starttls


def test_a_mail_server_without_starttls_has_nothing_to_show() -> None:
    starttls, certificate, versions = mailed(smtp(None))
    assert not starttls.offered
    assert starttls.start is TlsStart.NOT_TRIED
    assert certificate.presented is None
    assert versions.probes == ()


def test_where_starttls_is_hidden_nothing_is_said() -> None:
    hidden = replace(STARTTLS, offered=False, stripped=True)
    for collect in (collect_mail.certificate, collect_mail.versions):
        failed = observe(collect, SERVER, hidden, FakeNet(), CLOCK)
        assert failed.reason is Reason.INCONCLUSIVE


def test_an_offer_that_is_withdrawn_is_inconclusive() -> None:
    with pytest.raises(CollectError) as caught:
        mailed(smtp(None), STARTTLS)
    assert caught.value.reason is Reason.INCONCLUSIVE
