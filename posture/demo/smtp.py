"""A small mail server: greets, says what it can, upgrades to TLS, and takes no mail."""

import asyncio
import ssl
from contextlib import AbstractAsyncContextManager

from posture.demo.conversation import Conversation, listening

MAX_COMMANDS = 50


def serve(host: str, context: ssl.SSLContext | None) -> AbstractAsyncContextManager[int]:
    """Serve on a free loopback port, which is returned; without a context there is no STARTTLS."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Session(host, context, Conversation(reader, writer)).run()

    return listening(talk)


class _Session:
    """One conversation (RFC 5321, RFC 3207)."""

    def __init__(self, host: str, context: ssl.SSLContext | None, peer: Conversation) -> None:
        self.host = host
        self.context = context
        self.peer = peer

    async def run(self) -> None:
        await self.say(f"220 {self.host} ESMTP")
        for _ in range(MAX_COMMANDS):
            line = await self.peer.readline()
            verb = line.split(maxsplit=1)[0].upper() if line.strip() else b""
            if not line or verb == b"QUIT":
                await self.say("221 2.0.0 Bye")
                return
            if verb == b"STARTTLS" and self.context:
                await self.upgrade(self.context)
            else:
                await self.answer(verb)

    async def answer(self, verb: bytes) -> None:
        if verb == b"EHLO":
            can = ["PIPELINING", "SIZE 26214400", "8BITMIME"]
            can += ["STARTTLS"] if self.context else []
            lines = [self.host, *can]
            await self.say(*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}")
        elif verb in {b"HELO", b"NOOP", b"RSET"}:
            await self.say(f"250 {self.host}")
        else:
            await self.say("502 5.5.1 Not here")

    async def upgrade(self, context: ssl.SSLContext) -> None:
        await self.say("220 2.0.0 Ready to start TLS")
        await self.peer.secure(context)
        # RFC 3207 §4.2: nothing said before counts, and STARTTLS is not offered twice.
        self.context = None

    async def say(self, *lines: str) -> None:
        await self.peer.send("".join(f"{line}\r\n" for line in lines).encode())
