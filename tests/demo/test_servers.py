"""The demo office's servers do what the real ones do, seen through the product's own eyes."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from posture.demo import dns, ports, smtp, web
from posture.demo.dns import Fate, Zones
from posture.demo.pki import Authority, CertificateState
from posture.model import CollectError, MailServer, Reason, WebSite
from posture.net import Absent, Answer, CertificateError, NetConfig, NetRoot, PortState
from posture.net.dns import StubResolver

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime.now(UTC)
HOST = "www.smile-dental.example"


def zones() -> Zones:
    made = Zones()
    made.add("smile.example", "MX", "10 mx.smile.example.")
    made.add("alias.smile.example", "CNAME", "deep.under.smile.example.")
    made.add("deep.under.smile.example", "A", "203.0.113.1")
    made.text("long.smile.example", *(f"{n} " + "x" * 500 for n in range(9)))
    made.text("quoted.smile.example", 'say "hello" \\ goodbye')
    made.fail("broken.smile.example", "CAA", Fate.SERVFAIL)
    made.fail("silent.smile.example", "CAA", Fate.TIMEOUT)
    made.signed.add("smile.example")
    made.add("unsigned.example", "A", "203.0.113.2")
    return made


async def ask(name: str, rdtype: str) -> Answer | Absent:
    async with dns.serve(zones()) as port:
        resolver = StubResolver([("127.0.0.1", port)], tries=(0.3,))
        return await resolver.query(name, rdtype)


def test_dns_answers_with_records_and_says_when_they_are_authenticated() -> None:
    found = asyncio.run(ask("SMILE.example", "MX"))
    assert isinstance(found, Answer)
    assert found.records == ("10 mx.smile.example.",)
    assert found.authenticated
    assert not asyncio.run(ask("unsigned.example", "A")).authenticated


def test_dns_follows_aliases() -> None:
    found = asyncio.run(ask("alias.smile.example", "A"))
    assert isinstance(found, Answer)
    assert found.records == ("203.0.113.1",)
    assert len(found.chain) == 1


def test_dns_tells_no_such_name_from_no_such_record() -> None:
    for name, nxdomain in (
        ("smile.example", False),
        ("under.smile.example", False),  # nothing there, but something below it
        ("nobody.smile.example", True),
        ("elsewhere.test", True),
    ):
        found = asyncio.run(ask(name, "TXT"))
        assert isinstance(found, Absent)
        assert found.nxdomain is nxdomain, name


def test_dns_text_survives_its_quotes() -> None:
    found = asyncio.run(ask("quoted.smile.example", "TXT"))
    assert isinstance(found, Answer)
    assert found.records == ('say "hello" \\ goodbye',)


def test_dns_leaves_to_tcp_what_is_too_large() -> None:
    found = asyncio.run(ask("long.smile.example", "TXT"))
    assert isinstance(found, Answer)
    assert sorted(len(text) for text in found.records) == [502] * 9


@pytest.mark.parametrize(
    ("host", "reason"), [("broken", Reason.SERVFAIL), ("silent", Reason.TIMEOUT)]
)
def test_dns_fails_as_told(host: str, reason: Reason) -> None:
    with pytest.raises(CollectError) as caught:
        asyncio.run(ask(f"{host}.smile.example", "CAA"))
    assert caught.value.reason is reason


def test_dns_is_not_upset_by_nonsense() -> None:
    async def survive() -> Answer | Absent:
        async with dns.serve(zones()) as port:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=("127.0.0.1", port)
            )
            transport.sendto(b"\0nonsense")
            transport.sendto(bytes(12))
            found = await StubResolver([("127.0.0.1", port)]).query("smile.example", "MX")
            transport.close()
            return found

    assert isinstance(asyncio.run(survive()), Answer)


async def handshake(folder: Path, state: CertificateState, *, legacy: bool = False) -> str | None:
    """Return the TLS version agreed with a server of this kind."""
    authority = Authority.found(NOW)
    authority.write(folder / "ca.pem")
    context = authority.context(folder, HOST, state, legacy=legacy)
    async with web.serve(web.Response(), context) as port:
        root = NetRoot(
            NetConfig(ca_file=folder / "ca.pem", connect={f"{HOST}:443": f"127.0.0.1:{port}"})
        )
        net = root.bound(WebSite(host=HOST))
        offered = net.anchors.context(verify=not legacy)
        if legacy:
            offered = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            offered.check_hostname = False
            offered.verify_mode = ssl.CERT_NONE
            offered.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            offered.set_ciphers("DEFAULT:@SECLEVEL=0")
            with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                offered.maximum_version = ssl.TLSVersion.TLSv1_1
        async with await net.connect(HOST, 443) as stream:
            return (await stream.start_tls(offered, HOST)).version()


@pytest.mark.parametrize("state", [CertificateState.GOOD, CertificateState.EXPIRING])
def test_a_good_certificate_is_trusted(tmp_path: Path, state: CertificateState) -> None:
    assert asyncio.run(handshake(tmp_path, state)) == "TLSv1.3"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (CertificateState.EXPIRED, "expired"),
        (CertificateState.WRONG_NAME, "ostname mismatch"),
        (CertificateState.SELF_SIGNED, "self-signed"),
    ],
)
def test_a_bad_certificate_is_refused(tmp_path: Path, state: CertificateState, words: str) -> None:
    with pytest.raises(CertificateError, match=words):
        asyncio.run(handshake(tmp_path, state))


def test_a_legacy_server_speaks_old_tls(tmp_path: Path) -> None:
    assert asyncio.run(handshake(tmp_path, CertificateState.GOOD, legacy=True)) == "TLSv1.1"


async def mail(folder: Path, *, starttls: bool) -> list[str]:
    """Hold a conversation; return the first line of each reply, and the TLS version."""
    authority = Authority.found(NOW)
    authority.write(folder / "ca.pem")
    context = authority.context(folder, HOST, CertificateState.GOOD, legacy=False)
    async with smtp.serve(HOST, context if starttls else None) as port:
        root = NetRoot(
            NetConfig(ca_file=folder / "ca.pem", connect={f"{HOST}:25": f"127.0.0.1:{port}"})
        )
        net = root.bound(MailServer(host=HOST))
        async with await net.connect(HOST, 25) as stream:
            said = [(await stream.readline()).decode().strip()]

            async def say(command: str) -> None:
                await stream.write(f"{command}\r\n".encode())
                said.append((await stream.readline()).decode().strip())
                while said[-1][3] == "-":
                    said[-1] = (await stream.readline()).decode().strip()

            await say("EHLO posture.example")
            await say("STARTTLS")
            if said[-1].startswith("220"):
                tls = await stream.start_tls(net.anchors.context(), HOST)
                said.append(tls.version() or "")
                await say("EHLO posture.example")
            await say("MAIL FROM:<a@b.example>")
            await say("QUIT")
    return said


def test_mail_is_upgraded_to_tls_once(tmp_path: Path) -> None:
    said = asyncio.run(mail(tmp_path, starttls=True))
    assert said == [
        f"220 {HOST} ESMTP",
        "250 STARTTLS",
        "220 2.0.0 Ready to start TLS",
        "TLSv1.3",
        "250 8BITMIME",
        "502 5.5.1 Not here",
        "221 2.0.0 Bye",
    ]


def test_mail_without_tls(tmp_path: Path) -> None:
    said = asyncio.run(mail(tmp_path, starttls=False))
    assert said[1:3] == ["250 8BITMIME", "502 5.5.1 Not here"]


def test_ports_open_and_refusing() -> None:
    async def states() -> list[PortState]:
        with ports.Refusal() as refusal:
            async with ports.serve() as port:
                connect = {
                    f"{HOST}:443": f"127.0.0.1:{port}",
                    f"{HOST}:*": f"127.0.0.1:{refusal.port}",
                }
                net = NetRoot(NetConfig(connect=connect)).bound(WebSite(host=HOST))
                return [await net.probe(HOST, 443), await net.probe(HOST, 80)]

    assert asyncio.run(states()) == [PortState.OPEN, PortState.CLOSED]


def test_http_answers_head_without_a_body() -> None:
    page, moved = web.Response(headers=(web.HSTS,)), web.redirect(HOST)
    assert page.wire(head_only=False).endswith(page.body)
    assert page.wire(head_only=True).endswith(b"\r\n\r\n")
    assert b"Location: https://www.smile-dental.example/\r\n" in moved.wire(head_only=False)
