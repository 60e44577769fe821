"""CAA: which certificate authorities may issue for a name (RFC 8659)."""

import re
from dataclasses import dataclass

_NAME = re.compile(r"[a-z0-9](?:-*[a-z0-9])*(?:\.[a-z0-9](?:-*[a-z0-9])*)*")
_CRITICAL = 128
KNOWN = {
    *("issue", "issuewild", "iodef", "issuemail", "issuevmc"),
    *("contactemail", "contactphone", "auth", "path", "policy"),
}
"""Tags of the IANA registry."""
_RECORD = re.compile(r'(\d{1,3})\s+([A-Za-z0-9]{1,255})\s+(?:"((?:[^"\\]|\\.)*)"|(\S*))', re.DOTALL)


class ParseError(ValueError):
    """A text that is no CAA record."""


@dataclass(frozen=True, slots=True)
class CaaRecord:
    """One property of a CAA record set."""

    flags: int
    tag: str
    """Lower case: tags are compared so (RFC 8659 §4.1)."""
    value: str

    @property
    def issuer(self) -> str:
        """The authority's domain of an issue property; empty means nobody (RFC 8659 §4.2).

        What is no domain counts as empty there.
        """
        name = self.value.partition(";")[0].strip(" \t").lower()
        return name if _NAME.fullmatch(name) else ""

    @property
    def unknown_and_critical(self) -> bool:
        """An authority that does not know the tag must not issue (RFC 8659 §4.1)."""
        return bool(self.flags & _CRITICAL) and self.tag not in KNOWN


def parse(text: str) -> CaaRecord:
    """Read a record in presentation form; raises ParseError."""
    match = _RECORD.fullmatch(text)
    if not match or int(match[1]) > 255:
        raise ParseError(text)
    value = match[4] if match[3] is None else match[3]
    return CaaRecord(flags=int(match[1]), tag=match[2].lower(), value=value)


def climb(domain: str) -> tuple[str, ...]:
    """Name where the records may stand: the domain, its parent, up to the top level (§3)."""
    labels = domain.split(".")
    return tuple(".".join(labels[depth:]) for depth in range(len(labels)))
