"""Mail servers that drip, bomb, inject and put off: never 'fail', never 'offered' without proof."""

import asyncio

import pytest

from posture.checks.tls import collect_mail, mail
from posture.checks.tls.address_facts import MailAddresses
from posture.checks.tls.facts import StartTls, TlsStart
from posture.model import CollectError, MailServer, Reason, Status
from posture.net import Net
from tests.hostile.worlds import MEMORY, within
from tests.net_tls.servers import Handler, idle, net, serving

SERVER = MailServer(host="mx.example.com")
SOLE = MailAddresses(others=(), more=0)
BANNER = b"220 mx.example.com ESMTP\r\n"
EHLO = b"250-mx.example.com\r\n250-STARTTLS\r\n250 HELP\r\n"


def speaking(*replies: bytes) -> Handler:
    """Send the first at once, each other one after the client has spoken."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in replies:
            writer.write(reply)
            await writer.drain()
            await reader.read(1 << 16)
        await idle(reader, writer)

    return handle


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"220-still talking\r\n" * 1000)
        await writer.drain()


def look(handler: Handler) -> StartTls:
    async def scenario() -> StartTls:
        async with serving(handler) as port, asyncio.timeout(60):
            return await collect_mail.starttls(SERVER, net(SERVER, p25=port))

    return asyncio.run(scenario())


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a byte whenever the loop has nothing better to do, and never the end of a line."""
    while not reader.at_eof():
        writer.write(b"2")
        await writer.drain()
        await asyncio.sleep(0.02)


async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await idle(reader, writer)


INJECTED = speaking(BANNER, EHLO, b"220 go\r\n250 injected\r\n")
CASES: dict[str, tuple[Handler, Reason | TlsStart]] = {
    "S1 drip of a greeting": (dripping, Reason.TIMEOUT),
    "S1 tarpit": (mute, Reason.TIMEOUT),
    "S1 tarpit after EHLO": (speaking(BANNER), Reason.TIMEOUT),
    "S2 greeting without end": (endless, Reason.TOO_LARGE),
    "S2 EHLO reply without end": (speaking(BANNER, b"250-KEY\r\n" * 10_000), Reason.TOO_LARGE),
    "S3 text injected after STARTTLS": (INJECTED, TlsStart.PLAINTEXT),
    "S4 greeting of 1 MB": (speaking(b"220 " + b"x" * (1 << 20)), Reason.TOO_LARGE),
    "S4 EHLO line of 1 MB": (speaking(BANNER, b"250-" + b"x" * (1 << 20)), Reason.TOO_LARGE),
    "S5 greylisted": (speaking(b"450 4.7.1 greylisted\r\n"), Reason.INCONCLUSIVE),
    "S5 busy": (speaking(BANNER, b"421 4.3.2 busy\r\n"), Reason.RATE_LIMITED),
    "S5 TLS not now": (speaking(BANNER, EHLO, b"454 4.7.0 not now\r\n"), Reason.INCONCLUSIVE),
}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_mail_server(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handler, expected = CASES[name]
    if expected is Reason.TIMEOUT:
        monkeypatch.setattr(Net.connect, "__kwdefaults__", {"lifetime": 0.3})
    with within(MEMORY):
        if isinstance(expected, TlsStart):
            assert look(handler).start is expected
        else:
            with pytest.raises(CollectError) as caught:
                look(handler)
            assert caught.value.reason is expected


def test_injected_text_is_noted() -> None:
    seen = look(INJECTED)
    assert "injected" in seen.detail
    assert mail.starttls(seen, SOLE).status is Status.FAIL


def test_text_instead_of_tls_is_noted() -> None:
    seen = look(speaking(BANNER, EHLO, b"220 go\r\n", b"500 what is this\r\n"))
    assert seen.start is TlsStart.PLAINTEXT
    assert "what is this" in seen.detail


def test_a_server_that_hangs_up_on_the_hello_is_not_judged() -> None:
    async def leaves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in (BANNER, EHLO, b"220 go\r\n"):
            writer.write(reply)
            await reader.read(1 << 16)
        writer.transport.abort()

    seen = look(leaves)
    assert seen.start is TlsStart.SILENT
    assert mail.starttls(seen, SOLE).status is Status.UNKNOWN


def test_what_a_server_says_is_kept_short() -> None:
    keywords = b"".join(b"250-KEY" + b"x" * 3000 + b"\r\n" for _ in range(90))
    seen = look(speaking(b"220 " + b"b" * 3000 + b"\r\n", keywords + b"250 HELP\r\n"))
    assert len(seen.banner) == 500
    assert {len(line) for line in seen.keywords[:-1]} == {500}
    assert not seen.offered
