"""The key schedule and the record protection of TLS 1.3 (RFC 8446 §5.2, §7.1), nothing more."""

import hmac
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from posture.net.tls.wire import ContentType, ParseError


@dataclass(frozen=True, slots=True)
class _Suite:
    hash: hashes.HashAlgorithm
    key: int
    tag: int
    aead: type[AESGCM | AESCCM | ChaCha20Poly1305]


_SUITES = {
    0x1301: _Suite(hashes.SHA256(), 16, 16, AESGCM),
    0x1302: _Suite(hashes.SHA384(), 32, 16, AESGCM),
    0x1303: _Suite(hashes.SHA256(), 32, 16, ChaCha20Poly1305),
    0x1304: _Suite(hashes.SHA256(), 16, 16, AESCCM),
    0x1305: _Suite(hashes.SHA256(), 16, 8, AESCCM),
}
SUITES = tuple(_SUITES)
"""The suites there are ciphers for."""


class Transcript:
    """The hash over all handshake messages (RFC 8446 §4.4.1)."""

    def __init__(self, suite: int) -> None:
        """Start empty, with the hash of ``suite``."""
        self._algorithm = _SUITES[suite].hash
        self._running = hashes.Hash(self._algorithm)

    def add(self, message: bytes) -> None:
        """Take the next handshake message, header included."""
        self._running.update(message)

    def digest(self) -> bytes:
        """Return the hash so far."""
        return self._running.copy().finalize()

    def retry(self) -> None:
        """Put the first hello's hash in its place, as a HelloRetryRequest has it."""
        first = self.digest()
        self._running = hashes.Hash(self._algorithm)
        self._running.update(b"\xfe" + len(first).to_bytes(3) + first)


@dataclass(slots=True)
class Protection:
    """Encrypts or decrypts the records of one direction under one secret."""

    suite: int
    secret: bytes
    _sequence: int = 0
    _cipher: AESGCM | AESCCM | ChaCha20Poly1305 = field(init=False)
    _nonce: int = field(init=False)

    def __post_init__(self) -> None:
        parts = _SUITES[self.suite]
        key = expand(self.suite, self.secret, "key", b"", parts.key)
        self._cipher = AESCCM(key, parts.tag) if parts.aead is AESCCM else parts.aead(key)
        self._nonce = int.from_bytes(expand(self.suite, self.secret, "iv", b"", 12))

    def open(self, payload: bytes) -> tuple[int, bytes]:
        """Decrypt one record to its content type and content; ParseError when it is forged."""
        head = bytes([ContentType.APPLICATION_DATA, 3, 3]) + len(payload).to_bytes(2)
        try:
            plain = self._cipher.decrypt(self._next(), payload, head)
        except (InvalidTag, ValueError):
            raise ParseError("a record that does not decrypt") from None
        content = plain.rstrip(b"\0")
        if not content:
            raise ParseError("a record of padding only")
        return content[-1], content[:-1]

    def seal(self, kind: int, content: bytes) -> bytes:
        """Encrypt one record, header included."""
        inner = content + bytes([kind])
        size = len(inner) + _SUITES[self.suite].tag
        head = bytes([ContentType.APPLICATION_DATA, 3, 3]) + size.to_bytes(2)
        return head + self._cipher.encrypt(self._next(), inner, head)

    def _next(self) -> bytes:
        nonce = self._nonce ^ self._sequence
        self._sequence += 1
        return nonce.to_bytes(12)


@dataclass(slots=True)
class Schedule:
    """Secrets of one handshake without a pre-shared key."""

    suite: int
    agreed: bytes
    _handshake: bytes = field(init=False)

    def __post_init__(self) -> None:
        algorithm = _SUITES[self.suite].hash
        zeros = bytes(algorithm.digest_size)
        empty = Transcript(self.suite).digest()
        early = self._extract(zeros, zeros)
        derived = expand(self.suite, early, "derived", empty, algorithm.digest_size)
        self._handshake = self._extract(derived, self.agreed)

    def handshake(self, who: str, digest: bytes) -> bytes:
        """Return the handshake traffic secret of ``c`` or ``s``."""
        return self._derive(self._handshake, f"{who} hs traffic", digest)

    def application(self, who: str, digest: bytes) -> bytes:
        """Return the first application traffic secret of ``c`` or ``s``."""
        empty = Transcript(self.suite).digest()
        derived = self._derive(self._handshake, "derived", empty)
        main = self._extract(derived, bytes(len(derived)))
        return self._derive(main, f"{who} ap traffic", digest)

    def verify(self, secret: bytes, digest: bytes) -> bytes:
        """Return the content of Finished under a handshake traffic secret (RFC 8446 §4.4.4)."""
        key = self._derive(secret, "finished", b"")
        return hmac.digest(key, digest, self._name)

    @property
    def _name(self) -> str:
        return _SUITES[self.suite].hash.name

    def _extract(self, salt: bytes, material: bytes) -> bytes:
        return hmac.digest(salt, material, self._name)

    def _derive(self, secret: bytes, label: str, context: bytes) -> bytes:
        return expand(self.suite, secret, label, context, _SUITES[self.suite].hash.digest_size)


def expand(suite: int, secret: bytes, label: str, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 §7.1)."""
    name = b"tls13 " + label.encode("ascii")
    info = length.to_bytes(2) + len(name).to_bytes(1) + name + len(context).to_bytes(1) + context
    return HKDFExpand(_SUITES[suite].hash, length, info).derive(secret)
