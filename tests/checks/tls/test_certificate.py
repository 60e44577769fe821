"""Chains over real handshakes, verified in the real child process."""

import asyncio
import ssl
from hashlib import sha256
from typing import cast

import pytest

from posture.checks.tls.collect_certificate import MAX_NAMES, MAX_RAW, examine
from posture.checks.tls.facts import Presented, TrustResult
from posture.model import CollectError, Reason, WebSite
from posture.net import Completed, TrustAnchors
from posture.net.process import run
from posture.net.tls.chain import KEPT, RawChain, _unverified_chain, raw_chain
from tests.net_tls import ca
from tests.net_tls.servers import answering, dial, idle, net, reset, serving

HOST = "www.example.com"
ROOT = ca.root()
INTERMEDIATE = ca.intermediate(ROOT)
ANCHORS = TrustAnchors(ROOT.pem, "test store")


async def fetch(issued: ca.Issued, host: str = HOST) -> RawChain:
    async with serving(idle, issued.context()) as port, await dial(port)() as stream:
        return await raw_chain(stream, host)


async def look(issued: ca.Issued, host: str = HOST) -> Presented:
    raw = await fetch(issued, host)
    return await examine(run, raw, ANCHORS, host=host, address="127.0.0.1", at=ca.NOW)


def test_a_good_chain() -> None:
    seen = asyncio.run(look(ca.leaf(INTERMEDIATE, HOST, "example.com")))
    assert seen.trust.result is TrustResult.TRUSTED
    assert seen.trust.anchor == "CN=Test Root"
    assert seen.trust.store == "test store"
    assert seen.name_matches
    assert (seen.sent, len(seen.chain)) == (2, 2)
    assert seen.leaf.names == (HOST, "example.com")
    assert seen.leaf.not_after - seen.leaf.not_before == 90 * ca.DAY
    assert (seen.leaf.key, seen.leaf.key_bits) == ("EC secp256r1", 256)
    assert seen.leaf.signature == "ecdsa-with-SHA256"
    assert seen.version == "TLSv1.3"
    assert seen.suite.startswith("TLS_")
    assert len(seen.leaf.sha256) == len(seen.leaf.spki_sha256) == 64
    assert [found.self_issued for found in seen.chain] == [False, False]
    assert seen.trust.path[:2] == tuple(found.sha256 for found in seen.chain)
    assert not seen.trust.public
    assert [sha256(der).hexdigest() for der in seen.raw] == [found.sha256 for found in seen.chain]
    assert seen.leaf.profile is not None
    assert seen.leaf.profile.digest == "sha256"


def test_wildcards_over_public_suffixes_are_told() -> None:
    names = ("*.co.uk", "*.example.co.uk", "*.github.io", "co.uk", "*.COM", "*.lan")
    seen = asyncio.run(look(ca.leaf(ROOT, *names)))
    assert seen.suffixes == ("co.uk", "com")


def test_a_certificate_of_unusual_size_is_not_kept_as_it_was_sent() -> None:
    names = [f"a{number}.{'b' * 60}.example.com" for number in range(300)]
    seen = asyncio.run(look(ca.leaf(INTERMEDIATE, HOST, *names)))
    assert [len(der) < MAX_RAW for der in seen.raw] == [True]
    assert sha256(seen.raw[0]).hexdigest() == seen.chain[1].sha256


def test_the_missing_intermediate_is_named_with_its_place() -> None:
    issued = ca.leaf(INTERMEDIATE, HOST, more=[ca.published()]).alone()
    seen = asyncio.run(look(issued))
    assert seen.trust.result is TrustResult.INCOMPLETE_CHAIN
    assert (seen.trust.detail, seen.trust.url) == (
        "CN=Test Intermediate",
        "http://ca.example/issuer.der",
    )


@pytest.mark.parametrize(
    ("issued", "result", "detail"),
    [
        (ca.leaf(INTERMEDIATE, HOST).alone(), "incomplete_chain", "CN=Test Intermediate"),
        (ca.leaf(None, HOST), "self_signed", ""),
        (ca.leaf(INTERMEDIATE, HOST, since=90 * ca.DAY, until=-ca.DAY), "expired", f"CN={HOST}"),
        (ca.leaf(INTERMEDIATE, HOST, since=-ca.DAY), "not_yet_valid", f"CN={HOST}"),
        (
            ca.leaf(ca.intermediate(ca.root("Strange Root")), HOST),
            "unknown_issuer",
            "CN=Strange Root",
        ),
    ],
)
def test_why_not(issued: ca.Issued, result: str, detail: str) -> None:
    seen = asyncio.run(look(issued))
    assert (seen.trust.result, seen.trust.detail) == (result, detail)
    assert seen.name_matches
    assert seen.trust.anchor == ""


def test_a_wrong_name_is_not_a_matter_of_trust() -> None:
    seen = asyncio.run(look(ca.leaf(INTERMEDIATE, "mail.example.com")))
    assert seen.trust.result is TrustResult.TRUSTED
    assert not seen.name_matches


def test_an_address_is_asked_without_server_name() -> None:
    issued = ca.leaf(ROOT, addresses=["127.0.0.1"])
    seen = asyncio.run(look(issued, "127.0.0.1"))
    assert seen.name_matches
    assert seen.leaf.addresses == ("127.0.0.1",)


def test_all_names_are_matched_and_the_first_hundred_kept() -> None:
    names = [f"a{number}.example.com" for number in range(150)]
    seen = asyncio.run(look(ca.leaf(ROOT, *names, HOST)))
    assert seen.name_matches
    assert len(seen.leaf.names) == MAX_NAMES


def test_a_server_that_wants_our_certificate_still_shows_its_own() -> None:
    issued = ca.leaf(ROOT, HOST)

    async def scenario(version: ssl.TLSVersion) -> RawChain:
        context = issued.context()
        context.maximum_version = version
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=ROOT.pem.decode())
        async with serving(idle, context) as port, await dial(port)() as stream:
            return await raw_chain(stream, HOST)

    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        assert asyncio.run(scenario(version)).certificates[0] == issued.der[0]


def test_old_servers_can_be_looked_at() -> None:
    async def scenario() -> RawChain:
        context = ca.leaf(ROOT, HOST).context()
        context.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
        async with serving(idle, context) as port, await dial(port)() as stream:
            return await raw_chain(stream, HOST)

    with pytest.warns(DeprecationWarning, match="OP_NO_TLS"):
        raw = asyncio.run(scenario())
    assert raw.version == "TLSv1.1"


ALERT_40 = b"\x15\x03\x03\x00\x02\x02\x28"


@pytest.mark.parametrize(
    ("parts", "reason", "words"),
    [
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), Reason.MALFORMED, "no TLS"),
        ((), Reason.INCONCLUSIVE, "closed during"),
        ((ALERT_40,), Reason.INCONCLUSIVE, "handshake failure"),
        (
            (b"\x16\x03\x03\x40\x01" + bytes(0x4001),),
            Reason.INCONCLUSIVE,
            "length|packet",
        ),
    ],
)
def test_no_chain(parts: tuple[bytes, ...], reason: Reason, words: str) -> None:
    async def scenario() -> None:
        async with serving(answering(*parts)) as port, await dial(port)() as stream:
            await raw_chain(stream, HOST)

    with pytest.raises(CollectError, match=words) as caught:
        asyncio.run(scenario())
    assert caught.value.reason is reason


def test_a_reset_half_way_is_no_closed_port() -> None:
    async def scenario() -> None:
        site = WebSite(host=HOST)
        async with (
            serving(reset) as port,
            await net(site, p443=port).connect(HOST, 443) as stream,
        ):
            await raw_chain(stream, HOST)

    with pytest.raises(CollectError, match="reset by peer") as caught:
        asyncio.run(scenario())
    assert caught.value.reason is Reason.INCONCLUSIVE


def test_from_python_3_13_on_the_chain_has_a_public_name() -> None:
    class Later:
        def get_unverified_chain(self) -> list[bytes]:
            return list(GOOD.der)

    assert _unverified_chain(cast("ssl.SSLObject", Later())) == list(GOOD.der)


def test_a_host_that_is_no_name_is_refused_before_a_byte_is_sent() -> None:
    async def scenario() -> None:
        async with serving(idle) as port, await dial(port)() as stream:
            await raw_chain(stream, "a" * 64 + ".example.com")

    with pytest.raises(CollectError, match="no host name"):
        asyncio.run(scenario())


def test_the_client_file_reaches_through_net() -> None:
    async def scenario() -> Presented:
        site = WebSite(host=HOST)
        async with serving(idle, ca.leaf(ROOT, HOST).context()) as port:
            bound = net(site, ANCHORS, p443=port)
            async with await bound.connect(HOST, 443) as stream:
                raw = await raw_chain(stream, HOST)
        return await examine(
            bound.run, raw, bound.anchors, host=HOST, address=stream.peer, at=ca.NOW
        )

    assert asyncio.run(scenario()).trust.result is TrustResult.TRUSTED


def raw(*chain: bytes, sent: int | None = None) -> RawChain:
    return RawChain(
        certificates=chain, sent=len(chain) if sent is None else sent, version="", suite=""
    )


def examined(chain: RawChain, answer: Completed | CollectError | None = None) -> Presented:
    async def scripted(argv: object) -> Completed:
        if isinstance(answer, CollectError):
            raise answer
        assert answer is not None
        return answer

    runner = run if answer is None else scripted
    return asyncio.run(examine(runner, chain, ANCHORS, host=HOST, address="x", at=ca.NOW))


GOOD = ca.leaf(INTERMEDIATE, HOST)


def test_an_unreadable_certificate_above_is_skipped() -> None:
    seen = examined(raw(GOOD.der[0], b"\x30\x03junk", GOOD.der[1]))
    assert seen.trust.result is TrustResult.TRUSTED
    assert (seen.sent, len(seen.chain)) == (3, 2)


@pytest.mark.parametrize("chain", [(b"junk",), (b"junk", GOOD.der[1]), ()])
def test_an_unreadable_certificate_of_the_server_is_no_fact(chain: tuple[bytes, ...]) -> None:
    with pytest.raises(CollectError) as caught:
        examined(raw(*chain))
    assert caught.value.reason is Reason.MALFORMED


def test_what_is_cut_off_is_not_held_against_the_server() -> None:
    chain = (GOOD.der[0], *[ROOT.der[0]] * (KEPT - 1))
    assert examined(raw(*chain, sent=12)).trust.result is TrustResult.UNDECIDED


def test_a_child_that_got_no_further_than_reading_leaves_trust_undecided() -> None:
    done = asyncio.run(run_child_reading_only())
    seen = examined(raw(GOOD.der[0]), Completed(1, done, b""))
    assert seen.trust.result is TrustResult.UNDECIDED
    assert "10 s" in seen.trust.detail
    assert seen.name_matches


async def run_child_reading_only() -> bytes:
    import json

    from posture.net.tls import x509_child

    return json.dumps(x509_child.examine(list(GOOD.der))[0]).encode()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Completed(1, b"", b"Traceback"), Reason.INCONCLUSIVE),
        (CollectError(Reason.TIMEOUT), Reason.INCONCLUSIVE),
        (CollectError(Reason.TOOL_MISSING), Reason.TOOL_MISSING),
    ],
)
def test_a_child_that_says_nothing(answer: Completed | CollectError, reason: Reason) -> None:
    with pytest.raises(CollectError) as caught:
        examined(raw(*GOOD.der), answer)
    assert caught.value.reason is reason
