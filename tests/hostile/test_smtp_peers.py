"""Mail servers that drip, bomb, inject and put off: never 'fail', never 'offered' without proof."""

import asyncio

import pytest

from posture.checks.tls import collect_mail, mail
from posture.checks.tls.facts import StartTls, TlsStart
from posture.model import CollectError, MailServer, Reason, Status
from tests.net_tls.servers import Handler, idle, net, serving

SERVER = MailServer(host="mx.example.com")
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


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        pytest.param(endless, Reason.TOO_LARGE, id="S2 multiline reply without end"),
        pytest.param(speaking(b"220 " + b"x" * (1 << 20)), Reason.TOO_LARGE, id="S4 line of 1 MB"),
        pytest.param(
            speaking(BANNER, b"250-" + b"x" * (1 << 20)), Reason.TOO_LARGE, id="S4 EHLO of 1 MB"
        ),
        pytest.param(speaking(b"450 4.7.1 greylisted\r\n"), Reason.INCONCLUSIVE, id="S5 greylist"),
        pytest.param(speaking(BANNER, b"421 4.3.2 busy\r\n"), Reason.RATE_LIMITED, id="S5 421"),
        pytest.param(
            speaking(BANNER, EHLO, b"454 4.7.0 TLS not available\r\n"),
            Reason.INCONCLUSIVE,
            id="S5 454",
        ),
    ],
)
def test_no_fact(handler: Handler, reason: Reason) -> None:
    with pytest.raises(CollectError) as caught:
        look(handler)
    assert caught.value.reason is reason


def test_s3_text_injected_after_starttls_is_noted() -> None:
    seen = look(speaking(BANNER, EHLO, b"220 go\r\n250 injected\r\n"))
    assert seen.start is TlsStart.PLAINTEXT
    assert "injected" in seen.detail
    assert mail.starttls(seen).status is Status.FAIL


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
    assert mail.starttls(seen).status is Status.UNKNOWN


def test_what_a_server_says_is_kept_short() -> None:
    keywords = b"".join(b"250-KEY" + b"x" * 3000 + b"\r\n" for _ in range(90))
    seen = look(speaking(b"220 " + b"b" * 3000 + b"\r\n", keywords + b"250 HELP\r\n"))
    assert len(seen.banner) == 500
    assert {len(line) for line in seen.keywords[:-1]} == {500}
    assert not seen.offered
