"""How long an RSA key is, read from its DER encoding (X.690), without any cryptography.

A library would refuse the very keys that are looked for here: those that are too short.
"""

SEQUENCE, BIT_STRING, INTEGER, OBJECT_IDENTIFIER = 0x30, 0x03, 0x02, 0x06
_RSA = bytes.fromhex("2a864886f70d010101")  # 1.2.840.113549.1.1.1, rsaEncryption


class DerError(ValueError):
    """Octets that are no RSA key."""


def rsa_bits(octets: bytes) -> int:
    """Count the bits of the modulus of a SubjectPublicKeyInfo or a PKCS #1 key.

    RFC 6376 asks for the latter, everybody publishes the former; receivers take both.
    Raises DerError.
    """
    body = _only(SEQUENCE, octets)
    if body[:1] == bytes([SEQUENCE]):
        algorithm, key = _next(SEQUENCE, body)
        if _next(OBJECT_IDENTIFIER, algorithm)[0] != _RSA:
            raise DerError("it is a key of another kind")
        bits = _only(BIT_STRING, key)
        if bits[:1] != b"\0":
            raise DerError("its bits are no whole octets")
        body = _only(SEQUENCE, bits[1:])
    modulus, rest = _next(INTEGER, body)
    _only(INTEGER, rest)  # the exponent
    number = int.from_bytes(modulus, signed=True)
    if number <= 0:
        raise DerError("its modulus is not positive")
    return number.bit_length()


def _only(tag: int, octets: bytes) -> bytes:
    value, rest = _next(tag, octets)
    if rest:
        raise DerError("something stands behind it")
    return value


def _next(tag: int, octets: bytes) -> tuple[bytes, bytes]:
    """Split off the value of one element, and what follows it."""
    if len(octets) < 2 or octets[0] != tag:
        raise DerError("it is cut off or of another form")
    size, start = octets[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(octets[2:start])
    if len(octets) < start + size:
        raise DerError("it is cut off or of another form")
    return octets[start : start + size], octets[start + size :]
