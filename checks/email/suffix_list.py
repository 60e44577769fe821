"""What receivers from before RFC 9989 conclude from the same records (RFC 7489 §3.2, §6.6.3). Pure.

They take the Organizational Domain from the public suffix list and ask at most two names.
"""

from dataclasses import dataclass, replace
from functools import cache

from publicsuffixlist import PublicSuffixList

from .dmarc import DmarcRecord, Found, parse

_LATER = {"np", "psd", "t"}
"""Tags these receivers do not know, and so ignore (RFC 7489 §6.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What such a receiver does with mail in a domain's name that fails authentication."""

    organization: str
    found_at: str = ""
    """The domain whose record is in force, empty when there is none."""
    domain: str = ""
    """The policy for the domain itself, empty when DMARC is not applied."""
    subdomains: str = ""
    """The policy for names beneath it that have no record of their own."""


def organization(domain: str) -> str:
    """Return the name one label below the public suffix; a public suffix is its own."""
    return _suffixes().privatesuffix(domain) or domain


def read(domain: str, found: Found) -> Reading | None:
    """Read the answers of a walk as a list-only receiver would; None when one was not seen."""
    answers = dict(found)
    own, above = organization(domain), organization(f"*.{domain}")
    needed = [domain, *(name for name in (own, above) if not name.startswith("*."))]
    if any(answers.get(name) is None for name in needed):
        return None
    # Several records at one name end the search: DMARC is not applied (§6.6.3 step 5).
    at = domain if answers[domain] else own
    record = _only(answers[at])
    inherited = _only(answers.get(above))
    order = ("p",) if at == domain else ("sp", "p")
    return Reading(
        organization=own,
        found_at=at if record else "",
        domain=record.level(*order) if record else "",
        subdomains=inherited.level("sp", "p") if inherited else "",
    )


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _only(texts: tuple[str, ...] | None) -> DmarcRecord | None:
    if not texts or len(texts) > 1:
        return None
    record = parse(texts[0])
    return replace(
        record,
        tags=tuple((name, value) for name, value in record.tags if name not in _LATER),
        faults=tuple(fault for fault in record.faults if fault not in _LATER),
    )
