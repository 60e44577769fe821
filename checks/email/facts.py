"""What can be seen of a domain's mail: SPF, DMARC, DKIM and the servers that receive it."""

from enum import StrEnum

from posture.model import Reason, fact, record


class Outcome(StrEnum):
    """What came of one DNS-querying term of an SPF record."""

    OK = "ok"
    ABSENT = "absent"
    """An a, mx or exists term whose name does not exist or has no such record."""
    NONE = "none"
    """An include or redirect whose target publishes no SPF record: a permanent error."""
    SEVERAL = "several"
    """Its target publishes more than one SPF record: a permanent error."""
    SYNTAX = "syntax"
    """Its target's record cannot be read: a permanent error."""
    LOOP = "loop"
    """It leads back to a record it came from."""
    MANY = "many"
    """An mx term with more than ten servers: a permanent error (RFC 7208 §4.6.4)."""
    MACRO = "macro"
    """Its name depends on the message, so nothing was asked."""
    UNSEEN = "unseen"
    """The question was not answered; ``reason`` says why."""


@record
class SpfLookup:
    """One term that costs a DNS lookup, where it stands in the tree (RFC 7208 §4.6.4)."""

    depth: int
    """0 in the domain's own record, 1 in a record that one includes, and so on."""
    holder: str
    """The domain whose record holds the term."""
    term: str
    target: str
    """The name it asks for; empty for ptr and for macros."""
    outcome: Outcome
    void: bool = False
    """Its answer was empty (RFC 7208 §4.6.4: at most two may be)."""
    reason: Reason | None = None
    """Only with ``unseen``."""
    addresses: tuple[str, ...] = ()
    """Of an a or exists term; of an mx term where they matter: it widens them, or the record is
    too long."""
    all_addresses: bool = False
    """Whether these are all the addresses there are."""


@record
class SpfRecord:
    """One SPF record of the tree."""

    domain: str
    text: str


@fact("email.spf")
class SpfDiscovery:
    """A domain's SPF record and everything it refers to."""

    domain: str
    records: tuple[str, ...]
    """Every TXT record at the domain that begins with ``v=spf1``."""
    lookups: tuple[SpfLookup, ...]
    """In the order of evaluation, also beyond the limit; empty unless there is one record."""
    referred: tuple[SpfRecord, ...]
    """The records reached by include and redirect, each once."""
    truncated: bool
    """There are more lookups than were followed."""

    @property
    def unresolved(self) -> tuple[str, ...]:
        """The terms whose question was not answered, so that the total is a lower bound."""
        return tuple(
            f"{seen.term} in {seen.holder}"
            for seen in self.lookups
            if seen.outcome is Outcome.UNSEEN
        )


@record
class DmarcAnswer:
    """What one name of the tree walk holds."""

    domain: str
    """The name under which ``_dmarc`` was asked."""
    records: tuple[str, ...]
    """The TXT records that begin with a DMARC version."""
    reason: Reason | None = None
    """Why there was no answer."""
    chain: tuple[str, ...] = ()
    """The CNAMEs in the way."""


@record
class ReportConsent:
    """Whether an outside address agreed to take reports (RFC 9990)."""

    host: str
    name: str
    """The name that was asked for it."""
    granted: bool
    reason: Reason | None = None
    """Why there was no answer; ``granted`` is then False."""


@fact("email.dmarc")
class DmarcDiscovery:
    """The DNS tree walk for a domain's DMARC policy (RFC 9989 §4.10)."""

    domain: str
    answers: tuple[DmarcAnswer, ...]
    """In the order of the walk: the domain itself, then upwards."""
    consents: tuple[ReportConsent, ...]
    """Of the hosts outside the organisation that reports are sent to."""

    @property
    def walk(self) -> list[tuple[str, tuple[str, ...] | None]]:
        """The answers as pairs of domain and records, None where there was no answer."""
        return [(seen.domain, None if seen.reason else seen.records) for seen in self.answers]

    @property
    def unresolved(self) -> tuple[str, ...]:
        """The names that did not answer."""
        return tuple(f"_dmarc.{seen.domain}" for seen in self.answers if seen.reason)


@record
class MxHost:
    """One MX record and where its host leads."""

    preference: int
    host: str
    """Lower case, without the final dot; empty for the null MX (RFC 7505)."""
    chain: tuple[str, ...] = ()
    """The CNAMEs in the way."""
    addresses: tuple[str, ...] = ()
    reason: Reason | None = None
    """Why its addresses were not seen, or not as the world sees them (``wrong_vantage``)."""


@fact("email.mx")
class Mx:
    """The servers a domain names for its incoming mail."""

    domain: str
    hosts: tuple[MxHost, ...]
    """By preference, then name. Empty: proven to have none."""

    @property
    def null(self) -> bool:
        """The domain says that it takes no mail at all."""
        return len(self.hosts) == 1 and not self.hosts[0].host


class DkimTree(StrEnum):
    """What is known of the name ``_domainkey`` that every DKIM key stands beneath."""

    MISSING = "missing"
    """It does not exist, hence nothing beneath it (RFC 8020)."""
    PRESENT = "present"
    """It exists, and a name beneath it that was made up does not."""
    UNCLEAR = "unclear"
    """Made-up names answer like real ones, so an answer does not show that it exists."""


@record
class DkimSelector:
    """What one name beneath ``_domainkey`` holds."""

    selector: str
    chain: tuple[str, ...] = ()
    """The CNAMEs in the way."""
    provider: str = ""
    """Whose service the CNAMEs lead to, as far as we know it."""
    texts: tuple[str, ...] = ()
    """Its TXT records. None behind a CNAME: the CNAME leads to no key."""
    reason: Reason | None = None
    """Why it was not seen."""


@fact("email.dkim")
class DkimDiscovery:
    """The DKIM keys found under the selectors that were tried: no list of them can be had."""

    domain: str
    tree: DkimTree
    asked: tuple[str, ...]
    """The selectors that were tried."""
    selectors: tuple[DkimSelector, ...]
    """Those of them that exist or were not seen, without what a wildcard made up."""
    wildcard: tuple[str, ...] = ()
    """The TXT records that every made-up selector has."""

    @property
    def unseen(self) -> tuple[DkimSelector, ...]:
        """Selectors whose question was not answered."""
        return tuple(found for found in self.selectors if found.reason)
