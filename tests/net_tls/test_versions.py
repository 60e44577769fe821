"""Three-valued answers about TLS versions: real servers, and every way of not answering."""

import asyncio
import ssl
from collections.abc import Callable

import pytest

from posture.model import CollectError, Reason, WebSite
from posture.net import Stream
from posture.net.tls.exchange import Silence, ask
from posture.net.tls.hello import ClientHello, ServerHello
from posture.net.tls.suites import TLS12_FAMILIES
from posture.net.tls.versions import ASKED, Outcome, VersionProbe, judge_answer, probe_versions
from posture.net.tls.wire import Alert, Version
from tests.net_tls import ca
from tests.net_tls.servers import Handler, answering, dial, idle, net, reset, serving, tls
from tests.net_tls.test_hello import message, record, server_hello

HOST = "www.example.com"
PATIENCE = 0.3


def probed(handler: Handler) -> tuple[VersionProbe, ...]:
    async def scenario() -> tuple[VersionProbe, ...]:
        async with serving(handler) as port:
            return await probe_versions(dial(port), HOST, patience=PATIENCE)

    return asyncio.run(scenario())


def outcomes(probes: tuple[VersionProbe, ...]) -> dict[str, str]:
    return {probe.version: probe.outcome.value for probe in probes}


def alert(code: int, level: int = 2) -> bytes:
    return record(21, bytes([level, code]))


def test_a_lenient_server_accepts_all() -> None:
    found = probed(tls(ca.leaf(ca.root(), HOST).context()))
    assert outcomes(found) == dict.fromkeys([v.label for v in ASKED], "accepted")
    assert all(probe.detail.startswith("chose suite 0x") for probe in found)


def test_a_current_server_refuses_the_old_ones() -> None:
    context = ca.leaf(ca.root(), HOST).context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    found = probed(tls(context))
    assert outcomes(found) == {
        "TLS 1.0": "refused", "TLS 1.1": "refused", "TLS 1.2": "accepted", "TLS 1.3": "accepted",
    }  # fmt: skip
    assert found[0].detail == "alert 70 protocol_version"


@pytest.mark.parametrize("code", [40, 70, 71])
def test_three_alerts_refuse(code: int) -> None:
    assert set(outcomes(probed(answering(alert(code)))).values()) == {"refused"}


@pytest.mark.parametrize(
    "handler",
    [
        answering(),
        answering(then_close=False),
        answering(alert(80)),
        answering(alert(112)),
        answering(alert(0, 1)),
        answering(alert(112, 1)),
        answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        answering(b"\x16\x03\x01\x00"),
        answering(b"\x16\x03\x01\x00", then_close=False),
        answering(message(2, b"\x03\x03")),
        answering(message(2, server_hello(version=0x7F1C))),
        answering(message(11, b"")),
    ],
)
def test_everything_else_proves_nothing(handler: Handler) -> None:
    assert set(outcomes(probed(handler)).values()) == {"inconclusive"}


def test_a_reset_proves_nothing() -> None:
    async def scenario() -> tuple[VersionProbe, ...]:
        site = WebSite(host=HOST)
        async with serving(reset) as port:
            bound = net(site, p443=port)
            return await probe_versions(lambda: bound.connect(HOST, 443), HOST)

    found = asyncio.run(scenario())
    assert {probe.outcome for probe in found} == {Outcome.INCONCLUSIVE}
    assert "reset by peer" in found[0].detail


def test_a_warning_before_the_answer_is_passed_over() -> None:
    hello = message(2, server_hello(version=0x0301))
    assert outcomes(probed(answering(alert(112, 1) + hello)))["TLS 1.0"] == "accepted"


def offered(data: bytes) -> set[int]:
    at = 5 + 4 + 2 + 32
    at += 1 + data[at]
    end = at + 2 + int.from_bytes(data[at : at + 2])
    return {int.from_bytes(data[i : i + 2]) for i in range(at + 2, end, 2)}


def choosing(answer: Callable[[set[int]], bytes]) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(5)
        hello = head + await reader.readexactly(int.from_bytes(head[3:5]))
        writer.write(answer(offered(hello)))
        await writer.drain()
        writer.write_eof()
        await idle(reader, writer)

    return handle


DHE = TLS12_FAMILIES[2][0]
RSA = TLS12_FAMILIES[1][-10]


def test_a_server_that_dies_on_the_suite_it_chose_is_asked_family_by_family() -> None:
    def dovecot(suites: set[int]) -> bytes:
        if DHE in suites:
            return b""
        return message(2, server_hello(suite=RSA)) if RSA in suites else alert(40)

    found = {probe.version: probe for probe in probed(choosing(dovecot))}
    assert found["TLS 1.2"].outcome is Outcome.ACCEPTED


def test_refusal_family_by_family_is_refusal() -> None:
    def short_of_breath(suites: set[int]) -> bytes:
        return b"" if len(suites) > 60 else alert(40)

    found = outcomes(probed(choosing(short_of_breath)))
    assert (found["TLS 1.0"], found["TLS 1.2"]) == ("refused", "refused")


def test_refusal_of_some_families_is_no_refusal() -> None:
    def half(suites: set[int]) -> bytes:
        return b"" if DHE in suites else alert(40)

    assert outcomes(probed(choosing(half)))["TLS 1.2"] == "inconclusive"


def test_a_host_that_refuses_connections_has_no_versions() -> None:
    async def refused() -> Stream:
        raise CollectError(Reason.REFUSED, "127.0.0.1 port 1")

    with pytest.raises(CollectError) as caught:
        asyncio.run(probe_versions(refused, HOST))
    assert caught.value.reason is Reason.REFUSED


def test_one_connection_that_fails_leaves_the_others() -> None:
    async def scenario() -> tuple[VersionProbe, ...]:
        async with serving(answering(alert(70))) as port:
            calls = 0

            async def flaky() -> Stream:
                nonlocal calls
                calls += 1
                if calls == 1:
                    raise CollectError(Reason.RATE_LIMITED, "421 busy")
                return await dial(port)()

            return await probe_versions(flaky, HOST)

    found = asyncio.run(scenario())
    assert [probe.outcome.value for probe in found] == ["inconclusive", *["refused"] * 3]
    assert found[0].detail == "not connected: rate_limited: 421 busy"


def test_an_answer_cut_by_the_stream_is_silence() -> None:
    class Failing(Stream):
        def __init__(self) -> None:
            pass

        async def write(self, data: bytes) -> None:
            raise CollectError(Reason.TIMEOUT, "the stream's life is over")

        async def close(self) -> None:
            pass

    async def failing() -> Stream:
        return Failing()

    hello = ClientHello(host=HOST, version=Version.TLS12)
    heard = asyncio.run(ask(failing, hello))
    assert heard == Silence("timeout: the stream's life is over")


def chose(version: int) -> ServerHello:
    return ServerHello(version=version, suite=0x2F, retry=False, extensions=())


@pytest.mark.parametrize(
    ("asked", "answer", "outcome", "detail"),
    [
        (Version.TLS12, chose(0x0303), "accepted", "chose suite 0x002f"),
        (Version.TLS12, chose(0x0301), "refused", "chose TLS 1.0"),
        (Version.TLS10, chose(0x0300), "refused", "chose SSL 3.0"),
        (Version.TLS10, chose(0x0303), "inconclusive", "chose unknown version 0x0303"),
        (Version.TLS12, chose(0x0302 - 0x0100), "inconclusive", "chose unknown version 0x0202"),
        (Version.TLS12, Alert(2, 70), "refused", "alert 70 protocol_version"),
        (Version.TLS12, Alert(2, 80), "inconclusive", "alert 80"),
        (Version.TLS12, Silence("closed"), "inconclusive", "closed"),
    ],
)
def test_what_answers_prove(
    asked: Version, answer: ServerHello | Alert | Silence, outcome: str, detail: str
) -> None:
    found = judge_answer(asked, answer)
    assert (found.version, found.outcome.value, found.detail) == (asked.label, outcome, detail)
