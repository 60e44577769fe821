"""Ask a server one question: connect, send a hello, hear the first answer, hang up."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from posture.model import CollectError, Reason
from posture.net.tcp import Stream
from posture.net.tls.hello import ClientHello, FirstAnswer, ServerHello
from posture.net.tls.wire import Alert, NotTlsError, ParseError

Dial = Callable[[], Awaitable[Stream]]
"""Opens a connection on which TLS may start at once: plain TCP, or past a STARTTLS."""

PATIENCE = 8.0
"""Seconds given to a peer for one answer."""


@dataclass(frozen=True, slots=True)
class Silence:
    """No usable answer: an end of file, a reset, a stall, or something that is not TLS."""

    why: str
    closed: bool = False
    """It hung up: perhaps on this question only, so another one is worth asking."""
    plaintext: bool = False
    """It spoke, but another protocol than TLS."""


async def ask(
    dial: Dial, hello: ClientHello, *, patience: float = PATIENCE
) -> ServerHello | Alert | Silence:
    """Send ``hello`` on a new connection and return the first answer.

    CollectError passes only from ``dial``: then there was nobody to ask.
    """
    async with await dial() as stream:
        return await hear(stream, hello, patience=patience)


async def hear(
    stream: Stream, hello: ClientHello, *, patience: float = PATIENCE
) -> ServerHello | Alert | Silence:
    """Send ``hello`` on ``stream`` and return the first answer."""
    try:
        async with asyncio.timeout(patience):
            await stream.write(hello.record())
            return await _first(stream)
    except TimeoutError:
        return Silence(f"no answer in {patience:g} s")
    except NotTlsError as error:
        return Silence(str(error), plaintext=True)
    except ParseError as error:
        return Silence(f"broken TLS: {error}")
    except CollectError as error:
        return Silence(str(error), closed=error.reason is Reason.REFUSED)


async def _first(stream: Stream) -> ServerHello | Alert | Silence:
    answer = FirstAnswer()
    while data := await stream.read(1 << 14):
        if (heard := answer.feed(data)) is not None:
            return heard
    return Silence("closed without an answer", closed=True)
