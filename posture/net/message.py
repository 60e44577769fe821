"""DNS messages without any I/O: what to send, and what a datagram that comes back means."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from posture.model import CollectError, Reason

PAYLOAD = 1232
"""Octets of UDP that reach everybody unfragmented, the value agreed on DNS flag day 2020."""
MAX_CHAIN = 16
_HEADER = struct.Struct("!HHHHHH")  # RFC 1035 §4.1.1
_UNREADABLE = (
    dns.exception.DNSException, ValueError, IndexError, KeyError, TypeError, struct.error,
)  # fmt: skip
_NAMES_ONLY = {"A", "AAAA", "CNAME", "DNAME", "MX", "NS", "PTR", "SOA", "SRV"}
"""Types whose text is the same in lower case."""
_REASONS = {dns.rcode.SERVFAIL: Reason.SERVFAIL, dns.rcode.REFUSED: Reason.REFUSED}


@dataclass(frozen=True, slots=True)
class Answer:
    """The records of one name and type; never none at all."""

    name: str
    """As asked: lower case, no final dot."""
    rdtype: str
    records: tuple[str, ...]
    """Sorted. TXT: the strings of a record joined, its octets as Latin-1; others in presentation
    form with absolute lower-case names, e.g. ``10 mx1.example.com.``"""
    authenticated: bool
    """The resolver says it validated this (AD, RFC 6840 §5.8); worth as much as the way to it."""
    ttl: int
    """Seconds."""
    chain: tuple[str, ...] = ()
    """The aliases followed, each target once: lower case, no final dot."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The resolver's word that there is no such record. A failure to ask is never this."""

    name: str
    rdtype: str
    nxdomain: bool
    """No record of any type exists there, nor beneath (RFC 8020)."""
    authenticated: bool
    chain: tuple[str, ...] = ()
    zone: str = ""
    """The zone whose SOA came with the denial (RFC 2308 §2); empty when none came."""

    @property
    def proven(self) -> bool:
        """It says more than an empty reply, which broken delegations bring about as well."""
        return self.nxdomain or bool(self.zone)


class BogusError(CollectError):
    """There are records, but the resolver holds them for forged (RFC 4035 §4.3)."""


@dataclass(frozen=True, slots=True)
class Alias:
    """Aliases whose end the server did not look up."""

    chain: tuple[str, ...]
    authenticated: bool


def asked_name(name: str) -> str:
    """One spelling for each name; raises ``CollectError(MALFORMED)`` for what is not one."""
    try:
        # dnspython would read "@" as the root, and encode other alphabets as it was done in 2003.
        if name.isascii() and name != "@":
            return dns.name.from_text(name).to_text(omit_final_dot=True).lower()
    except _UNREADABLE:
        pass
    raise CollectError(Reason.MALFORMED, f"{name[:300]!r} is not a domain name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question, as it is sent."""

    name: str
    rdtype: str
    id: int = 0
    edns: bool = True
    checking_disabled: bool = False
    """Ask for the records even where DNSSEC says they are forged (CD, RFC 4035 §3.2.2)."""

    def wire(self) -> bytes:
        """Return the message. AD asks to be told of validation (RFC 6840 §5.7)."""
        flags = dns.flags.RD | dns.flags.AD
        if self.checking_disabled:
            flags |= dns.flags.CD
        edns = 0 if self.edns else -1
        message = dns.message.make_query(
            self.name, self.rdtype, use_edns=edns, payload=PAYLOAD, flags=flags, id=self.id
        )
        return message.to_wire()

    def read(self, wire: bytes) -> "Reply | None":
        """Return the reply; None if this is no reply to this question.

        Raises ``CollectError(MALFORMED)`` for a reply that cannot be read.
        """
        if len(wire) < _HEADER.size:
            return None
        ident, flags, questions = _HEADER.unpack_from(wire)[:3]
        if ident != self.id or not flags & dns.flags.QR or not self._answered(wire, questions):
            return None
        if flags & dns.flags.TC:
            return Reply(self, dns.message.QueryMessage(id=ident), truncated=True)
        try:
            message = dns.message.from_wire(wire, ignore_trailing=True)
            return Reply(self, message, truncated=False)
        except _UNREADABLE as error:
            raise self.failure(Reason.MALFORMED, f"the reply cannot be read ({error})") from None

    def _answered(self, wire: bytes, questions: int) -> bool:
        """Whether it repeats our question. An error may come without (RFC 1035 leaves it open)."""
        if not questions:
            return wire[3] & 0xF not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}
        try:
            question = dns.message.from_wire(wire, question_only=True).question
        except _UNREADABLE:
            return False
        ours = dns.name.from_text(self.name), dns.rdatatype.from_text(self.rdtype)
        return [(item.name, item.rdtype) for item in question] == [ours]

    def failure(self, reason: Reason, detail: str) -> CollectError:
        """Build the error that says which question it was about."""
        return CollectError(reason, f"{self.rdtype} {self.name}: {detail}")


@dataclass(frozen=True, slots=True)
class Reply:
    """A message that is the reply to ``query``."""

    query: Query
    message: dns.message.Message
    truncated: bool

    @property
    def without_edns(self) -> bool:
        """Whether the server should be asked again in the words of 1987 (RFC 6891 §7)."""
        return self.query.edns and self.message.rcode() in {dns.rcode.FORMERR, dns.rcode.NOTIMP}

    def error(self) -> CollectError | None:
        """What the server says went wrong, None if nothing did."""
        rcode = self.message.rcode()
        if rcode in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
            return None
        reason = _REASONS.get(rcode, Reason.INCONCLUSIVE)
        return self.query.failure(reason, f"the resolver answers {dns.rcode.to_text(rcode)}")

    def interpret(self) -> Answer | Absent | Alias:
        """Say what a reply without error proves.

        Raises ``CollectError`` MALFORMED (looping aliases, unreadable records) or INCONCLUSIVE (a
        referral: this server does not resolve, so its silence about records proves nothing).
        """
        query = self.query
        authenticated = bool(self.message.flags & dns.flags.AD)
        owner, chain = self._aliases()
        if found := self._rrset(owner, query.rdtype):
            records = self._texts(found)
            return Answer(query.name, query.rdtype, records, authenticated, found.ttl, chain)
        nxdomain = self.message.rcode() == dns.rcode.NXDOMAIN
        zone = self._zone_above(owner)
        if not nxdomain and not zone and not self._denies():
            if chain:
                return Alias(chain, authenticated)
            raise query.failure(Reason.INCONCLUSIVE, "the server only refers to other servers")
        # RFC 6604 §3: the code speaks of the last name of the chain.
        return Absent(query.name, query.rdtype, nxdomain, authenticated, chain, zone)

    def _aliases(self) -> tuple[dns.name.Name, tuple[str, ...]]:
        owner = dns.name.from_text(self.query.name)
        seen = [owner]
        while self.query.rdtype != "CNAME" and (found := self._rrset(owner, "CNAME")):
            owner = found[0].target
            if owner in seen or len(seen) > MAX_CHAIN:
                raise self.query.failure(Reason.MALFORMED, "the aliases loop or are too many")
            seen.append(owner)
        return owner, tuple(_text(name) for name in seen[1:])

    def _rrset(self, owner: dns.name.Name, rdtype: str) -> dns.rrset.RRset | None:
        wanted = owner, dns.rdataclass.IN, dns.rdatatype.from_text(rdtype)
        for rrset in self.message.answer:
            if (rrset.name, rrset.rdclass, rrset.rdtype) == wanted and len(rrset):
                return rrset
        return None

    def _denies(self) -> bool:
        """Whether an empty answer may be a statement: RFC 2308 §2.2 tells it from a referral."""
        if self.message.flags & dns.flags.AA:
            return True
        kinds = {rrset.rdtype for rrset in self.message.authority}
        return bool(self.message.flags & dns.flags.RA) and dns.rdatatype.NS not in kinds

    def _zone_above(self, owner: dns.name.Name) -> str:
        """The zone that speaks by its SOA; one that does not hold the name has no say."""
        for rrset in self.message.authority:
            if rrset.rdtype == dns.rdatatype.SOA and owner.is_subdomain(rrset.name):
                return _text(rrset.name)
        return ""

    def _texts(self, rrset: dns.rrset.RRset) -> tuple[str, ...]:
        try:
            return tuple(sorted(_texts(rrset, self.query.rdtype)))
        except _UNREADABLE as error:
            raise self.query.failure(
                Reason.MALFORMED, f"a record cannot be read ({error})"
            ) from None


def _texts(rrset: dns.rrset.RRset, rdtype: str) -> Iterator[str]:
    for rdata in rrset:
        if rdtype in {"TXT", "SPF"}:
            yield b"".join(rdata.strings).decode("latin-1")
        else:
            text = rdata.to_text(chunksize=0)
            yield text.lower() if rdtype in _NAMES_ONLY else text


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def joined(
    found: Answer | Absent, name: str, chain: tuple[str, ...], *, authenticated: bool
) -> Answer | Absent:
    """Return the outcome at the end of ``chain`` as that of ``name``, where it began."""
    return replace(found, name=name, chain=chain, authenticated=authenticated)
