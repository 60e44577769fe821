"""Certificates made to break whoever reads them: they are refused or read, and never praised.

The numbers are those of the catalogue of hostile peers. The reader is the real child process.
"""

import asyncio
import random
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, NameOID

from posture.checks.tls import certificates
from posture.checks.tls.collect_certificate import examine
from posture.checks.tls.facts import Presented, TrustResult, WebCertificate
from posture.checks.tls.soundness import Rules, Strength
from posture.model import CollectError, Reason, Status
from posture.net import TrustAnchors
from posture.net.process import run
from posture.net.tls.chain import KEPT, RawChain, raw_chain
from tests.net_tls import ca
from tests.net_tls.servers import dial, idle, serving

HOST = "www.example.com"
ROOT = ca.root()
ANCHORS = TrustAnchors(ROOT.pem, "store")
GOOD = ca.leaf(ROOT, HOST).der[0]


def look(*chain: bytes) -> Presented:
    raw = RawChain(certificates=chain[:KEPT], sent=len(chain), version="", suite="")
    return asyncio.run(examine(run, raw, ANCHORS, host=HOST, address="x", at=ca.NOW))


def strength(seen: Presented) -> Status:
    settings = Strength(rsa_bits=2048, curve_bits=256)
    return certificates.web_strength(WebCertificate(presented=seen), settings).status


def rules(seen: Presented) -> str:
    found = certificates.web_wellformed(WebCertificate(presented=seen), Rules(timestamps=2))
    return found.observed


def made(
    key: CertificatePublicKeyTypes,
    *more: x509.ExtensionType,
    signer: ec.EllipticCurvePrivateKey = ROOT.key,
    common: str = HOST,
    issuer: x509.Name = ROOT.certificate.subject,
) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    builder = x509.CertificateBuilder(issuer, name, key, 7, ca.NOW - ca.DAY, ca.NOW + ca.DAY)
    for extension in more:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.DER)


def huge(seed: int) -> rsa.RSAPublicKey:
    """An RSA key of 16,384 bits of which nobody knows the factors."""
    modulus = random.Random(seed).getrandbits(16384) | 1 << 16383 | 1
    return rsa.RSAPublicNumbers(65537, modulus).public_key()


NAMES = x509.SubjectAlternativeName([x509.DNSName(HOST)])
CA = x509.BasicConstraints(ca=True, path_length=None)


def test_l6_a_crowd_with_one_name_and_one_key_that_signs_itself_in_circles() -> None:
    key = ca.key("Crowd")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Crowd")])
    crowd = [
        made(key.public_key(), CA, signer=key, common="Crowd", issuer=name) for _ in range(KEPT)
    ]
    leaf = made(ca.key(HOST).public_key(), NAMES, signer=key, issuer=name)
    seen = look(leaf, *crowd[1:])
    assert seen.trust.result in {TrustResult.UNKNOWN_ISSUER, TrustResult.UNDECIDED}
    assert look(leaf, *crowd * 10).trust.result is TrustResult.UNDECIDED


def test_l7_keys_of_16384_bits() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Heavy")])
    heavy = [made(huge(seed), CA, common="Heavy", issuer=name) for seed in range(KEPT - 1)]
    seen = look(made(huge(99), NAMES, issuer=name), *heavy)
    assert (seen.leaf.key, seen.leaf.key_bits) == ("RSA", 16384)
    assert seen.trust.result is not TrustResult.TRUSTED


@pytest.mark.parametrize(
    "broken",
    [
        x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"\x30\x7fjunk"),
        x509.UnrecognizedExtension(ExtensionOID.EXTENDED_KEY_USAGE, b""),
        x509.UnrecognizedExtension(ExtensionOID.CRL_DISTRIBUTION_POINTS, b"\x04\x00"),
        x509.UnrecognizedExtension(
            ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS, b"\x04\x03\xff\xff\xff"
        ),
    ],
)
def test_l9_what_parses_and_breaks_when_it_is_used(broken: x509.ExtensionType) -> None:
    with pytest.raises(CollectError) as caught:
        look(made(ca.key(HOST).public_key(), broken))
    assert caught.value.reason is Reason.MALFORMED


def test_l10_a_negative_number() -> None:
    leaf = ca.leaf(ROOT, HOST)
    serial = leaf.certificate.serial_number.to_bytes(20)
    negative = leaf.der[0].replace(serial, b"\x80" + serial[1:])
    seen = look(negative)
    assert seen.leaf.serial.startswith("-")
    assert "serial" in rules(seen)
    assert seen.trust.result is not TrustResult.TRUSTED


@pytest.mark.parametrize("date", [b"00000101000000Z", b"99999999999999Z", b"9999123123595\xff"])
def test_l10_dates_that_cannot_be(date: bytes) -> None:
    name = ROOT.certificate.subject
    forever = ca.NOW.replace(year=9999, month=12, day=31, hour=23, minute=59, second=59)
    key = ca.key(HOST).public_key()
    builder = x509.CertificateBuilder(name, name, key, 7, ca.NOW, forever)
    der = builder.sign(ROOT.key, hashes.SHA256()).public_bytes(Encoding.DER)
    assert look(der).leaf.not_after.year == 9999
    assert "too_long" in rules(look(der))
    with pytest.raises(CollectError) as caught:
        look(der.replace(b"99991231235959Z", date))
    assert caught.value.reason is Reason.MALFORMED


def test_l11_a_signature_of_an_unknown_kind() -> None:
    # ecdsa-with-SHA256, one arc further
    known, strange = bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d04030f")
    seen = look(GOOD.replace(known, strange))
    assert strength(seen) is Status.UNKNOWN
    assert seen.trust.result is not TrustResult.TRUSTED


def test_l11_a_key_that_quantum_computers_do_not_break_is_not_called_weak() -> None:
    seen = look(made(mldsa.MLDSA65PrivateKey.generate().public_key(), NAMES))
    assert seen.leaf.key_bits == 0
    assert strength(seen) is Status.UNKNOWN


def test_l16_each_look_is_about_one_certificate() -> None:
    """A server with another certificate for each connection: no fact mixes two of them."""
    contexts = [ca.leaf(ROOT, HOST).context(), ca.leaf(None, "other.example").context()]

    async def scenario() -> list[Presented]:
        found = []
        for context in contexts:
            async with serving(idle, context) as port, await dial(port)() as stream:
                raw = await raw_chain(stream, HOST)
            found.append(await examine(run, raw, ANCHORS, host=HOST, address="x", at=ca.NOW))
        return found

    good, bad = asyncio.run(scenario())
    assert (good.trust.result, good.name_matches) == (TrustResult.TRUSTED, True)
    assert (bad.trust.result, bad.name_matches) == (TrustResult.SELF_SIGNED, False)
    for seen in good, bad:
        assert sha256(seen.raw[0]).hexdigest() == seen.leaf.sha256
    assert good.trust.path[0] == good.leaf.sha256
    assert bad.trust.path == ()
