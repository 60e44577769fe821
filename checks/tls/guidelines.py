"""What guidelines say of cipher suites. The guidelines are data: ``guidelines.toml``."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.resources import files


class Level(IntEnum):
    """What a guideline makes of a suite; the higher, the worse."""

    GOOD = 0
    NOTED = 1
    """Allowed, and worth a word."""
    PHASE_OUT = 2
    """To be replaced."""
    REFUSED = 3
    """No server may accept it."""


@dataclass(frozen=True, slots=True)
class Guideline:
    """One published opinion on cipher suites."""

    title: str
    suites: Mapping[str, Level]
    """By IANA name."""
    kinds: Mapping[str, Level]
    """By what :func:`kinds` says."""
    otherwise: Level

    def level(self, suite: str) -> Level:
        """Return what it makes of the suite of this IANA name."""
        if suite in self.suites:
            return self.suites[suite]
        found = [self.kinds[kind] for kind in kinds(suite) & self.kinds.keys()]
        return max(found, default=self.otherwise)


# What the part of a name after the key exchange says of the cipher.
_CIPHERS = {
    "null": re.compile(r"_NULL(_|$)|^TLS_SHA(256|384)_SHA"),  # RFC 9150: integrity only
    "rc4": re.compile(r"_RC4_"),
    "rc2": re.compile(r"_RC2_"),
    "des": re.compile(r"_DES_(CBC_|64_)|_DES_CBC$|_DES40_"),
    # 64-bit blocks repeat after some gigabytes: RFC 9325 §4.1, Sweet32.
    "short-block": re.compile(r"_3DES_|_EDE3_|_IDEA_|_28147_|_MAGMA_"),
    "cbc": re.compile(r"_CBC(_|$)"),
    "export": re.compile(r"_EXPORT|_DES40_|_(RC4|RC2_CBC)_(40|56)_|_RC4_64_"),
    "anonymous": re.compile(r"_anon_"),
}
# RFC 9325 §4.1: whoever has the server's key later can read what was recorded before. GOST's
# suites before TLS 1.3 encrypt to the server's key as RSA ones do (RFC 9189 §4.2).
_STATIC = re.compile(
    r"^(SSL_CK_|SSL_RSA_|TLS_(RSA|RSA_PSK|PSK|DH_RSA|DH_DSS|ECDH_RSA|ECDH_ECDSA|KRB5)_(EXPORT|WITH)"
    r"|TLS_GOST\w+_WITH_(?!\w+_MGM_))"
)


def kinds(suite: str) -> frozenset[str]:
    """Return what the IANA name of a suite says of it; empty when there is nothing to say."""
    found = {kind for kind, pattern in _CIPHERS.items() if pattern.search(suite)}
    return frozenset(found | ({"static"} if _STATIC.match(suite) else set()))


@cache
def shipped() -> Mapping[str, Guideline]:
    """The guidelines that come with posture, by the name a policy calls them by."""
    text = files(__package__).joinpath("guidelines.toml").read_text(encoding="utf-8")
    return {
        name: Guideline(
            row["title"],
            _levels(row.get("suites", {})),
            _levels(row.get("kinds", {})),
            Level[row["otherwise"].upper()],
        )
        for name, row in tomllib.loads(text).items()
    }


def _levels(table: Mapping[str, list[str]]) -> dict[str, Level]:
    return {name: Level[level.upper()] for level, names in table.items() for name in names}
