"""The grammar of DMARC records and the DNS tree walk (RFC 9989 §4.7, §4.8, §4.10). Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .names import is_host_name, normal

LEVELS = ("none", "quarantine", "reject")
"""What a policy may ask of receivers, weakest first."""

_VERSION = re.compile(r"v[ \t]*=[ \t]*(?-i:DMARC1)[ \t]*(?:;|\Z)", re.IGNORECASE)
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]+", re.IGNORECASE)
_SIZE = re.compile(r"![0-9]+[kmgt]?\Z", re.IGNORECASE)
_VALUES = {
    "p": LEVELS,
    "sp": LEVELS,
    "np": LEVELS,
    "psd": ("y", "n", "u"),
    "t": ("y", "n"),
    "adkim": ("r", "s"),
    "aspf": ("r", "s"),
    "fo": ("0", "1", "d", "s", "d:s", "s:d"),
}
_DEFAULTS = {"psd": "u", "t": "n", "adkim": "r", "aspf": "r", "fo": "0"}
WALK_LABELS = 8
"""A name with more labels is cut to one fewer than this after the first query (§4.10)."""


class ParseError(ValueError):
    """A text that no receiver takes for a DMARC record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DmarcRecord:
    """One record, with what its mistakes come to."""

    tags: tuple[tuple[str, str], ...]
    """Names in lower case and values, in order, without the version."""
    rua: tuple[str, ...]
    """The well-formed addresses for aggregate reports."""
    ruf: tuple[str, ...]
    faults: tuple[str, ...]
    """Names of known tags whose value is not allowed, and pieces that are no tags."""

    def value(self, tag: str) -> str:
        """The value in force of a tag with a fixed set of values, empty when there is none."""
        found = (value.lower() for name, value in self.tags if name == tag)
        value = next(found, "")
        return value if value in _VALUES[tag] else _DEFAULTS.get(tag, "")

    @property
    def sound(self) -> bool:
        """The policy can be taken at its word (§4.10.1)."""
        return bool(self.value("p")) and not {"sp", "np"} & set(self.faults)

    @property
    def applies(self) -> bool:
        """Receivers act on it; without a sound policy only if somebody wants reports."""
        return self.sound or bool(self.rua)

    @property
    def testing(self) -> bool:
        """Every policy is to be lowered one step (§4.7, tag t)."""
        return self.value("t") == "y"

    @property
    def pct(self) -> int | None:
        """The share that receivers from before RFC 9989 apply the policy to; a removed tag."""
        found = next((value for name, value in self.tags if name == "pct"), "")
        return int(found) if re.fullmatch(r"[0-9]|[1-9][0-9]|100", found) else None

    def level(self, *order: str) -> str:
        """The policy of the first of these tags that is given; empty if the record is void."""
        if not self.sound:
            return "none" if self.rua else ""
        given = next(value for tag in order if (value := self.value(tag)))
        return LEVELS[max(LEVELS.index(given) - 1, 0)] if self.testing else given

    @property
    def report_hosts(self) -> tuple[str, ...]:
        """The hosts that reports are mailed to, each once."""
        hosts = (mail_host(uri) for uri in self.rua)
        return tuple(dict.fromkeys(host for host in hosts if host))


def is_dmarc(text: str) -> bool:
    """Whether a TXT record begins with the version, which alone counts (§4.10 step 2)."""
    return _VERSION.match(text) is not None


def parse(text: str) -> DmarcRecord:
    """Read a record: unknown tags are kept and ignored, mistakes noted; raises ParseError."""
    if not is_dmarc(text):
        raise ParseError(text[:40])
    tags: dict[str, str] = {}
    faults: list[str] = []
    for piece in text.split(";")[1:]:
        name, equals, value = (part.strip(" \t") for part in piece.partition("="))
        if equals and re.fullmatch(r"[A-Za-z]+", name) and value:
            tags.setdefault(name.lower(), value)
        elif piece.strip(" \t"):
            faults.append(piece.strip(" \t")[:40])
    wrong = (n for n, v in tags.items() if n in _VALUES and v.lower() not in _VALUES[n])
    return DmarcRecord(
        tags=tuple(tags.items()),
        rua=_uris(tags.get("rua", "")),
        ruf=_uris(tags.get("ruf", "")),
        faults=(*wrong, *faults),
    )


def mail_host(uri: str) -> str:
    """The host of a ``mailto:`` address, empty for any other."""
    scheme, _, rest = uri.partition(":")
    local, _, host = rest.partition("?")[0].rpartition("@")
    host = normal(host)
    return host if scheme.lower() == "mailto" and local and is_host_name(host) else ""


def _uris(value: str) -> tuple[str, ...]:
    # A size limit after "!" is obsolete, and was never part of the address.
    found = (_SIZE.sub("", item.strip(" \t")) for item in value.split(","))
    return tuple(uri for uri in found if _URI.fullmatch(uri))


def walk(domain: str) -> tuple[str, ...]:
    """Name the domains whose ``_dmarc`` is asked, in order (§4.10)."""
    labels = domain.split(".")
    rest = labels[1:] if len(labels) <= WALK_LABELS else labels[-(WALK_LABELS - 1) :]
    return (domain, *(".".join(rest[depth:]) for depth in range(len(rest))))


Found = Sequence[tuple[str, tuple[str, ...] | None]]
"""The answers of a walk: domain, and its records or None when there was no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What receivers do with mail in a domain's name that fails authentication."""

    organization: str
    """The Organizational Domain (§4.10.2)."""
    own: bool = False
    """The record in force is the domain's own: nothing above can change the domain's policy."""
    found_at: str = ""
    """The domain whose record is in force, empty when there is none."""
    record: DmarcRecord | None = None
    inherited_at: str = ""
    """The domain whose record is in force beneath this one."""
    inherited: DmarcRecord | None = None
    domain: str = ""
    """The policy for the domain itself: one of ``LEVELS``, empty when DMARC is not applied."""
    subdomains: str = ""
    nonexistent: str = ""
    several: tuple[str, ...] = ()
    """Domains with more than one record: all of them are discarded."""
    unseen: tuple[str, ...] = ()
    """Domains above this one that did not answer: what is inherited is not certain."""


def settle(domain: str, found: Found) -> Applied:
    """Work out the policy from the answers of a walk."""
    seen = _until_stop(domain, found)
    records = {name: parse(texts[0]) for name, texts in seen if texts and len(texts) == 1}
    organization = _organization(domain, records)
    # Without a record of its own the organisation falls under the public suffix above it.
    heir = (
        organization
        if organization in records
        else next(
            (name for name, record in records.items() if _is_suffix(name, record, domain)), ""
        )
    )
    at = domain if domain in records else heir
    record, inherited = records.get(at), records.get(heir)
    order = ("p",) if at == domain else ("sp", "p")
    return Applied(
        organization=organization,
        own=domain in records,
        found_at=at,
        record=record,
        inherited_at=heir,
        inherited=inherited,
        domain=record.level(*order) if record else "",
        subdomains=inherited.level("sp", "p") if inherited else "",
        nonexistent=inherited.level("np", "sp", "p") if inherited else "",
        several=tuple(name for name, texts in seen if texts and len(texts) > 1),
        unseen=tuple(name for name, texts in seen if texts is None),
    )


def _until_stop(domain: str, found: Found) -> Found:
    """Cut the walk off where a psd tag ends it (§4.10 steps 2 and 7)."""
    for index, (name, texts) in enumerate(found):
        if texts and len(texts) == 1:
            record = parse(texts[0])
            if record.value("psd") == "n" or _is_suffix(name, record, domain):
                return found[: index + 1]
    return found


def _is_suffix(name: str, record: DmarcRecord, domain: str) -> bool:
    return record.value("psd") == "y" and name != domain


def _organization(domain: str, records: dict[str, DmarcRecord]) -> str:
    """Select the Organizational Domain (§4.10.2): the last record found decides."""
    if not records:
        return domain
    name, record = list(records.items())[-1]
    if _is_suffix(name, record, domain):
        labels = domain.split(".")
        return ".".join(labels[-(name.count(".") + 2) :])
    return name
