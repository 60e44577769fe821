"""Reading and verifying certificates, in this process; the real child is in test_certificate."""

import base64
import faulthandler
import json
import subprocess
import sys
import warnings
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from posture.net.tls import x509_child
from posture.net.tls.x509_child import ParseError, describe, load, main, verify
from tests.net_tls import ca

HOST = "www.example.com"
ROOT = ca.root()
INTERMEDIATE = ca.intermediate(ROOT)
GOOD = ca.leaf(INTERMEDIATE, HOST)


def ask(
    *issued: ca.Issued, anchor: ca.Issued = ROOT, at: timedelta = timedelta()
) -> dict[str, Any]:
    chain = [found.certificate for found in issued]
    return verify(chain, [anchor.certificate], ca.NOW + at, len(chain))


def with_usage(*usages: x509.ObjectIdentifier) -> ca.Issued:
    return ca.leaf(ROOT, HOST, more=[(x509.ExtendedKeyUsage(usages), False)])


def authority(name: str, issuer: ca.Issued | None, *more: ca.Extension) -> ca.Issued:
    return ca._sign(name, issuer, more, ca.NOW - ca.DAY, ca.NOW + ca.DAY)


def usage(*, sign: bool) -> ca.Extension:
    flags = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment"]
    flags += ["key_agreement", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(key_cert_sign=sign, **dict.fromkeys(flags, False)), True


CA = (x509.BasicConstraints(ca=True, path_length=None), False)
NO_CA = (x509.BasicConstraints(ca=False, path_length=None), False)


def test_trusted() -> None:
    assert ask(GOOD, INTERMEDIATE) == {
        "result": "trusted",
        "detail": "",
        "anchor": "CN=Test Root",
        "path": [sha256(found.der[0]).hexdigest() for found in (GOOD, INTERMEDIATE, ROOT)],
        "public": False,
    }


def test_an_authority_of_everybodys_is_told_from_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("certifi.contents", lambda: "# of Mozilla\n" + ROOT.pem.decode())
    assert ask(GOOD, INTERMEDIATE)["public"] is True
    own = ca.root("Own Root")
    assert ask(ca.leaf(own, HOST), anchor=own)["public"] is False


@pytest.mark.parametrize(
    "issued",
    [
        with_usage(ExtendedKeyUsageOID.SERVER_AUTH),
        with_usage(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE),
        ca.leaf(ROOT),  # no subject alternative name: a matter of names, not of trust
        ca.leaf(ROOT, HOST, more=[CA]),
        ca.leaf(authority("Signing CA", ROOT, CA, usage(sign=True)), HOST),
    ],
)
def test_an_office_authority_is_not_held_to_the_rules_of_public_ones(issued: ca.Issued) -> None:
    certificates = [issued.certificate, *issued.above]
    found = verify(certificates, [ROOT.certificate], ca.NOW, len(certificates))
    assert found["result"] == "trusted"


@pytest.mark.parametrize(
    ("issued", "words"),
    [
        (with_usage(ExtendedKeyUsageOID.CLIENT_AUTH), "not issued for servers"),
        (ca.leaf(authority("Not a CA", ROOT, NO_CA), HOST), "cA must be asserted"),
        (ca.leaf(authority("No signer", ROOT, CA, usage(sign=False)), HOST), "may not sign"),
    ],
)
def test_other(issued: ca.Issued, words: str) -> None:
    certificates = [issued.certificate, *issued.above]
    found = verify(certificates, [ROOT.certificate], ca.NOW, len(certificates))
    assert found["result"] == "other"
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(found["detail"])


def test_an_authority_that_only_has_the_right_name_is_not_the_right_one() -> None:
    impostor = ca.Issued(certificate=ROOT.certificate, key=ca.key("somebody else"))
    assert ask(ca.leaf(impostor, HOST))["result"] == "other"


def test_self_signed_unless_it_is_the_anchor() -> None:
    alone = ca.leaf(None, HOST)
    assert ask(alone)["result"] == "self_signed"
    assert ask(alone, anchor=alone)["result"] == "trusted"
    assert ask(alone, anchor=alone, at=61 * ca.DAY)["result"] == "expired"


def test_an_expired_intermediate_is_named() -> None:
    late = ca.intermediate(ROOT, "Late Intermediate", until=-ca.DAY)
    assert ask(ca.leaf(late, HOST), late) == {
        "result": "expired", "detail": "CN=Late Intermediate", "anchor": "",
    }  # fmt: skip


def test_an_expired_certificate_without_its_chain_is_first_of_all_incomplete() -> None:
    assert ask(GOOD, at=100 * ca.DAY)["result"] == "incomplete_chain"


def test_not_yet_valid() -> None:
    assert ask(GOOD, INTERMEDIATE, at=-40 * ca.DAY)["result"] == "not_yet_valid"


def test_where_the_issuer_is_published_the_chain_is_incomplete() -> None:
    above = authority("Middle", ca.root("Elsewhere"), CA)
    published = authority("Published", ca.root("Elsewhere"), CA, ca.published())
    assert ask(ca.leaf(above, HOST), above)["result"] == "unknown_issuer"
    found = ask(ca.leaf(published, HOST), published)
    assert (found["result"], found["detail"]) == ("incomplete_chain", "CN=Elsewhere")
    assert found["url"] == "http://ca.example/issuer.der"


def test_order_and_repetition_do_not_matter() -> None:
    other = ca.intermediate(ROOT, "Unrelated")
    assert ask(GOOD, other, INTERMEDIATE, INTERMEDIATE, ROOT)["result"] == "trusted"
    stray = ca.leaf(ca.intermediate(ca.root("Elsewhere")), HOST)
    assert ask(stray, ROOT, ROOT, other)["result"] == "incomplete_chain"


def test_two_authorities_that_sign_each_other_end() -> None:
    one = authority("One", None, CA)
    two = authority("Two", one, CA)
    back = ca._sign("One", two, [CA], ca.NOW - ca.DAY, ca.NOW + ca.DAY)
    assert ask(ca.leaf(two, HOST), two, back, one)["result"] == "unknown_issuer"


def test_what_was_cut_off_may_have_been_the_missing_one() -> None:
    found = verify([GOOD.certificate], [ROOT.certificate], ca.NOW, 5)
    assert found["result"] == "undecided"


@pytest.mark.parametrize(
    ("key", "named"),
    [
        (rsa.generate_private_key(65537, 1024), ("RSA", 1024)),
        (ec.generate_private_key(ec.SECP384R1()), ("EC secp384r1", 384)),
        (ed25519.Ed25519PrivateKey.generate(), ("Ed25519", 256)),
        (ed448.Ed448PrivateKey.generate(), ("Ed448", 456)),
        (dsa.generate_private_key(1024), ("DSA", 1024)),
        (x25519.X25519PrivateKey.generate(), ("1.3.101.110", 0)),
    ],
)
def test_keys_are_named(key: rsa.RSAPrivateKey, named: tuple[str, int]) -> None:
    found = describe(_signed_for(key.public_key()))
    assert (found["key"], found["key_bits"]) == named
    assert len(found["sha256"]) == len(found["spki_sha256"]) == 64
    assert len(found["sha512"]) == len(found["spki_sha512"]) == 128


def _signed_for(public: CertificatePublicKeyTypes) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "No common name")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(1)
        .not_valid_before(ca.NOW - ca.DAY)
        .not_valid_after(ca.NOW + ca.DAY)
        .sign(ROOT.key, hashes.SHA256())
    )


def test_a_key_of_an_unknown_kind_is_its_number() -> None:
    found = GOOD.der[0]
    # id-ecPublicKey, one arc further: an algorithm nobody has heard of
    strange = found.replace(
        bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0209")
    )
    read = describe(load(strange))
    assert (read["key"], read["key_bits"], read["spki_sha256"]) == ("1.2.840.10045.2.9", 0, "")
    assert read["spki_sha512"] == ""


def test_a_certificate_without_common_name_and_names() -> None:
    found = describe(_signed_for(ROOT.key.public_key()))
    assert (found["common_name"], found["names"], found["addresses"]) == ("", [], [])
    assert found["self_issued"]


def lists(*urls: str, issuer: str = "", reasons: bool = False) -> ca.Extension:
    names = [x509.UniformResourceIdentifier(url) for url in urls]
    other = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer or "Nobody")])
    point = x509.DistributionPoint(
        full_name=names,
        relative_name=None,
        reasons=frozenset([x509.ReasonFlags.key_compromise]) if reasons else None,
        crl_issuer=[x509.DirectoryName(other)] if issuer else None,
    )
    return x509.CRLDistributionPoints([point]), False


LIST = "http://crl.ca.example/1.crl"


@pytest.mark.parametrize(
    ("extension", "kept"),
    [
        (lists(LIST), [LIST]),
        (lists("ldap://ca.example/cn=ca", LIST), [LIST]),
        (lists("http://ca.example/$(reboot)"), []),
        (lists("http://ca.example/a b"), []),
        (lists("http://ca.example/" + "a" * 600), []),
        (lists("http://user@ca.example/"), []),
        (lists(LIST, issuer="Somebody else"), []),
        (lists(LIST, reasons=True), []),
        (lists(*[LIST] * 50), [LIST] * 20),
    ],
)
def test_only_plain_urls_of_the_issuers_whole_list_are_kept(
    extension: ca.Extension, kept: list[str]
) -> None:
    issued = ca.leaf(ROOT, HOST, more=[extension])
    assert describe(issued.certificate)["profile"]["lists"] == kept


def test_what_a_certificate_is_for_and_where_its_issuer_is() -> None:
    found = describe(with_usage(ExtendedKeyUsageOID.SERVER_AUTH).certificate)["profile"]
    assert found["uses"] == ["1.3.6.1.5.5.7.3.1"]
    assert (found["timestamps"], found["digest"]) == (0, "sha256")
    issued = ca.leaf(ROOT, HOST, more=[ca.published()]).certificate
    assert describe(issued)["profile"]["issuers"] == ["http://ca.example/issuer.der"]


def test_a_signature_without_a_hash_of_its_own() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, ca.NOW, ca.NOW + ca.DAY)
    assert describe(builder.sign(key, None))["profile"]["digest"] == "none"


def test_a_signature_of_an_unknown_kind() -> None:
    # ecdsa-with-SHA256, one arc further
    known, strange = bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d04030f")
    assert describe(load(GOOD.der[0].replace(known, strange)))["profile"]["digest"] == ""


@given(st.binary(max_size=300))
def test_any_bytes_are_a_certificate_or_a_parse_error(data: bytes) -> None:
    with pytest.raises(ParseError):
        load(data)


@given(st.integers(0, len(GOOD.der[0]) - 1), st.integers(1, 255))
def test_a_damaged_certificate_is_read_or_a_parse_error(at: int, flip: int) -> None:
    damaged = bytearray(GOOD.der[0])
    damaged[at] ^= flip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as the child does
        try:
            found = load(bytes(damaged))
        except ParseError:
            return
        assert json.dumps(describe(found))
        result = verify([found, INTERMEDIATE.certificate], [ROOT.certificate], ca.NOW, 2)
    assert result["result"] != "trusted"


def request(tmp_path: Path, *chain: bytes, seconds: float = 60) -> Path:
    path = tmp_path / "request.json"
    content = {
        "chain": [base64.b64encode(der).decode() for der in chain],
        "sent": len(chain),
        "anchors": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        + ROOT.pem.decode(),
        "at": ca.NOW.isoformat(),
        "seconds": seconds,
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def answer(
    path: Path, monkeypatch: pytest.MonkeyPatch, said: pytest.CaptureFixture[str]
) -> list[dict[str, Any]]:
    monkeypatch.setattr(faulthandler, "dump_traceback_later", lambda *a, **k: None)
    with warnings.catch_warnings():
        main(str(path))
    return [json.loads(line) for line in said.readouterr().out.splitlines()]


def test_the_answer_is_two_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read, verified = answer(request(tmp_path, *GOOD.der), monkeypatch, capsys)
    assert [found["subject"] for found in read["certificates"]] == [
        f"CN={HOST}", "CN=Test Intermediate",
    ]  # fmt: skip
    assert read["unreadable"] == []
    assert verified["result"] == "trusted"


def test_without_the_servers_own_certificate_it_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (read,) = answer(request(tmp_path, b"junk", GOOD.der[1]), monkeypatch, capsys)
    assert read["unreadable"] == [0]


def test_the_watchdog_ends_a_verification_that_does_not(tmp_path: Path) -> None:
    path = request(tmp_path, *GOOD.der, seconds=3)
    endless = (
        f"import runpy, sys; sys.argv = ['x', {str(path)!r}]\n"
        "import cryptography.x509.verification as v\n"
        "class Endless:\n"
        "    def __init__(self): pass\n"
        "    def store(self, s):\n"
        "        (10**400000 + 1) ** 1000\n"
        "v.PolicyBuilder = Endless\n"
        f"runpy.run_path({x509_child.__file__!r}, run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", endless], capture_output=True, timeout=60, check=False
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert len(lines) == 1
    assert len(json.loads(lines[0])["certificates"]) == 2
