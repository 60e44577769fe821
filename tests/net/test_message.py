from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from posture.model import CollectError, Reason
from posture.net.message import Absent, Alias, Answer, Query, asked_name
from tests.net.peers import reply

SOA = "example.com. 300 IN SOA ns.example.com. h.example.com. 1 2 3 4 5"
NS = "example.com. 300 IN NS ns.example.com."


def query(rdtype: str = "TXT", name: str = "example.com") -> Query:
    return Query(name=name, rdtype=rdtype, id=4711)


def understood(
    asked: Query, *records: str, rcode: int = 0, authority: str = SOA, flags: int = 0
) -> Answer | Absent | Alias:
    message = reply(asked.wire(), *records, rcode=rcode, authority=authority)
    message.flags |= flags
    found = asked.read(message.to_wire())
    assert found is not None
    assert found.error() is None
    return found.interpret()


def test_a_question_asks_for_recursion_and_validation() -> None:
    sent = dns.message.from_wire(query().wire())
    assert sent.id == 4711
    assert sent.flags == dns.flags.RD | dns.flags.AD
    assert (sent.edns, sent.payload, sent.ednsflags) == (0, 1232, 0)


def test_it_can_do_without_extensions_and_without_validation() -> None:
    asked = Query(name="example.com", rdtype="A", edns=False, checking_disabled=True)
    sent = dns.message.from_wire(asked.wire())
    assert sent.edns == -1
    assert sent.flags & dns.flags.CD


@pytest.mark.parametrize(
    ("rdtype", "data", "expected"),
    [
        ("TXT", '"v=spf1 " "-all"', "v=spf1 -all"),
        ("TXT", '"caf\\195\\169 \\"q\\" \\027"', 'caf\xc3\xa9 "q" \x1b'),
        ("MX", "10 MX1.Example.COM.", "10 mx1.example.com."),
        ("MX", "0 .", "0 ."),
        ("A", "192.0.2.1", "192.0.2.1"),
        ("AAAA", "2001:DB8::1", "2001:db8::1"),
        ("CNAME", "Other.Example.", "other.example."),
        ("CAA", '0 issue "CA.example"', '0 issue "CA.example"'),
        ("TLSA", "3 1 0 " + "AB" * 80, "3 1 0 " + "ab" * 80),
        ("DNSKEY", "257 3 13 " + "QUJD" * 20, "257 3 13 " + "QUJD" * 20),
    ],
)
def test_records_have_one_form(rdtype: str, data: str, expected: str) -> None:
    found = understood(query(rdtype), f"EXAMPLE.com. 300 IN {rdtype} {data}")
    assert found == Answer("example.com", rdtype, (expected,), authenticated=False, ttl=300)


SIGNED = "20261205010203 20261107040506 4711 example.com. c2ln"


def test_signatures_are_asked_for_with_the_records_they_are_over() -> None:
    asked = query("RRSIG SOA")
    sent = dns.message.from_wire(asked.wire())
    assert sent.question[0].rdtype == 6
    assert sent.ednsflags == dns.flags.DO
    # A server that copies AD must not be believed: it has to set the flag by itself.
    assert sent.flags == dns.flags.RD
    plain = dns.message.from_wire(query("SOA").wire())
    assert (plain.flags, plain.ednsflags) == (dns.flags.RD | dns.flags.AD, 0)
    others = (
        f"example.com. 9 IN RRSIG NS 13 2 9 {SIGNED}",
        f"ns.example.com. 9 IN RRSIG SOA 13 3 9 {SIGNED}",
    )
    found = understood(asked, SOA, f"example.com. 9 IN RRSIG SOA 13 2 9 {SIGNED}", *others)
    assert isinstance(found, Answer)
    assert (found.rdtype, found.records) == ("RRSIG SOA", (f"SOA 13 2 9 {SIGNED}",))


def test_records_without_their_signatures_prove_nothing() -> None:
    with pytest.raises(CollectError) as caught:
        understood(query("RRSIG SOA"), SOA)
    assert caught.value.reason is Reason.INCONCLUSIVE
    found = understood(query("RRSIG TXT"))
    assert isinstance(found, Absent)


def test_the_signature_over_an_alias_is_not_the_one_asked_for() -> None:
    alias = "example.com. 9 IN CNAME other.example."
    signature = f"example.com. 9 IN RRSIG CNAME 13 2 9 {SIGNED}"
    assert understood(query("RRSIG SOA"), alias, signature, authority="") == Alias(
        ("other.example",), authenticated=False
    )


def test_records_are_sorted_whatever_order_the_server_chose() -> None:
    found = understood(query("A"), *(f"example.com. 9 IN A 192.0.2.{n}" for n in (3, 1, 2)))
    assert isinstance(found, Answer)
    assert found.records == ("192.0.2.1", "192.0.2.2", "192.0.2.3")


def test_validation_is_reported() -> None:
    record = "example.com. 9 IN A 192.0.2.1"
    assert understood(query("A"), record, flags=dns.flags.AD).authenticated
    assert understood(query("A"), flags=dns.flags.AD).authenticated


@pytest.mark.parametrize(("rcode", "nxdomain"), [(0, False), (3, True)])
def test_no_data_and_no_such_name_are_told_apart(rcode: int, nxdomain: bool) -> None:
    found = understood(query(), rcode=rcode)
    assert found == Absent("example.com", "TXT", nxdomain, authenticated=False, zone="example.com")


@pytest.mark.parametrize(
    ("authority", "rcode", "zone", "proven"),
    [
        ("com. 300 IN SOA ns.example. h.example. 1 2 3 4 5", 0, "com", True),
        ("elsewhere.example. 300 IN SOA ns.example. h.example. 1 2 3 4 5", 0, "", False),
        ("", 0, "", False),
        ("", 3, "", False),
    ],
)
def test_a_denial_says_which_zone_speaks(
    authority: str, rcode: int, zone: str, proven: bool
) -> None:
    found = understood(query(), authority=authority, rcode=rcode)
    assert isinstance(found, Absent)
    assert (found.zone, found.proven) == (zone, proven)


def test_records_of_other_names_are_not_ours() -> None:
    with pytest.raises(CollectError, match="other records than asked for") as caught:
        understood(query("A"), "other.example. 9 IN A 192.0.2.1")
    assert caught.value.reason is Reason.INCONCLUSIVE


def test_an_alias_with_two_targets_is_none() -> None:
    twice = [f"example.com. 9 IN CNAME {name}.example." for name in ("a", "b")]
    with pytest.raises(CollectError, match="several targets") as caught:
        understood(query(), *twice)
    assert caught.value.reason is Reason.MALFORMED
    assert isinstance(understood(query(), twice[0], twice[0].replace("a.e", "A.E")), Alias)


CHAIN = ("example.com. 9 IN CNAME B.example.", "b.example. 9 IN CNAME c.example.")


def test_aliases_are_followed_and_told() -> None:
    found = understood(query(), *CHAIN, 'c.example. 60 IN TXT "x"')
    expected = Answer("example.com", "TXT", ("x",), authenticated=False, ttl=60)
    assert isinstance(found, Answer)
    assert found.chain == ("b.example", "c.example")
    assert found.records == expected.records


def test_an_alias_asked_for_is_not_followed() -> None:
    found = understood(query("CNAME"), *CHAIN)
    assert isinstance(found, Answer)
    assert found.records == ("b.example.",)


def test_no_such_name_at_the_end_of_the_aliases() -> None:
    found = understood(query(), *CHAIN, rcode=3)
    assert isinstance(found, Absent)
    assert (found.nxdomain, found.chain) == (True, ("b.example", "c.example"))


def test_aliases_whose_end_was_not_looked_up_prove_nothing_yet() -> None:
    found = understood(query(), *CHAIN, authority=NS)
    assert found == Alias(("b.example", "c.example"), authenticated=False)


def test_looping_aliases_are_malformed() -> None:
    with pytest.raises(CollectError, match="aliases loop") as caught:
        understood(query(), *CHAIN, "c.example. 9 IN CNAME b.example.")
    assert caught.value.reason is Reason.MALFORMED


def test_fifty_aliases_are_too_many() -> None:
    links = [f"n{n}.example. 9 IN CNAME n{n + 1}.example." for n in range(50)]
    with pytest.raises(CollectError, match="too many"):
        understood(query(name="n0.example"), *links)


def test_a_referral_is_not_an_absence() -> None:
    with pytest.raises(CollectError, match="refers to other servers") as caught:
        understood(query(), authority=NS)
    assert caught.value.reason is Reason.INCONCLUSIVE


def test_an_empty_reply_counts_from_a_server_that_resolves_or_owns_the_zone() -> None:
    assert isinstance(understood(query(), authority=""), Absent)
    assert isinstance(understood(query(), authority=NS, flags=dns.flags.AA), Absent)


@pytest.mark.parametrize(
    ("rcode", "reason"),
    [
        (2, Reason.SERVFAIL),
        (5, Reason.REFUSED),
        (1, Reason.INCONCLUSIVE),
        (23, Reason.INCONCLUSIVE),
    ],
)
def test_errors_are_failures(rcode: int, reason: Reason) -> None:
    asked = query()
    found = asked.read(reply(asked.wire(), rcode=rcode).to_wire())
    assert found is not None
    error = found.error()
    assert error is not None
    assert error.reason is reason


@pytest.mark.parametrize(("rcode", "again"), [(1, True), (4, True), (2, False)])
def test_old_servers_are_asked_again_without_extensions(rcode: int, again: bool) -> None:
    for edns in (True, False):
        asked = Query(name="example.com", rdtype="A", edns=edns)
        found = asked.read(reply(asked.wire(), rcode=rcode).to_wire())
        assert found is not None
        assert found.without_edns is (again and edns)


def test_what_is_no_reply_to_this_question_is_ignored() -> None:
    asked = query("A")
    others = [Query(name="example.com", rdtype="A", id=1), query("TXT"), query("A", "b.example")]
    for other in others:
        assert asked.read(reply(other.wire()).to_wire()) is None
    for wire in (b"", b"\x12", asked.wire(), asked.wire()[:2] + b"\x80\0" + b"\0\1" + b"\0" * 6):
        assert asked.read(wire) is None


def test_an_error_may_come_without_the_question_an_answer_may_not() -> None:
    asked = query("A")
    outcomes = {}
    for rcode in (0, 1, 3):
        bare = asked.id.to_bytes(2) + bytes([0x81, 0x80 | rcode]) + bytes(8)
        found = asked.read(bare)
        outcomes[rcode] = found and found.error() is not None
    assert outcomes == {0: None, 1: True, 3: None}


def test_a_truncated_reply_is_not_read_any_further() -> None:
    asked = query("A")
    message = reply(asked.wire())
    message.flags |= dns.flags.TC
    found = asked.read(message.to_wire()[:-3])
    assert found is not None
    assert found.truncated


def test_a_record_the_library_cannot_print_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, **_: object) -> str:
        raise ValueError("unprintable")

    monkeypatch.setattr("dns.rdtypes.ANY.HINFO.HINFO.to_text", fail)
    asked = query("HINFO")
    found = asked.read(reply(asked.wire(), 'example.com. 9 IN HINFO "a" "b"').to_wire())
    assert found is not None
    with pytest.raises(CollectError, match="unprintable") as caught:
        found.interpret()
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Example.COM.", "example.com"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("a b.example", "a\\032b.example"),
        (".", "."),
    ],
)
def test_names_have_one_spelling(name: str, expected: str) -> None:
    assert asked_name(name) == expected


@pytest.mark.parametrize(
    "name", ["a" * 64 + ".example", "a." * 128, "a..example", "@", "bücher.example", "\\9.x", ".a"]
)
def test_what_is_no_name_is_malformed(name: str) -> None:
    with pytest.raises(CollectError) as caught:
        asked_name(name)
    assert caught.value.reason is Reason.MALFORMED


VALID = bytes(
    reply(query().wire(), *CHAIN, 'c.example. 60 IN TXT "x" "y"', authority=SOA).to_wire()
)


def read(asked: Query, wire: bytes) -> None:
    try:
        found = asked.read(wire)
        if found is not None and not found.truncated and found.error() is None:
            assert isinstance(found.interpret(), Answer | Absent | Alias)
    except CollectError as error:
        assert error.reason in {Reason.MALFORMED, Reason.INCONCLUSIVE}  # noqa: PT017 - the invariant


@given(st.data())
def test_any_change_to_a_reply_is_a_value_or_a_collect_error(data: st.DataObject) -> None:
    wire = bytearray(VALID)
    for _ in range(data.draw(st.integers(1, 12))):
        # Header flags and beyond; id and question stay ours, or it would only be ignored.
        at = data.draw(st.sampled_from([3, *range(6, 12), *range(29, len(wire))]))
        wire[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(12, len(wire)))
    read(query(), bytes(wire[:cut]))


@given(
    st.binary(max_size=400),
    st.sampled_from(
        ["A", "AAAA", "TXT", "MX", "CAA", "SOA", "DS", "DNSKEY", "TLSA", "NS", "HTTPS"]
    ),
)
@example(b"\xc0\x0c" * 50, "TXT")
def test_any_record_data_is_a_value_or_a_collect_error(data: bytes, rdtype: str) -> None:
    asked = query(rdtype)
    head = bytearray(asked.wire()[:-11])  # without the OPT record
    head[2:4] = b"\x81\x80"
    head[6:8], head[10:12] = b"\0\1", b"\0\0"
    code = int.from_bytes(head[-4:-2]).to_bytes(2)
    record = b"\xc0\x0c" + code + b"\0\1\0\0\1\0" + len(data).to_bytes(2) + data
    read(asked, bytes(head) + record)


@given(st.binary(max_size=300))
def test_any_bytes_at_all_are_a_value_or_a_collect_error(data: bytes) -> None:
    read(query(), query().wire()[:2] + data)
