"""SMTP up to STARTTLS: what is offered, hidden, refused, and what is no answer at all."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.model import CollectError, Reason
from posture.net import Stream
from posture.net.tls.starttls import MAX_LINES, Greeting, parse_reply_line, smtp, smtp_dial
from posture.net.tls.wire import ParseError
from posture.testing import FakeChannel, FakeStream

BANNER = b"220 mx.example.com ESMTP\r\n"
EHLO = b"250-mx.example.com\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 8BITMIME\r\n"


def talk(*replies: bytes) -> tuple[Greeting, bytes]:
    async def scenario() -> tuple[Greeting, bytes]:
        channel = FakeChannel(replies)
        return await smtp(FakeStream(channel, "192.0.2.25")), bytes(channel.sent)

    return asyncio.run(scenario())


def test_offered_and_accepted() -> None:
    said, sent = talk(BANNER, EHLO, b"220 2.0.0 Ready to start TLS\r\n")
    assert said.offered
    assert said.accepted
    assert not said.stripped
    assert said.banner == "220 mx.example.com ESMTP"
    assert said.keywords == ("PIPELINING", "STARTTLS", "8BITMIME")
    assert said.answer == "220 2.0.0 Ready to start TLS"
    assert sent == b"EHLO posture.invalid\r\nSTARTTLS\r\n"


@pytest.mark.parametrize(
    ("ehlo", "offered", "stripped"),
    [
        (b"250-mx\r\n250 starttls\r\n", True, False),
        (b"250-mx\r\n250 STARTTLS extra\r\n", True, False),
        (b"250-mx\r\n250 8BITMIME\r\n", False, False),
        (b"250 STARTTLS\r\n", False, False),
        (b"250-mx\r\n250-XXXXXXXA\r\n250 8BITMIME\r\n", False, True),
        (b"250-mx\r\n250 XXXXXXXX\r\n", False, True),
        (b"250-mx\r\n250 XEXCH50\r\n", False, False),
        (b"502 Command not implemented\r\n", False, False),
        (b"500 what?\r\n", False, False),
    ],
)
def test_offers(ehlo: bytes, offered: bool, stripped: bool) -> None:
    said, _ = talk(BANNER, ehlo, b"220 go\r\n")
    assert (said.offered, said.stripped) == (offered, stripped)
    assert said.accepted is offered


def test_a_masked_greeting_hides_what_is_offered() -> None:
    said, _ = talk(b"220 ***************2*******0*0*\r\n", b"500 command unrecognized\r\n")
    assert (said.offered, said.stripped) == (False, True)


def test_a_refusal_after_the_offer() -> None:
    said, _ = talk(BANNER, EHLO, b"502 5.5.1 Not here\r\n")
    assert (said.offered, said.accepted, said.answer) == (True, False, "502 5.5.1 Not here")


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ((b"421 too many connections\r\n",), Reason.RATE_LIMITED),
        ((b"450 try again\r\n",), Reason.INCONCLUSIVE),
        ((b"554 your address is listed\r\n",), Reason.DENIED),
        ((b"354 go ahead\r\n",), Reason.MALFORMED),
        ((BANNER, b"421 bye\r\n"), Reason.RATE_LIMITED),
        ((BANNER, b"451 greylisted\r\n"), Reason.INCONCLUSIVE),
        ((BANNER, b"550 bad name\r\n"), Reason.DENIED),
        ((BANNER, EHLO, b"454 TLS not available due to temporary reason\r\n"), Reason.INCONCLUSIVE),
        ((BANNER, EHLO, b"421 bye\r\n"), Reason.RATE_LIMITED),
        ((BANNER, EHLO), Reason.INCONCLUSIVE),
        ((BANNER, b"250-mx\r\n250-PIPE"), Reason.MALFORMED),
        ((), Reason.INCONCLUSIVE),
        ((b"+OK POP3 ready\r\n",), Reason.MALFORMED),
        ((b"SSH-2.0-OpenSSH_9.2\r\n",), Reason.MALFORMED),
        ((b"\x15\x03\x01\x00\x02\x02\x46\n",), Reason.MALFORMED),
        ((b"220-more\r\n" * (MAX_LINES + 1),), Reason.TOO_LARGE),
        ((b"220 " + b"x" * 100_000,), Reason.TOO_LARGE),
    ],
)
def test_what_says_nothing_about_encryption(replies: tuple[bytes, ...], reason: Reason) -> None:
    with pytest.raises(CollectError) as caught:
        talk(*replies)
    assert caught.value.reason is reason


def test_the_dial_goes_past_starttls_or_hangs_up() -> None:
    async def scenario(channel: FakeChannel) -> Stream:
        async def connect() -> Stream:
            return FakeStream(channel, "192.0.2.25")

        return await smtp_dial(connect)()

    willing = FakeChannel([BANNER, EHLO, b"220 go\r\n"])
    assert asyncio.run(scenario(willing)).peer == "192.0.2.25"
    assert not willing.closed
    unwilling = FakeChannel([BANNER, EHLO, b"501 no\r\n"])
    with pytest.raises(CollectError) as caught:
        asyncio.run(scenario(unwilling))
    assert caught.value.reason is Reason.INCONCLUSIVE
    assert unwilling.closed


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        (b"220 hello\r\n", (220, False, "hello")),
        (b"250-more\n", (250, True, "more")),
        (b"250\r\n", (250, False, "")),
        (b"250 \xff\r\n", (250, False, "\N{REPLACEMENT CHARACTER}")),
    ],
)
def test_reply_lines(line: bytes, parsed: tuple[int, bool, str]) -> None:
    assert parse_reply_line(line) == parsed


@given(st.binary(max_size=60) | st.from_regex(rb"[0-9]{3}[ -].*\r?\n?", fullmatch=True))
def test_any_line_is_a_reply_or_a_parse_error(line: bytes) -> None:
    try:
        code, _, text = parse_reply_line(line)
    except ParseError:
        return
    assert 200 <= code < 600
    assert "\n" not in text
