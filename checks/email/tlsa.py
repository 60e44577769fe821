"""The grammar of TLSA records, as mail servers use them (RFC 6698 §2, RFC 7672 §3.1). Pure."""

import re
from dataclasses import dataclass

AUTHORITY, SERVER = 2, 3
"""DANE-TA and DANE-EE: the only usages that senders of mail follow (RFC 7672 §3.1.3)."""
WHOLE, KEY = 0, 1
"""Selectors: the certificate, or its public key (SubjectPublicKeyInfo)."""
FULL, SHA256, SHA512 = 0, 1, 2
"""Matching types."""

_DIGITS = {SHA256: 64, SHA512: 128}
"""Hexadecimal digits of a digest."""
_RECORD = re.compile(r"([0-9]{1,3}) ([0-9]{1,3}) ([0-9]{1,3}) ([0-9a-fA-F ]*)")


class ParseError(ValueError):
    """A text that is no TLSA record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tlsa:
    """One record: which certificate or key vouches for the server."""

    usage: int
    selector: int
    matching: int
    data: str
    """Hexadecimal, lower case."""

    @property
    def usable(self) -> bool:
        """Senders can compare it with what the server shows; else they pass it over."""
        known = self.usage in {AUTHORITY, SERVER} and self.selector in {WHOLE, KEY}
        if not known or self.matching not in {FULL, SHA256, SHA512}:
            return False
        return len(self.data) == _DIGITS.get(self.matching, len(self.data)) and self.data != ""


def parse(text: str) -> Tlsa:
    """Read ``3 1 1 ab…``; raises ParseError."""
    found = _RECORD.fullmatch(text)
    if found is None:
        raise ParseError(text[:40])
    usage, selector, matching = (int(found[number]) for number in (1, 2, 3))
    data = found[4].replace(" ", "").lower()
    if max(usage, selector, matching) > 255 or len(data) % 2:
        raise ParseError(text[:40])
    return Tlsa(usage=usage, selector=selector, matching=matching, data=data)
