"""TLS peers that stall, flood, lie and babble: nothing is proven, little is kept, it ends."""

import asyncio
import random
import tracemalloc

import pytest

from posture.checks.tls.collect_certificate import examine
from posture.checks.tls.facts import Presented, TrustResult
from posture.model import CollectError, Reason
from posture.net import TrustAnchors
from posture.net.process import run
from posture.net.tls.chain import KEPT, RawChain, raw_chain
from posture.net.tls.versions import Outcome, probe_versions
from tests.net_tls import ca
from tests.net_tls.servers import Handler, answering, dial, idle, serving
from tests.net_tls.test_hello import message, record, server_hello

HOST = "www.example.com"
PATIENCE = 0.5
ROOM = 8 << 20
"""Octets that may be allocated at a time while such a peer is dealt with."""


def flooding(start: bytes, again: bytes) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 16)
        writer.write(start)
        while True:
            writer.write(again)
            await writer.drain()

    return handle


def certificates(octets: int) -> bytes:
    """The beginning of a Certificate message that announces ``octets``."""
    return record(22, b"\x0b" + octets.to_bytes(3) + (octets - 3).to_bytes(3))


HELLO = message(2, server_hello())
FULL = record(22, bytes(1 << 14))
NOISE = random.Random(7).randbytes(1 << 16)

PEERS = {
    "L1 stall after ClientHello": answering(then_close=False),
    "L1 half a record": answering(b"\x16\x03\x03\x40\x00\x02", then_close=False),
    "L2 flood of warnings": flooding(b"", record(21, b"\x01\x70") * 100),
    "L3 record of 16 kB and 1": answering(b"\x16\x03\x03\x40\x01" + bytes(0x4001)),
    "L4 handshake of 16 MB": flooding(record(22, b"\x02\xff\xff\xff"), FULL),
    "L4 records of one octet": flooding(record(22, b"\x02\x01\x00\x00"), record(22, b"\0") * 999),
    "L15 flood of change_cipher_spec": flooding(b"", record(20, b"\x01") * 1000),
    "L17 plain HTTP": answering(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>"),
    "empty records": flooding(b"", record(22, b"") * 1000),
    "noise": flooding(b"", NOISE),
    "noise in a record": flooding(b"", record(22, NOISE[:1000])),
    "application data": flooding(b"", record(23, NOISE[:1000])),
    "close at once": answering(),
}
AFTER_HELLO = {
    "L5 endless chain": flooding(HELLO + certificates(0xFFFFFF), FULL),
    "L5 chain of many records": flooding(HELLO, message(11, bytes(1 << 13))),
    "hello and then nothing": answering(HELLO, then_close=False),
}


@pytest.mark.parametrize("name", PEERS)
def test_versions_stay_inconclusive(name: str) -> None:
    async def scenario() -> set[Outcome]:
        async with serving(PEERS[name]) as port, asyncio.timeout(60):
            probes = await probe_versions(dial(port), HOST, patience=PATIENCE)
        return {probe.outcome for probe in probes}

    tracemalloc.start()
    try:
        assert asyncio.run(scenario()) == {Outcome.INCONCLUSIVE}
        assert tracemalloc.get_traced_memory()[1] < ROOM
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", [*PEERS, *AFTER_HELLO])
def test_there_is_no_chain(name: str) -> None:
    async def scenario() -> RawChain:
        peer = {**PEERS, **AFTER_HELLO}[name]
        async with serving(peer) as port, asyncio.timeout(60), await dial(port)() as stream:
            return await raw_chain(stream, HOST, patience=PATIENCE)

    tracemalloc.start()
    try:
        with pytest.raises(CollectError) as caught:
            asyncio.run(scenario())
        assert tracemalloc.get_traced_memory()[1] < ROOM
    finally:
        tracemalloc.stop()
    nothing = {Reason.TIMEOUT, Reason.TOO_LARGE, Reason.MALFORMED, Reason.INCONCLUSIVE}
    assert caught.value.reason in nothing


def test_l6_a_hundred_certificates_are_not_all_looked_at() -> None:
    root = ca.root()
    below = ca.intermediate(root)
    crowd = [ca.intermediate(root, "Test Intermediate").certificate for _ in range(99)]
    issued = ca.leaf(below, HOST)
    many = ca.Issued(certificate=issued.certificate, key=issued.key, above=tuple(crowd))

    async def scenario() -> Presented:
        async with serving(idle, many.context()) as port, await dial(port)() as stream:
            raw = await raw_chain(stream, HOST)
        anchors = TrustAnchors(ca.root("Another Root").pem, "strangers")
        return await examine(run, raw, anchors, host=HOST, address="x", at=ca.NOW)

    seen = asyncio.run(scenario())
    assert (seen.sent, len(seen.chain)) == (100, KEPT)
    assert seen.trust.result is TrustResult.UNDECIDED


NASTY = "\x1b[31m<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}\x00"


def test_l8_hostile_names_arrive_as_data_of_bounded_size() -> None:
    from cryptography import x509

    long = "x" * 60_000 + ".example"
    names = x509.SubjectAlternativeName([x509.DNSName("evil<script>"), x509.DNSName(long)])
    issued = ca.leaf(None, more=[(names, False)])

    async def scenario() -> Presented:
        async with serving(idle, issued.context()) as port, await dial(port)() as stream:
            raw = await raw_chain(stream, HOST)
        anchors = TrustAnchors(ca.root().pem, "store")
        return await examine(run, raw, anchors, host=HOST, address="x", at=ca.NOW)

    seen = asyncio.run(scenario())
    assert not seen.name_matches
    assert seen.leaf.names[0] == "evil<script>"
    assert len(seen.leaf.names[1]) == 255
    assert seen.trust.result is TrustResult.SELF_SIGNED
