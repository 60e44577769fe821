"""The certificates a server sends, raw and unjudged, through an ordinary TLS handshake."""

import _ssl
import asyncio
import ssl
from dataclasses import dataclass
from typing import Any

from posture.model import CollectError, Reason
from posture.net.tcp import Stream
from posture.net.tls.exchange import PATIENCE

KEPT = 10
"""Certificates kept of a chain; real chains have two to four."""

MAX_HANDSHAKE = 1 << 18
"""Octets read before the handshake must be done. OpenSSL itself stops at 100 kB of certificates."""

_LEGACY_SERVER_CONNECT = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT, which Python names from 3.12 on
_LEGACY_CIPHERS = "ALL:!aNULL:!eNULL:@SECLEVEL=0"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawChain:
    """What one handshake showed."""

    certificates: tuple[bytes, ...]
    """DER as sent, the server's own first, at most ``KEPT``."""
    sent: int
    """How many the server sent."""
    version: str
    """Negotiated, e.g. ``TLSv1.3``; empty when the server broke off after its certificate."""
    suite: str


async def raw_chain(stream: Stream, host: str, *, patience: float = PATIENCE) -> RawChain:
    """Shake hands on ``stream``, verifying nothing, and return the chain as sent.

    CollectError: TIMEOUT, TOO_LARGE, MALFORMED (not TLS), INCONCLUSIVE (no common ground).
    """
    tls = _Handshake(stream, host)
    try:
        await _shake(tls, patience)
    except CollectError:
        # A server that wants a certificate of ours breaks off, but has shown its own by then.
        if not tls.certificates():
            raise
    return tls.seen()


async def _shake(tls: "_Handshake", patience: float) -> None:
    try:
        async with asyncio.timeout(patience):
            await tls.run()
    except TimeoutError:
        raise CollectError(Reason.TIMEOUT, f"no TLS handshake in {patience:g} s") from None
    except ssl.SSLError as error:
        raise CollectError(Reason.INCONCLUSIVE, _words(error)) from None
    except CollectError as error:
        if error.reason is not Reason.REFUSED:
            raise
        # A reset half-way: whatever it means, the port is not closed.
        raise CollectError(Reason.INCONCLUSIVE, error.detail) from None


def lenient_context() -> ssl.SSLContext:
    """Accept whatever this machine's OpenSSL can still speak, and any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers(_LEGACY_CIPHERS)
    context.options |= _LEGACY_SERVER_CONNECT
    return context


class _Handshake:
    """OpenSSL between two memory buffers: it never sees the socket, so ours are the limits."""

    def __init__(self, stream: Stream, host: str) -> None:
        self._stream = stream
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        try:
            self._tls = lenient_context().wrap_bio(
                self._incoming, self._outgoing, server_hostname=host.rstrip(".")
            )
        except ValueError:  # also UnicodeError: a label that is empty or too long
            raise CollectError(Reason.MALFORMED, "no host name TLS could ask for") from None

    async def run(self) -> None:
        """Pump bytes both ways until OpenSSL is content."""
        received = 0
        while not self._done():
            await self._flush()
            data = await self._receive()
            if not received:
                _expect_tls(data)
            received += len(data)
            if received > MAX_HANDSHAKE:
                raise CollectError(Reason.TOO_LARGE, f"handshake over {MAX_HANDSHAKE} octets")
            self._incoming.write(data)
        await self._flush()

    def certificates(self) -> list[bytes]:
        """The chain as far as it has arrived, DER."""
        return _unverified_chain(self._tls)

    def seen(self) -> RawChain:
        """Everything worth keeping."""
        chain, cipher = self.certificates(), self._tls.cipher()
        return RawChain(
            certificates=tuple(chain[:KEPT]),
            sent=len(chain),
            version=self._tls.version() or "",
            suite=cipher[0] if cipher else "",
        )

    async def _receive(self) -> bytes:
        data = await self._stream.read(1 << 14)
        if not data:
            raise CollectError(Reason.INCONCLUSIVE, "closed during the TLS handshake")
        return data

    def _done(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await self._stream.write(data)


def _expect_tls(data: bytes) -> None:
    if data[0] not in {0x15, 0x16}:  # alert, handshake
        start = data[:60].decode("latin-1")
        raise CollectError(Reason.MALFORMED, f"no TLS: the answer starts with {start!r}")


def _unverified_chain(tls: ssl.SSLObject) -> list[bytes]:
    """Return the chain as sent: public from Python 3.13 on, private but the same before."""
    public: Any = getattr(tls, "get_unverified_chain", None)
    if public is not None:
        return list(public() or ())
    private: Any = tls._sslobj  # type: ignore[attr-defined] # noqa: SLF001 - the only way to it
    found = private.get_unverified_chain() or ()
    return [certificate.public_bytes(_ssl.ENCODING_DER) for certificate in found]


def _words(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).lower().replace("_", " ")
