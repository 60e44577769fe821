from __future__ import annotations

import contextlib

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from posture.net import wire
from posture.net.wire import Message, ParseError
from tests.net.peers import reply

Texts = dict[tuple[str, int], set[str]]

SINGLE = {dns.rdatatype.CNAME, dns.rdatatype.SOA, dns.rdatatype.DNAME}
"""Of these dnspython keeps only the last."""
LOWER = {"NS", "CNAME", "SOA", "PTR", "MX", "SRV", "DNAME", "AAAA"}
RARE = ["NAPTR", "DNSKEY", "HINFO", "SSHFP", "NSEC", "TYPE65280"]

labels = st.binary(min_size=1, max_size=20) | st.sampled_from([b"example", b"COM", b"_x", b"a.b"])
names = st.lists(labels, max_size=5).map(lambda found: dns.name.Name([*found, b""]))
numbers = st.integers(0, 65535).map(lambda number: number.to_bytes(2))
strings = st.lists(st.binary(max_size=60), min_size=1, max_size=4).map(
    lambda found: b"".join(len(part).to_bytes() + part for part in found)
)
octets = st.binary(max_size=60)
digests = st.binary(min_size=32, max_size=32)
CONTENT = {
    "A": st.binary(min_size=4, max_size=4),
    "AAAA": st.binary(min_size=16, max_size=16) | st.just(b"\0" * 10 + b"\xff\xff\1\2\3\4"),
    "NS": names.map(dns.name.Name.to_wire),
    "CNAME": names.map(dns.name.Name.to_wire),
    "PTR": names.map(dns.name.Name.to_wire),
    "DNAME": names.map(dns.name.Name.to_wire),
    "MX": st.builds(lambda number, name: number + name.to_wire(), numbers, names),
    "SRV": st.builds(lambda number, name: number * 3 + name.to_wire(), numbers, names),
    "SOA": st.builds(lambda one, two: one.to_wire() + two.to_wire() + b"\1" * 20, names, names),
    "TXT": strings,
    "SPF": strings,
    "CAA": st.builds(lambda value: b"\0\5issue" + value, octets),
    "DS": st.builds(lambda tag, digest: tag + b"\r\2" + digest, numbers, digests),
    "TLSA": octets.map(lambda data: b"\3\1\1" + data),
    "DNSKEY": octets.map(lambda key: b"\1\1\3\r" + key),
    "TYPE65280": octets,
}  # fmt: skip


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Replies as a server compresses them."""
    message = dns.message.make_response(dns.message.make_query(draw(names), "A", use_edns=0))
    message.set_rcode(
        draw(st.sampled_from([dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.BADVERS]))
    )
    for section in (message.answer, message.authority):
        for rdtype in draw(st.lists(st.sampled_from(sorted(CONTENT)), max_size=5)):
            data = draw(CONTENT[rdtype])
            kind = dns.rdatatype.from_text(rdtype)
            with contextlib.suppress(dns.exception.DNSException):
                rdata = dns.rdata.from_wire(dns.rdataclass.IN, kind, data, 0, len(data))
                ttl = draw(st.integers(0, 2**31 - 1))
                section.append(dns.rrset.from_rdata(draw(names), ttl, rdata))
    try:
        return message.to_wire(max_size=65535)
    except dns.exception.DNSException:
        return reply(dns.message.make_query("example.com", "A").to_wire()).to_wire()


def theirs(message: dns.message.Message) -> Texts:
    """What dnspython reads."""
    found: Texts = {}
    for rrset in message.answer:
        if rrset.rdclass != dns.rdataclass.IN or rrset.rdtype in SINGLE:
            continue
        rdtype = dns.rdatatype.to_text(rrset.rdtype)
        for rdata in rrset:
            text = rdata.to_text(chunksize=0)
            if rdtype in {"TXT", "SPF"}:
                text = b"".join(rdata.strings).decode("latin-1")
            owner = rrset.name.to_text(omit_final_dot=True).lower()
            text = text.lower() if rdtype in LOWER else text
            found.setdefault((owner, rrset.rdtype), set()).add(text)
    return found


def ours(message: Message) -> Texts:
    found: Texts = {}
    for record in message.answer:
        if record.rdclass == wire.IN and record.rdtype not in SINGLE:
            text = message.text(record)
            found.setdefault((record.owner, record.rdtype), set()).add(text)
    return found


@given(messages())
def test_it_reads_what_dnspython_reads(data: bytes) -> None:
    expected, found = dns.message.from_wire(data), wire.decode(data)
    assert ours(found) == theirs(expected)
    assert found.rcode == expected.rcode()
    assert found.flags == expected.flags
    assert {record.rdtype for record in found.authority} == {r.rdtype for r in expected.authority}
    for record in found.answer:
        if record.rdtype in SINGLE:
            kind = dns.rdatatype.RdataType.make(record.rdtype)
            size = record.end - record.start
            rdata = dns.rdata.from_wire(dns.rdataclass.IN, kind, data, record.start, size)
            assert found.text(record) == rdata.to_text().lower()


@given(messages(), st.data())
def test_any_change_is_read_alike_or_refused(data: bytes, draw: st.DataObject) -> None:
    changed = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 6))):
        changed[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    cut = bytes(changed[: draw.draw(st.integers(0, len(data)))])
    for mangled in (bytes(changed), cut):
        try:
            found = ours(wire.decode(mangled))
        except ParseError:
            continue
        try:
            expected = theirs(dns.message.from_wire(mangled, ignore_trailing=True))
        except Exception:  # noqa: BLE001 - whatever dnspython cannot read, in any section
            continue
        if not expected.keys() ^ found.keys():  # updates and signatures are grouped otherwise
            assert found == expected


@given(st.binary(max_size=500))
def test_any_octets_are_a_message_or_a_parse_error(data: bytes) -> None:
    with contextlib.suppress(ParseError):
        message = wire.decode(data)
        for record in message.answer:
            with contextlib.suppress(ParseError):
                message.text(record)
            with contextlib.suppress(ParseError):
                message.target(record)


@given(st.sampled_from([*CONTENT, *RARE]), st.binary(max_size=80))
@example("A", b"\1\2\3")
@example("AAAA", b"\0" * 15)
@example("MX", b"\0")
@example("MX", b"\0\1\3ab")
@example("MX", b"\0\1\0x")
@example("SOA", b"\0\0" + b"\1" * 19)
@example("SRV", b"\0\1")
@example("TXT", b"")
@example("TXT", b"\5abc")
@example("CAA", b"\0\0")
@example("CAA", b"\0\7issue")
@example("CAA", b"\0\5is-ueca.example")
@example("CAA", b'\0\5issueca"\\\xff\n')
@example("DS", b"\0\1\15\2" + b"x" * 31)
@example("DS", b"\0\1\15\0" + b"x" * 31)
@example("DS", b"\0\1\15")
@example("DS", b"\0\1\15\7")
@example("TLSA", b"\3\1")
@example("TLSA", b"\3\1\1short")
def test_data_is_read_as_dnspython_reads_it(rdtype: str, data: bytes) -> None:
    head = wire.query(1, 0x8180, wire.question("x.example", wire.code(rdtype)), None)
    head = head[:6] + b"\0\1" + head[8:]
    record = b"\xc0\x0c" + wire.code(rdtype).to_bytes(2) + b"\0\1\0\0\1\0"
    whole = head + record + len(data).to_bytes(2) + data
    found: Texts | None = None
    with contextlib.suppress(ParseError):
        message = wire.decode(whole)
        found = {("x.example", wire.code(rdtype)): {message.text(message.answer[0])}}
    try:
        kind = dns.rdatatype.from_text(rdtype)
        at = len(whole) - len(data)
        rdata = dns.rdata.from_wire(dns.rdataclass.IN, kind, whole, at, len(data))
        known = dns.message.Message()
        known.answer = [dns.rrset.from_rdata("x.example.", 1, rdata)]
    except Exception:  # noqa: BLE001 - whatever it raises, it cannot read it
        # A TLSA digest of the wrong length is shown: it is a finding, and no other is hidden by it.
        assert found is None or (rdtype == "TLSA" and len(data) >= 3)
        return
    if kind in SINGLE:
        assert found == {("x.example", int(kind)): {rdata.to_text().lower()}}
    else:
        assert found == theirs(known)


@pytest.mark.parametrize("edns", [True, False])
@given(names, st.integers(0, 65535), st.sampled_from(["A", "TXT", "CAA", "DNSKEY", "TYPE65280"]))
def test_a_question_is_what_dnspython_would_send(
    edns: bool, name: dns.name.Name, ident: int, rdtype: str
) -> None:
    text = wire.spelling(name.to_text())
    flags = dns.flags.RD | dns.flags.AD
    expected = dns.message.make_query(
        text, rdtype, use_edns=0 if edns else -1, payload=1232, flags=flags, id=ident
    )
    asked = wire.question(text, wire.code(rdtype))
    assert wire.query(ident, flags, asked, 1232 if edns else None) == expected.to_wire()


@given(st.text(st.sampled_from("aZ9-_.\\@ ü1023"), max_size=30) | st.text(max_size=300))
def test_names_are_spelt_as_dnspython_spells_them(text: str) -> None:
    expected: str | None = None
    if text.isascii() and text != "@":
        with contextlib.suppress(dns.exception.DNSException, ValueError, IndexError):
            expected = dns.name.from_text(text).to_text(omit_final_dot=True).lower()
    found: str | None = None
    with contextlib.suppress(ParseError):
        found = wire.spelling(text)
    assert found == expected


def test_the_longest_name_there_is() -> None:
    longest = ".".join(["a" * 63] * 3 + ["a" * 61])
    assert wire.spelling(longest + ".") == longest
    for text in (longest + "a", longest + "a."):
        with pytest.raises(ParseError):
            wire.spelling(text)


def test_what_is_no_type() -> None:
    with pytest.raises(ParseError, match="not a record type"):
        wire.code("NONSENSE")


@pytest.mark.parametrize(
    ("name", "zone", "within"),
    [
        ("a.example", "example", True),
        ("example", "example", True),
        ("example", ".", True),
        (".", ".", True),
        ("aexample", "example", False),
        ("x\\.b.example", "b.example", False),
        ("x\\\\.b.example", "b.example", True),
    ],
)
def test_what_is_within_a_zone(name: str, zone: str, within: bool) -> None:
    assert wire.is_within(name, zone) is within


def test_a_time_to_live_beyond_31_bits_is_none() -> None:
    head = wire.query(1, 0x8180, wire.question("x.example", 1), None)
    record = b"\xc0\x0c\0\1\0\1\x80\0\0\1\0\4\1\2\3\4"
    (found,) = wire.decode(head[:6] + b"\0\1" + head[8:] + record).answer
    assert found.ttl == 0


def pointers(count: int) -> bytes:
    """A record whose owner is ``count`` pointers, each to the one before."""
    head = wire.query(1, 0x8180, wire.question("x.example", 1), None)
    at = len(head) + 2 + 10
    chain = b"\xc0\x0c" + b"".join((0xC000 | at + 2 * n).to_bytes(2) for n in range(count - 1))
    first = b"\xc0\x0c\0\20\0\1\0\0\0\0" + len(chain).to_bytes(2) + chain
    last = (0xC000 | at + 2 * (count - 1)).to_bytes(2) + b"\0\1\0\1\0\0\0\0\0\4\1\2\3\4"
    return head[:6] + b"\0\2" + head[8:] + first + last


def test_pointers_are_not_followed_for_ever() -> None:
    assert wire.decode(pointers(100)).answer[1].owner == "x.example"
    with pytest.raises(ParseError, match="lead back"):
        wire.decode(pointers(200))


@pytest.mark.parametrize(
    "owner", [b"\xc0\x30", b"\x80", b"\x45abcde", b"\5ab", b"\xc0", b"\x3f" + b"a" * 63]
)
def test_names_that_are_none(owner: bytes) -> None:
    head = wire.query(1, 0x8180, wire.question("x.example", 1), None)
    for name in (owner, owner * 4):
        with pytest.raises(ParseError):
            wire.decode(head[:6] + b"\0\1" + head[8:] + name)
    record = b"\xc0\x0c\0\5\0\1\0\0\0\0" + len(owner).to_bytes(2) + owner
    message = wire.decode(head[:6] + b"\0\1" + head[8:] + record)
    with pytest.raises(ParseError):
        message.target(message.answer[0])
