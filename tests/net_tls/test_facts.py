"""What answers show besides what they were asked for; None where it could not have shown."""

import pytest

from posture.net.tls.conclusions import certificate_curve
from posture.net.tls.facts import Shown, chains, dh_parameters, gather
from posture.net.tls.flight import Flight, KeyExchange
from posture.net.tls.hello import ServerHello
from posture.net.tls.primes import prime
from posture.net.tls.survey import Chain, DhParameters, Facts
from posture.net.tls.tls13 import Inside

RENEGOTIATION = (0xFF01, b"\0")
GCM, CBC, ANONYMOUS = 0xC02F, 0xC013, 0x0034


def hello(suite: int, *extensions: tuple[int, bytes], version: int = 0x0303) -> ServerHello:
    return ServerHello(version=version, suite=suite, retry=False, extensions=extensions)


def shown(answer: ServerHello, *, everything: bool = True, **more: object) -> Shown:
    flight = Flight(hello=answer, **more)  # type: ignore[arg-type]
    return Shown(flight=flight, everything=everything)


def inside(**more: object) -> Inside:
    return Inside(hello=hello(0x1301, version=0x0304), group=0x1D, **more)  # type: ignore[arg-type]


def facts(*answers: Shown, seen: Inside | None = None, alpn: bool = True) -> Facts:
    return gather(answers, seen, fallback=None, alpn=alpn)


def test_nothing_heard_is_nothing_known() -> None:
    assert facts() == Facts()


def test_one_answer_without_an_extension_is_a_no() -> None:
    both = facts(shown(hello(GCM, RENEGOTIATION)), shown(hello(CBC)))
    assert (both.secure_renegotiation, both.extended_master_secret) == (False, False)
    one = facts(shown(hello(GCM, RENEGOTIATION, (23, b""))))
    assert (one.secure_renegotiation, one.extended_master_secret) == (True, True)


def test_encrypt_then_mac_shows_only_with_cbc() -> None:
    assert facts(shown(hello(GCM))).encrypt_then_mac is None
    assert facts(shown(hello(CBC))).encrypt_then_mac is False
    assert facts(shown(hello(CBC, (22, b"")))).encrypt_then_mac is True


def test_what_was_not_offered_cannot_be_missed() -> None:
    poor = facts(shown(hello(GCM), everything=False))
    assert (poor.compression, poor.heartbeat, poor.stapling, poor.alpn) == (None,) * 4
    rich = facts(shown(hello(GCM)))
    assert (rich.compression, rich.heartbeat, rich.stapling, rich.alpn) == (False, False, False, "")
    assert facts(shown(hello(GCM)), alpn=False).alpn is None


def test_a_request_for_our_certificate_needs_one_of_the_server() -> None:
    assert facts(shown(hello(ANONYMOUS))).client_certificate is None
    assert facts(shown(hello(GCM), client_certificate=True)).client_certificate is True
    assert facts(seen=inside(client_certificate=True)).client_certificate is True


@pytest.mark.parametrize(
    ("answers", "seen", "alpn"),
    [
        ([shown(hello(GCM, (16, b"\0\3\2h2")))], None, "h2"),
        ([shown(hello(GCM, (16, b"\0\3\2h2")))], inside(alpn="http/1.1"), "http/1.1"),
        ([shown(hello(GCM, (16, b"\0\x09\2h2")))], None, ""),
        ([], inside(), ""),
    ],
)
def test_the_protocol_chosen(answers: list[Shown], seen: Inside | None, alpn: str) -> None:
    assert facts(*answers, seen=seen).alpn == alpn


def test_tickets_of_either_version_count() -> None:
    assert facts(shown(hello(GCM)), seen=inside(tickets=2)).session_tickets is True
    assert facts(shown(hello(GCM, (35, b""))), seen=inside(tickets=0)).session_tickets is True
    assert facts(seen=inside(tickets=0)).session_tickets is False
    assert facts(seen=inside(tickets=None)).session_tickets is None


@pytest.mark.parametrize(
    ("suite", "kind"),
    [(GCM, "RSA"), (0x002F, "RSA"), (0xC02B, "ECDSA"), (0xC00E, "ECDSA"), (0x0032, "DSS"),
     (0x0031, "other"), (0x00AC, "RSA")],
)  # fmt: skip
def test_the_suite_tells_the_kind_of_key(suite: int, kind: str) -> None:
    found = chains([shown(hello(suite), certificates=(b"leaf",))], [])
    assert found == (Chain(kind=kind, certificates=(b"leaf",), versions=("TLS 1.2",)),)


@pytest.mark.parametrize(
    ("scheme", "kind"),
    [(0x0804, "RSA"), (0x0403, "ECDSA"), (0x0807, "EdDSA"), (0x0905, "other"), (None, "other")],
)
def test_the_signature_tells_the_kind_of_key(scheme: int | None, kind: str) -> None:
    (found,) = chains([], [inside(certificates=(b"leaf",), signature=scheme), inside()])
    assert (found.kind, found.versions) == (kind, ("TLS 1.3",))


def test_a_chain_is_listed_once_with_its_versions() -> None:
    old = shown(hello(CBC, version=0x0301), certificates=(b"leaf",))
    new = shown(hello(GCM), certificates=(b"leaf",))
    (found,) = chains([old, new, old], [])
    assert found.versions == ("TLS 1.0", "TLS 1.2")


def test_primes_are_listed_shortest_first() -> None:
    standard = prime("ffdhe2048").to_bytes(256)
    found = [shown(hello(0x9E), key=KeyExchange(prime=p)) for p in (standard, b"\xc5" * 64, b"")]
    assert dh_parameters([*found, shown(hello(GCM))]) == (
        DhParameters(bits=512, standard=""),
        DhParameters(bits=2048, standard="ffdhe2048"),
    )


@pytest.mark.parametrize(
    ("leaf", "curve"),
    [
        (b"x" + bytes.fromhex("06072a8648ce3d0201" + "06052b81040022"), 0x18),
        (b"x" + bytes.fromhex("06072a8648ce3d0201" + "06052b8104000a"), None),
        (b"an RSA certificate", None),
    ],
)
def test_the_curve_of_a_certificate(leaf: bytes, curve: int | None) -> None:
    assert certificate_curve(Flight(hello=hello(GCM), certificates=(leaf,))) == curve
    assert certificate_curve(Flight(hello=hello(GCM))) is None
