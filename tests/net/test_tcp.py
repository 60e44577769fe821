from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from posture.model import CollectError, MailServer, Reason
from posture.net import CertificateError, PortState, Stream, TrustAnchors
from posture.net import tcp as own
from posture.net.tcp import failure
from posture.testing import FakeChannel
from tests.net.peers import Authority, forever, host, network, run, site, tcp

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

NAMES = {"www.example.com": {"A": ["127.0.0.1"]}, "two.example.com": {"A": ["127.0.0.9"]}}


def reason(step: Coroutine[object, object, object]) -> Reason:
    with pytest.raises(CollectError) as caught:
        run(step)
    return caught.value.reason


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1000):
        writer.write(data)
        await writer.drain()


def test_a_host_is_dialled_by_name_at_its_address() -> None:
    async def scene() -> None:
        async with tcp(echo) as port:
            net = network(NAMES).bound(site(port))
            async with await net.connect("WWW.example.com.", port) as stream:
                assert stream.peer == "127.0.0.1"
                await stream.write(b"hello")
                assert await stream.readexactly(5) == b"hello"

    run(scene())


def test_an_address_that_was_looked_up_is_the_host() -> None:
    async def scene() -> None:
        async with tcp(echo) as port:
            net = network(NAMES).bound(site(port))
            (address,) = await net.addresses("www.example.com")
            async with await net.connect(address, port):
                pass

    run(scene())


def test_other_hosts_and_ports_are_out_of_scope() -> None:
    net = network(NAMES).bound(site(443))
    assert reason(net.connect("two.example.com", 443)) is Reason.OUT_OF_SCOPE
    assert reason(net.connect("www.example.com", 22)) is Reason.OUT_OF_SCOPE
    assert reason(net.probe("127.0.0.1", 443)) is Reason.OUT_OF_SCOPE


def test_a_name_that_leads_into_the_office_is_not_followed() -> None:
    net = network(NAMES, declared=("127.0.0.9",)).bound(site(443))
    assert reason(net.connect("www.example.com", 443)) is Reason.OUT_OF_SCOPE


def test_a_private_address_is_no_exception_because_it_is_the_host_s_name() -> None:
    net = network(declared=()).bound(site(443, "10.0.0.1"))
    assert reason(net.connect("10.0.0.1", 443)) is Reason.OUT_OF_SCOPE


def test_of_several_addresses_the_permitted_ones_are_tried_in_turn() -> None:
    async def scene() -> str:
        async with tcp(echo, "127.0.0.3") as port:
            zones = {"www.example.com": {"A": ["10.9.9.9", "127.0.0.2", "127.0.0.3"]}}
            async with await network(zones).bound(site(port)).connect("www.example.com", port) as s:
                return s.peer

    assert run(scene()) == "127.0.0.3"


def test_the_map_decides_where_a_connection_goes() -> None:
    async def scene() -> None:
        async with tcp(echo) as port:
            root = network(connect={"www.example.com:443": f"127.0.0.1:{port}"}, declared=())
            async with await root.bound(site(443)).connect("www.example.com", 443) as stream:
                assert stream.peer == "127.0.0.1"
            with pytest.raises(CollectError, match="not in the connect map"):
                await root.bound(site(443)).connect("www.example.com", 80)

    run(scene())


def test_a_map_may_name_the_addresses_of_a_host() -> None:
    async def scene() -> None:
        async with tcp(echo) as one, tcp(echo) as two:
            zones = {"www.example.com": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]}}
            ways = {"192.0.2.1:443": f"127.0.0.1:{one}", "[2001:db8::1]:443": f"127.0.0.1:{two}"}
            root = network(zones, connect=ways, declared=())
            net = root.bound(site(443))
            with pytest.raises(CollectError, match="does not belong to"):
                await net.connect("2001:db8::1", 443)
            both = await net.places("www.example.com", 443)
            assert both == ("192.0.2.1", "2001:db8::1")
            for host in ("www.example.com", "2001:db8::1"):
                async with await net.connect(host, 443) as stream:
                    assert stream.peer == {"www.example.com": "192.0.2.1"}.get(host, host)
            with pytest.raises(CollectError, match="not in the connect map"):
                await net.places("www.example.com", 80)

    run(scene())


def test_where_the_map_leads_to_a_name_it_has_one_place() -> None:
    async def scene() -> None:
        async with tcp(echo) as port:
            zones = {"www.example.com": {"A": ["192.0.2.1", "192.0.2.2"]}}
            ways = {"www.example.com:443": f"127.0.0.1:{port}"}
            net = network(zones, connect=ways, declared=()).bound(site(443))
            assert await net.places("www.example.com", 443) == ("127.0.0.1",)
            assert await net.addresses("www.example.com") == ("192.0.2.1", "192.0.2.2")
            async with await net.connect("192.0.2.2", 443) as stream:
                assert stream.peer == "127.0.0.1"

    run(scene())


def test_the_places_of_a_host_are_its_permitted_addresses() -> None:
    zones = {"www.example.com": {"A": ["127.0.0.2", "10.9.9.9"], "AAAA": ["::1"]}}

    async def scene() -> tuple[str, ...]:
        net = network(zones, declared=("127.0.0.0/8",)).bound(site(443))
        return await net.places("www.example.com", 443)

    assert run(scene()) == ("127.0.0.2",)


def test_refused_and_nowhere() -> None:
    port = free_port()
    assert reason(network(NAMES).bound(site(port)).connect("www.example.com", port)) is (
        Reason.REFUSED
    )
    assert reason(network({}).bound(site(port)).connect("www.example.com", port)) is (
        Reason.UNREACHABLE
    )


def test_a_name_that_cannot_be_asked_for_fails_as_the_question_did() -> None:
    net = network({"www.example.com": {"A": "SERVFAIL"}}).bound(site(443))
    assert reason(net.connect("www.example.com", 443)) is Reason.SERVFAIL


def test_a_mail_server_gets_two_connections_at_a_time() -> None:
    async def scene() -> None:
        async with tcp(echo) as port:
            net = network({"mx.example.com": {"A": ["127.0.0.1"]}}).bound(
                MailServer(host="mx.example.com", port=port)
            )
            first = await net.connect("mx.example.com", port)
            second = await net.connect("mx.example.com", port)
            third = asyncio.create_task(net.connect("mx.example.com", port))
            await second.write(b"x")
            await second.readexactly(1)
            assert not third.done()
            await first.close()
            await first.close()
            await (await third).close()
            await second.close()

    run(scene())


def test_the_state_of_ports() -> None:
    async def scene() -> list[PortState]:
        async with tcp(echo) as port:
            net = network().bound(host())
            return [await net.probe("127.0.0.1", port), await net.probe("127.0.0.1", free_port())]

    assert run(scene()) == [PortState.OPEN, PortState.CLOSED]


def mute(monkeypatch: pytest.MonkeyPatch, number: int | None) -> list[tuple[str, int]]:
    """Make connections fail with an error of the system, or never be answered at all."""
    tried: list[tuple[str, int]] = []

    async def sock_connect(_: object, sock: socket.socket, where: tuple[str, int]) -> None:
        tried.append(where)
        if number is None:
            await asyncio.Event().wait()
        raise OSError(number, "as the test says")

    monkeypatch.setattr("asyncio.selector_events.BaseSelectorEventLoop.sock_connect", sock_connect)
    return tried


def test_a_port_is_silent_after_two_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = mute(monkeypatch, None)
    net = network(probe_seconds=(0.01, 0.01)).bound(host())
    assert run(net.probe("127.0.0.1", 9)) is PortState.SILENT
    assert len(tried) == 2


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.EHOSTUNREACH, Reason.UNREACHABLE),
        (errno.ENETUNREACH, Reason.UNREACHABLE),
        (errno.EACCES, Reason.INCONCLUSIVE),
        (errno.EPERM, Reason.INCONCLUSIVE),
        (errno.EMFILE, Reason.INCONCLUSIVE),
        (errno.EADDRNOTAVAIL, Reason.INCONCLUSIVE),
    ],
)
def test_what_says_nothing_about_the_port_is_no_state(
    monkeypatch: pytest.MonkeyPatch, number: int, expected: Reason
) -> None:
    mute(monkeypatch, number)
    assert reason(network().bound(host()).probe("127.0.0.1", 9)) is expected


def test_no_connection_in_time_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    mute(monkeypatch, None)
    net = network(connect_seconds=0.01).bound(host())
    assert reason(net.connect("127.0.0.1", 9)) is Reason.TIMEOUT


def test_the_first_address_explains_more_than_a_missing_ipv6(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def connected(address: str, port: int, seconds: float) -> socket.socket:
        why = Reason.UNREACHABLE if ":" in address else Reason.REFUSED
        raise CollectError(why)

    monkeypatch.setattr(own, "_connected", connected)
    zones = {"www.example.com": {"A": ["127.0.0.1"], "AAAA": ["2606:4700::1111"]}}
    assert reason(network(zones).bound(site(1)).connect("www.example.com", 1)) is Reason.REFUSED
    only = {"www.example.com": {"AAAA": ["2606:4700::1111"]}}
    assert reason(network(only).bound(site(1)).connect("www.example.com", 1)) is Reason.UNREACHABLE


@pytest.mark.parametrize("silent", ["8.8.8.8", "9.9.9.9"])
def test_a_host_refuses_only_if_none_of_its_addresses_is_silent(
    monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    async def connected(address: str, port: int, seconds: float) -> socket.socket:
        raise CollectError(Reason.TIMEOUT if address == silent else Reason.REFUSED)

    monkeypatch.setattr(own, "_connected", connected)
    zones = {"www.example.com": {"A": ["8.8.8.8", "9.9.9.9"]}}
    assert reason(network(zones).bound(site(1)).connect("www.example.com", 1)) is Reason.TIMEOUT


def test_errors_of_the_system() -> None:
    assert failure(ConnectionResetError(errno.ECONNRESET, "reset"), "x").reason is Reason.REFUSED
    assert failure(TimeoutError(), "x").reason is Reason.TIMEOUT
    assert failure(OSError("odd"), "x").reason is Reason.INCONCLUSIVE


def test_ipv6_is_dialled_as_such() -> None:
    async def scene() -> str:
        async with tcp(echo, "::1") as port:
            net = network(declared=("::1",)).bound(host("::1"))
            async with await net.connect("[::1]", port) as stream:
                return stream.peer

    with socket.socket(socket.AF_INET6) as sock:
        try:
            sock.bind(("::1", 0))
        except OSError:
            pytest.skip("this computer has no IPv6 loopback")
    assert run(scene()) == "::1"


async def lines(*pieces: bytes, limit: int = 10) -> list[bytes]:
    stream = Stream(FakeChannel(pieces), peer="x")
    found = []
    while line := await stream.readline(limit):
        found.append(line)
    return found


def test_lines_come_whole_however_the_bytes_arrive() -> None:
    assert run(lines(b"22", b"0 a\r", b"\n250 b\n25", b"1 c")) == [
        b"220 a\r\n",
        b"250 b\n",
        b"251 c",
    ]
    assert run(lines(b"123456789\n")) == [b"123456789\n"]
    assert run(lines()) == []


@pytest.mark.parametrize("pieces", [[b"1234567890\n"], [b"12345678901"], [b"123456", b"789012\nx"]])
def test_a_line_over_the_limit_is_too_large(pieces: list[bytes]) -> None:
    assert reason(lines(*pieces)) is Reason.TOO_LARGE


def test_an_early_end_is_malformed() -> None:
    async def scene() -> None:
        stream = Stream(FakeChannel([b"abc", b"d"]), peer="x")
        assert await stream.read(2) == b"ab"
        assert await stream.readexactly(1) == b"c"
        await stream.readexactly(2)

    assert reason(scene()) is Reason.MALFORMED


async def upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.write(b"220 go\n")
    await writer.start_tls(upgrade.context)  # type: ignore[attr-defined]
    writer.write(await reader.readline())
    await writer.drain()
    await forever(reader)


def start_tls(
    authority: Authority, folder: Path, name: str, trusted: Authority
) -> tuple[str, bytes]:
    upgrade.context = authority.server(folder, "mx.example.com")  # type: ignore[attr-defined]
    anchors = TrustAnchors.from_file(trusted.ca_file(folder))

    async def scene() -> tuple[str, bytes]:
        async with tcp(upgrade) as port:
            net = network().bound(host())
            async with await net.connect("127.0.0.1", port) as stream:
                await stream.write(b"STARTTLS\n")
                await stream.readline()
                tls = await stream.start_tls(anchors.context(), name)
                await stream.write(b"EHLO x\n")
                return tls.version() or "", await stream.readline()

    return run(scene())  # type: ignore[no-any-return]


def test_a_connection_goes_on_in_tls(authority: Authority, tmp_path: Path) -> None:
    found = start_tls(authority, tmp_path, "mx.example.com", authority)
    assert found == ("TLSv1.3", b"EHLO x\n")


def test_a_certificate_for_another_name_is_not_accepted(
    authority: Authority, tmp_path: Path
) -> None:
    with pytest.raises(CertificateError, match="mismatch") as caught:
        start_tls(authority, tmp_path, "other.example.com", authority)
    assert caught.value.reason is Reason.INCONCLUSIVE


def test_a_certificate_of_an_unknown_authority_is_not_accepted(
    authority: Authority, tmp_path: Path
) -> None:
    with pytest.raises(CertificateError):
        start_tls(authority, tmp_path, "mx.example.com", Authority())


def test_data_ahead_of_the_handshake_is_an_attack() -> None:
    async def scene() -> None:
        stream = Stream(FakeChannel([b"220 go\n250 injected\n"]), peer="x")
        await stream.readline()
        await stream.start_tls(ssl.create_default_context(), "x")

    assert reason(scene()) is Reason.MALFORMED


def test_what_is_not_tls_is_malformed() -> None:
    async def scene() -> None:
        stream = Stream(FakeChannel([b"HTTP/1.1 400 Bad Request\r\n\r\n"]), peer="x")
        await stream.start_tls(ssl.create_default_context(), "x")

    assert reason(scene()) is Reason.MALFORMED


def test_an_alert_is_a_refusal() -> None:
    async def scene() -> None:
        stream = Stream(FakeChannel([bytes.fromhex("15030100020228")]), peer="x")
        await stream.start_tls(ssl.create_default_context(), "x")

    assert reason(scene()) is Reason.REFUSED


def test_anchors_come_from_certifi_or_a_file(tmp_path: Path, authority: Authority) -> None:
    assert TrustAnchors.public().name.startswith("certifi 2")
    path = authority.ca_file(tmp_path)
    assert network(ca_file=path).anchors.name == "ca.pem"
    assert network().anchors is not None
    for text in ("", "no certificate", "\xff"):
        path.write_text(text)
        with pytest.raises(ValueError, match="no PEM certificate"):
            network(ca_file=path)
