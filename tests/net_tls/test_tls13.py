"""One TLS 1.3 handshake with OpenSSL, and with peers that break off, lie and forge."""

import asyncio
import contextlib
import ssl

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from hypothesis import given
from hypothesis import strategies as st

from posture.model import CollectError
from posture.net.tcp import Stream
from posture.net.tls.agreement import CLASSICAL, OTHERS, agree, share
from posture.net.tls.primes import FFDHE, prime
from posture.net.tls.questions import OTHER_SIGNATURES, RSA_SIGNATURES, SIGNATURES
from posture.net.tls.schedule import SUITES, Protection, Schedule, Transcript
from posture.net.tls.tls13 import Inside, look_inside, question
from posture.net.tls.wire import Alert, NotTlsError, ParseError
from tests.net_tls import ca
from tests.net_tls.servers import Handler, dial, serving
from tests.net_tls.simulated import RETRY
from tests.net_tls.test_hello import message, record, server_hello

HOST = "www.example.com"
HTTP = b"\0\x09\x08http/1.1"


def context() -> ssl.SSLContext:
    return ca.leaf(ca.intermediate(ca.root()), HOST).context()


def polite(context: ssl.SSLContext) -> Handler:
    """Shake hands, wait for the peer's goodbye, say goodbye."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(incoming, outgoing, server_side=True)
        steps = [server.do_handshake, server.unwrap]
        while steps:
            try:
                steps[0]()
                steps.pop(0)
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(1 << 16))
            except ssl.SSLError:
                steps.clear()
        writer.write(outgoing.read())
        await writer.drain()
        writer.write_eof()
        await reader.read()

    return handle


def looked(handler: Handler, **options: object) -> Inside | Alert | None:
    async def scenario() -> Inside | Alert | None:
        async with serving(handler) as port, await dial(port)() as stream:
            asked = question(HOST, **{"signatures": SIGNATURES, **options})  # type: ignore[arg-type]
            return await look_inside(stream, asked, patience=5)

    return asyncio.run(scenario())


def inside(handler: Handler, **options: object) -> Inside:
    seen = looked(handler, **options)
    assert isinstance(seen, Inside)
    return seen


def test_a_handshake_shows_what_is_sent_encrypted() -> None:
    issued = ca.leaf(ca.intermediate(ca.root()), HOST)
    server = issued.context()
    server.set_alpn_protocols(["http/1.1"])
    seen = inside(polite(server), alpn=HTTP)
    assert seen.certificates == issued.der
    assert (seen.signature, seen.group, seen.alpn) == (0x0403, 0x001D, "http/1.1")
    assert (seen.tickets, seen.early_data, seen.client_certificate) == (2, False, False)
    assert not seen.stapled
    assert not seen.timestamps


def test_no_tickets_are_none_when_the_server_says_goodbye() -> None:
    server = context()
    server.num_tickets = 0
    seen = inside(polite(server))
    assert (seen.tickets, seen.early_data, seen.alpn) == (0, None, None)


@pytest.mark.parametrize(
    ("name", "group"),
    [("X25519", 0x1D), ("prime256v1", 0x17), ("secp384r1", 0x18), ("secp521r1", 0x19),
     ("X448", 0x1E)],
)  # fmt: skip
def test_every_classical_group_is_agreed_on_by_retry_if_need_be(name: str, group: int) -> None:
    server = context()
    server.set_ecdh_curve(name)
    seen = inside(polite(server))
    assert seen.group == group
    assert len(seen.certificates) == 2


def test_a_request_for_our_certificate_is_answered_by_none() -> None:
    server = context()
    server.verify_mode = ssl.CERT_OPTIONAL
    server.load_verify_locations(cadata=ca.root().pem.decode())
    seen = inside(polite(server))
    assert seen.client_certificate
    assert seen.tickets == 2


def test_a_server_that_insists_on_our_certificate_has_shown_its_own() -> None:
    server = context()
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(cadata=ca.root().pem.decode())
    seen = inside(polite(server))
    assert seen.client_certificate
    assert len(seen.certificates) == 2
    assert seen.tickets is None


def test_refusals_are_alerts() -> None:
    server = context()
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    assert looked(polite(server)) == Alert(2, 70)
    assert looked(polite(context()), signatures=RSA_SIGNATURES) == Alert(2, 40)
    assert isinstance(looked(polite(context()), signatures=OTHER_SIGNATURES), Inside)


@pytest.mark.parametrize("group", [group for group in CLASSICAL if group in {0x17, 0x18, 0x19}])
def test_curves_agree(group: int) -> None:
    one, two = share(group), share(group)
    assert one
    assert two
    assert agree(one, two.public) == agree(two, one.public)


@pytest.mark.parametrize("group", list(FFDHE))
def test_finite_fields_agree(group: int) -> None:
    one, two = share(group), share(group)
    assert one
    assert two
    assert agree(one, two.public) == agree(two, one.public)
    modulus = prime(FFDHE[group])
    for bad in (1, modulus - 1, modulus):
        with pytest.raises(ParseError, match="out of range"):
            agree(one, bad.to_bytes(len(one.public)))


def test_hybrids_agree_in_their_order() -> None:
    mine = share(0x11EC)
    assert mine
    assert len(mine.public) == 1184 + 32
    secret, sealed = mlkem.MLKEM768PublicKey.from_public_bytes(mine.public[:1184]).encapsulate()
    key = x25519.X25519PrivateKey.generate()
    other = key.exchange(x25519.X25519PublicKey.from_public_bytes(mine.public[1184:]))
    assert agree(mine, sealed + key.public_key().public_bytes_raw()) == secret + other
    mine = share(0x11EB)
    assert mine
    assert len(mine.public) == 65 + 1184
    secret, sealed = mlkem.MLKEM768PublicKey.from_public_bytes(mine.public[65:]).encapsulate()
    theirs = share(0x17)
    assert theirs
    point = mine.public[:65]
    assert agree(mine, theirs.public + sealed) == agree(theirs, point) + secret


def test_pure_mlkem_agrees() -> None:
    mine = share(0x0202)
    assert mine
    secret, sealed = mlkem.MLKEM1024PublicKey.from_public_bytes(mine.public).encapsulate()
    assert agree(mine, sealed) == secret


@pytest.mark.parametrize("group", [*CLASSICAL, *OTHERS])
def test_what_is_no_share_is_a_parse_error(group: int) -> None:
    mine = share(group)
    assert mine
    for bad in (b"", b"\0" * 32, b"\4" + bytes(64)):
        with pytest.raises(ParseError, match="not a key share"):
            agree(mine, bad)


def test_other_groups_are_only_names() -> None:
    assert share(0x0200) is None
    assert ec.SECP256R1.name == "secp256r1"


@pytest.mark.parametrize("suite", SUITES)
def test_records_open_as_they_were_sealed_and_not_when_forged(suite: int) -> None:
    schedule = Schedule(suite, b"agreed")
    secret = schedule.handshake("s", Transcript(suite).digest())
    sealer, opener = Protection(suite, secret), Protection(suite, secret)
    for text in (b"one", b"two"):
        assert opener.open(sealer.seal(22, text)[5:]) == (22, text)
    with pytest.raises(ParseError, match="does not decrypt"):
        opener.open(bytes(40))


def test_a_record_of_padding_is_no_message() -> None:
    sealer, opener = (Protection(0x1301, b"s" * 32) for _ in range(2))
    with pytest.raises(ParseError, match="padding only"):
        opener.open(sealer.seal(0, b"")[5:])


class Said:
    """A channel that says one thing, then hangs up."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def send(self, data: bytes) -> None:
        pass

    async def recv(self, size: int) -> bytes:
        part, self.data = self.data[:size], self.data[size:]
        return part

    def close(self) -> None:
        pass


def hearing(data: bytes) -> Inside | Alert | None:
    async def scenario() -> Inside | Alert | None:
        stream = Stream(Said(data), peer="said")
        return await look_inside(stream, question(HOST, signatures=SIGNATURES), patience=5)

    return asyncio.run(scenario())


def hello13(share: bytes, *, retry: bool = False, suite: int = 0x1301) -> bytes:
    extensions = b"\0\x2b\0\2\3\4" + b"\0\x33" + len(share).to_bytes(2) + share
    random = RETRY if retry else bytes(32)
    return message(2, server_hello(suite=suite, extensions=extensions, random=random))


POINT = b"\0\x1d\0\x20" + x25519.X25519PrivateKey.generate().public_key().public_bytes_raw()


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is no TLS record"),
        (b"\x16\5\0\0\0", "is no TLS record"),
        (b"\x16\3\3\xff\xff", "record of 65535"),
        (record(22, b"\x02\xff\xff\xff"), "message of 16777219"),
        (record(20, b"\1") * 513, "more than 512"),
        (record(23, b"x"), "before the handshake"),
        (record(21, b"\1"), "alert of 1"),
        (message(11, b""), "message 11 where"),
        (hello13(POINT, suite=0x00C6), "not offered"),
        (message(2, server_hello(version=0x0303, suite=0x1301)), "not offered"),
        (hello13(b"\0\x18\0\1x"), "a share of group 0x0018"),
        (hello13(b"\0\x1d\0\1x"), "not a key share"),
        (hello13(b""), "2 octets announced"),
        (hello13(b"\x11\xec", retry=True), "a retry for group 0x11ec"),
        (hello13(b"\0\x1d", retry=True), "a retry for group 0x001d"),
        (hello13(b"\0\x18", retry=True) * 2, "a second HelloRetryRequest"),
        (hello13(POINT) + record(23, bytes(40)), "does not decrypt"),
        (hello13(POINT) + record(22, bytes(1 << 14)) * 17, "more data than"),
    ],
)
def test_what_cannot_be_a_handshake_is_named(data: bytes, complaint: str) -> None:
    with pytest.raises(ParseError, match=complaint):
        hearing(data)


def test_another_protocol_is_told_from_broken_tls() -> None:
    with pytest.raises(NotTlsError):
        hearing(b"220 ready\r\n")


def test_hanging_up_is_no_answer() -> None:
    assert hearing(b"") is None
    assert hearing(b"\x16\3\3\0\x10ab") is None
    assert hearing(hello13(b"\0\x18", retry=True)) is None
    assert hearing(record(21, b"\1\x70") + record(21, b"\2\x28")) == Alert(2, 40)


@given(
    st.binary(max_size=200), st.sampled_from([b"", hello13(POINT), hello13(b"\0\x18", retry=True)])
)
def test_any_bytes_are_an_answer_or_a_parse_error(data: bytes, start: bytes) -> None:
    for tail in (data, record(22, data), record(23, data), message(2, data)):
        with contextlib.suppress(ParseError, CollectError):
            hearing(start + tail)
