"""What there is to ask a server, as dimensions for the sifter."""

import functools
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from typing import Final

from posture.net.tls import iana
from posture.net.tls.flight import Flight
from posture.net.tls.hello import ClientHello
from posture.net.tls.sift import Dimension
from posture.net.tls.wire import Version

SIGNATURES: Final = (
    *(0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B),
    *(0x0401, 0x0501, 0x0601, 0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0302, 0x0202, 0x0101),
    *(0x081A, 0x081B, 0x081C, 0x0904, 0x0905, 0x0906),
)
RSA_SIGNATURES: Final = (0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601)
OTHER_SIGNATURES: Final = tuple(
    number for number in SIGNATURES if number not in {*RSA_SIGNATURES, 0x0301, 0x0201, 0x0101}
)
WEAK: Final = {"RSA": (0x0201, 0x0301, 0x0101), "ECDSA": (0x0203, 0x0303)}
"""SHA-1, SHA-224 and MD5, by kind of key."""

CURVES: Final = (
    *(0x001D, 0x0017, 0x0018, 0x0019, 0x001E, 0x0016, 0x001A, 0x001B, 0x001C),
    *(number for number in range(0x0001, 0x0016)),
)
"""Groups up to TLS 1.2. None of RFC 7919: a server that knows it may then keep to those (§4)."""

GROUPS: Final = (
    *(0x001D, 0x0017, 0x0018, 0x0019, 0x001E, 0x11EC, 0x11EB, 0x11ED, 0x0201, 0x0202, 0x0200),
    *(0x0100, 0x0101, 0x0102, 0x0103, 0x0104, 0x6399, 0x639A, 0x001F, 0x0020, 0x0021),
    *range(0x0022, 0x002A),
)
"""Groups of TLS 1.3."""

_IMPOSSIBLE_SUITES = (0xFE01, 0xFE02)
_IMPOSSIBLE_GROUPS = (0x7F01, 0x7F02)
_STATUS, _HEARTBEAT, _ALPN, _SCT, _ENCRYPT_THEN_MAC, _SIGNATURES_CERT = 5, 15, 16, 18, 22, 50
_DEFLATE_TOO = b"\1\0"
FALLBACK_SCSV = 0x5600

RICH = 12
"""Suites from which on a question also offers what else there is to see."""

_STRAINS = {
    **dict.fromkeys((0x001D, 0x0017, 0x0018), "everywhere"),
    **dict.fromkeys((0x0019, 0x001E), "large curves"),
    **dict.fromkeys((0x0100, 0x0101, 0x0102, 0x0103, 0x0104), "finite fields"),
    **dict.fromkeys((0x11EC, 0x11EB, 0x11ED), "hybrids"),
    **dict.fromkeys((0x0201, 0x0202, 0x0200), "post-quantum"),
    **dict.fromkeys((0x001A, 0x001B, 0x001C), "brainpool"),
}


@dataclass(frozen=True, slots=True)
class Questions:
    """Makes the hellos for one host."""

    host: str
    alpn: tuple[str, ...] = ()
    """Application protocols to offer."""

    @property
    def protocols(self) -> bytes:
        """The content of the ALPN extension; empty to offer none."""
        names = b"".join(bytes([len(name)]) + name.encode("ascii") for name in self.alpn)
        return len(names).to_bytes(2) + names if names else b""

    def suites(self, version: Version) -> Dimension:
        """Ask for suites of ``version``."""
        return Dimension(
            version=version,
            hello=lambda items: self.classic(version, items),
            chosen=_suite,
            kind=iana.key_exchange,
            strain=lambda item: f"{iana.key_exchange(item)} {iana.strain(item)}",
            impossible=_IMPOSSIBLE_SUITES,
        )

    def suites13(self, *, retry: bool) -> Dimension:
        """Ask for suites of TLS 1.3; ``retry``: by having the server name its group."""
        return replace(
            self.suites(Version.TLS13),
            hello=lambda items: self.modern(items, GROUPS, retry=retry),
        )

    def groups13(self, suites: tuple[int, ...]) -> Dimension:
        """Ask for groups of TLS 1.3, with suites that are known to be accepted."""
        return Dimension(
            version=Version.TLS13,
            hello=lambda items: self.modern(suites, items, retry=True),
            chosen=_group,
            kind=lambda item: _STRAINS.get(item, "other"),
            strain=lambda item: _STRAINS.get(item, str(item)),
            impossible=_IMPOSSIBLE_GROUPS,
        )

    def curves(self, version: Version, suite: int, beside: int | None) -> Dimension:
        """Ask for curves with one ECDHE suite; ``beside``: the curve of an ECDSA certificate.

        Without that curve such a server cannot use its certificate (RFC 8422 §5.1).
        """

        def hello(items: tuple[int, ...]) -> ClientHello:
            last = () if beside is None or beside in items else (beside,)
            return replace(self.classic(version, (suite,)), groups=(*items, *last))

        return Dimension(
            version=version,
            hello=hello,
            chosen=_group,
            kind=lambda item: _STRAINS.get(item, "other"),
            strain=lambda item: _STRAINS.get(item, str(item)),
            impossible=_IMPOSSIBLE_GROUPS,
        )

    def signatures(self, suites: tuple[int, ...]) -> Dimension:
        """Ask for signature schemes of TLS 1.2 with suites whose key exchange is signed."""
        return Dimension(
            version=Version.TLS12,
            hello=lambda items: self.restricted(self.classic(Version.TLS12, suites), items),
            chosen=_signature,
            kind=str,
            strain=str,
            impossible=(0x0601 + 0xDE00,),
        )

    def classic(self, version: Version, suites: tuple[int, ...]) -> ClientHello:
        """Return a hello for a version up to TLS 1.2."""
        rich = len(suites) >= RICH
        more = [(_ENCRYPT_THEN_MAC, b"")]
        if rich:
            more += [(_STATUS, b"\1\0\0\0\0"), (_SCT, b""), (_HEARTBEAT, b"\1")]
            more += [(_ALPN, self.protocols)] if self.alpn else []
        return ClientHello(
            host=self.host,
            version=version,
            suites=suites,
            groups=CURVES,
            signatures=SIGNATURES,
            compressions=_DEFLATE_TOO if rich else b"\0",
            more=tuple(more) if version is not Version.SSL3 else (),
        )

    def modern(
        self, suites: tuple[int, ...], groups: tuple[int, ...], *, retry: bool
    ) -> ClientHello:
        """Return a hello for TLS 1.3 alone."""
        return ClientHello(
            host=self.host,
            version=Version.TLS13,
            suites=suites,
            groups=groups,
            signatures=SIGNATURES,
            shares=() if retry else None,
        )

    def restricted(self, hello: ClientHello, signatures: tuple[int, ...]) -> ClientHello:
        """Accept only some signatures on the handshake, but any on certificates (§4.2.3)."""
        every = b"".join(number.to_bytes(2) for number in SIGNATURES)
        more = (*hello.more, (_SIGNATURES_CERT, len(every).to_bytes(2) + every))
        return replace(hello, signatures=signatures, more=more)


@functools.cache
def lists(version: Version) -> tuple[tuple[int, ...], ...]:
    """Return the suites of a version in lists to ask together, the likeliest of each first.

    No list comes near 128, at which some servers break off.
    """
    pools: dict[str, list[int]] = {}
    for suite in sorted(iana.of_version(version), key=_likely):
        pool = iana.family(suite)
        if version < Version.TLS12:
            pool = "shared" if pool == "shared" else "signed"
        pools.setdefault(pool, []).append(suite)
    return tuple(tuple(pool) for pool in pools.values())


def each(items: Iterable[int]) -> list[tuple[int, ...]]:
    """Return lists that ask for each by itself."""
    return [(item,) for item in sorted(items)]


def without(pools: Iterable[tuple[int, ...]], others: Container[int]) -> list[tuple[int, ...]]:
    """Return lists that leave ``others`` out."""
    return [tuple(item for item in pool if item not in others) for pool in pools]


def _likely(suite: int) -> tuple[bool, bool, bool, int]:
    strain = iana.strain(suite)
    method = iana.key_exchange(suite)
    return strain != "current", not method.endswith("RSA"), not strain.startswith("AES"), suite


def _suite(flight: Flight) -> int | None:
    return flight.hello.suite


def _group(flight: Flight) -> int | None:
    return flight.group


def _signature(flight: Flight) -> int | None:
    return flight.key.signature if flight.key else None
