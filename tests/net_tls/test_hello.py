"""Hellos out and answers in: round trips with OpenSSL, and a value or ParseError for anything."""

import contextlib
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.net.tls.hello import ClientHello, FirstAnswer, ServerHello, parse_server_hello
from posture.net.tls.suites import broad, families
from posture.net.tls.wire import (
    MAX_FLIGHT,
    Alert,
    Deframer,
    Handshake,
    NotTlsError,
    ParseError,
    Reader,
    Version,
)
from tests.net_tls import ca


def record(kind: int, payload: bytes) -> bytes:
    return bytes([kind, 3, 3]) + len(payload).to_bytes(2) + payload


def message(kind: int, body: bytes) -> bytes:
    return record(22, bytes([kind]) + len(body).to_bytes(3) + body)


def server_hello(
    version: int = 0x0303,
    suite: int = 0xC02F,
    extensions: bytes | None = None,
    random: bytes = bytes(32),
) -> bytes:
    tail = b"" if extensions is None else len(extensions).to_bytes(2) + extensions
    return version.to_bytes(2) + random + b"\0" + suite.to_bytes(2) + b"\0" + tail


def openssl_answer(hello: bytes, highest: ssl.TLSVersion | None = None) -> bytes:
    context = ca.leaf(ca.root(), "www.example.com").context()
    if highest:
        context.maximum_version = highest
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(hello)
    with pytest.raises((ssl.SSLWantReadError, ssl.SSLError)):
        server.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("version", [v for v in Version if v is not Version.SSL3])
def test_openssl_understands_each_hello_and_chooses_its_version(version: Version) -> None:
    heard = FirstAnswer().feed(
        openssl_answer(ClientHello(host="www.example.com", version=version).record())
    )
    assert isinstance(heard, ServerHello)
    assert heard.version == version
    assert heard.suite in broad(version)
    assert not heard.retry


def test_openssl_refuses_tls_1_3_where_it_is_switched_off() -> None:
    hello = ClientHello(host="www.example.com", version=Version.TLS13).record()
    heard = FirstAnswer().feed(openssl_answer(hello, ssl.TLSVersion.TLSv1_2))
    assert isinstance(heard, Alert)
    assert str(heard) == "alert 70 protocol_version"


def test_a_group_the_server_lacks_is_answered_by_a_retry_request() -> None:
    hello = ClientHello(
        host="www.example.com", version=Version.TLS13, groups=(0x0017, 0x0018, 0x001D)
    )
    answer = openssl_answer(hello.record().replace(b"\x00\x1d\x00\x20", b"\x00\x1e\x00\x20"))
    heard = FirstAnswer().feed(answer)
    assert isinstance(heard, (ServerHello, Alert))
    assert isinstance(heard, Alert) or heard.retry


@given(st.text("abcdefgh.-", max_size=300), st.sampled_from(list(Version)))
def test_a_hello_is_one_record_and_never_of_a_length_that_hangs_f5(
    host: str, version: Version
) -> None:
    hello = ClientHello(host=host, version=version).record()
    assert int.from_bytes(hello[3:5]) == len(hello) - 5
    assert int.from_bytes(hello[6:9]) == len(hello) - 9
    assert not 256 <= len(hello) - 5 < 512


@pytest.mark.parametrize(
    ("host", "named"),
    [("www.example.com", True), ("192.0.2.1", False), ("2001:db8::1", False), ("", False)],
)
def test_only_host_names_are_sent_as_server_name(host: str, named: bool) -> None:
    hello = ClientHello(host=host, version=Version.TLS12).record()
    assert (b"www.example.com" in hello) is named
    plain = ClientHello(host="", version=Version.TLS12, random=bytes(32)).record()
    if not named:
        assert ClientHello(host=host, version=Version.TLS12, random=bytes(32)).record() == plain


@pytest.mark.parametrize("version", list(Version))
def test_the_broad_list_is_all_families_each_suite_once(version: Version) -> None:
    every = [suite for family in families(version) for suite in family]
    assert sorted(broad(version)) == sorted(every)
    assert len(set(every)) == len(every) <= 127


def test_version_labels() -> None:
    assert [version.label for version in Version] == [
        "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3",
    ]  # fmt: skip


@given(st.binary(max_size=400))
def test_any_bytes_are_an_answer_or_a_parse_error(data: bytes) -> None:
    try:
        heard = FirstAnswer().feed(data)
    except ParseError:
        return
    assert heard is None or isinstance(heard, (ServerHello, Alert))


@given(st.binary(max_size=200))
def test_any_server_hello_body_is_a_value_or_a_parse_error(body: bytes) -> None:
    for data in (body, server_hello()[:-1] + body, server_hello(extensions=body)):
        with contextlib.suppress(ParseError):
            assert isinstance(parse_server_hello(data), ServerHello)


@given(st.lists(st.integers(1, 40), max_size=30))
def test_it_does_not_matter_how_the_bytes_are_cut(cuts: list[int]) -> None:
    data = record(21, b"\x01\x70") + record(20, b"\x01") + message(2, server_hello())
    answer, at, heard = FirstAnswer(), 0, None
    for cut in cuts:
        heard = heard or answer.feed(data[at : at + cut])
        at += cut
    heard = heard or answer.feed(data[at:])
    assert heard == parse_server_hello(server_hello())


def test_a_handshake_message_may_come_in_records_of_one_octet() -> None:
    whole = message(2, server_hello())[5:]
    heard = [FirstAnswer()]
    answers = [heard[0].feed(record(22, bytes([octet]))) for octet in whole]
    assert answers[:-1] == [None] * (len(whole) - 1)
    assert answers[-1] == parse_server_hello(server_hello())


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "no TLS record"),
        (record(22, b"\x02\x00\x00\x00")[:1] + b"\x05", "record version 5"),
        (bytes([22, 3, 3, 0x40, 0x01]), "record of 16385"),
        (record(22, b""), "empty handshake fragment"),
        (record(22, b"\x02\xff\xff\xff"), "handshake message of"),
        (record(21, b"\x02"), "alert of 1"),
        (record(23, b"x"), "application data"),
        (record(20, b"\x01") + b"zz", "no TLS record"),
        (message(11, b"abc"), "handshake message 11"),
        (message(2, server_hello(extensions=b"\x00\x2b\x00\x01\x03")), "supported_versions of 1"),
        (message(2, server_hello(extensions=b"") + b"x"), "1 octets after"),
        (message(2, b"\x03\x03"), "32 octets announced, 0 present"),
        (record(21, b"\x01\x70") * 9, "flood of warnings"),
        (record(22, bytes(100)) + bytes(MAX_FLIGHT), "more data than any answer"),
        (record(20, b"\x01") * 513, "more than 512 records"),
    ],
)  # fmt: skip
def test_what_cannot_be_an_answer_is_named(data: bytes, complaint: str) -> None:
    with pytest.raises(ParseError, match=complaint):
        FirstAnswer().feed(data)


def test_another_protocol_is_told_from_broken_tls() -> None:
    with pytest.raises(NotTlsError):
        list(Deframer().feed(b"220 ready"))
    deframer = Deframer()
    assert list(deframer.feed(record(20, b"\x01"))) == []
    with pytest.raises(ParseError) as caught:
        list(deframer.feed(b"220 ready"))
    assert not isinstance(caught.value, NotTlsError)


@pytest.mark.parametrize(
    ("code", "level", "passing", "refusal"),
    [
        (112, 1, True, None),
        (112, 2, False, None),
        (0, 1, False, None),
        (40, 1, False, "handshake_failure"),
        (70, 2, False, "protocol_version"),
        (71, 2, False, "insufficient_security"),
        (80, 2, False, None),
    ],
)
def test_alerts(code: int, level: int, passing: bool, refusal: str | None) -> None:
    alert = Alert(level, code)
    assert (alert.passing, alert.refusal) == (passing, refusal)
    assert str(alert) == (f"alert {code} {refusal}" if refusal else f"alert {code}")


def test_supported_versions_wins_over_the_legacy_field() -> None:
    found = parse_server_hello(server_hello(extensions=b"\x00\x17\x00\x00\x00\x2b\x00\x02\x03\x04"))
    assert found.version == Version.TLS13
    assert found.extensions == ((23, b""), (43, b"\x03\x04"))


def test_messages_share_a_record_and_span_records() -> None:
    both = b"\x02\x00\x00\x01a" + b"\x0b\x00\x00\x02bc"
    deframer = Deframer()
    assert list(deframer.feed(record(22, both[:7]))) == [Handshake(2, b"a")]
    assert list(deframer.feed(record(22, both[7:]))) == [Handshake(11, b"bc")]


def test_the_reader_stops_at_the_end() -> None:
    reader = Reader(b"\x02ab")
    assert reader.vector(1) == b"ab"
    assert reader.left == 0
    with pytest.raises(ParseError):
        reader.number(1)
