"""What can be seen of a domain in the DNS, apart from what only mail uses."""

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
