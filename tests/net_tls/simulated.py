"""A TLS server without cryptography: it chooses, refuses, and fails in every way there is."""

import asyncio
from dataclasses import dataclass, field

from posture.model import CollectError, Reason
from posture.net.tcp import Stream
from posture.net.tls import iana
from posture.net.tls.hello import parse_extensions
from posture.net.tls.wire import Reader, Version
from tests.net_tls.test_hello import message, record

RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
ALERT_40, ALERT_70, ALERT_80 = (record(21, bytes([2, code])) for code in (40, 70, 80))
P256 = 0x0017
ON_P256 = bytes.fromhex("06072a8648ce3d020106082a8648ce3d030107")
CERTIFICATES = {"RSA": b"an RSA certificate", "ECDSA": b"an ECDSA certificate" + ON_P256}


class HangUpError(Exception):
    """The server hangs up instead of answering."""


@dataclass(frozen=True)
class Hello:
    version: int
    suites: tuple[int, ...]
    groups: tuple[int, ...]
    signatures: tuple[int, ...]
    shares: tuple[int, ...]


def numbers(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2))


def parse(data: bytes) -> Hello:
    reader = Reader(data[5:])
    assert reader.number(1) == 1
    reader = Reader(reader.vector(3))
    version = reader.number(2)
    reader.take(32)
    reader.vector(1)
    suites = numbers(reader.vector(2))
    reader.vector(1)
    extensions = dict(parse_extensions(reader.vector(2)))
    if 43 in extensions:
        version = int.from_bytes(extensions[43][1:3])
    shares, reader = [], Reader(extensions.get(51, b"\0\0")[2:])
    while reader.left:
        shares.append(reader.number(2))
        reader.vector(2)
    return Hello(
        version=version,
        suites=suites,
        groups=numbers(extensions.get(10, b"")[2:]),
        signatures=numbers(extensions.get(13, b"")[2:]),
        shares=tuple(shares),
    )


def vector(width: int, data: bytes) -> bytes:
    return len(data).to_bytes(width) + data


@dataclass(kw_only=True)
class Simulated:
    """What it supports, most preferred first, and what is wrong with it."""

    suites: dict[Version, tuple[int, ...]]
    groups: tuple[int, ...] = (0x001D,)
    curves: tuple[int, ...] = (P256,)
    signatures: tuple[int, ...] = (0x0401, 0x0403)
    server_order: bool = True
    refusal: str = "alert"
    """``alert``, ``close``, ``reset``, or the number of another alert."""
    silent_below: Version = Version.SSL3
    """Hellos of older versions than this it does not answer at all."""
    stays_up: bool = False
    """A hello of a version that it does not have is refused even if it has an older one."""
    dies_on: frozenset[int] = frozenset()
    dies_by: str = "close"
    """``close``, ``internal error``, ``half-way``."""
    limit: int = 10_000
    """Suites in a hello; more than these kill it."""
    retries: bool = True
    """It answers a hello without a share for it by a HelloRetryRequest."""
    favourite: int | None = None
    """A group chosen whatever was offered."""
    patience: int = 1_000_000
    """Connections answered before it throttles."""
    throttle: str = "close"
    """``close``, ``silence``, ``refuse``, ``reset`` or ``alert``."""
    connections: int = 0
    longest: int = 0
    """Suites in the longest hello met."""
    asked: list[Hello] = field(default_factory=list)

    async def dial(self) -> Stream:
        self.connections += 1
        throttled = self.connections > self.patience
        if throttled and self.throttle == "refuse":
            raise CollectError(Reason.REFUSED, "throttled")
        return Stream(Pipe(self, throttled=throttled), peer="simulated")

    def negotiable(self, version: Version) -> set[int]:
        return set(self.suites.get(version, ())) - self.dies_on

    def answer(self, data: bytes, *, throttled: bool) -> bytes:
        if throttled:
            return self._throttled()
        if data[0] != 22:
            raise HangUpError  # SSL 2.0
        hello = parse(data)
        self.asked.append(hello)
        self.longest = max(self.longest, len(hello.suites))
        if len(hello.suites) > self.limit:
            return self._die(b"")
        if hello.version < self.silent_below:
            raise CollectError(Reason.TIMEOUT, "silence")
        if hello.version == Version.TLS13:
            return self._answer13(hello)
        return self._answer12(hello)

    def _throttled(self) -> bytes:
        if self.throttle == "silence":
            raise CollectError(Reason.TIMEOUT, "silence")
        if self.throttle == "reset":
            raise ConnectionResetError(104, "reset")
        if self.throttle == "alert":
            return ALERT_40
        raise HangUpError

    def _refuse(self, alert: bytes = ALERT_40) -> bytes:
        if self.refusal == "alert":
            return alert
        if self.refusal == "reset":
            raise ConnectionResetError(104, "reset")
        if self.refusal == "close":
            raise HangUpError
        return record(21, bytes([2, int(self.refusal)]))

    def _die(self, started: bytes) -> bytes:
        if self.dies_by == "internal error":
            return ALERT_80
        if self.dies_by == "half-way":
            return started
        raise HangUpError

    def _prefer(self, hello: Hello, version: Version) -> list[int]:
        mine, theirs = self.suites[version], hello.suites
        first, second = (mine, theirs) if self.server_order else (theirs, mine)
        return [suite for suite in first if suite in second]

    def _answer13(self, hello: Hello) -> bytes:
        if Version.TLS13 not in self.suites:
            return self._refuse(ALERT_70)
        chosen = self._prefer(hello, Version.TLS13)
        groups = [group for group in self.groups if group in hello.groups]
        if self.favourite is not None:
            groups = [self.favourite]
        if not chosen or not groups:
            return self._refuse()
        if groups[0] not in hello.shares and not self.retries:
            return self._refuse()
        random, share = RETRY, groups[0].to_bytes(2)
        if groups[0] in hello.shares:
            random, share = bytes(32), share + vector(2, bytes(32))
        extensions = b"\0\x2b\0\2\3\4" + b"\0\x33" + vector(2, share)
        started = server_hello(Version.TLS12, chosen[0], random, extensions)
        return self._die(started[:-1]) if chosen[0] in self.dies_on else started

    def _answer12(self, hello: Hello) -> bytes:
        versions = [v for v in self.suites if v <= hello.version and v is not Version.TLS13]
        if not versions or (self.stays_up and max(versions) < hello.version):
            return self._refuse(ALERT_70)
        version = max(versions)
        chosen = [s for s in self._prefer(hello, version) if self._usable(s, hello, version)]
        if not chosen:
            return self._refuse()
        return self._flight(chosen[0], version, hello)

    def _usable(self, suite: int, hello: Hello, version: Version) -> bool:
        method = iana.key_exchange(suite)
        if method.startswith("ECDHE") and not self._curve(hello):
            return False
        if method == "ECDHE_ECDSA" and P256 not in hello.groups:
            return False
        return version < Version.TLS12 or self._signature(suite, hello) is not None

    def _curve(self, hello: Hello) -> int | None:
        if self.favourite is not None:
            return self.favourite
        first, second = self.curves, hello.groups
        if not self.server_order:
            first, second = second, first
        return next((curve for curve in first if curve in second), None)

    def _signature(self, suite: int, hello: Hello) -> int | None:
        kind = iana.key_exchange(suite).rpartition("_")[2]
        if kind not in {"RSA", "ECDSA"} or iana.key_exchange(suite) == "RSA":
            return 0
        shared = [scheme for scheme in self.signatures if scheme in hello.signatures]
        return next((s for s in shared if (s & 0xFF == 3) == (kind == "ECDSA")), None)

    def _flight(self, suite: int, version: Version, hello: Hello) -> bytes:
        started = server_hello(version, suite, bytes(32), b"\xff\1\0\1\0")
        if suite in self.dies_on:
            return self._die(started)
        method = iana.key_exchange(suite)
        kind = "ECDSA" if "ECDSA" in method else "RSA"
        certificate = b"" if "anon" in method else chain(CERTIFICATES[kind])
        signed = b"" if "anon" in method else b"\0\0"
        if signed and version is Version.TLS12:
            signed = (self._signature(suite, hello) or 0).to_bytes(2) + signed
        return started + certificate + self._key(method, signed, hello) + message(14, b"")

    def _key(self, method: str, signed: bytes, hello: Hello) -> bytes:
        if method in {"ECDHE_RSA", "ECDHE_ECDSA", "ECDH_anon"}:
            curve = self._curve(hello) or P256
            return message(12, b"\3" + curve.to_bytes(2) + b"\1\0" + signed)
        if method in {"DHE_RSA", "DHE_DSS", "DH_anon"}:
            return message(12, vector(2, b"\xff" * 128) + b"\0\1\2\0\1\2" + signed)
        return b""


def server_hello(version: Version, suite: int, random: bytes, extensions: bytes) -> bytes:
    body = version.to_bytes(2) + random + b"\0" + suite.to_bytes(2) + b"\0"
    return message(2, body + vector(2, extensions))


def chain(certificate: bytes) -> bytes:
    return message(11, vector(3, vector(3, certificate)))


class Pipe:
    """The server's end of one connection."""

    def __init__(self, server: Simulated, *, throttled: bool) -> None:
        self._server = server
        self._throttled = throttled
        self._answer: bytes | None = None

    async def send(self, data: bytes) -> None:
        await asyncio.sleep(0)
        try:
            self._answer = self._server.answer(data, throttled=self._throttled)
        except HangUpError:
            self._answer = b""

    async def recv(self, size: int) -> bytes:
        assert self._answer is not None
        part, self._answer = self._answer[:size], self._answer[size:]
        return part

    def close(self) -> None:
        pass
