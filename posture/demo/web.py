"""Small web servers: a page over HTTPS, and what plain HTTP answers."""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from posture.demo.conversation import Conversation, listening

HSTS = "Strict-Transport-Security: max-age=31536000; includeSubDomains"
POLICY = "Content-Security-Policy: default-src 'self'; object-src 'none'; frame-ancestors 'self'"
GUARDS = ("X-Content-Type-Options: nosniff", "X-Frame-Options: SAMEORIGIN")
COOKIE = "Set-Cookie: session=5b1f; Secure; HttpOnly; SameSite=Lax; Path=/"
_PAGE = b"""<!doctype html><html lang=en><title>Smile Dental</title>
<script src=/site.js></script><p>Hello.<form action=/contact><input name=question></form></html>"""


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


def made_with(software: str) -> bytes:
    """Return the page of a site that says what it runs on, if anything."""
    if not software:
        return _PAGE
    return _PAGE.replace(b"<title>", f'<meta name=generator content="{software}"><title>'.encode())


def notice(domain: str, now: datetime) -> Response:
    """Say where weaknesses are reported (RFC 9116)."""
    end = now + timedelta(days=180)
    text = f"Contact: mailto:security@{domain}\nExpires: {end:%Y-%m-%dT%H:%M:%SZ}\n"
    return Response(media_type="text/plain; charset=utf-8", body=text.encode())


def redirect(host: str) -> Response:
    """Send visitors to HTTPS."""
    location = f"Location: https://{host}/"
    return Response(status="301 Moved Permanently", headers=(location,), body=b"")


def serve(
    response: Response,
    context: ssl.SSLContext | None = None,
    pages: Mapping[str, Response] | None = None,
) -> AbstractAsyncContextManager[int]:
    """Serve on a free loopback port, which is returned; over TLS if a context is given.

    ``pages`` are by path; ``response`` is what every other path gets.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Conversation(reader, writer)
        if context:
            await peer.secure(context)
        request = await peer.readline()
        while (await peer.readline()).strip():
            pass
        if request:
            path = request.decode("latin-1").split()[1:2]
            chosen = (pages or {}).get(path[0] if path else "", response)
            await peer.send(chosen.wire(head_only=request.startswith(b"HEAD ")))

    return listening(answer)
