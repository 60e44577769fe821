"""The survey's collectors against loopback servers, through the engine's own Net."""

import asyncio
import ssl
from dataclasses import replace

import pytest

from posture.checks.tls import collect_addresses, collect_survey
from posture.checks.tls.address_facts import MailAddresses, WebAddresses
from posture.checks.tls.facts import MailCertificate, Outcome, StartTls, WebCertificate
from posture.checks.tls.survey_facts import MailSurvey, WebSurvey
from posture.codec import decode, encode
from posture.model import CollectError, MailServer, Reason, WebSite
from posture.testing import FakeClock, FakeNet, FakeResolver, observe
from tests.checks.tls.facts import PRESENTED, STARTTLS
from tests.checks.tls.test_collect import ROOT, smtp
from tests.net_tls import ca
from tests.net_tls.servers import Handler, answering, idle, net, reset, serving, tls

SITE = WebSite(host="www.example.com")
SERVER = MailServer(host="mx.example.com")
HERE = {"A": ["192.0.2.1"]}


def context(host: str) -> ssl.SSLContext:
    made = ca.leaf(ROOT, host).context()
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers("ECDHE+AESGCM")
    return made


def site(handler: Handler, dns: FakeResolver | None = None) -> WebSurvey:
    async def scenario() -> WebSurvey:
        async with serving(handler) as port, asyncio.timeout(60):
            bound = net(SITE, p443=port)
            bound.dns = dns or FakeResolver({SITE.host: HERE})
            return await collect_survey.web(SITE, bound)

    return asyncio.run(scenario())


def server(handler: Handler, starttls: StartTls = STARTTLS) -> MailSurvey:
    async def scenario() -> MailSurvey:
        async with serving(handler) as port, asyncio.timeout(60):
            bound = net(SERVER, p25=port)
            bound.dns = FakeResolver({SERVER.host: HERE})
            return await collect_survey.mail(SERVER, starttls, bound)

    return asyncio.run(scenario())


def test_a_site_shows_what_it_accepts() -> None:
    fact = site(tls(context(SITE.host)))
    assert fact.surveyed is not None
    seen = {found.version: found for found in fact.surveyed.versions}
    gcm = {f"TLS_ECDHE_ECDSA_WITH_AES_{bits}" for bits in ("128_GCM_SHA256", "256_GCM_SHA384")}
    assert set(seen["TLS 1.2"].suites) == gcm
    assert seen["TLS 1.1"].outcome is Outcome.REFUSED
    assert seen["SSL 2.0"].outcome is Outcome.REFUSED
    assert "x25519" in fact.surveyed.groups[0].groups.accepted
    assert not fact.surveyed.degraded
    assert decode(encode(fact), WebSurvey) == fact


def test_a_mail_server_shows_what_it_accepts() -> None:
    fact = server(smtp(context(SERVER.host)))
    assert fact.surveyed is not None
    assert fact.surveyed.versions[-1].outcome is Outcome.ACCEPTED
    assert decode(encode(fact), MailSurvey) == fact


@pytest.mark.parametrize(
    "zones",
    [
        {SITE.host: {"CNAME": ["shops.myshopify.com."]}, "shops.myshopify.com": HERE},
        {SITE.host: {"A": ["104.21.5.6"]}},
        {SITE.host: {"AAAA": ["2606:4700::1"]}},
    ],
)
def test_a_providers_server_is_left_alone(zones: dict[str, dict[str, list[str]]]) -> None:
    async def refuse(*_: object) -> None:
        pytest.fail("a connection was opened")

    fact = site(refuse, FakeResolver(zones))
    assert fact.surveyed is None
    assert fact.provider in {"Shopify", "Cloudflare"}


def test_a_providers_mail_server_is_known_by_name() -> None:
    mx = MailServer(host="example-com.mail.protection.outlook.com")
    fact = observe(collect_survey.mail, mx, STARTTLS, FakeNet())
    assert fact == MailSurvey(surveyed=None, provider="Microsoft")


def test_a_providers_other_addresses_are_left_alone() -> None:
    mx, edge = MailServer(host="aspmx.l.google.com"), WebSite(host="example.github.io")
    tools = FakeNet(), FakeClock(ca.NOW)
    shown = MailCertificate(presented=PRESENTED)
    mail = observe(collect_addresses.mail, mx, STARTTLS, shown, *tools)
    assert mail == MailAddresses(others=(), more=0, provider="Google")
    web = observe(collect_addresses.web, edge, WebCertificate(presented=PRESENTED), *tools)
    assert web == WebAddresses(others=(), more=0, provider="GitHub")


def test_an_address_needs_no_name() -> None:
    edge = WebSite(host="104.21.5.6")
    assert observe(collect_survey.web, edge, FakeNet()).provider == "Cloudflare"


def test_without_starttls_there_is_nothing_to_survey() -> None:
    plain = observe(collect_survey.mail, SERVER, offering(offered=False), FakeNet())
    assert plain == MailSurvey(surveyed=None, provider="")
    hidden = observe(collect_survey.mail, SERVER, offering(offered=False, stripped=True), FakeNet())
    assert hidden.reason is Reason.INCONCLUSIVE


def offering(*, offered: bool, stripped: bool = False) -> StartTls:
    return replace(STARTTLS, offered=offered, stripped=stripped)


def test_who_cannot_be_told_is_not_surveyed() -> None:
    with pytest.raises(CollectError) as caught:
        site(tls(context(SITE.host)), FakeResolver({SITE.host: {"A": "SERVFAIL"}}))
    assert caught.value.reason is Reason.SERVFAIL


@pytest.mark.parametrize(
    "handler",
    [
        reset,
        answering(),
        answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        answering(bytes(range(256)) * 400),
        answering(b"\x16\x03\x03\xff\xff" + b"\x0b\xff\xff\xff" * 4096),
    ],
)
def test_liars_are_inconclusive(handler: Handler) -> None:
    with pytest.raises(CollectError) as caught:
        site(handler)
    assert caught.value.reason is Reason.INCONCLUSIVE


def test_a_server_that_asks_to_be_left_alone_is() -> None:
    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"421 4.7.0 too many connections\r\n")
        await writer.drain()
        await idle(reader, writer)

    with pytest.raises(CollectError):
        server(busy)


def test_nobody_there_is_refused() -> None:
    async def scenario() -> None:
        bound = net(SITE)
        bound.dns = FakeResolver({SITE.host: HERE})
        await collect_survey.web(SITE, bound)

    with pytest.raises(CollectError) as caught:
        asyncio.run(scenario())
    assert caught.value.reason is Reason.REFUSED
