"""DNS messages as octets (RFC 1035 §4), without any I/O: what is asked all day, read quickly.

Names are text throughout: lower case, no final dot, the root ``.``, unusual octets escaped as in a
zone file, so that equal names are equal strings. Rare record types are left to dnspython.
"""

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import dns.exception
import dns.ipv6
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

IN = 1
CHAOS = 3
OPT = 41
SOA = 6
RRSIG = 46
SIGNATURES = "RRSIG "
"""Put before a type, as in ``RRSIG SOA``, it stands for the signatures over those records."""
CNAME = 5
TYPES = {
    "A": 1, "NS": 2, "CNAME": CNAME, "SOA": SOA, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28,
    "SRV": 33, "DNAME": 39, "DS": 43, "TLSA": 52, "SPF": 99, "CAA": 257,
}  # fmt: skip
TEXTS = {"TXT", "SPF"}
"""Types of free text: records are equal when their octets are."""
MAX_JUMPS = 128
"""Pointers followed within one name; it has 127 labels at most (RFC 1035 §2.3.4)."""

_HEADER = struct.Struct("!HHHHHH")
HEADER_SIZE = _HEADER.size
_RECORD = struct.Struct("!HHIH")
_TIMES = struct.Struct("!IIIII")
_PLAIN = re.compile(rb"[A-Za-z0-9_.-]*")
_PLAIN_NAME = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?", re.ASCII)
_SPECIAL = re.compile(r"[^ !#-\[\]-~]")
_UNREADABLE = (
    dns.exception.DNSException, ValueError, IndexError, KeyError, TypeError, struct.error,
)  # fmt: skip


class ParseError(ValueError):
    """These octets are not what they should be."""


class Record(NamedTuple):
    """One resource record, its data still in the message."""

    owner: str
    rdtype: int
    rdclass: int
    ttl: int
    """Seconds."""
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message taken apart; the data of its records is read when it is needed."""

    wire: bytes
    flags: int
    rcode: int
    """With the upper bits of EDNS (RFC 6891 §6.1.3)."""
    answer: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()

    def text(self, record: Record) -> str:
        """Return a record's data as ``Answer.records`` has it; raises ``ParseError``."""
        try:
            return _READERS.get(record.rdtype, _rare)(self.wire, record)
        except ParseError:
            raise
        except _UNREADABLE as error:
            raise ParseError(str(error)) from None

    def data(self, record: Record) -> bytes:
        """Return a record's data as octets."""
        return self.wire[record.start : record.end]

    def target(self, record: Record) -> str:
        """Return the name that an alias leads to; raises ``ParseError``."""
        try:
            return _only_name(self.wire, record.start, record.end)
        except IndexError:
            raise ParseError("a name is cut off") from None


def code(rdtype: str) -> int:
    """Return the number of a type (``TYPE65280`` works too); raises ``ParseError``."""
    rdtype = rdtype.removeprefix(SIGNATURES)
    known = TYPES.get(rdtype)
    if known is not None:
        return known
    try:
        return int(dns.rdatatype.from_text(rdtype))
    except _UNREADABLE:
        raise ParseError(f"{rdtype!r} is not a record type") from None


@lru_cache(maxsize=4096)  # the same name is asked for by many, and about several types
def spelling(name: str) -> str:
    """Return the one spelling of a name; raises ``ParseError`` for what is none."""
    if len(name) < 255 and _PLAIN_NAME.fullmatch(name):
        found = name.lower().removesuffix(".")
        if len(found) < 254:
            return found
    # dnspython would read "@" as the root, and encode other alphabets as it was done in 2003.
    if name.isascii() and name != "@":
        try:
            return dns.name.from_text(name).to_text(omit_final_dot=True).lower()
        except _UNREADABLE:
            pass
    raise ParseError(f"{name[:300]!r} is not a domain name")


@lru_cache(maxsize=1024)
def question(name: str, rdtype: int, rdclass: int = IN) -> bytes:
    """Return the question for a name as :func:`spelling` returns it."""
    if "\\" in name or name == ".":
        owner = dns.name.from_text(name).to_wire() or b""
    else:
        labels = name.encode("ascii").split(b".")
        owner = b"".join(len(label).to_bytes() + label for label in labels) + b"\0"
    return owner + rdtype.to_bytes(2) + rdclass.to_bytes(2)


def query(
    ident: int, flags: int, asked: bytes, payload: int | None, *, signatures: bool = False
) -> bytes:
    """Return a message with one question; ``payload`` octets fit over UDP, None: no EDNS.

    ``signatures`` are wanted with the records (DO, RFC 3225 §3).
    """
    head = _HEADER.pack(ident, flags, 1, 0, 0, 0 if payload is None else 1)
    if payload is None:
        return head + asked
    return head + asked + b"\0" + _RECORD.pack(OPT, payload, signatures << 15, 0)  # RFC 6891 §6.1.2


def is_within(name: str, zone: str) -> bool:
    """Whether ``name`` is ``zone`` or beneath it."""
    if "\\" in name:
        return dns.name.from_text(name).is_subdomain(dns.name.from_text(zone))
    return zone in {".", name} or name.endswith(f".{zone}")


def decode(wire: bytes) -> Message:
    """Take a message apart; raises ``ParseError`` and nothing else. What follows it is ignored."""
    try:
        return _decode(wire)
    except (IndexError, struct.error):
        raise ParseError("the message is cut off") from None


def _decode(wire: bytes) -> Message:
    _, flags, questions, *counts = _HEADER.unpack_from(wire)
    at = _HEADER.size
    names: dict[int, str] = {}
    for _ in range(questions):
        names[at], end = _name(wire, at)
        at = end + 4
    sections = []
    for count in counts:
        records = []
        for _ in range(count):
            record, at = _record(wire, at, names)
            records.append(record)
        sections.append(tuple(records))
    upper = next((found.ttl >> 24 for found in sections[2] if found.rdtype == OPT), 0)
    return Message(wire, flags, upper << 4 | flags & 0xF, sections[0], sections[1])


def _record(wire: bytes, at: int, names: dict[int, str]) -> tuple[Record, int]:
    """Read a record; most owners are a pointer to a name that was read before."""
    known = names.get((wire[at] << 8 | wire[at + 1]) - 0xC000)
    if known is None:
        known, end = _name(wire, at)
        names[at] = known
    else:
        end = at + 2
    rdtype, rdclass, ttl, size = _RECORD.unpack_from(wire, end)
    start = end + _RECORD.size
    if start + size > len(wire):
        raise ParseError("a record is cut off")
    if ttl >> 31 and rdtype != OPT:
        ttl = 0  # RFC 2181 §8
    return Record(known, rdtype, rdclass, ttl, start, start + size), start + size


def _name(wire: bytes, at: int) -> tuple[str, int]:
    """Return a name and where it ends. Pointers only lead back (RFC 1035 §4.1.4)."""
    labels: list[bytes] = []
    end, octets, jumps, lowest = -1, 1, 0, at
    while size := wire[at]:
        if size < 64:
            label = wire[at + 1 : at + 1 + size]
            octets += size + 1
            if len(label) < size or octets > 255:
                raise ParseError("a name is cut off, or too long")
            labels.append(label)
            at += 1 + size
        elif size >= 192:
            target = (size & 63) << 8 | wire[at + 1]
            end = at + 2 if end < 0 else end
            jumps += 1
            if target >= lowest or jumps > MAX_JUMPS:
                raise ParseError("a name's pointers do not lead back")
            at = lowest = target
        else:
            raise ParseError("a label of a kind that does not exist")
    return _spelt(labels), at + 1 if end < 0 else end


def _spelt(labels: list[bytes]) -> str:
    whole = b".".join(labels)
    if whole and whole.count(b".") == len(labels) - 1 and _PLAIN.fullmatch(whole):
        return whole.decode("ascii").lower()
    return dns.name.Name([*labels, b""]).to_text(omit_final_dot=True).lower()


def _absolute(name: str) -> str:
    return name if name == "." else f"{name}."


def _only_name(wire: bytes, start: int, end: int) -> str:
    """Return the name that fills the data from ``start`` on."""
    name, after = _name(wire, start)
    if after != end:
        raise ParseError("a name does not fill its record")
    return name


def _read_name(wire: bytes, record: Record) -> str:
    return _absolute(_only_name(wire, record.start, record.end))


def _read_a(wire: bytes, record: Record) -> str:
    data = wire[record.start : record.end]
    if len(data) != 4:
        raise ParseError("an address of the wrong size")
    return f"{data[0]}.{data[1]}.{data[2]}.{data[3]}"


def _read_aaaa(wire: bytes, record: Record) -> str:
    return dns.ipv6.inet_ntoa(wire[record.start : record.end])


def _read_mx(wire: bytes, record: Record) -> str:
    preference = int.from_bytes(wire[record.start : record.start + 2])
    return f"{preference} {_absolute(_only_name(wire, record.start + 2, record.end))}"


def _read_srv(wire: bytes, record: Record) -> str:
    numbers = struct.unpack_from("!HHH", wire, record.start)
    target = _absolute(_only_name(wire, record.start + 6, record.end))
    return f"{numbers[0]} {numbers[1]} {numbers[2]} {target}"


def _read_soa(wire: bytes, record: Record) -> str:
    server, at = _name(wire, record.start)
    person, at = _name(wire, at)
    if at + _TIMES.size != record.end:
        raise ParseError("a start of authority of the wrong size")
    times = " ".join(map(str, _TIMES.unpack_from(wire, at)))
    return f"{_absolute(server)} {_absolute(person)} {times}"


def _read_txt(wire: bytes, record: Record) -> str:
    parts = []
    at, end = record.start, record.end
    while at < end:
        after = at + 1 + wire[at]
        parts.append(wire[at + 1 : after])
        at = after
    if at != end or not parts:
        raise ParseError("a text record that holds no whole string")
    return b"".join(parts).decode("latin-1")


def _read_caa(wire: bytes, record: Record) -> str:
    value = record.start + 2 + wire[record.start + 1]
    tag = wire[record.start + 2 : value]
    if value > record.end or not tag.isalnum():
        raise ParseError("a CAA tag that is none")
    data = _SPECIAL.sub(_escaped, wire[value : record.end].decode("latin-1"))
    return f'{wire[record.start]} {tag.decode()} "{data}"'


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}" if found[0] in '"\\' else f"\\{ord(found[0]):03}"


def _read_ds(wire: bytes, record: Record) -> str:
    tag, algorithm, kind = struct.unpack_from("!HBB", wire, record.start)
    data = wire[record.start + 4 : record.end]
    wrong = len(data) != _DIGESTS.get(kind, len(data))
    if wrong or not kind or record.end < record.start + 4:
        raise ParseError("a DS digest of the wrong size")
    return f"{tag} {algorithm} {kind} {data.hex()}"


def _read_tlsa(wire: bytes, record: Record) -> str:
    usage, selector, matching = struct.unpack_from("!BBB", wire, record.start)
    if record.end < record.start + 3:
        raise ParseError("a TLSA record that is cut off")
    return f"{usage} {selector} {matching} {wire[record.start + 3 : record.end].hex()}"


def _rare(wire: bytes, record: Record) -> str:
    kind, size = dns.rdatatype.RdataType.make(record.rdtype), record.end - record.start
    found = dns.rdata.from_wire(dns.rdataclass.IN, kind, wire, record.start, size)
    return found.to_text(chunksize=0)


_DIGESTS = {1: 20, 2: 32, 3: 32, 4: 48}
"""Octets by digest type."""
_READERS: Mapping[int, Callable[[bytes, Record], str]] = {
    1: _read_a, 2: _read_name, CNAME: _read_name, SOA: _read_soa, 12: _read_name, 15: _read_mx,
    16: _read_txt, 28: _read_aaaa, 33: _read_srv, 39: _read_name, 43: _read_ds, 52: _read_tlsa,
    99: _read_txt, 257: _read_caa,
}  # fmt: skip
