"""BIMI: the record that names a logo, and what DMARC must be for it to be shown. Pure.

Still an Internet-Draft (draft-brand-indicators-for-message-identification).
"""

import re

from .dmarc import Applied

_BEGIN = re.compile(r"v[ \t]*=[ \t]*BIMI1[ \t]*(?:;|\Z)", re.IGNORECASE)


class ParseError(ValueError):
    """A text that is no BIMI record."""


def is_record(text: str) -> bool:
    """Whether a TXT record begins as one."""
    return _BEGIN.match(text) is not None


def parse(text: str) -> str:
    """Return where the logo is, empty if the record declines to show one; raises ParseError."""
    if not is_record(text):
        raise ParseError(text[:40])
    fields = (piece.partition("=") for piece in text.split(";")[1:])
    found = (value.strip(" \t") for name, _, value in fields if name.strip(" \t").lower() == "l")
    return next(found, "")


def shows(applied: Applied) -> bool:
    """Whether DMARC lets a logo be shown: enforced for all mail, names beneath not left out."""
    records = (applied.record, applied.inherited)
    in_part = any(record and record.pct not in {None, 100} for record in records)
    return {"", "none"}.isdisjoint({applied.domain, applied.subdomains}) and not in_part
