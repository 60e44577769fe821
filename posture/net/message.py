"""DNS messages without any I/O: what to send, and what a datagram that comes back means."""

import struct
from dataclasses import dataclass, replace

import dns.flags
import dns.rcode

from posture.model import CollectError, Reason
from posture.net import wire
from posture.net.wire import Message, ParseError, Record

PAYLOAD = 1232
"""Octets of UDP that reach everybody unfragmented, the value agreed on DNS flag day 2020."""
MAX_CHAIN = 16
_HEADER = struct.Struct("!HHH")  # RFC 1035 §4.1.1
_QR, _AA, _TC, _RD, _RA, _AD, _CD = (
    int(dns.flags.from_text(flag)) for flag in ("QR", "AA", "TC", "RD", "RA", "AD", "CD")
)
_NOERROR, _FORMERR, _SERVFAIL, _NXDOMAIN, _NOTIMP, _REFUSED = range(6)
_REASONS = {_SERVFAIL: Reason.SERVFAIL, _REFUSED: Reason.REFUSED}
_NS = 2


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
        """A zone speaks: broken delegations bring about empty replies too, and filters denials."""
        return bool(self.zone)


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
        return wire.spelling(name)
    except ParseError as error:
        raise CollectError(Reason.MALFORMED, str(error)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question, as it is sent."""

    name: str
    """As :func:`asked_name` returns it."""
    rdtype: str
    id: int = 0
    edns: bool = True
    checking_disabled: bool = False
    """Ask for the records even where DNSSEC says they are forged (CD, RFC 4035 §3.2.2)."""
    recursion: bool = True
    """Ask a resolver, which may ask others (RD); without it a server says what it knows itself."""
    rdclass: int = wire.IN

    def under(self, ident: int) -> "Query":
        """Return the same question with an id of its own."""
        return Query(
            name=self.name,
            rdtype=self.rdtype,
            id=ident,
            edns=self.edns,
            checking_disabled=self.checking_disabled,
            recursion=self.recursion,
            rdclass=self.rdclass,
        )

    @property
    def question(self) -> bytes:
        """What a reply repeats; raises ``CollectError(MALFORMED)`` for a type that is none."""
        try:
            return wire.question(self.name, wire.code(self.rdtype), self.rdclass)
        except ParseError as error:
            raise self.failure(Reason.MALFORMED, str(error)) from None

    def wire(self) -> bytes:
        """Return the message. AD asks to be told of validation (RFC 6840 §5.7).

        So does DO (§5.8): with it AD is left to the server, and who returns it has set it.
        """
        flags = (_RD if self.recursion else 0) | (_CD if self.checking_disabled else 0)
        if self.recursion and not self.signatures:
            flags |= _AD
        size = PAYLOAD if self.edns else None
        return wire.query(self.id, flags, self.question, size, signatures=self.signatures)

    @property
    def signatures(self) -> bool:
        """Whether it asks for the signatures over records, and not for the records."""
        return self.rdtype.startswith(wire.SIGNATURES)

    def read(self, data: bytes) -> "Reply | None":
        """Return the reply; None if this is no reply to this question.

        Raises ``CollectError(MALFORMED)`` for a reply that cannot be read.
        """
        if len(data) < wire.HEADER_SIZE:
            return None
        ident, flags, questions = _HEADER.unpack_from(data)
        if ident != self.id or not flags & _QR or not self._answered(data, questions):
            return None
        if flags & _TC:
            return Reply(self, Message(data, flags, flags & 0xF), truncated=True)
        try:
            return Reply(self, wire.decode(data), truncated=False)
        except ParseError as error:
            raise self.failure(Reason.MALFORMED, f"the reply cannot be read ({error})") from None

    def _answered(self, data: bytes, questions: int) -> bool:
        """Whether it repeats our question. An error may come without (RFC 1035 leaves it open)."""
        if not questions:
            return data[3] & 0xF not in {_NOERROR, _NXDOMAIN}
        ours = self.question
        theirs = data[wire.HEADER_SIZE : wire.HEADER_SIZE + len(ours)]
        same_name = theirs[:-4].lower() == ours[:-4]
        return questions == 1 and same_name and theirs[-4:] == ours[-4:]

    def failure(self, reason: Reason, detail: str) -> CollectError:
        """Build the error that says which question it was about."""
        return CollectError(reason, f"{self.rdtype} {self.name}: {detail}")


@dataclass(frozen=True, slots=True)
class Reply:
    """A message that is the reply to ``query``."""

    query: Query
    message: Message
    truncated: bool

    @property
    def without_edns(self) -> bool:
        """Whether the server should be asked again in the words of 1987 (RFC 6891 §7)."""
        return self.query.edns and self.message.rcode in {_FORMERR, _NOTIMP}

    @property
    def rcode(self) -> str:
        """The server's response code, in words."""
        return dns.rcode.to_text(dns.rcode.Rcode.make(self.message.rcode))

    @property
    def authoritative(self) -> bool:
        """The server holds the zone itself (AA)."""
        return bool(self.message.flags & _AA)

    @property
    def recursive(self) -> bool:
        """The server says that it would ask others (RA)."""
        return bool(self.message.flags & _RA)

    @property
    def records(self) -> tuple[str, ...]:
        """The answer's records of just the name and type asked, as :class:`Answer` has them.

        Raises ``CollectError(MALFORMED)``.
        """
        try:
            return self._texts(self._records(self.query.name, wire.code(self.query.rdtype)))
        except ParseError as error:
            detail = f"a record cannot be read ({error})"
            raise self.query.failure(Reason.MALFORMED, detail) from None

    @property
    def referral(self) -> str:
        """The zone whose name servers it names instead of an answer; empty for none."""
        owners = (record.owner for record in self.message.authority if record.rdtype == _NS)
        return "" if self.message.answer else next(owners, "")

    def error(self) -> CollectError | None:
        """What the server says went wrong, None if nothing did."""
        rcode = self.message.rcode
        if rcode in {_NOERROR, _NXDOMAIN}:
            return None
        reason = _REASONS.get(rcode, Reason.INCONCLUSIVE)
        return self.query.failure(reason, f"the resolver answers {self.rcode}")

    def interpret(self) -> Answer | Absent | Alias:
        """Say what a reply without error proves.

        Raises ``CollectError`` MALFORMED (looping aliases, unreadable records) or INCONCLUSIVE (a
        referral: this server does not resolve, so its silence about records proves nothing).
        """
        try:
            return self._meaning()
        except ParseError as error:
            detail = f"a record cannot be read ({error})"
            raise self.query.failure(Reason.MALFORMED, detail) from None

    def _meaning(self) -> Answer | Absent | Alias:
        query = self.query
        authenticated = bool(self.message.flags & _AD)
        owner, chain = self._aliases()
        if found := self._records(owner, wire.code(query.rdtype)):
            records, ttl = self._texts(found), min(record.ttl for record in found)
            return Answer(query.name, query.rdtype, records, authenticated, ttl, chain)
        if self.message.answer and not chain:
            # DNAME without the CNAME it makes, or a server that mixes its answers up.
            raise query.failure(Reason.INCONCLUSIVE, "the reply holds other records than asked for")
        nxdomain = self.message.rcode == _NXDOMAIN
        zone = self._zone_above(owner)
        if not nxdomain and not zone:
            if chain:  # some do not look up where it leads, so that is asked for itself
                return Alias(chain, authenticated)
            if not self._denies():
                raise query.failure(Reason.INCONCLUSIVE, "the server only refers to other servers")
        # RFC 6604 §3: the code speaks of the last name of the chain.
        return Absent(query.name, query.rdtype, nxdomain, authenticated, chain, zone)

    def _aliases(self) -> tuple[str, tuple[str, ...]]:
        seen = [self.query.name]
        while self.query.rdtype != "CNAME" and (found := self._records(seen[-1], wire.CNAME)):
            owner, *others = {self.message.target(record) for record in found}
            if others:  # RFC 2181 §10.1
                raise self.query.failure(Reason.MALFORMED, "an alias with several targets")
            if owner in seen or len(seen) > MAX_CHAIN:
                raise self.query.failure(Reason.MALFORMED, "the aliases loop or are too many")
            seen.append(owner)
        return seen[-1], tuple(seen[1:])

    def _records(self, owner: str, rdtype: int) -> list[Record]:
        every = self.message.answer
        if self.query.signatures and rdtype != wire.CNAME:
            covered = rdtype.to_bytes(2)  # RFC 4034 §3.1.1
            every = tuple(one for one in every if self.message.data(one)[:2] == covered)
            rdtype = wire.RRSIG
        wanted = owner, rdtype, self.query.rdclass
        return [one for one in every if (one.owner, one.rdtype, one.rdclass) == wanted]

    def _denies(self) -> bool:
        """Whether an empty answer may be a statement: RFC 2308 §2.2 tells it from a referral."""
        if self.message.flags & _AA:
            return True
        kinds = {record.rdtype for record in self.message.authority}
        return bool(self.message.flags & _RA) and _NS not in kinds

    def _zone_above(self, owner: str) -> str:
        """The zone that speaks by its SOA; one that does not hold the name has no say."""
        for record in self.message.authority:
            if record.rdtype == wire.SOA and wire.is_within(owner, record.owner):
                return record.owner
        return ""

    def _texts(self, found: list[Record]) -> tuple[str, ...]:
        """Return the records sorted; one that came twice counts once (RFC 2181 §5.2)."""
        if self.query.rdtype in wire.TEXTS:
            distinct = {self.message.data(record): record for record in found}
            return tuple(sorted(self.message.text(record) for record in distinct.values()))
        return tuple(sorted({self.message.text(record) for record in found}))


def joined(
    found: Answer | Absent, name: str, chain: tuple[str, ...], *, authenticated: bool
) -> Answer | Absent:
    """Return the outcome at the end of ``chain`` as that of ``name``, where it began."""
    return replace(found, name=name, chain=chain, authenticated=authenticated)
