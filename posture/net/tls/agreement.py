"""Key agreement for a TLS 1.3 handshake: a share to send, a secret from the share received.

RFC 8446 §4.2.8 and §7.4; hybrids with ML-KEM as in draft-ietf-tls-ecdhe-mlkem.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from posture.net.tls.primes import FFDHE, prime
from posture.net.tls.wire import ParseError

_CURVES: dict[int, tuple[ec.EllipticCurve, int]] = {
    0x0017: (ec.SECP256R1(), 65),
    0x0018: (ec.SECP384R1(), 97),
    0x0019: (ec.SECP521R1(), 133),
}


@dataclass(frozen=True, slots=True)
class Share:
    """One half of an agreement."""

    public: bytes
    """To be sent."""
    agree: Callable[[bytes], bytes]
    """From the server's share to the secret; raises ValueError for what is no share."""


def share(group: int) -> Share | None:
    """Return a new share of ``group``; None for groups that are only recognised by name."""
    if group in _HYBRIDS:
        return _hybrid(*_HYBRIDS[group])
    make = _PLAIN.get(group)
    if make is not None:
        return make()
    if group in _CURVES:
        return _curve(_CURVES[group][0])
    return _field(FFDHE[group]) if group in FFDHE else None


def agree(mine: Share, theirs: bytes) -> bytes:
    """Return the common secret; ParseError when ``theirs`` is no share of the group."""
    try:
        return mine.agree(theirs)
    except (ValueError, InvalidKey) as error:
        raise ParseError(f"not a key share: {error}") from None


def _x25519() -> Share:
    key = x25519.X25519PrivateKey.generate()
    return Share(
        key.public_key().public_bytes_raw(),
        lambda theirs: key.exchange(x25519.X25519PublicKey.from_public_bytes(theirs)),
    )


def _x448() -> Share:
    key = x448.X448PrivateKey.generate()
    return Share(
        key.public_key().public_bytes_raw(),
        lambda theirs: key.exchange(x448.X448PublicKey.from_public_bytes(theirs)),
    )


def _curve(curve: ec.EllipticCurve) -> Share:
    key = ec.generate_private_key(curve)
    return Share(
        key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        lambda theirs: key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(curve, theirs)
        ),
    )


def _field(name: str) -> Share:
    """Diffie-Hellman by hand: the secret protects nothing, the handshake is only looked at."""
    modulus = prime(name)
    size = (modulus.bit_length() + 7) // 8
    exponent = secrets.randbits(512)

    def derive(theirs: bytes) -> bytes:
        number = int.from_bytes(theirs)
        if len(theirs) != size or not 1 < number < modulus - 1:
            raise ValueError("out of range")
        return pow(number, exponent, modulus).to_bytes(size)

    return Share(pow(2, exponent, modulus).to_bytes(size), derive)


def _mlkem768() -> Share:
    key = mlkem.MLKEM768PrivateKey.generate()
    return Share(key.public_key().public_bytes_raw(), key.decapsulate)


def _mlkem1024() -> Share:
    key = mlkem.MLKEM1024PrivateKey.generate()
    return Share(key.public_key().public_bytes_raw(), key.decapsulate)


def _hybrid(first: Callable[[], Share], second: Callable[[], Share], cut: int) -> Share:
    """Two shares one after the other; ``cut``: octets of the server's first."""
    one, two = first(), second()
    return Share(
        one.public + two.public,
        lambda theirs: one.agree(theirs[:cut]) + two.agree(theirs[cut:]),
    )


_PLAIN: dict[int, Callable[[], Share]] = {
    0x001D: _x25519,
    0x001E: _x448,
    0x0201: _mlkem768,
    0x0202: _mlkem1024,
}
_HYBRIDS: dict[int, tuple[Callable[[], Share], Callable[[], Share], int]] = {
    # In X25519MLKEM768 the post-quantum half stands first, in the others last.
    0x11EC: (_mlkem768, _x25519, 1088),
    0x11EB: (lambda: _curve(ec.SECP256R1()), _mlkem768, 65),
    0x11ED: (lambda: _curve(ec.SECP384R1()), _mlkem1024, 97),
}
CLASSICAL = (0x001D, 0x0017, 0x0018, 0x0019, 0x001E)
"""Groups to list in a handshake that wants the certificate: any of them is agreed on here."""

OTHERS = (*_HYBRIDS, 0x0201, 0x0202, *FFDHE)
"""Further groups there are shares for."""
