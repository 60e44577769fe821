"""The grammar of DMARC records and the DNS tree walk (RFC 9989 §4.7, §4.8, §4.10). Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

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
}
_DEFAULTS = {"psd": "u", "t": "n", "adkim": "r", "aspf": "r"}
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

    def published(self, *order: str) -> str:
        """The policy of the first of these tags that is given; empty if the record is void."""
        if not self.sound:
            return "none" if self.rua else ""
        return next(value for tag in order if (value := self.value(tag)))

    def level(self, *order: str) -> str:
        """The policy that is applied: the published one, or one step lower while it is tested."""
        given = self.published(*order)
        return LEVELS[max(LEVELS.index(given) - 1, 0)] if given and self.testing else given

    @property
    def report_hosts(self) -> tuple[str, ...]:
        """The hosts that reports are mailed to, each once."""
        hosts = (mail_host(uri) for uri in self.rua)
        return tuple(dict.fromkeys(host for host in hosts if host))


def is_dmarc(text: str) -> bool:
    """Whether a TXT record begins with the version, which alone counts (§4.10 step 2)."""
    return _VERSION.match(text) is not None


@lru_cache(maxsize=1024)  # every judge reads it, and customers of one provider share it
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
            # "sp=" is an sp tag that is not valid, not the absence of one.
            known = equals and name.lower() in _VALUES
            faults.append(name.lower() if known else piece.strip(" \t")[:40])
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
    asked: tuple[str, ...] = ()
    """The domains that a receiver asks, in order, up to the one that ends the walk."""


def settle(domain: str, found: Found) -> Applied:
    """Work out the policy from the answers of a walk."""
    return _settled(domain, tuple(found))


@lru_cache(maxsize=256)  # every judge of a domain asks
def _settled(domain: str, found: Found) -> Applied:
    own, beneath = _until_stop(found), _until_stop(_from_beneath(domain, found))
    records = _records(own)
    organization, heir = _select(domain, records)
    at = domain if domain in records else heir
    record = records.get(at)
    _, inherited_at = _select(_beneath(domain), _records(beneath))
    inherited = _records(beneath).get(inherited_at)
    order = ("p",) if at == domain else ("sp", "p")
    return Applied(
        organization=organization,
        own=domain in records,
        found_at=at,
        record=record,
        inherited_at=inherited_at,
        inherited=inherited,
        domain=record.level(*order) if record else "",
        subdomains=inherited.level("sp", "p") if inherited else "",
        nonexistent=inherited.level("np", "sp", "p") if inherited else "",
        several=tuple(name for name, texts in own if texts and len(texts) > 1),
        unseen=tuple(dict.fromkeys(name for name, texts in [*own, *beneath] if texts is None)),
        asked=tuple(name for name, _ in own),
    )


def organization(domain: str, found: Found) -> str | None:
    """Select the Organizational Domain (§4.10.2); None when a part of the walk was not seen."""
    seen = _until_stop(found)
    if any(texts is None for _, texts in seen):
        return None
    return _select(domain, _records(seen))[0]


def aligned(author: tuple[str, Found], identifier: tuple[str, Found], mode: str) -> bool | None:
    """Whether an authenticated identifier vouches for the Author Domain (§4.4, §4.10.2).

    Both are a domain and the answers of its walk; ``mode`` is ``s`` (strict) or ``r`` (relaxed).
    None when what was seen does not decide it.
    """
    if mode == "s" or author[0] == identifier[0]:
        return author[0] == identifier[0]
    organizations = organization(*author), organization(*identifier)
    return None if None in organizations else organizations[0] == organizations[1]


def _beneath(domain: str) -> str:
    """Stand for any name beneath; no record can be its own."""
    return f"*.{domain}"


def _from_beneath(domain: str, found: Found) -> Found:
    """What a walk from a name beneath meets of the same answers: a long name is passed over."""
    met = set(walk(_beneath(domain)))
    return [(name, texts) for name, texts in found if name in met]


def _until_stop(found: Found) -> Found:
    """Cut the walk off where a psd tag ends it (§4.10 steps 2 and 6)."""
    for index, (_, texts) in enumerate(found):
        if texts and len(texts) == 1 and parse(texts[0]).value("psd") in {"n", "y"}:
            return found[: index + 1]
    return found


def _records(found: Found) -> dict[str, DmarcRecord]:
    """Of several records at one name none counts (§4.10 steps 2 and 6)."""
    return {name: parse(texts[0]) for name, texts in found if texts and len(texts) == 1}


def _select(domain: str, records: dict[str, DmarcRecord]) -> tuple[str, str]:
    """Select the Organizational Domain (§4.10.2), and who speaks for names without a record.

    The last record found decides: it has a psd tag, or the fewest labels.
    """
    if not records:
        return domain, ""
    name, record = list(records.items())[-1]
    if record.value("psd") != "y" or name == domain:
        return name, name
    labels = domain.split(".")
    below = ".".join(labels[-(name.count(".") + 2) :])
    # Without a record of its own the organisation falls under the public suffix above it.
    return below, below if below in records else name
