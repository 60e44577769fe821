"""nmap: our own arguments, python-nmap's analyser, and nothing at all near a printer."""

import asyncio
import ipaddress
import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.network import collect_nmap, nmap
from posture.checks.network.facts import PortScan, Product, Products
from posture.checks.network.ports import CONNECT_ONLY, CURATED
from posture.model import CollectError, Failed, Host, Reason, View
from posture.net import Completed, NetConfig, NetRoot
from posture.testing import FakeNet, observe

SAMPLE = Path(__file__).with_name("nmap_7.93.xml").read_bytes()
SSH = Product(port=2225, service="ssh", product="OpenSSH", version="9.2p1 Debian 2+deb12u3")
HOST = Host(address="127.0.0.1", view=View.INTERNAL)


def opened(*ports: int) -> PortScan:
    return PortScan(open=ports, closed=(), silent=())


class Watching(FakeNet):
    """Reads the target file while nmap would."""

    targets = ""
    mode = 0

    async def run(self, argv: Sequence[str], **options: object) -> Completed:
        self.read(Path(argv[argv.index("-iL") + 1]))
        return await super().run(argv, env=None)

    def read(self, path: Path) -> None:
        self.targets = path.read_text()
        self.mode = stat.S_IMODE(path.stat().st_mode)


def test_the_sample_of_a_real_run() -> None:
    assert nmap.parse(SAMPLE, "127.0.0.1", (2225,)) == (SSH,)


def test_only_what_was_asked_and_recognised_counts() -> None:
    assert nmap.parse(SAMPLE, "127.0.0.1", (1, 2225)) == (SSH,)
    assert nmap.parse(SAMPLE, "127.0.0.1", (22,)) == ()
    assert nmap.parse(SAMPLE, "127.0.0.2", (2225,)) == ()
    nameless = SAMPLE.replace(b' product="OpenSSH"', b"")
    assert nmap.parse(nameless, "127.0.0.1", (2225,)) == ()
    unnamed = SAMPLE.replace(b'name="ssh" ', b"")
    assert nmap.parse(unnamed, "127.0.0.1", (2225,))[0].service == ""


def test_words_of_the_scanned_party_are_cut() -> None:
    long = SAMPLE.replace(b"OpenSSH", b"x" * 5000)
    assert len(nmap.parse(long, "127.0.0.1", (2225,))[0].product) == nmap.LONGEST


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nmap: command failed",
        SAMPLE[: len(SAMPLE) // 2],
        SAMPLE.replace(b"<!DOCTYPE nmaprun>", b'<!DOCTYPE nmaprun [<!ENTITY a "b">]>'),
        SAMPLE.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
        SAMPLE.replace(b"<runstats>", b"<other>").replace(b"</runstats>", b"</other>"),
        SAMPLE.replace(b'portid="2225"', b'portid="many"'),
        SAMPLE.replace(b'portid="2225"', b""),
        SAMPLE.replace(b'<address addr="127.0.0.1" addrtype="ipv4"/>', b""),
        SAMPLE.replace(b'<state state="open" reason="syn-ack" reason_ttl="0"/>', b""),
    ],
)
def test_anything_else_is_a_parse_error(data: bytes) -> None:
    with pytest.raises(nmap.ParseError):
        nmap.parse(data, "127.0.0.1", (2225,))


@given(st.binary(), st.integers(0, len(SAMPLE)), st.integers(0, 40))
def test_a_value_or_a_parse_error(noise: bytes, at: int, lost: int) -> None:
    for data in (noise, SAMPLE[:at] + noise + SAMPLE[at + lost :]):
        try:
            assert isinstance(nmap.parse(data, "127.0.0.1", (2225,)), tuple)
        except nmap.ParseError:
            continue


def test_the_arguments_are_ours_to_the_last() -> None:
    assert nmap.command((22, 80), "/tmp/t", ipv6=False) == [
        *("nmap", "-oX", "-", "--noninteractive", "-n", "-Pn", "-sT", "-sV", "--version-light"),
        *("-p", "22,80", "-iL", "/tmp/t"),
    ]
    assert nmap.command((22,), "/tmp/t", ipv6=True)[:2] == ["nmap", "-6"]


def test_the_target_travels_in_a_private_file_that_is_gone_afterwards() -> None:
    net = Watching(programs={("nmap",): Completed(0, SAMPLE, b"")})
    seen = observe(collect_nmap.products, HOST, opened(2225), net)
    assert seen == Products(items=(SSH,), left_alone=False)
    assert net.targets == "127.0.0.1\n"
    assert os.name == "nt" or net.mode == 0o600
    assert not Path(net.ran[0][-1]).exists()


@pytest.mark.parametrize(
    "address", ["-oN x", "--script=/x.nse", "$(id)", "127.0.0.1\n127.0.0.2", "fe80::1%-oN x"]
)
def test_what_is_no_address_never_starts_a_program(address: str) -> None:
    net = FakeNet(programs={("nmap",): Completed(0, SAMPLE, b"")})
    seen = observe(
        collect_nmap.products, Host(address=address, view=View.INTERNAL), opened(22), net
    )
    assert isinstance(seen, Failed)
    assert seen.reason is Reason.MALFORMED
    assert net.ran == []


@pytest.mark.parametrize("port", sorted(CONNECT_ONLY & set(CURATED)))
def test_a_printer_or_controller_is_never_shown_to_nmap(port: int) -> None:
    net = FakeNet(programs={("nmap",): Completed(0, SAMPLE, b"")})
    seen = observe(collect_nmap.products, HOST, opened(80, port), net)
    assert seen == Products(items=(), left_alone=True)
    assert net.ran == []


def test_without_an_open_port_there_is_nothing_to_ask() -> None:
    seen = observe(collect_nmap.products, HOST, opened(), FakeNet())
    assert seen == Products(items=(), left_alone=False)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (CollectError(Reason.TOOL_MISSING), Reason.TOOL_MISSING),
        (CollectError(Reason.TIMEOUT), Reason.TIMEOUT),
        (Completed(1, b"", b"nmap: \xff out of memory"), Reason.INCONCLUSIVE),
        (Completed(0, b"", b""), Reason.MALFORMED),
    ],
)
def test_failures_have_reasons(outcome: Completed | CollectError, reason: Reason) -> None:
    net = Watching(programs={("nmap",): outcome})
    seen = observe(collect_nmap.products, HOST, opened(22), net)
    assert isinstance(seen, Failed)
    assert seen.reason is reason
    assert not Path(net.ran[0][-1]).exists()


def test_a_redirected_network_is_not_handed_to_nmap() -> None:
    net = FakeNet(programs={("nmap",): Completed(0, SAMPLE, b"")})
    net.direct = False
    seen = observe(collect_nmap.products, HOST, opened(22), net)
    assert isinstance(seen, Failed)
    assert seen.reason is Reason.OUT_OF_SCOPE
    assert net.ran == []


@pytest.mark.parametrize(("connect", "direct"), [(None, True), ({}, False)])
def test_a_connect_map_makes_a_network_redirected(
    connect: dict[str, str] | None, direct: bool
) -> None:
    assert NetRoot(NetConfig(connect=connect)).bound(HOST).direct is direct


@pytest.mark.lab
@pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not installed")
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_real_nmap_names_a_real_banner(address: str) -> None:
    async def serve() -> Products | Failed:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")
            await reader.read(100)
            writer.close()

        server = await asyncio.start_server(greet, address, 0)
        port = server.sockets[0].getsockname()[1]
        host = Host(address=address, view=View.INTERNAL)
        net = NetRoot(NetConfig(declared=(address,))).bound(host)
        try:
            return await collect_nmap.products(host, opened(port), net)
        finally:
            server.close()

    seen = asyncio.run(serve())
    assert isinstance(seen, Products)
    assert [item.product for item in seen.items] == ["OpenSSH"]


def test_addresses_keep_the_form_the_report_has() -> None:
    v6 = SAMPLE.replace(b'addr="127.0.0.1" addrtype="ipv4"', b'addr="2001:db8::1" addrtype="ipv6"')
    assert nmap.parse(v6, str(ipaddress.ip_address("2001:DB8:0::1")), (2225,)) != ()
