"""Lists of revoked certificates: the issuer's own, whole and current, or no word at all."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from posture.net.tls.crl import Listed, ParseError, look_up
from tests.net_tls import ca

ROOT = ca.root()
URL = "http://crl.ca.example/1.crl"
SERIAL = 0x4A1B
REASON = x509.ReasonFlags


def usage(*, crl_sign: bool) -> ca.Extension:
    flags = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment"]
    flags += ["key_agreement", "encipher_only", "decipher_only"]
    return x509.KeyUsage(crl_sign=crl_sign, key_cert_sign=True, **dict.fromkeys(flags, False)), True


def authority(*, crl_sign: bool) -> ca.Issued:
    span = 10 * ca.DAY
    return ca._sign("Signer", None, [usage(crl_sign=crl_sign)], ca.NOW - span, ca.NOW + span)


def entry(serial: int, why: x509.ReasonFlags | None = None) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder(serial, ca.NOW - 5 * ca.DAY)
    return (builder.add_extension(x509.CRLReason(why), critical=False) if why else builder).build()


def made(
    *entries: x509.RevokedCertificate,
    issuer: ca.Issued = ROOT,
    key: ca.Issued | None = None,
    more: tuple[ca.Extension, ...] = (),
    since: timedelta = ca.DAY,
    until: timedelta = 6 * ca.DAY,
) -> bytes:
    builder = x509.CertificateRevocationListBuilder(
        issuer.certificate.subject, ca.NOW - since, ca.NOW + until
    )
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    for each in entries:
        builder = builder.add_revoked_certificate(each)
    return builder.sign((key or issuer).key, hashes.SHA256()).public_bytes(Encoding.DER)


def part(*urls: str, **scope: Any) -> ca.Extension:
    fields: dict[str, Any] = {
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    names = [x509.UniformResourceIdentifier(url) for url in urls] or None
    return x509.IssuingDistributionPoint(full_name=names, **{**fields, **scope}), True


def ask(data: bytes, issuer: ca.Issued = ROOT, serial: int = SERIAL) -> Listed:
    return look_up(data, issuer.der[0], serial, ("http://other.example/", URL), ca.NOW)


POINT = x509.DistributionPoint([x509.UniformResourceIdentifier(URL)], None, None, None)


@pytest.mark.parametrize(
    "more",
    [
        (),
        ((x509.CRLNumber(7), True),),
        (part(URL),),
        (part("ldap://ca.example/", URL, only_contains_user_certs=True),),
        (part(only_contains_user_certs=True),),
        # Not critical: what it says does not change what the list covers.
        ((x509.FreshestCRL([POINT]), False),),
    ],
)
def test_not_on_the_list(more: tuple[ca.Extension, ...]) -> None:
    found = ask(made(entry(1), entry(SERIAL + 1), more=more))
    assert (found.revoked, found.why) == (None, "")
    assert (found.issued, found.until) == (ca.NOW - ca.DAY, ca.NOW + 6 * ca.DAY)


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (None, ""),
        (REASON.key_compromise, "keyCompromise"),
        (REASON.certificate_hold, "certificateHold"),
    ],
)
def test_on_the_list(reason: x509.ReasonFlags | None, why: str) -> None:
    found = ask(made(entry(1), entry(SERIAL, reason), more=(part(URL),)))
    assert (found.revoked, found.why) == (ca.NOW - 5 * ca.DAY, why)


def test_taken_off_the_list() -> None:
    assert ask(made(entry(SERIAL, REASON.remove_from_crl))).revoked is None


STRANGER = ca.root("Another Root")
NAMESAKE = ca.Issued(certificate=ROOT.certificate, key=STRANGER.key)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "cannot be read"),
        (b"<html>not found</html>", "cannot be read"),
        (made(entry(SERIAL)) + b"\0", "cannot be read"),
        (made(issuer=STRANGER), "another authority"),
        (made(entry(SERIAL), issuer=NAMESAKE), "signature"),
        (made(since=9 * ca.DAY, until=-ca.DAY), "not of 2026-11-21: made on 2026-11-12"),
        (made(since=-ca.DAY), "made on 2026-11-22"),
        (made(more=(part("http://crl.ca.example/2.crl"),)), "another part"),
        (made(more=(part(indirect_crl=True),)), "something else"),
        (made(more=(part(only_contains_ca_certs=True),)), "something else"),
        (made(more=(part(only_contains_attribute_certs=True),)), "something else"),
        (made(more=(part(only_some_reasons=frozenset([REASON.key_compromise])),)), "something"),
        (made(more=((x509.DeltaCRLIndicator(5), True),)), "special kind: 2.5.29.27"),
    ],
)
def test_a_list_that_proves_nothing(data: bytes, words: str) -> None:
    with pytest.raises(ParseError, match=words):
        ask(data)


def test_whoever_may_not_sign_lists_proves_nothing() -> None:
    able, unable = authority(crl_sign=True), authority(crl_sign=False)
    assert ask(made(issuer=able), able).revoked is None
    with pytest.raises(ParseError, match="may not sign"):
        ask(made(issuer=unable), unable)


def test_a_key_that_cannot_sign_proves_nothing() -> None:
    name = ROOT.certificate.subject
    public = x25519.X25519PrivateKey.generate().public_key()
    builder = x509.CertificateBuilder(name, name, public, 1, ca.NOW, ca.NOW + ca.DAY)
    odd = ca.Issued(certificate=builder.sign(ROOT.key, hashes.SHA256()), key=ROOT.key)
    with pytest.raises(ParseError, match="signature"):
        ask(made(), odd)


def test_an_issuer_or_a_number_that_cannot_be_is_a_parse_error() -> None:
    with pytest.raises(ParseError, match="cannot be read"):
        look_up(made(), b"junk", SERIAL, (), ca.NOW)
    with pytest.raises(ParseError, match="cannot be read"):
        ask(made(entry(1)), serial=-SERIAL)


GOOD = made(entry(1), entry(SERIAL), more=(part(URL),))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_parse_error(data: bytes) -> None:
    with pytest.raises(ParseError):
        ask(data)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_damaged_list_is_never_believed(at: int, flip: int) -> None:
    damaged = bytearray(GOOD)
    damaged[at] ^= flip
    with pytest.raises(ParseError):
        ask(bytes(damaged))
