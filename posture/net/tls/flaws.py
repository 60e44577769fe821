"""Looks for flaws of TLS implementations, by what a server does and never by what it is called.

Each test ends in one of three: shown to be there, shown not to be there, not settled. Silence, a
reset and an end of file settle nothing. No handshake is ever completed.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from posture.model import CollectError, Reason
from posture.net.tcp import Stream
from posture.net.tls.exchange import Dial
from posture.net.tls.flight import Flight, FlightReader
from posture.net.tls.hello import ClientHello
from posture.net.tls.suites import TLS12_FAMILIES
from posture.net.tls.wire import Alert, ParseError, Version

HEARTBEAT = 15
OVERREAD = 16
"""Octets more than were sent that a heartbeat asks back. Their announced length is the evidence;
they themselves are not received."""
PATIENCE = 12.0
"""Seconds given to one answer."""

_ALERT, _HEARTBEAT_RECORD = 21, 24
_UNDECIPHERED = {20, 21}
"""bad_record_mac and decryption_failed: what came was taken for encrypted."""
_PADDING = bytes(16)  # RFC 6520 §4: at least 16 octets
_DEFLATE_FIRST = b"\x01\x00"


class Shows(StrEnum):
    """What a test showed."""

    FLAW = "flaw"
    NONE = "none"
    UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True)
class Shown:
    """The outcome of one test and what it rests on."""

    shows: Shows
    heard: str


def _unsettled(why: str) -> Shown:
    return Shown(Shows.UNSETTLED, why)


@dataclass(frozen=True, slots=True)
class Opened:
    """A handshake that waits for our next message, or why there is none."""

    flight: Flight | None = None
    alert: Alert | None = None
    why: str = ""

    @property
    def newer_only(self) -> bool:
        """Every version up to TLS 1.2 was refused in so many words (RFC 8446 §6.2)."""
        return self.alert is not None and self.alert.code == 70


_FAMILIES = (TLS12_FAMILIES[0] + TLS12_FAMILIES[1], TLS12_FAMILIES[2])
"""A server may choose a Diffie-Hellman suite and die of it, so they are offered by themselves."""
_GCM = ((0xC02F, 0xC02B, 0x009C), (0x009E,))
"""AES-128-GCM with SHA-256, for which :func:`seal` is made."""
_WAITS, _ENDS = "went on waiting", "broke off"
_DECIPHERED = "a record sealed with the key of no secret was deciphered"
_BROKEN_OFF = "it broke off at the early change, and waited where there was none"
_Talk = Callable[[Stream, ClientHello, Flight], Awaitable[Shown]]


async def heartbleed(dial: Dial, host: str) -> Shown:
    """Ask for 16 octets more than are sent (CVE-2014-0160). CollectError only from ``dial``."""

    async def talk(stream: Stream, _: ClientHello, flight: Flight) -> Shown:
        if flight.hello.extension(HEARTBEAT) is None:
            return Shown(Shows.NONE, "the server takes no heartbeats")
        version = flight.hello.version.to_bytes(2)
        greedy = b"\x01" + OVERREAD.to_bytes(2)
        honest = b"\x01\x00\x01\x00" + _PADDING
        await stream.write(_record(24, version, greedy) + _record(24, version, honest))
        return await _heartbeat(stream, len(honest))

    return await _tested(dial, host, talk)


async def _heartbeat(stream: Stream, honest: int) -> Shown:
    """Take the head of the first record only: what its memory held is never taken off the wire."""
    head = b""
    while len(head) < 5 and (data := await stream.read(5 - len(head))):
        head += data
    if len(head) < 5:
        return _unsettled("closed at the heartbeat")
    kind, length = head[0], int.from_bytes(head[3:5])
    if kind == _HEARTBEAT_RECORD and length >= 3 + OVERREAD:
        if length == honest:
            return Shown(Shows.NONE, "only the heartbeat of the right length was answered")
        return Shown(Shows.FLAW, f"an answer of {length} octets to a heartbeat of 3")
    if kind == _ALERT and length == 2:
        alert = Alert(*await stream.readexactly(2))
        return Shown(Shows.NONE, f"the heartbeat was refused: {alert}")
    return _unsettled(f"record {kind} of {length} octets")


async def injection(dial: Dial, host: str) -> Shown:
    """Change to encryption before there is a key (CVE-2014-0224). CollectError only from ``dial``.

    Whoever does change fails to decipher what follows, or deciphers what was sealed with the key
    that follows from no secret. Each is tried without its cause as well, and twice.
    """
    first = await _tested(dial, host, _change)
    if first.shows is Shows.UNSETTLED:
        return await _keyless(dial, host, first)
    if first.shows is Shows.NONE:
        return first
    without = await _tested(dial, host, _nonsense)
    if without.shows is Shows.NONE and (await _tested(dial, host, _change)) == first:
        return first
    return _unsettled(f"{first.heard}; without the change: {without.heard}")


async def _keyless(dial: Dial, host: str, otherwise: Shown) -> Shown:
    """For servers that say nothing when they break off: see what they wait after, all of it twice.

    One that has made the change waits after a record sealed with the key of no secret, and not
    after another. One that refuses it breaks off at the change alone, and waits without one.
    """
    known, another = partial(_sealed, secret=b""), partial(_sealed, secret=b"another")
    for talks, families, expected, shows, heard in (
        ((known, another), _GCM, (_WAITS, _ENDS), Shows.FLAW, _DECIPHERED),
        ((_alone, _begun), _FAMILIES, (_ENDS, _WAITS), Shows.NONE, _BROKEN_OFF),
    ):
        seen = [(await _tested(dial, host, talk, families)).heard for talk in talks * 2]
        if seen == [*expected] * 2:
            return Shown(shows, heard)
    return otherwise


_BEGUN = b"\x10\x00\x01\x00"
"""The head of a ClientKeyExchange: whoever can read it waits for the rest."""


async def _alone(stream: Stream, _: ClientHello, flight: Flight) -> Shown:
    await stream.write(_record(20, flight.hello.version.to_bytes(2), b"\x01"))
    return await _waiting(stream)


async def _begun(stream: Stream, _: ClientHello, flight: Flight) -> Shown:
    await stream.write(_record(22, flight.hello.version.to_bytes(2), _BEGUN))
    return await _waiting(stream)


async def _sealed(stream: Stream, hello: ClientHello, flight: Flight, secret: bytes) -> Shown:
    if flight.hello.suite not in _GCM[0] + _GCM[1] or flight.hello.version != Version.TLS12:
        return _unsettled("another suite was chosen")
    version = flight.hello.version.to_bytes(2)
    begun = seal(hello.random, flight.hello.random, secret, _BEGUN)
    await stream.write(_record(20, version, b"\x01") + _record(22, version, begun))
    return await _waiting(stream)


async def _waiting(stream: Stream) -> Shown:
    try:
        async with asyncio.timeout(PATIENCE / 2):
            return _unsettled("answered" if await stream.read(1) else _ENDS)
    except TimeoutError:
        return _unsettled(_WAITS)
    except CollectError as error:
        return _unsettled(_ENDS if error.reason is Reason.REFUSED else str(error))


def seal(client: bytes, server: bytes, secret: bytes, message: bytes) -> bytes:
    """Seal the first handshake record of a client: AES-128-GCM, SHA-256 (RFC 5246 §6.3, RFC 5288).

    ``client`` and ``server`` are the randoms, ``secret`` the master secret.
    """
    seed = b"key expansion" + server + client
    first = hmac.digest(secret, seed, "sha256")
    second = hmac.digest(secret, first, "sha256")
    block = hmac.digest(secret, first + seed, "sha256") + hmac.digest(
        secret, second + seed, "sha256"
    )
    key, salt, nonce = block[:16], block[32:36], bytes(8)
    about = bytes(8) + b"\x16" + Version.TLS12.to_bytes(2) + len(message).to_bytes(2)
    return nonce + AESGCM(key).encrypt(salt + nonce, message, about)


async def _change(stream: Stream, hello: ClientHello, flight: Flight) -> Shown:
    await stream.write(_record(20, flight.hello.version.to_bytes(2), b"\x01"))
    try:
        async with asyncio.timeout(PATIENCE / 2):
            heard = await _alert(stream)
    except TimeoutError:
        return await _nonsense(stream, hello, flight)
    if heard.code in _UNDECIPHERED:
        return _unsettled(f"{heard} to the change itself")
    return Shown(Shows.NONE, f"the early change was refused: {heard}")


async def _nonsense(stream: Stream, _: ClientHello, flight: Flight) -> Shown:
    """Send a handshake record that means nothing, in clear or deciphered."""
    await stream.write(_record(22, flight.hello.version.to_bytes(2), bytes(64)))
    heard = await _alert(stream)
    if heard.code in _UNDECIPHERED:
        return Shown(Shows.FLAW, f"what followed the early change was deciphered: {heard}")
    return Shown(Shows.NONE, f"what followed the early change was read in clear: {heard}")


async def ssl3_cbc(dial: Dial, host: str) -> Shown:
    """Offer SSL 3.0 with CBC suites only (CVE-2014-3566)."""
    suites = (0x0035, 0x002F, 0x000A, 0xC014, 0xC013, 0x0039, 0x0033, 0x0016)
    opened = await _opened_with(dial, ClientHello(host=host, version=Version.SSL3, suites=suites))
    if opened.flight:
        chosen = opened.flight.hello
        if chosen.version == Version.SSL3 and chosen.suite in suites:
            return Shown(Shows.FLAW, f"SSL 3.0 with suite {chosen.suite:#06x} was chosen")
        return _unsettled(f"version {chosen.version:#06x} was chosen")
    if opened.alert and opened.alert.refusal:
        return Shown(Shows.NONE, f"refused: {opened.alert}")
    return _unsettled(opened.why)


async def compression(dial: Dial, host: str) -> Shown:
    """Offer DEFLATE (CVE-2012-4929)."""

    async def talk(_: Stream, _hello: ClientHello, flight: Flight) -> Shown:
        if flight.hello.compression:
            return Shown(Shows.FLAW, f"compression {flight.hello.compression} was chosen")
        return Shown(Shows.NONE, "no compression was chosen")

    return await _tested(dial, host, talk)


async def _tested(
    dial: Dial, host: str, talk: _Talk, families: tuple[tuple[int, ...], ...] = _FAMILIES
) -> Shown:
    """Open a handshake up to TLS 1.2, then have ``talk`` go on."""
    found = _unsettled("")
    for suites in families:
        hello = ClientHello(
            host=host,
            version=Version.TLS12,
            suites=suites,
            compressions=_DEFLATE_FIRST,
            more=((HEARTBEAT, b"\x01"),),
        )
        async with await dial() as stream:
            opened = await _open(stream, hello)
            if opened.flight:
                return await _patient(talk, stream, hello, opened.flight)
        if opened.newer_only:
            return Shown(Shows.NONE, "nothing older than TLS 1.3 is spoken")
        found = _unsettled(opened.why)
    return found


async def _patient(talk: _Talk, stream: Stream, hello: ClientHello, flight: Flight) -> Shown:
    if flight.hello.version >= Version.TLS13:
        return _unsettled(f"version {flight.hello.version:#06x} was chosen, unasked")
    try:
        async with asyncio.timeout(PATIENCE):
            return await talk(stream, hello, flight)
    except TimeoutError:
        return _unsettled(f"no answer in {PATIENCE:g} s")
    except (CollectError, ParseError) as error:
        return _unsettled(str(error))


async def _opened_with(dial: Dial, hello: ClientHello) -> Opened:
    async with await dial() as stream:
        return await _open(stream, hello)


async def _open(stream: Stream, hello: ClientHello) -> Opened:
    """Say hello and hear the server out, to where it waits for us."""
    reader = FlightReader()
    try:
        async with asyncio.timeout(2 * PATIENCE):
            await stream.write(hello.record())
            while data := await stream.read(1 << 14):
                answer = reader.feed(data)
                if isinstance(answer, Flight):
                    return Opened(answer)
                if answer is not None:
                    return Opened(None, answer, str(answer))
    except TimeoutError:
        return Opened(None, None, f"no answer in {2 * PATIENCE:g} s")
    except (CollectError, ParseError) as error:
        return Opened(None, None, str(error))
    return Opened(None, None, "closed without an answer")


async def _alert(stream: Stream) -> Alert:
    """Read one alert in clear; ParseError for anything else."""
    head = await stream.readexactly(5)
    if head[0] != _ALERT or head[3:5] != b"\x00\x02":
        raise ParseError(f"record {head[0]} of {int.from_bytes(head[3:5])} octets")
    return Alert(*await stream.readexactly(2))


def _record(kind: int, version: bytes, body: bytes) -> bytes:
    return bytes((kind,)) + version + len(body).to_bytes(2) + body
