"""The primes that standards give for Diffie-Hellman, by the formulas that the standards give.

RFC 2409 §6, RFC 3526: p = 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) * pi) + c).
RFC 7919 §A: the same with Euler's number for pi. Everybody who broke one broke it for all.
"""

import functools
import hashlib
from typing import Final

FFDHE: Final = {
    0x0100: "ffdhe2048",
    0x0101: "ffdhe3072",
    0x0102: "ffdhe4096",
    0x0103: "ffdhe6144",
    0x0104: "ffdhe8192",
}
"""The named groups of RFC 7919 by their TLS number."""

_FORMULAS: Final = {
    "RFC 2409 group 1": (768, "pi", 149686),
    "RFC 2409 group 2": (1024, "pi", 129093),
    "RFC 3526 group 5": (1536, "pi", 741804),
    "RFC 3526 group 14": (2048, "pi", 124476),
    "RFC 3526 group 15": (3072, "pi", 1690314),
    "RFC 3526 group 16": (4096, "pi", 240904),
    "RFC 3526 group 17": (6144, "pi", 929484),
    "RFC 3526 group 18": (8192, "pi", 4743158),
    "ffdhe2048": (2048, "e", 560316),
    "ffdhe3072": (3072, "e", 2625351),
    "ffdhe4096": (4096, "e", 5736041),
    "ffdhe6144": (6144, "e", 15705020),
    "ffdhe8192": (8192, "e", 10965728),
}
_SPARE = 64
"""Bits computed beyond those needed: what is lost to rounding is far fewer."""


def prime(name: str) -> int:
    """Return the prime of a standard group."""
    bits, constant, offset = _FORMULAS[name]
    digits = _constants()[constant] >> (8192 - 130 + _SPARE) - (bits - 130)
    return (1 << bits) - (1 << bits - 64) - 1 + ((digits + offset) << 64)


def known(modulus: bytes) -> str:
    """Return which standard group a prime is of; empty for any other prime."""
    bits = len(modulus) * 8
    if bits not in {size for size, _, _ in _FORMULAS.values()}:
        return ""
    return _fingerprints().get(hashlib.sha256(modulus).digest(), "")


@functools.cache
def _fingerprints() -> dict[bytes, str]:
    return {
        hashlib.sha256(prime(name).to_bytes(bits // 8)).digest(): name
        for name, (bits, _, _) in _FORMULAS.items()
    }


@functools.cache
def _constants() -> dict[str, int]:
    """Both constants, times 2 to the power of the digits the longest prime needs and spares."""
    shift = 8192 - 130 + _SPARE
    one = 1 << (shift + _SPARE)
    pi = 4 * (4 * _arctan(one, 5) - _arctan(one, 239))  # Machin 1706
    return {"pi": pi >> _SPARE, "e": _euler(one) >> _SPARE}


def _arctan(one: int, inverse: int) -> int:
    term = total = one // inverse
    for step in range(3, 1 << 16, 2):
        term //= inverse * inverse
        if not term:
            break
        total += -(term // step) if step & 2 else term // step
    return total


def _euler(one: int) -> int:
    term = total = one
    for step in range(1, 1 << 16):
        term //= step
        if not term:
            break
        total += term
    return total
