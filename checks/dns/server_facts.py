"""What can be seen of the name servers of a zone, asked by themselves."""

from enum import StrEnum

from posture.model import Reason, fact, record


class Service(StrEnum):
    """What a name server does for a zone that it is named for."""

    SERVES = "answers"
    """It has the zone and says so (AA)."""
    REFUSES = "refuses"
    FAILS = "fails"
    """It would have the zone, and cannot load it (SERVFAIL)."""
    REFERS = "refers to others"
    DENIES = "says there is no such zone"
    BORROWS = "knows it from others only"
    """It repeats what it heard, without authority, as a resolver does."""
    NOWHERE = "has no address"
    UNSEEN = "not seen"


@record
class ZoneAnswer:
    """What one address of a name server says of the zone, asked twice when it is not good."""

    address: str
    service: Service
    said: str = ""
    """Its response code."""
    serial: int = 0
    """The version of the zone that it has (SOA, RFC 1035 §3.3.13); 0 where it serves none."""
    primary: str = ""
    """The server that this version comes from, by its SOA."""
    servers: tuple[str, ...] = ()
    """The name servers that it names for the zone, sorted."""
    reason: Reason | None = None
    """Why something was not seen: all, or just the servers it names."""


@fact("dns.authority")
class Authority:
    """What one name server of a zone says of it when it is asked directly."""

    host: str
    zone: str
    answers: tuple[ZoneAnswer, ...]
    """One for each address asked. Empty: the name provably has no address."""

    @property
    def service(self) -> Service:
        """The worst that is known of any address; not seen only if nothing bad was."""
        found = [answer.service for answer in self.answers] or [Service.NOWHERE]
        lame = [each for each in found if each not in {Service.SERVES, Service.UNSEEN}]
        unseen = Service.UNSEEN if Service.UNSEEN in found else Service.SERVES
        return lame[0] if lame else unseen


@fact("dns.transfer")
class ZoneTransfer:
    """How a name server took a stranger's wish for a copy of its zone."""

    host: str
    zone: str
    address: str
    """Where it was asked. Empty: it was seen not to have the zone, so nobody asked."""
    said: str = ""
    """Its response code, or that it takes no connections."""
    records: int = 0
    """How many came before we hung up, of which none is kept."""
    octets: int = 0
    begun: bool = False
    """They began with the zone's SOA, as a transfer does."""
    inside: bool = False
    """The scan stands in the office, or nobody said where, so it may not be a stranger there."""


@fact("dns.recursion")
class Recursion:
    """How a name server took a stranger's question about somebody else's name."""

    host: str
    zone: str
    address: str
    """Where it was asked. Empty: it was seen not to have the zone, so nobody asked."""
    name: str
    """The name asked about."""
    said: str = ""
    offered: bool = False
    """It says that it would ask others (RA)."""
    authoritative: bool = False
    """It answers as if the name were its own, so it asked nobody."""
    records: tuple[str, ...] = ()
    """The addresses that it gave."""
    inside: bool = False
    """The scan stands in the office, or nobody said where, so it may not be a stranger there."""


@fact("dns.version")
class ServerVersion:
    """What a name server tells of its software."""

    host: str
    zone: str
    address: str
    """Where it was asked. Empty: it was seen not to have the zone, so nobody asked."""
    said: str = ""
    text: str = ""
    """At most 200 characters, octets as Latin-1."""
