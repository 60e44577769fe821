"""Twelve protocols up to the point where TLS begins: what each outcome looks like on the wire."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.model import CollectError, Reason
from posture.net import Stream
from posture.net.tls import starttls_lines as lines
from posture.net.tls import starttls_packets as packets
from posture.net.tls import starttls_xmpp as xmpp
from posture.net.tls.starttls_outcome import MAX_LINES, MAX_SAID, Begun, Outcome
from posture.net.tls.starttls_protocols import BY_PORT, PROTOCOLS, begin, past
from posture.net.tls.wire import ParseError, Reader
from posture.testing import FakeChannel, FakeStream

READY, REFUSED, ABSENT = Outcome.READY, Outcome.REFUSED, Outcome.NOT_OFFERED
INJECTED, STRIPPED, BUSY = Outcome.INJECTED, Outcome.STRIPPED, Outcome.BUSY
UNWILLING, MALFORMED, CLOSED = Outcome.UNWILLING, Outcome.MALFORMED, Outcome.CLOSED
HOST = "server.example.com"


def talk(protocol: str, *replies: bytes | CollectError) -> tuple[Begun, bytes]:
    async def scenario() -> tuple[Begun, bytes]:
        channel = FakeChannel(replies)
        begun = await begin(PROTOCOLS[protocol], FakeStream(channel, "192.0.2.1"), HOST)
        return begun, bytes(channel.sent)

    return asyncio.run(scenario())


def ldap_answer(code: int, *, number: int = 1, text: bytes = b"") -> bytes:
    body = bytes([0x0A, 1, code, 4, 0, 4, len(text)]) + text
    message = bytes([2, 1, number, 0x78, len(body)]) + body
    return bytes([0x30, len(message)]) + message


def mysql_packet(payload: bytes, number: int = 0) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([number]) + payload


def mysql_greeting(*, able: int, version: int = 10) -> bytes:
    rest = bytes(4) + b"challeng" + b"\0" + able.to_bytes(2, "little") + b"\xff\0\0"
    return mysql_packet(bytes([version]) + b"8.0.40\0" + rest)


def mysql_error(code: int) -> bytes:
    return mysql_packet(b"\xff" + code.to_bytes(2, "little") + b"#08004sorry")


def pg_error(state: bytes) -> bytes:
    body = b"SFATAL\0C" + state + b"\0Mno\0\0"
    return b"E" + (len(body) + 4).to_bytes(4) + body


def rdp_confirm(*negotiation: int, kind: int = 0xD0) -> bytes:
    body = bytes([kind, 0, 0, 0x12, 0x34, 0]) + bytes(negotiation)
    return bytes([3, 0, 0, 5 + len(body), len(body)]) + body


STREAM = (
    b"<?xml version='1.0'?><stream:stream from='server.example.com' id='1' version='1.0' "
    b"xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
)
TLS = b"xmlns='urn:ietf:params:xml:ns:xmpp-tls'"
FEATURES = b"<stream:features><starttls " + TLS + b"><required/></starttls></stream:features>"
PROCEED = b"<proceed " + TLS + b"/>"


def stream_error(condition: bytes) -> bytes:
    inside = b"<" + condition + b" xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
    return b"<stream:error>" + inside + b"</stream:error>"


SMTP = (b"220 mx ESMTP\r\n", b"250-mx\r\n250 STARTTLS\r\n")
IMAP = (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\na OK\r\n")
POP3 = (b"+OK ready\r\n", b"+OK\r\nUIDL\r\nSTLS\r\n.\r\n")
FTP = (b"220-Welcome\r\n421 is not our code\r\n220 ready\r\n",)
SIEVE = (b'"IMPLEMENTATION" "x"\r\n"SIEVE" "fileinto"\r\n"STARTTLS"\r\nOK "ready"\r\n',)
NNTP = (b"200 ready\r\n", b"101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n")
BYE_LATER = b"* BYE [UNAVAILABLE] later\r\n"
CASES: list[tuple[str, Outcome, tuple[bytes, ...]]] = [
    ("smtp", READY, (*SMTP, b"220 go\r\n")),
    ("smtp", REFUSED, (*SMTP, b"502 no\r\n")),
    ("smtp", ABSENT, (SMTP[0], b"250 mx\r\n")),
    ("smtp", INJECTED, (*SMTP, b"220 go\r\n250 injected\r\n")),
    ("smtp", STRIPPED, (SMTP[0], b"250-mx\r\n250 XXXXXXXA\r\n")),
    ("smtp", BUSY, (b"421 later\r\n",)),
    ("smtp", BUSY, (*SMTP, b"454 not now\r\n")),
    ("smtp", UNWILLING, (b"554 not you\r\n",)),
    ("smtp", MALFORMED, (b"+OK\r\n",)),
    ("smtp", CLOSED, (SMTP[0],)),
    ("imap", READY, (*IMAP, b"* OK still here\r\nb OK go\r\n")),
    ("imap", REFUSED, (*IMAP, b"b NO TLS is off\r\n")),
    ("imap", REFUSED, (*IMAP, b"b BAD what\r\n")),
    ("imap", ABSENT, (IMAP[0], b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na OK\r\n")),
    ("imap", ABSENT, (b"* PREAUTH you are known\r\n",)),
    ("imap", INJECTED, (*IMAP, b"b OK go\r\n* CAPABILITY EVIL\r\n")),
    ("imap", STRIPPED, (IMAP[0], b"* CAPABILITY IMAP4rev1 XXXXXXXX\r\na OK\r\n")),
    ("imap", BUSY, (BYE_LATER,)),
    ("imap", BUSY, (IMAP[0], b"a NO [LIMIT] enough\r\n")),
    ("imap", BUSY, (*IMAP, b"b NO [UNAVAILABLE] later\r\n")),
    ("imap", UNWILLING, (b"* BYE not you\r\n",)),
    ("imap", UNWILLING, (IMAP[0], b"a BAD no\r\n")),
    ("imap", UNWILLING, (*IMAP, b"* BYE gone\r\n")),
    ("imap", MALFORMED, (b"220 mx ESMTP\r\n",)),
    ("imap", MALFORMED, (b"\x80\x81 \r\n",)),
    ("imap", MALFORMED, (IMAP[0], b"* OK more\r\n" * (MAX_LINES + 1))),
    ("imap", CLOSED, (IMAP[0], b"* CAPABILITY IMAP")),
    ("pop3", READY, (*POP3, b"+OK go\r\n")),
    ("pop3", READY, (POP3[0], b"-ERR what\r\n", b"+OK go\r\n")),
    ("pop3", REFUSED, (*POP3, b"-ERR no\r\n")),
    ("pop3", ABSENT, (POP3[0], b"+OK\r\nUIDL\r\n.\r\n")),
    ("pop3", ABSENT, (POP3[0], b"-ERR what\r\n", b"-ERR what\r\n")),
    ("pop3", INJECTED, (*POP3, b"+OK go\r\n+OK injected\r\n")),
    ("pop3", STRIPPED, (POP3[0], b"+OK\r\nXXXXXXXX\r\n.\r\n")),
    ("pop3", BUSY, (b"-ERR [SYS/TEMP] later\r\n",)),
    ("pop3", BUSY, (POP3[0], b"-ERR [SYS/TEMP] later\r\n")),
    ("pop3", BUSY, (*POP3, b"-ERR [IN-USE] later\r\n")),
    ("pop3", UNWILLING, (b"-ERR not you\r\n",)),
    ("pop3", MALFORMED, (b"* OK IMAP\r\n",)),
    ("pop3", MALFORMED, (POP3[0], b"+OK\r\n" + b"UIDL\r\n" * (MAX_LINES + 1))),
    ("pop3", CLOSED, (*POP3,)),
    ("ldap", READY, (ldap_answer(0),)),
    ("ldap", REFUSED, (ldap_answer(53, text=b"no"),)),
    ("ldap", REFUSED, (ldap_answer(1),)),
    ("ldap", ABSENT, (ldap_answer(2, text=b"unsupported extended operation"),)),
    ("ldap", INJECTED, (ldap_answer(0) + ldap_answer(0, number=2),)),
    ("ldap", BUSY, (ldap_answer(51),)),
    ("ldap", BUSY, (ldap_answer(52, number=0),)),
    ("ldap", UNWILLING, (ldap_answer(8, number=0),)),
    ("ldap", MALFORMED, (b"220 mx\r\n",)),
    ("ldap", MALFORMED, (b"\x30\x84\xff\xff\xff\xff",)),
    ("ldap", MALFORMED, (b"\x30\x88" + b"\xff" * 8,)),
    ("ldap", MALFORMED, (b"\x30\x80\0\0",)),
    ("ldap", MALFORMED, (b"\x30\x03\x02\x01\x01",)),
    ("ldap", MALFORMED, (b"\x30\x03\x04\x01\x01",)),
    ("ldap", MALFORMED, (b"\x30\x03\x02\x80\x01",)),
    ("ldap", MALFORMED, (b"\x30\x82\x00\x08\x02\x85\x00\x00\x00\x00\x01\x01",)),
    ("ldap", CLOSED, (ldap_answer(0)[:-1],)),
    ("ftp", READY, (*FTP, b"234 go\r\n")),
    ("ftp", REFUSED, (*FTP, b"534 not by our policy\r\n")),
    ("ftp", REFUSED, (*FTP, b"504 other kinds\r\n")),
    ("ftp", ABSENT, (*FTP, b"500 AUTH not understood\r\n")),
    ("ftp", ABSENT, (*FTP, b"502-\r\n no\r\n502\r\n")),
    ("ftp", INJECTED, (*FTP, b"234 go\r\n230 injected\r\n")),
    ("ftp", STRIPPED, (*FTP, b"500 XXXX TLS: command not understood\r\n")),
    ("ftp", BUSY, (b"421 too many\r\n",)),
    ("ftp", BUSY, (b"120 in ten minutes\r\n",)),
    ("ftp", BUSY, (*FTP, b"431 no certificate now\r\n")),
    ("ftp", UNWILLING, (b"530 not you\r\n",)),
    ("ftp", MALFORMED, (*FTP, b"230 signed in\r\n")),
    ("ftp", MALFORMED, (b"220-\r\n" + b" x\r\n" * (MAX_LINES + 1),)),
    ("ftp", MALFORMED, (b"hello\r\n",)),
    ("ftp", CLOSED, FTP),
    ("postgres", READY, (b"S",)),
    ("postgres", REFUSED, (pg_error(b"0A000"),)),
    ("postgres", ABSENT, (b"N",)),
    ("postgres", INJECTED, (b"SR\0\0\0\x08\0\0\0\0",)),
    ("postgres", BUSY, (pg_error(b"53300"),)),
    ("postgres", BUSY, (pg_error(b"57P03"),)),
    ("postgres", UNWILLING, (pg_error(b"28000"),)),
    ("postgres", MALFORMED, (b"220 mx\r\n",)),
    ("postgres", MALFORMED, (b"E\xff\xff\xff\xff",)),
    ("postgres", MALFORMED, (b"E\0\0\0\x05\0",)),
    ("postgres", CLOSED, (b"E\0\0\0\x20C5",)),
    ("mysql", READY, (mysql_greeting(able=0xFFFF),)),
    ("mysql", ABSENT, (mysql_greeting(able=0xF7FF),)),
    ("mysql", ABSENT, (mysql_greeting(able=0, version=9),)),
    ("mysql", INJECTED, (mysql_greeting(able=0xFFFF) + mysql_packet(b"\0\0\0", 2),)),
    ("mysql", BUSY, (mysql_error(1040),)),
    ("mysql", UNWILLING, (mysql_error(1130),)),
    ("mysql", MALFORMED, (b"220 mx ESMTP\r\n" + b"x" * 3_000_000,)),
    ("mysql", MALFORMED, (mysql_packet(b"\x20what"),)),
    ("mysql", MALFORMED, (mysql_packet(b"\x0a8.0.40"),)),
    ("mysql", CLOSED, (mysql_greeting(able=0)[:-1],)),
    ("rdp", READY, (rdp_confirm(2, 0, 8, 0, 1, 0, 0, 0),)),
    ("rdp", READY, (rdp_confirm(2, 0x1F, 8, 0, 2, 0, 0, 0),)),
    ("rdp", REFUSED, (rdp_confirm(3, 0, 8, 0, 2, 0, 0, 0),)),
    ("rdp", REFUSED, (rdp_confirm(3, 0, 8, 0, 99, 0, 0, 0),)),
    ("rdp", ABSENT, (rdp_confirm(),)),
    ("rdp", ABSENT, (rdp_confirm(2, 0, 8, 0, 0, 0, 0, 0),)),
    ("rdp", INJECTED, (rdp_confirm(2, 0, 8, 0, 1, 0, 0, 0) + b"x",)),
    ("rdp", UNWILLING, (rdp_confirm(kind=0x80),)),
    ("rdp", MALFORMED, (rdp_confirm(kind=0xF0),)),
    ("rdp", MALFORMED, (rdp_confirm(9, 0, 8, 0, 1, 0, 0, 0),)),
    ("rdp", MALFORMED, (b"220 mx\r\n",)),
    ("rdp", MALFORMED, (b"\x03\0\xff\xff",)),
    ("rdp", CLOSED, (b"\x03\0\0\x13\x0e",)),
    ("sieve", READY, (*SIEVE, b'OK "go"\r\n')),
    ("sieve", REFUSED, (*SIEVE, b'NO "no"\r\n')),
    ("sieve", ABSENT, (b'"SIEVE" "x"\r\nOK\r\n',)),
    ("sieve", INJECTED, (*SIEVE, b'OK\r\n"SASL" "PLAIN"\r\n')),
    ("sieve", STRIPPED, (b'"XXXXXXXX"\r\nOK\r\n',)),
    ("sieve", BUSY, (b'BYE (TRYLATER) "later"\r\n',)),
    ("sieve", BUSY, (*SIEVE, b'NO (TRYLATER) "later"\r\n')),
    ("sieve", UNWILLING, (b"BYE\r\n",)),
    ("sieve", UNWILLING, (*SIEVE, b"BYE\r\n")),
    ("sieve", MALFORMED, (b"220 mx\r\n",)),
    ("sieve", MALFORMED, (b'"X"\r\n' * (MAX_LINES + 1),)),
    ("sieve", CLOSED, SIEVE),
    ("xmpp", READY, (STREAM + FEATURES, PROCEED)),
    ("xmpp-server", READY, (STREAM, FEATURES[:20], FEATURES[20:] + b" ", PROCEED[:9], PROCEED[9:])),
    ("xmpp", REFUSED, (STREAM + FEATURES, b"<failure " + TLS + b"/></stream:stream>")),
    ("xmpp", ABSENT, (STREAM + b"<stream:features><x xmlns='urn:x'/></stream:features>",)),
    ("xmpp", INJECTED, (STREAM + FEATURES, PROCEED + b"<message/>")),
    ("xmpp", BUSY, (STREAM + stream_error(b"resource-constraint"),)),
    ("xmpp", UNWILLING, (STREAM + stream_error(b"host-unknown"),)),
    ("xmpp", UNWILLING, (STREAM + FEATURES, stream_error(b"not-authorized"))),
    ("xmpp", MALFORMED, (b"220 mx\r\n",)),
    ("xmpp", MALFORMED, (b"<html></html>",)),
    ("xmpp", MALFORMED, (STREAM + b"<message/>",)),
    ("xmpp", MALFORMED, (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",)),
    ("xmpp", MALFORMED, (b"<?xml version='1.0' encoding='utf-7'?>" + STREAM[21:] + b"<<",)),
    ("xmpp", MALFORMED, (STREAM + b"<a>" * 40,)),
    ("xmpp", MALFORMED, (STREAM + b" " * (xmpp.MAX_OCTETS + 1),)),
    ("xmpp", CLOSED, (STREAM + b"</stream:stream>",)),
    ("xmpp", CLOSED, (STREAM,)),
    ("nntp", READY, (*NNTP, b"382 go\r\n")),
    ("nntp", READY, (NNTP[0], b"500 what\r\n", b"382 go\r\n")),
    ("nntp", REFUSED, (*NNTP, b"580 cannot\r\n")),
    ("nntp", ABSENT, (NNTP[0], b"101 list\r\nVERSION 2\r\n.\r\n")),
    ("nntp", ABSENT, (NNTP[0], b"500 what\r\n", b"500 what\r\n")),
    ("nntp", INJECTED, (*NNTP, b"382 go\r\n200 injected\r\n")),
    ("nntp", STRIPPED, (NNTP[0], b"101 list\r\nXXXXXXXX\r\n.\r\n")),
    ("nntp", BUSY, (b"400 later\r\n",)),
    ("nntp", BUSY, (NNTP[0], b"403 later\r\n")),
    ("nntp", BUSY, (*NNTP, b"400 later\r\n")),
    ("nntp", UNWILLING, (b"502 not you\r\n",)),
    ("nntp", MALFORMED, (*NNTP, b"200 what\r\n")),
    ("nntp", MALFORMED, (b"* OK IMAP\r\n",)),
    ("nntp", CLOSED, NNTP),
]  # fmt: skip


@pytest.mark.parametrize(("protocol", "outcome", "replies"), CASES)
def test_outcomes(protocol: str, outcome: Outcome, replies: tuple[bytes, ...]) -> None:
    begun, _ = talk(protocol, *replies)
    assert begun.outcome is outcome, begun
    assert bool(begun.ahead) is (outcome is INJECTED)


def test_every_protocol_has_every_outcome_it_can_have() -> None:
    met = {(protocol, outcome) for protocol, outcome, _ in CASES}
    silent = {("postgres", STRIPPED), ("mysql", STRIPPED), ("mysql", REFUSED), ("rdp", BUSY)}
    silent |= {("rdp", STRIPPED), ("ldap", STRIPPED), ("xmpp", STRIPPED)}
    wanted = {(name, outcome) for name in PROTOCOLS for outcome in Outcome} - silent
    assert {pair for pair in wanted - met if pair[0] != "xmpp-server"} == set()


@pytest.mark.parametrize(
    ("protocol", "replies", "sent"),
    [
        ("imap", (*IMAP, b"b OK\r\n"), b"a CAPABILITY\r\nb STARTTLS\r\n"),
        ("pop3", (*POP3, b"+OK\r\n"), b"CAPA\r\nSTLS\r\n"),
        ("ftp", (*FTP, b"234 go\r\n"), b"AUTH TLS\r\n"),
        ("sieve", (*SIEVE, b"OK\r\n"), b"STARTTLS\r\n"),
        ("nntp", (*NNTP, b"382\r\n"), b"CAPABILITIES\r\nSTARTTLS\r\n"),
        ("postgres", (b"S",), bytes.fromhex("0000000804d2162f")),
        ("ldap", (ldap_answer(0),), b"\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + packets.START_TLS),
        ("rdp", (rdp_confirm(),), bytes.fromhex("030000130ee000000000000100080003000000")),
    ],
)
def test_what_is_asked(protocol: str, replies: tuple[bytes, ...], sent: bytes) -> None:
    assert talk(protocol, *replies)[1] == sent


def test_mysql_is_asked_by_a_packet_of_32_octets() -> None:
    _, sent = talk("mysql", mysql_greeting(able=0xFFFF))
    assert (sent[:4], len(sent)) == (b"\x20\0\0\1", 36)
    assert int.from_bytes(sent[4:8], "little") & 0x800
    assert talk("mysql", mysql_greeting(able=0))[1] == b""


def test_an_xmpp_stream_is_opened_to_the_name() -> None:
    _, sent = talk("xmpp-server", STREAM + FEATURES, PROCEED)
    assert b'to="server.example.com"' in sent
    assert b"xmlns='jabber:server'" in sent
    assert sent.endswith(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")


def test_a_reset_is_a_hang_up_and_a_stall_raises() -> None:
    for protocol in PROTOCOLS:
        begun, _ = talk(protocol, CollectError(Reason.REFUSED, "reset"))
        assert begun.outcome is CLOSED, protocol
        with pytest.raises(CollectError) as caught:
            talk(protocol, CollectError(Reason.TIMEOUT, "30 s"))
        assert caught.value.reason is Reason.TIMEOUT
    assert talk("imap", b"x" * 100_000)[0].outcome is MALFORMED


def test_what_is_kept_is_short() -> None:
    greeting = b"220 " + b"b" * 4000 + b"\r\n"
    keywords = b"250-mx\r\n250 X" + b"y" * 4000 + b"\r\n"
    begun, _ = talk("smtp", greeting, keywords)
    assert len(begun.said) == MAX_SAID
    assert [len(word) for word in begun.offered] == [MAX_SAID]


def test_the_dial_goes_past_or_hangs_up() -> None:
    async def scenario(channel: FakeChannel) -> Stream:
        async def connect() -> Stream:
            return FakeStream(channel, "192.0.2.1")

        return await past(PROTOCOLS["imap"], connect, HOST)()

    willing = FakeChannel([*IMAP, b"b OK go\r\n"])
    assert asyncio.run(scenario(willing)).peer == "192.0.2.1"
    assert not willing.closed
    for replies, reason in (
        ([*IMAP, b"b NO\r\n"], Reason.INCONCLUSIVE),
        ([BYE_LATER], Reason.RATE_LIMITED),
        ([b"* BYE\r\n"], Reason.DENIED),
        ([b"\0\r\n"], Reason.MALFORMED),
    ):
        channel = FakeChannel(replies)
        with pytest.raises(CollectError) as caught:
            asyncio.run(scenario(channel))
        assert caught.value.reason is reason
        assert channel.closed


def test_ports_have_their_protocol() -> None:
    assert len(PROTOCOLS) == 12
    assert {BY_PORT[protocol.port] for protocol in PROTOCOLS.values()} == set(PROTOCOLS)
    assert 443 not in BY_PORT
    assert 465 not in BY_PORT


PARSERS: list[Callable[[bytes], object]] = [
    lines.parse_tagged,
    lines.parse_status,
    lines.parse_coded,
    lines.parse_sieve,
    packets.parse_ldap,
    packets.parse_postgres_error,
    packets.parse_mysql,
    packets.parse_rdp,
    lambda data: packets.parse_ber(Reader(data)),
    lambda data: xmpp.Elements().feed(data),
]
SHAPED = st.one_of(
    st.binary(max_size=200),
    st.from_regex(rb"(\*|a|\+OK|-ERR|[0-9]{3}|OK|\") ?[A-Z-]* .*\r\n"),
    st.builds(lambda data: b"\x30" + bytes([len(data)]) + data, st.binary(max_size=100)),
    st.builds(lambda data: STREAM + data, st.from_regex(rb"(<[a-z:/!]{1,9}( x='.')?/?>)*")),
    st.builds(
        lambda body, cut: body[:cut],
        st.sampled_from([case[2][-1] for case in CASES]),
        st.integers(0, 200),
    ),
)


@given(SHAPED)
def test_any_octets_are_a_value_or_a_parse_error(data: bytes) -> None:
    for parse in PARSERS:
        with contextlib.suppress(ParseError):
            parse(data)


@given(st.sampled_from(sorted(PROTOCOLS)), st.lists(SHAPED, max_size=5))
def test_any_server_ends_in_an_outcome(protocol: str, replies: list[bytes]) -> None:
    begun, _ = talk(protocol, *(reply for reply in replies if reply))
    assert begun.outcome in Outcome
