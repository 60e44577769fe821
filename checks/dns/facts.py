"""What can be seen of a domain in the DNS, apart from what only mail uses."""

from datetime import datetime
from enum import StrEnum

from posture.model import Reason, fact, record

TEXT_LIMIT = 4096
"""Characters of one TXT record that are kept."""


@record
class TextRecord:
    """One TXT record, its strings joined, its octets as Latin-1."""

    text: str
    """At most ``TEXT_LIMIT`` characters of it."""
    length: int
    """Characters it really has."""

    @property
    def whole(self) -> bool:
        """Nothing of it was cut off."""
        return len(self.text) == self.length


@fact("dns.existence")
class DomainExistence:
    """Whether there is a domain of that name at all."""

    domain: str
    denied_by: str
    """The zone above that says there is no such name; empty: the name is there."""


@fact("dns.texts")
class DomainTexts:
    """Every TXT record at the domain itself."""

    domain: str
    records: tuple[TextRecord, ...]
    """Empty: proven to have none."""


@record
class HostAddresses:
    """The addresses of one name. Without any, it is proven to have none."""

    name: str
    ipv4: tuple[str, ...]
    ipv6: tuple[str, ...]
    """Asked about only where there is no IPv4 address: that the name leads somewhere is known."""
    chain: tuple[str, ...]
    """The CNAMEs that were followed, in order."""
    reason: Reason | None = None
    """Why one of the two families was not seen, while the other has addresses."""

    @property
    def exists(self) -> bool:
        """The name leads to at least one address."""
        return bool(self.ipv4 or self.ipv6)


@fact("dns.addresses")
class DomainAddresses:
    """Where the domain and its ``www`` lead."""

    hosts: tuple[HostAddresses, ...]
    """The domain itself, then ``www`` under it."""


@fact("dns.caa")
class Caa:
    """The CAA records that certificate authorities obey for the domain (RFC 8659 §3)."""

    asked: tuple[str, ...]
    """The names asked, from the domain upwards, up to the one that answered."""
    found_at: str
    """The name that holds the records, empty when none up to the top level does."""
    records: tuple[str, ...]
    """In presentation form: ``0 issue "ca.example"``."""


@fact("dns.site_caa")
class SiteCaa:
    """The CAA records that certificate authorities obey for a web site's own name."""

    host: str
    found_at: str
    """The name that holds the records, empty when none up to the top level does."""
    records: tuple[str, ...]
    """In presentation form."""


@record
class NameServer:
    """One name server of a zone and where it is."""

    name: str
    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    asked: bool = True
    """False: the servers before it lie in different networks already, so nobody asked."""
    reason: Reason | None = None
    """Why not all of its addresses were seen."""


@fact("dns.delegation")
class Delegation:
    """The name servers that a domain names."""

    domain: str
    servers: tuple[NameServer, ...]
    """By name. Empty: proven to have none, so the domain is part of a zone above it."""


class Validation(StrEnum):
    """What the resolver makes of the signatures over a zone."""

    SECURE = "secure"
    """It validated them (AD, RFC 6840 §5.8)."""
    BOGUS = "bogus"
    """It gives the records only when asked not to check them (CD, RFC 4035 §3.2.2)."""
    INSECURE = "insecure"
    """It validates other names, and has nothing to check this one by."""
    UNCHECKED = "unchecked"
    """It was not seen to validate anything."""


@fact("dns.dnssec")
class Dnssec:
    """Whether a domain's zone is signed, and whether that holds."""

    domain: str
    zone: str
    """The zone the domain belongs to: itself, or the closest one above that answered."""
    ds: tuple[str, ...]
    """What the zone above says of its keys, in presentation form. Empty: proven to say nothing."""
    validation: Validation
    anchored: bool
    """The resolver was seen to give DS records of the top level, so it knows where to ask."""

    @property
    def unsigned(self) -> bool:
        """Nobody vouches for the zone, says a resolver that knows where to ask."""
        if self.ds or self.validation in {Validation.SECURE, Validation.BOGUS}:
            return False
        return self.anchored or self.validation is Validation.INSECURE


class Place(StrEnum):
    """The kind of record in which a domain names somebody else."""

    SPF = "SPF"
    MX = "MX"
    NS = "NS"
    CNAME = "CNAME"
    DMARC = "DMARC"


@record
class Reference:
    """A name outside the domain that it depends on."""

    place: Place
    holder: str
    """The name whose record it stands in. Not beneath the domain: in a record of somebody else
    that the domain refers to."""
    record: str
    """The term or the record data that leads there."""
    target: str
    """The name, lower case, without the final dot."""
    root: str
    """The part of it that somebody has to have registered."""


class Existence(StrEnum):
    """Whether a registrable name is there."""

    EXISTS = "exists"
    MISSING = "missing"
    """Its parent zone exists and says twice that there is no such name."""
    INTERNAL = "internal"
    """Nor does its parent zone exist, so nobody can register it."""
    UNSEEN = "unseen"


@record
class Root:
    """A registrable name that references lead to."""

    name: str
    existence: Existence
    denied_by: str = ""
    """The zone that says so, when it is missing."""
    reason: Reason | None = None
    """Why it was not seen."""


@fact("dns.references")
class References:
    """The names of others that a domain depends on for its mail, its web sites and its DNS."""

    domain: str
    references: tuple[Reference, ...]
    roots: tuple[Root, ...]
    """Each name that the references lead to, once."""
    unseen: tuple[str, ...]
    """What could not be looked through for references, e.g. ``MX example.com``."""
    reason: Reason | None = None
    """Why the first of them could not."""


class Lookup(StrEnum):
    """What came of the question to a domain's registry."""

    FOUND = "found"
    ABSENT = "absent"
    """The server that answers for the registry says that it knows no such name."""
    UNLISTED = "unlisted"
    """Nobody was asked: IANA knows no server of that top level."""
    WITHIN = "within"
    """Nobody was asked: the domain is part of another name, and that one was registered."""


@fact("dns.registration")
class Registration:
    """What the registry says of a domain, without the people behind it."""

    domain: str
    name: str
    """What somebody registered: the domain itself, or the name it is part of."""
    lookup: Lookup
    server: str
    """Base URL of the server that was asked, empty when none was."""
    listed: str = ""
    """Date of the list that the server was looked for in, when the registry said nothing."""
    expires: datetime | None = None
    """None: the registry does not say."""
    statuses: tuple[str, ...] = ()
    """In the words of RDAP, such as ``client transfer prohibited``. Empty: it does not say."""
    signed: bool | None = None
    """Whether the registry holds a DS record; None: it does not say."""
    registrar: str = ""
    """The company through which the name is held, empty when that was not said."""
    contracted: bool = False
    """The answer follows ICANN's profile, so that a state which is not in it is not set."""


class Likeness(StrEnum):
    """What makes one name be taken for another."""

    TOP_LEVEL = "another ending"
    HOMOGLYPH = "letters that look alike"
    HYPHEN = "a hyphen more or less"
    TRANSPOSITION = "two letters swapped"
    OMISSION = "a letter left out"


@record
class LookAlike:
    """A name like the domain's that somebody has registered."""

    name: str
    likeness: Likeness
    name_servers: tuple[str, ...]
    """Sorted."""
    receives_mail: bool
    """It has an MX record that names a server."""


@fact("dns.look_alikes")
class LookAlikes:
    """Which of the names like a domain's are registered."""

    domain: str
    name_servers: tuple[str, ...]
    """The domain's own, sorted; empty when they were not seen."""
    asked: int
    """Names that were asked about: none for a domain that sends no mail."""
    found: tuple[LookAlike, ...]
    unseen: int
    """Names of which it was not seen whether somebody has them, or takes mail there."""
    reason: Reason | None = None
    """Why the first of these was not seen."""
