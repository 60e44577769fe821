"""The grammar of MX records in presentation form (RFC 1035 §3.3.9)."""

import re

from .names import normal


class ParseError(ValueError):
    """A text that is no MX record."""


def parse(text: str) -> tuple[int, str]:
    """Read ``10 mx1.example.com.`` into preference and host; raises ParseError.

    The host is in lower case without the final dot: that of the null MX (RFC 7505) is empty.
    """
    preference, _, host = text.partition(" ")
    if not re.fullmatch(r"[0-9]{1,5}", preference) or not host or " " in host:
        raise ParseError(text)
    return int(preference), normal(host)
