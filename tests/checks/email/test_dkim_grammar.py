from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.email.der import DerError, rsa_bits
from posture.checks.email.dkim import DkimKey, ParseError, parse
from tests.checks.email.dkim_keys import ED25519, PKCS1_1024, RSA_512, RSA_1024, RSA_2048


@pytest.mark.parametrize(
    ("text", "kind", "bits"),
    [
        (f"v=DKIM1; k=rsa; p={RSA_2048}", "rsa", 2048),
        (f"p={RSA_2048}", "rsa", 2048),
        (f"v=DKIM1;p={RSA_1024};", "rsa", 1024),
        (f"k=RSA; p={RSA_512}", "rsa", 512),
        (f"v=DKIM1; p={PKCS1_1024}", "rsa", 1024),
        (f"v = DKIM1 ; k = ed25519 ;\r\n\tp = {ED25519} ; ", "ed25519", 256),
        (f"v=DKIM1; k=ed25519; p={ED25519.rstrip('=')}", "ed25519", 256),
        (f"v=DKIM1; p={RSA_1024[:50]} {RSA_1024[50:90]}\t{RSA_1024[90:]}", "rsa", 1024),
        ("v=DKIM1; k=post-quantum; p=!", "post-quantum", 0),
        (f"v=DKIM1; x=unknown; _y; p={RSA_1024}".replace("_y; ", "y9_=; "), "rsa", 1024),
    ],
)
def test_keys(text: str, kind: str, bits: int) -> None:
    key = parse(text)
    assert (key.kind, key.bits, key.revoked) == (kind, bits, False)
    assert key.known == (kind != "post-quantum")


@pytest.mark.parametrize("text", ["v=DKIM1; p=", "p=;", "v=DKIM1; k=ed25519; p= ; n=gone"])
def test_withdrawn_keys(text: str) -> None:
    key = parse(text)
    assert key.revoked
    assert key.bits == 0


def test_what_is_not_said_has_its_default() -> None:
    assert parse("p=") == DkimKey(kind="rsa", bits=0, revoked=True)
    assert parse("p=").sha256
    assert parse("p=").for_mail
    assert not parse("p=").testing


@pytest.mark.parametrize(
    ("tags", "testing", "sha256", "for_mail", "granularity"),
    [
        ("t=y", True, True, True, "*"),
        ("t=s", False, True, True, "*"),
        ("t=s : Y", True, True, True, "*"),
        ("t=", False, True, True, "*"),
        ("h=sha1", False, False, True, "*"),
        ("h=sha1:sha256", False, True, True, "*"),
        ("h=SHA256", False, True, True, "*"),
        ("h=", False, True, True, "*"),
        ("s=email", False, True, True, "*"),
        ("s=tlsrpt:*", False, True, True, "*"),
        ("s=", False, True, True, "*"),
        ("s=other", False, True, False, "*"),
        ("g=", False, True, True, ""),
        ("g=info", False, True, True, "info"),
        ("n=hello=20world", False, True, True, "*"),
    ],
)
def test_tags(tags: str, testing: bool, sha256: bool, for_mail: bool, granularity: str) -> None:
    key = parse(f"v=DKIM1; {tags}; p=")
    found = (key.testing, key.sha256, key.for_mail, key.granularity)
    assert found == (testing, sha256, for_mail, granularity)


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2)
    return bytes([tag]) + size + body


RSA_OID = der(6, bytes.fromhex("2a864886f70d010101"))
MODULUS = der(2, b"\x00\x8f" + b"\x01" * 63)
EXPONENT = der(2, b"\x01\x00\x01")
PKCS1 = der(0x30, MODULUS, EXPONENT)


def spki(oid: bytes = RSA_OID, key: bytes = PKCS1, unused: bytes = b"\0") -> bytes:
    return der(0x30, der(0x30, oid, der(5)), der(3, unused, key))


def test_the_pieces_make_a_key() -> None:
    assert rsa_bits(PKCS1) == rsa_bits(spki()) == 512


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x30",
        b"\x31\x00",
        PKCS1 + b"\0",
        PKCS1[:-1],
        spki(oid=der(6, b"\x2a\x86")),
        spki(unused=b"\1"),
        spki(key=PKCS1 + b"\0"),
        spki() + b"\0",
        der(0x30, MODULUS),
        der(0x30, MODULUS, EXPONENT, EXPONENT),
        der(0x30, der(2, b"\0"), EXPONENT),
        der(0x30, der(2), EXPONENT),
        der(0x30, der(2, b"\x8f" * 64), EXPONENT),
        b"\x30\x84\xff\xff\xff\xff",
    ],
)
def test_what_is_no_rsa_key(octets: bytes) -> None:
    with pytest.raises(DerError):
        rsa_bits(octets)
    with pytest.raises(ParseError):
        parse(f"v=DKIM1; p={b64encode(octets).decode() or 'A'}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "v=DKIM1",
        "v=DKIM1;; p=",
        "v=DKIM2; p=",
        "v=dkim1; p=",
        "p=; v=DKIM1",
        "p=; p=",
        "p",
        "9=x; p=",
        "=x; p=",
        "v=DKIM1; n=caf\xe9; p=",
        "v=DKIM1; n=a\x00b; p=",
        "v=spf1 -all",
        f"v=DKIM1; p={RSA_1024}!",
        f"v=DKIM1; p={RSA_1024[:-4]}",
        "v=DKIM1; p=A",
        "v=DKIM1; p=====",
        f"v=DKIM1; k=ed25519; p={RSA_1024}",
        f"v=DKIM1; k=ed25519; p={ED25519[:-4]}",
    ],
)
def test_what_is_no_key_record(text: str) -> None:
    with pytest.raises(ParseError):
        parse(text)


TAGS = st.sampled_from(["v=DKIM1", "k=rsa", "k=ed25519", "t=y:s", "h=sha1", "p=", f"p={ED25519}"])


@given(st.text() | st.lists(TAGS | st.text(max_size=9), max_size=6).map(";".join))
def test_a_record_is_a_value_or_a_parse_error(text: str) -> None:
    try:
        key = parse(text)
    except ParseError:
        return
    assert key.revoked or not key.known or key.bits > 0


@given(
    st.binary(max_size=80)
    | st.tuples(st.integers(0, 293), st.binary(max_size=4)).map(
        lambda cut: b64decode(RSA_2048)[: cut[0]] + cut[1]
    )
)
def test_octets_are_a_length_or_an_error(octets: bytes) -> None:
    try:
        assert rsa_bits(octets) > 0
    except DerError:
        return
