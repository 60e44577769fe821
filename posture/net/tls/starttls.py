"""SMTP up to the point where TLS begins (RFC 5321, RFC 3207).

Four answers are told apart: STARTTLS is offered and accepted; it is not offered; something on the
way has overwritten it; or the server will not talk to us now, which proves nothing.
"""

import re
from dataclasses import dataclass

from posture.model import CollectError, Reason
from posture.net.tcp import Stream
from posture.net.tls.exchange import Dial
from posture.net.tls.starttls_outcome import OVERWRITTEN, ClosedError
from posture.net.tls.wire import ParseError

EHLO_NAME = "posture.invalid"
"""What we call ourselves: a name that cannot be mistaken for somebody's mail server (RFC 6761)."""

MAX_LINE = 4096
MAX_LINES = 100
"""Lines of one reply. RFC 5321 §4.5.3.1.5 knows lines of 512 octets, and no server has 30."""

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])([^\r\n]*))?\r?\n")
# What writes X over keywords (OVERWRITTEN) hides the greeting behind asterisks too, and may refuse
# EHLO in the server's name.
_MASKED = "*" * 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One SMTP reply."""

    code: int
    lines: tuple[str, ...]
    """Texts after the code."""

    def __str__(self) -> str:
        """The reply on one line, for evidence."""
        return f"{self.code} {' / '.join(self.lines)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What a mail server said until it was asked for TLS."""

    banner: str
    keywords: tuple[str, ...]
    """The lines of its EHLO reply after the first; empty when it does not know EHLO."""
    answer: str
    """Its reply to STARTTLS; empty when that was not sent."""
    accepted: bool
    """It answered STARTTLS with 220: the next octets are TLS."""

    @property
    def offered(self) -> bool:
        """STARTTLS is among the keywords."""
        return any(_keyword(line) == "STARTTLS" for line in self.keywords)

    @property
    def stripped(self) -> bool:
        """What the server says has been overwritten, so its offer cannot be seen from here."""
        masked = _MASKED in self.banner
        return masked or any(OVERWRITTEN.fullmatch(_keyword(line)) for line in self.keywords)


def parse_reply_line(line: bytes) -> tuple[int, bool, str]:
    """Return code, whether more lines follow, and text (RFC 5321 §4.2); ParseError."""
    found = _LINE.fullmatch(line)
    if found is None:
        raise ParseError(f"no SMTP reply: {line[:60]!r}")
    code, mark, text = found.groups()
    return int(code), mark == b"-", (text or b"").decode("utf-8", "replace")


async def read_reply(stream: Stream) -> Reply:
    """Read one reply. CollectError: MALFORMED, TOO_LARGE, or what the stream raises."""
    texts: list[str] = []
    try:
        for _ in range(MAX_LINES):
            line = await stream.readline(MAX_LINE)
            if not line:
                raise ClosedError(Reason.INCONCLUSIVE, "closed in the middle of an SMTP reply")
            code, more, text = parse_reply_line(line)
            texts.append(text)
            if not more:
                return Reply(code=code, lines=tuple(texts))
    except ParseError as error:
        raise CollectError(Reason.MALFORMED, str(error)) from None
    raise CollectError(Reason.TOO_LARGE, f"an SMTP reply of more than {MAX_LINES} lines")


async def smtp(stream: Stream, name: str = EHLO_NAME) -> Greeting:
    """Talk to a mail server until TLS may begin, or it is clear that it will not.

    CollectError RATE_LIMITED (421), INCONCLUSIVE (any other 4xx) and DENIED (5xx to us, not to
    STARTTLS): the server did not say what it offers.
    """
    banner = _willing(await read_reply(stream))
    keywords = await _keywords(stream, name)
    seen = Greeting(banner=str(banner), keywords=keywords, answer="", accepted=False)
    if not seen.offered:
        return seen
    await stream.write(b"STARTTLS\r\n")
    answer = _not_later(await read_reply(stream))
    return Greeting(
        banner=str(banner), keywords=keywords, answer=str(answer), accepted=answer.code == 220
    )


def smtp_dial(dial: Dial) -> Dial:
    """Return what opens connections of ``dial`` and takes them past STARTTLS."""

    async def past_starttls() -> Stream:
        stream = await dial()
        try:
            return _accepted(await smtp(stream), stream)
        except BaseException:
            await stream.close()
            raise

    return past_starttls


def _accepted(greeting: Greeting, stream: Stream) -> Stream:
    if not greeting.accepted:
        raise CollectError(Reason.INCONCLUSIVE, "this time STARTTLS was not accepted")
    return stream


async def _keywords(stream: Stream, name: str) -> tuple[str, ...]:
    await stream.write(f"EHLO {name}\r\n".encode("ascii"))
    reply = _not_later(await read_reply(stream))
    if reply.code in {500, 502}:  # RFC 5321 §4.1.1.1: it knows no EHLO, so no extension either
        return ()
    return _willing(reply).lines[1:]


def _willing(reply: Reply) -> Reply:
    if _not_later(reply).code >= 500:
        raise CollectError(Reason.DENIED, f"the mail server does not talk to us: {reply}")
    if reply.code >= 300:
        raise CollectError(Reason.MALFORMED, f"an SMTP reply out of place: {reply}")
    return reply


def _not_later(reply: Reply) -> Reply:
    if reply.code == 421:
        raise CollectError(Reason.RATE_LIMITED, f"the mail server is busy: {reply}")
    if 400 <= reply.code < 500:
        raise CollectError(Reason.INCONCLUSIVE, f"the mail server says try later: {reply}")
    return reply


def _keyword(line: str) -> str:
    return line.split(" ", 1)[0].strip().upper()
