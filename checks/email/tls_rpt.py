"""The grammar of the record that asks for SMTP TLS reports (RFC 8460 §3). Pure."""

import re

_BEGIN = re.compile(r"v=TLSRPTv1[ \t]*;")
_URI = re.compile(r"(?:mailto:[^@\s,;!]+@[^@\s,;!]+|https://[^\s,;!]+)", re.IGNORECASE)


class ParseError(ValueError):
    """A text that senders take for no record; says why."""


def is_record(text: str) -> bool:
    """Whether a sender of reports looks at this TXT record at all."""
    return _BEGIN.match(text) is not None


def is_meant(text: str) -> bool:
    """Whether a TXT record was meant to be one, well written or not."""
    return text.lstrip().lower().startswith("v=tlsrpt")


def parse(text: str) -> tuple[str, ...]:
    """Return where the reports go, ``mailto:`` and ``https:`` addresses; raises ParseError."""
    if not is_record(text):
        raise ParseError('it does not begin with "v=TLSRPTv1;"')
    fields = (piece.strip(" \t") for piece in text.split(";")[1:])
    targets = next((field[4:] for field in fields if field.startswith("rua=")), "")
    found = tuple(uri for item in targets.split(",") if _URI.fullmatch(uri := item.strip(" \t")))
    if not found:
        raise ParseError("it has no rua= with a mailto: or https: address")
    return found
