"""What can come of asking a server to go on in TLS, and bounded reading of what it says before."""

import re
from dataclasses import dataclass
from enum import StrEnum

from posture.model import CollectError, Reason
from posture.net.tcp import Stream

MAX_LINE = 4096
MAX_LINES = 100
"""Lines of one reply; real servers need a third of it."""

MAX_SAID = 500
"""Characters kept of what a server said."""

# Cisco's "inspect esmtp" and its kin write X over keywords that they do not want used.
OVERWRITTEN = re.compile(r"X{7,}[A-Z]?", re.IGNORECASE)
_CLIPPED = re.compile(r"(?<![\w])X{4,}[A-Z]?(?![\w])", re.IGNORECASE)


class Outcome(StrEnum):
    """What came of it. Only the first four speak of the server's settings."""

    READY = "ready"
    """It gave the go-ahead: the next octets are TLS."""
    REFUSED = "refused"
    """It knows the request and said no."""
    NOT_OFFERED = "not_offered"
    """It says what it can do, and this is not among it; or it does not know the request."""
    INJECTED = "injected"
    """Plain text came along behind the go-ahead, where only TLS may stand (CVE-2011-0411)."""
    STRIPPED = "stripped"
    """Something on the way has overwritten what it offers: what it can do cannot be seen."""
    BUSY = "busy"
    """It says later, or too many: to be left alone, and nothing is known."""
    UNWILLING = "unwilling"
    """It does not talk to us at all."""
    MALFORMED = "malformed"
    """It does not speak the protocol, or without end."""
    CLOSED = "closed"
    """It hung up in the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What was heard up to the point where TLS may begin."""

    outcome: Outcome
    said: str = ""
    """The reply that settled it."""
    offered: tuple[str, ...] = ()
    """What the server says it can do, where the protocol has it say so."""
    ahead: bytes = b""
    """What came behind the go-ahead."""


class ClosedError(CollectError):
    """The server hung up before it had said what was asked."""


async def read_line(stream: Stream) -> bytes:
    """Return one whole line. ClosedError, or TOO_LARGE and what else the stream raises."""
    line = await stream.readline(MAX_LINE)
    if not line.endswith(b"\n"):
        raise ClosedError(Reason.INCONCLUSIVE, "closed in the middle of a reply")
    return line


async def read_exactly(stream: Stream, size: int) -> bytes:
    """Return ``size`` octets. ClosedError, or what the stream raises."""
    if not size:
        return b""
    try:
        return await stream.readexactly(size)
    except CollectError as error:
        if error.reason is Reason.MALFORMED:  # what a stream says of an early end
            raise ClosedError(Reason.INCONCLUSIVE, error.detail) from None
        raise


def too_many() -> CollectError:
    """Return the error for a reply without end."""
    return CollectError(Reason.TOO_LARGE, f"a reply of more than {MAX_LINES} lines")


def text_of(line: bytes) -> str:
    """Return a line as text, without its end."""
    return line.decode("utf-8", "replace").rstrip("\r\n")[:MAX_SAID]


def overwritten(words: tuple[str, ...]) -> bool:
    """Whether one of these keywords has been overwritten."""
    return any(OVERWRITTEN.fullmatch(word.strip('"').partition(" ")[0]) for word in words)


def echoes_mask(text: str) -> bool:
    """Whether a server complains of a command of X's: something changed ours on the way."""
    return _CLIPPED.search(text) is not None
