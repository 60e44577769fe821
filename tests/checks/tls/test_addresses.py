"""Names with several addresses: the worst counts, and what was not seen is no pass."""

import asyncio
import ssl
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from posture.checks.tls import addresses, collect_addresses, collect_mail, collect_web, mail, web
from posture.checks.tls.address_facts import (
    Elsewhere,
    MailAddresses,
    MailElsewhere,
    WebAddresses,
)
from posture.checks.tls.facts import (
    MailCertificate,
    MailVersions,
    Outcome,
    StartTls,
    TlsStart,
    WebCertificate,
    WebVersions,
)
from posture.checks.tls.judgements import Expiry
from posture.codec import decode, encode
from posture.model import (
    CollectError,
    Failed,
    MailServer,
    Reason,
    Status,
    Subject,
    Verdict,
    WebSite,
)
from posture.net import Net, NetConfig, NetRoot, TrustAnchors
from posture.testing import FakeClock, FakeResolver
from tests.checks.tls.facts import (
    LEAF,
    MOMENT,
    PRESENTED,
    STARTTLS,
    living,
    named,
    probes,
    trusting,
)
from tests.net_tls import ca
from tests.net_tls.servers import Handler, idle, serving, tls

POLICY = Expiry(
    warn_share=0.3333,
    warn_days=67,
    alarm_share=0.1667,
    alarm_days=34,
    last_days=3,
    manual_days=100,
)
HERE, VERSIONS = WebCertificate(presented=PRESENTED), WebVersions(probes=probes(*"--++"))
MX, MX_VERSIONS = MailCertificate(presented=PRESENTED), MailVersions(probes=probes(*"--++"))
OTHER = "192.0.2.2"
GOOD = Elsewhere(address=OTHER, presented=PRESENTED, probes=probes(*"--++"), failure=None)
TIMEOUT = Failed(reason=Reason.TIMEOUT, detail="no answer")
NO_ROUTE = Failed(reason=Reason.UNREACHABLE, detail="no way there")
SILENT = Elsewhere(address=OTHER, presented=None, probes=(), failure=TIMEOUT)
FAR = Elsewhere(address="2001:db8::2", presented=None, probes=(), failure=NO_ROUTE)
NOWHERE = replace(FAR, address=OTHER)
CLOSED = replace(STARTTLS, offered=False, accepted=False, start=TlsStart.NOT_TRIED)


def at(*others: Elsewhere, more: int = 0) -> WebAddresses:
    return WebAddresses(others=others, more=more)


def mx(*others: Elsewhere, start: StartTls | None = STARTTLS, more: int = 0) -> MailAddresses:
    found = tuple(MailElsewhere(start=start, tls=each) for each in others)
    return MailAddresses(others=found, more=more)


def for_mail(found: WebAddresses) -> MailAddresses:
    return replace(mx(*found.others, more=found.more), provider=found.provider)


def all_four(others: WebAddresses | Failed) -> list[Verdict]:
    return [
        web.trusted(HERE, others),
        web.name(HERE, others),
        web.expiry(HERE, others, MOMENT, POLICY),
        web.legacy(VERSIONS, others),
    ]


def all_five(others: MailAddresses | Failed) -> list[Verdict]:
    return [
        mail.starttls(STARTTLS, others),
        mail.trusted(MX, others),
        mail.name(MX, others),
        mail.expiry(MX, others, MOMENT, POLICY),
        mail.legacy(MX_VERSIONS, others),
    ]


def test_one_bad_address_is_enough_and_is_named() -> None:
    cases = [
        (web.trusted(HERE, at(GOOD, replace(GOOD, presented=trusting("expired")))), "expired"),
        (web.name(HERE, at(replace(GOOD, presented=named("a.nl", matches=False)))), "mismatch"),
        (web.expiry(HERE, at(replace(GOOD, presented=living(90, -6))), MOMENT, POLICY), "expired"),
        (web.legacy(VERSIONS, at(replace(GOOD, probes=probes(*"-+++")))), "accepted"),
        (mail.starttls(STARTTLS, mx(replace(GOOD, presented=None), start=CLOSED)), "absent"),
        (mail.trusted(MX, mx(replace(GOOD, presented=trusting("self_signed")))), "self_signed"),
        (mail.legacy(MX_VERSIONS, mx(replace(GOOD, probes=probes(*"++++")))), "accepted"),
    ]
    for found, says in cases:
        assert (found.status, found.says) == (Status.FAIL, says)
        assert found.observed.endswith(f" at {OTHER}")


def test_what_is_half_wrong_elsewhere_counts_and_what_is_worse_here_stands() -> None:
    late = replace(GOOD, presented=living(90, 20))
    found = web.expiry(HERE, at(late), MOMENT, POLICY)
    assert (found.status, found.share) == (Status.PARTIAL, 0.5)
    bad = WebCertificate(presented=living(90, -6))
    found = web.expiry(bad, at(late, SILENT), MOMENT, POLICY)
    assert (found.status, OTHER in found.observed) == (Status.FAIL, False)
    assert found.evidence[-1].source == OTHER


@pytest.mark.parametrize("unseen", [at(GOOD, SILENT), at(GOOD, NOWHERE), at(GOOD, more=3), TIMEOUT])
def test_a_pass_needs_every_address(unseen: WebAddresses | Failed) -> None:
    for found in all_four(unseen):
        assert (found.status, found.says) == (Status.UNKNOWN, "elsewhere")
        assert found.reason in {Reason.TIMEOUT, Reason.UNREACHABLE, Reason.TOO_LARGE}
    assert {found.status for found in all_four(at(GOOD))} == {Status.PASS}


def test_a_mail_server_s_pass_does_too() -> None:
    for unseen in (mx(SILENT, start=None), mx(GOOD, more=1), TIMEOUT):
        assert {found.says for found in all_five(unseen)} == {"elsewhere"}
    assert {found.status for found in all_five(mx(GOOD))} == {Status.PASS}
    lost = replace(SILENT, failure=None)
    assert mail.starttls(STARTTLS, mx(lost, start=None)).reason is Reason.INCONCLUSIVE


def test_no_way_to_ipv6_from_here_is_noted_and_no_more() -> None:
    for found in [*all_four(at(FAR)), *all_five(mx(FAR, start=None))]:
        assert found.status is Status.PASS
        assert found.evidence[-1].source == "2001:db8::2"
    alike = addresses.web_alike(HERE, VERSIONS, at(FAR))
    assert (alike.status, alike.reason) == (Status.UNKNOWN, Reason.UNREACHABLE)


def test_a_certificate_without_versions_leaves_those_open() -> None:
    half = replace(GOOD, probes=())
    assert web.trusted(HERE, at(half)).status is Status.PASS
    assert web.legacy(VERSIONS, at(half)).says == "elsewhere"
    assert addresses.web_alike(HERE, VERSIONS, at(half)).says == "unseen"
    gone = replace(SILENT, failure=None)
    assert web.trusted(HERE, at(gone)).says == "elsewhere"


def test_no_starttls_anywhere_is_nothing_to_judge() -> None:
    without = MailCertificate(presented=None)
    bare = replace(GOOD, presented=None, probes=())
    assert mail.trusted(without, mx(bare, start=CLOSED)).says == "no_starttls"
    assert mail.legacy(MailVersions(probes=()), mx(bare, start=CLOSED)).says == "no_starttls"
    assert mail.trusted(without, mx(GOOD)).status is Status.PASS


RENEWED = replace(PRESENTED, chain=(replace(LEAF, sha256="ef" * 32),))
ALIKE = [
    (at(), Status.NOT_APPLICABLE, "single", ""),
    (replace(at(), provider="Google"), Status.NOT_APPLICABLE, "provider", ""),
    (at(GOOD), Status.PASS, "ok", ""),
    (at(replace(GOOD, presented=RENEWED)), Status.FAIL, "differs", "certificate"),
    (at(replace(GOOD, probes=probes(*"-+++"))), Status.FAIL, "differs", "TLS 1.1"),
    (at(SILENT, replace(GOOD, probes=probes(*"-+++"))), Status.FAIL, "differs", "TLS 1.1"),
    (at(replace(GOOD, probes=probes(*"-?++"))), Status.UNKNOWN, "unseen", ""),
    (at(SILENT), Status.UNKNOWN, "unseen", ""),
    (at(GOOD, more=1), Status.UNKNOWN, "unseen", ""),
]


@pytest.mark.parametrize(("others", "status", "says", "what"), ALIKE)
def test_alike(others: WebAddresses, status: Status, says: str, what: str) -> None:
    found = addresses.web_alike(HERE, VERSIONS, others)
    assert (found.status, found.says, found.values.get("what", "")) == (status, says, what)
    if what:
        assert found.values["addresses"] == OTHER
        assert found.observed == f"{OTHER}: {what}"
        assert [each.source for each in found.evidence[:2]] == ["192.0.2.1", OTHER]
    same = addresses.mail_alike(STARTTLS, MX, MX_VERSIONS, for_mail(others))
    assert (same.status, same.says) == (status, says)


def test_what_both_leave_open_is_no_difference() -> None:
    open_both = WebVersions(probes=probes(*"??++"))
    there = at(replace(GOOD, probes=probes(*"??++")))
    assert addresses.web_alike(HERE, open_both, there).status is Status.PASS


def test_mail_servers_are_compared_by_their_offer_too() -> None:
    bare = replace(GOOD, presented=None, probes=())
    found = addresses.mail_alike(STARTTLS, MX, MX_VERSIONS, mx(bare, start=CLOSED))
    assert (found.says, found.values["what"]) == ("differs", "STARTTLS")
    hidden = replace(CLOSED, stripped=True)
    found = addresses.mail_alike(STARTTLS, MX, MX_VERSIONS, mx(bare, start=hidden))
    assert found.says == "unseen"
    nothing = MailCertificate(presented=None), MailVersions(probes=())
    found = addresses.mail_alike(CLOSED, *nothing, mx(bare, start=CLOSED))
    assert found.status is Status.PASS


VERDICTS = {
    **{
        f"tls.web.{name}": [verdict]
        for name, verdict in zip(
            ("trusted", "name", "expiry", "legacy"), all_four(TIMEOUT), strict=True
        )
    },
    **{
        f"tls.mail.{name}": [verdict]
        for name, verdict in zip(
            ("starttls", "trusted", "name", "expiry", "legacy"), all_five(TIMEOUT), strict=True
        )
    },
    "tls.web.alike": [addresses.web_alike(HERE, VERSIONS, row[0]) for row in ALIKE],
    "tls.mail.alike": [
        addresses.mail_alike(STARTTLS, MX, MX_VERSIONS, for_mail(row[0])) for row in ALIKE
    ],
}

# What is collected, from real servers at several addresses of one name.

SITE, SERVER = WebSite(host="www.example.com"), MailServer(host="mx.example.com")
ROOT = ca.root()
ANCHORS = TrustAnchors(ROOT.pem, "test store")
CLOCK = FakeClock(ca.NOW)


def bound(subject: Subject, host: str, places: dict[str, int]) -> Net:
    """A network in which each address of ``host`` leads to a loopback port."""
    port = subject.endpoints()[0][1]
    zones = {
        host: {
            "A": [address for address in places if ":" not in address],
            "AAAA": [address for address in places if ":" in address],
        }
    }
    ways = {
        f"[{address}]:{port}" if ":" in address else f"{address}:{port}": f"127.0.0.1:{real}"
        for address, real in places.items()
    }
    root = NetRoot(NetConfig(connect=ways), resolver=FakeResolver(zones))
    root._anchors = ANCHORS
    return root.bound(subject)


def visited(*handlers: Handler) -> tuple[WebCertificate, WebAddresses]:
    """Look at a site with an address for each handler, the first of IPv4, the others of IPv6."""

    async def scenario() -> tuple[WebCertificate, WebAddresses]:
        async with AsyncExitStack() as stack, asyncio.timeout(60):
            ports = [await stack.enter_async_context(serving(each)) for each in handlers]
            names = ["192.0.2.1", *(f"2001:db8::{number}" for number in range(2, 9))]
            net = bound(SITE, SITE.host, dict(zip(names, ports, strict=False)))
            certificate = await collect_web.certificate(SITE, net, CLOCK)
            return certificate, await collect_addresses.web(SITE, certificate, net, CLOCK)

    return asyncio.run(scenario())


def context(host: str) -> ssl.SSLContext:
    return ca.leaf(ROOT, host).context()


def test_every_address_of_a_site_is_seen() -> None:
    one, two = context(SITE.host), context(SITE.host)
    two.minimum_version = ssl.TLSVersion.TLSv1_2
    first, found = visited(tls(one), tls(one), tls(two), idle_closed)
    assert first.presented.address == "192.0.2.1"
    assert [each.address for each in found.others] == [f"2001:db8::{n}" for n in (2, 3, 4)]
    same, newer, dead = found.others
    assert same.presented == replace(first.presented, address="2001:db8::2")
    assert newer.presented is not None
    assert newer.presented.leaf.sha256 != first.presented.leaf.sha256
    assert newer.presented.trust.result == "trusted"
    assert newer.probes[0].outcome is Outcome.REFUSED
    assert dead.presented is None
    assert dead.failure is not None
    assert decode(encode(found), WebAddresses) == found


async def idle_closed(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def test_versions_that_could_not_be_asked_for_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def shut(*_: object) -> None:
        raise CollectError(Reason.TIMEOUT, "no answer")

    monkeypatch.setattr(collect_addresses, "probed", shut)
    handler = tls(context(SITE.host))
    (other,) = visited(handler, handler)[1].others
    assert other.presented is not None
    assert (other.probes, other.failure) == ((), None)


def test_one_address_costs_nothing_more() -> None:
    _, found = visited(tls(context(SITE.host)))
    assert found == WebAddresses(others=(), more=0)


def test_no_more_than_four_of_a_kind_are_looked_at() -> None:
    handler = tls(context(SITE.host))
    _, found = visited(handler, *[idle_closed] * 6)
    assert (len(found.others), found.more) == (4, 2)


def smtp(context: ssl.SSLContext | None, greeting: bytes = b"220 mx ESMTP\r\n") -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        while line := await reader.readline():
            if line.startswith(b"EHLO"):
                writer.write(b"250-mx\r\n250 STARTTLS\r\n" if context else b"250 mx\r\n")
            elif line.startswith(b"STARTTLS") and context:
                writer.write(b"220 go\r\n")
                await tls(context)(reader, writer)
            await writer.drain()
        await idle(reader, writer)

    return handle


def delivered(*handlers: Handler) -> MailAddresses:
    async def scenario() -> MailAddresses:
        async with AsyncExitStack() as stack, asyncio.timeout(60):
            ports = [await stack.enter_async_context(serving(each)) for each in handlers]
            names = [f"192.0.2.{number}" for number in range(1, 9)]
            net = bound(SERVER, SERVER.host, dict(zip(names, ports, strict=False)))
            start = await collect_mail.starttls(SERVER, net)
            certificate = await collect_mail.certificate(SERVER, start, net, CLOCK)
            return await collect_addresses.mail(SERVER, start, certificate, net, CLOCK)

    return asyncio.run(scenario())


def test_every_address_of_a_mail_server_is_seen() -> None:
    secure = smtp(context(SERVER.host))
    busy = smtp(None, b"421 later\r\n")
    found = delivered(secure, secure, smtp(None), busy, secure)
    good, bare, later, left_alone = found.others
    assert good.start is not None
    assert good.start.accepted
    assert good.tls.presented is not None
    assert good.tls.presented.address == "192.0.2.2"
    assert len(good.tls.probes) == 4
    assert bare.start is not None
    assert (bare.start.offered, bare.tls.presented, bare.tls.failure) == (False, None, None)
    reasons = [each.tls.failure and each.tls.failure.reason for each in (later, left_alone)]
    assert reasons == [Reason.RATE_LIMITED] * 2
    assert decode(encode(found), MailAddresses) == found


def test_where_starttls_is_hidden_or_refused_the_certificate_was_not_seen() -> None:
    async def hides(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx ESMTP\r\n")
        await reader.readline()
        writer.write(b"250-mx\r\n250 XXXXXXXA\r\n")
        await idle(reader, writer)

    (hidden,) = delivered(smtp(context(SERVER.host)), hides).others
    assert hidden.start is not None
    assert hidden.start.stripped
    assert hidden.tls.failure is not None
    assert hidden.tls.failure.reason is Reason.INCONCLUSIVE
