"""Small web servers: a page over HTTPS, and what plain HTTP answers."""

import asyncio
import ssl
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from posture.demo.conversation import Conversation, listening

HSTS = "Strict-Transport-Security: max-age=31536000; includeSubDomains"
_PAGE = b"<!doctype html><html lang=en><title>Smile Dental</title><p>Hello.</html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a server says to every request."""

    status: str = "200 OK"
    headers: tuple[str, ...] = ()
    body: bytes = _PAGE
    media_type: str = "text/html; charset=utf-8"

    def wire(self, *, head_only: bool) -> bytes:
        """Return the octets of the response; the connection ends after it."""
        head = (
            f"HTTP/1.1 {self.status}",
            f"Content-Type: {self.media_type}",
            f"Content-Length: {len(self.body)}",
            "Connection: close",
            *self.headers,
        )
        return "\r\n".join([*head, "", ""]).encode() + (b"" if head_only else self.body)


def redirect(host: str) -> Response:
    """Send visitors to HTTPS."""
    location = f"Location: https://{host}/"
    return Response(status="301 Moved Permanently", headers=(location,), body=b"")


def serve(
    response: Response, context: ssl.SSLContext | None = None
) -> AbstractAsyncContextManager[int]:
    """Serve on a free loopback port, which is returned; over TLS if a context is given."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Conversation(reader, writer)
        if context:
            await peer.secure(context)
        request = await peer.readline()
        while (await peer.readline()).strip():
            pass
        if request:
            await peer.send(response.wire(head_only=request.startswith(b"HEAD ")))

    return listening(answer)
