"""First flights, SSL 2.0 answers, names and primes: a value or ParseError, and the right value."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.net.tls import iana, primes, ssl2
from posture.net.tls.flight import (
    Flight,
    FlightReader,
    KeyExchange,
    parse_certificates,
    parse_key_exchange,
)
from posture.net.tls.hello import parse_server_hello
from posture.net.tls.wire import Alert, ParseError, Version
from tests.net_tls.simulated import chain, vector
from tests.net_tls.test_hello import message, record, server_hello

CURVE = b"\3\0\x17\1\4"
FIELD = b"\0\3\0\xc5\x01\0\1\2\0\1\3"
DONE = message(14, b"")


def hello(version: int, suite: int) -> bytes:
    return message(2, server_hello(version=version, suite=suite))


@pytest.mark.parametrize(
    ("version", "suite", "key", "expected"),
    [
        (0x0303, 0xC02F, CURVE + b"\x08\x04\0\0", KeyExchange(group=0x17, signature=0x0804)),
        (0x0301, 0xC013, CURVE + b"\0\0", KeyExchange(group=0x17)),
        (0x0303, 0xC018, CURVE, KeyExchange(group=0x17)),
        (0x0303, 0x009E, FIELD + b"\4\1\0\0", KeyExchange(prime=b"\xc5\x01", signature=0x0401)),
        (0x0302, 0x0033, FIELD + b"\0\0", KeyExchange(prime=b"\xc5\x01")),
        (0x0303, 0x0034, FIELD, KeyExchange(prime=b"\xc5\x01")),
        (0x0303, 0x00A8, b"a hint", None),
    ],
)
def test_a_flight_shows_what_the_key_exchange_uses(
    version: int, suite: int, key: bytes, expected: KeyExchange | None
) -> None:
    data = hello(version, suite) + chain(b"leaf") + message(12, key) + message(13, b"x") + DONE
    flight = FlightReader().feed(data)
    assert isinstance(flight, Flight)
    assert flight.key == expected
    assert flight.group == (expected.group if expected else None)
    assert flight.certificates == (b"leaf",)
    assert flight.client_certificate
    assert not flight.stapled


def test_a_stapled_response_is_seen() -> None:
    flight = FlightReader().feed(hello(0x0303, 0x009C) + message(22, b"\1\0\0\1x") + DONE)
    assert isinstance(flight, Flight)
    assert flight.stapled


def test_the_group_of_a_retry_is_the_one_it_names() -> None:
    extensions = b"\0\x2b\0\2\3\4" + b"\0\x33\0\2\x11\xec"
    flight = FlightReader().feed(message(2, server_hello(suite=0x1301, extensions=extensions)))
    assert isinstance(flight, Flight)
    assert flight.group == 0x11EC
    bare = message(2, server_hello(suite=0x1301, extensions=b"\0\x2b\0\2\3\4"))
    flight = FlightReader().feed(bare)
    assert isinstance(flight, Flight)
    assert flight.group is None


def test_it_does_not_matter_how_a_flight_is_cut() -> None:
    data = hello(0x0303, 0xC02F) + chain(b"leaf" * 500) + message(12, CURVE + b"\4\1\0\0") + DONE
    whole, reader = FlightReader().feed(data), FlightReader()
    answers = [reader.feed(data[at : at + 1]) for at in range(len(data))]
    assert answers[:-1] == [None] * (len(data) - 1)
    assert answers[-1] == whole


def test_an_alert_ends_a_flight_and_a_warning_does_not() -> None:
    warned = record(21, b"\1\x70") + hello(0x0303, 0x009C) + DONE
    assert isinstance(FlightReader().feed(warned), Flight)
    assert FlightReader().feed(hello(0x0303, 0x009C) + record(21, b"\2\x50")) == Alert(2, 80)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (message(11, b""), "message 11 where ServerHello"),
        (record(21, b"\1\x70") * 9, "flood of warnings"),
        (hello(0x0303, 0xC02F) + message(12, b"\1"), "curve of type 1"),
        (hello(0x0303, 0x009E) + message(12, b"\0\5x"), "5 octets announced"),
        (hello(0x0303, 0x009C) + message(11, b"\0\0\4\0\0\5x"), "5 octets announced"),
        (hello(0x0303, 0x009C) + record(22, b"\x0b\xff\xff\xff"), "message of 16777219 octets"),
        (hello(0x0303, 0x009C) + record(22, bytes(1 << 14)) * 17, "more data than"),
    ],
)
def test_what_cannot_be_a_flight_is_named(data: bytes, complaint: str) -> None:
    with pytest.raises(ParseError, match=complaint):
        FlightReader().feed(data)


def test_a_chain_has_an_end() -> None:
    hundred = vector(3, vector(3, b"x") * 100)
    assert len(parse_certificates(hundred)) == 100
    with pytest.raises(ParseError, match="more than 100"):
        parse_certificates(vector(3, vector(3, b"x") * 101))


@given(st.binary(max_size=300), st.sampled_from(sorted(iana.suites())))
def test_any_bytes_are_a_flight_or_a_parse_error(data: bytes, suite: int) -> None:
    start = hello(0x0303, suite)
    for kind in (11, 12, 13, 22):
        with contextlib.suppress(ParseError):
            assert FlightReader().feed(start + message(kind, data) + data) is None
    with contextlib.suppress(ParseError):
        parse_key_exchange(data, parse_server_hello(server_hello(suite=suite)))


def ssl2_answer(kinds: bytes, certificate: bytes = b"cert", version: int = 2) -> bytes:
    sizes = b"".join(len(part).to_bytes(2) for part in (certificate, kinds, b"id"))
    body = b"\4\0\1" + version.to_bytes(2) + sizes + certificate + kinds + b"id"
    return (0x8000 | len(body)).to_bytes(2) + body


def test_an_ssl2_server_lists_what_it_has() -> None:
    data = ssl2_answer(b"\1\0\x80\7\0\xc0\1\0\x80")
    answer = ssl2.parse_answer(data)
    assert answer == ssl2.Ssl2Hello(ciphers=(0x010080, 0x0700C0), certificate=b"cert")
    assert all(ssl2.parse_answer(data[:at]) is None for at in range(len(data)))


def test_an_ssl2_hello_offers_every_kind() -> None:
    data = ssl2.client_hello()
    assert int.from_bytes(data[:2]) & 0x7FFF == len(data) - 2
    assert data[2:5] == b"\1\0\2"
    assert all(kind.to_bytes(3) in data for kind in iana.ssl2_ciphers())


def test_an_ssl2_hello_may_be_answered_otherwise() -> None:
    assert ssl2.parse_answer(record(21, b"\2\x46")) == Alert(2, 70)
    assert ssl2.parse_answer(record(21, b"\2\x46")[:6]) is None
    assert ssl2.parse_answer(b"\x80\3\0\0\1") == ssl2.Ssl2Error(1)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"HTTP/1.1 400", "no SSL 2.0 record"),
        (b"\x80\1\5", "message 5 where"),
        (ssl2_answer(b"", version=3), "version 0x0003"),
        (ssl2_answer(b"\1\0"), "cipher kinds of 2"),
        (b"\x80\2\4\0", "announced"),
    ],
)
def test_what_cannot_be_an_ssl2_answer_is_named(data: bytes, complaint: str) -> None:
    with pytest.raises(ParseError, match=complaint):
        ssl2.parse_answer(data)


@given(st.binary(max_size=80), st.sampled_from([b"", b"\x80", b"\x80\x20\4", b"\x15"]))
def test_any_bytes_are_an_ssl2_answer_or_a_parse_error(data: bytes, start: bytes) -> None:
    with contextlib.suppress(ParseError):
        ssl2.parse_answer(start + data)


def test_the_names_are_those_of_the_registry() -> None:
    assert iana.suite_name(0xC02F) == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    assert iana.suite_name(0x0700C0) == "SSL_CK_DES_192_EDE3_CBC_WITH_MD5"
    assert iana.suite_name(0xFE01) == "0xFE01"
    assert (iana.group_name(0x11EC), iana.group_name(0x7F01)) == ("X25519MLKEM768", "0x7F01")
    assert iana.signature_name(0x0804) == "rsa_pss_rsae_sha256"
    assert iana.signature_name(0x0909) == "0x0909"
    assert len(set(iana.suites().values())) == len(iana.suites()) == 365


def test_every_suite_belongs_to_a_version_and_a_family() -> None:
    asked = {suite for version in Version for suite in iana.of_version(version)}
    assert asked == set(iana.suites())
    assert set(iana.of_version(Version.TLS11)) < set(iana.of_version(Version.TLS12))
    assert 0xC02F not in iana.of_version(Version.TLS11)
    assert 0x00AE in iana.of_version(Version.TLS10)  # RFC 5487 §3
    families = {suite: iana.family(suite) for suite in iana.suites()}
    assert families[0x0005] == families[0x0003] == families[0xFEFE] == "RSA"
    assert families[0xC018] == families[0x0034] == "anon"
    assert families[0xC004] == families[0x0032] == "static"
    assert families[0x00A8] == families[0x001E] == families[0xC101] == "shared"
    assert iana.key_exchange(0xC0AA) == "DHE_PSK"


@pytest.mark.parametrize(
    ("name", "bits", "start", "end"),
    [
        ("RFC 2409 group 2", 1024, "c90fdaa22168c234", "49286651ece65381"),
        ("RFC 3526 group 14", 2048, "c90fdaa22168c234", "15728e5a8aacaa68"),
        ("ffdhe2048", 2048, "adf85458a2bb4a9a", "886b423861285c97"),
        ("ffdhe8192", 8192, "adf85458a2bb4a9a", "d68c8bb7c5c6424c"),
    ],
)
def test_primes_are_those_of_the_standards(name: str, bits: int, start: str, end: str) -> None:
    modulus = primes.prime(name).to_bytes(bits // 8)
    assert modulus[:8] == modulus[-8:] == b"\xff" * 8
    assert modulus[8:16].hex() == start
    assert modulus[-16:-8].hex() == end
    assert primes.known(modulus) == name


def test_other_primes_are_nobodys() -> None:
    assert primes.known(b"\xff" * 256) == ""
    assert primes.known(b"\xff" * 100) == ""
