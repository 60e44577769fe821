"""Real servers of known configuration: what is found is what was configured, no more, no less."""

import asyncio
import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from posture.net.tls import iana
from posture.net.tls.interview import survey
from posture.net.tls.survey import Order, Survey
from posture.net.tls.versions import Outcome
from tests.net_tls import ca
from tests.net_tls.servers import dial

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed"),
]
EVERYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
INTERMEDIATE = ":".join(
    f"ECDHE-{kind}-{cipher}"
    for kind in ("ECDSA", "RSA")
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
)
SWITCHES = {"TLS 1.0": "tls1", "TLS 1.1": "tls1_1", "TLS 1.2": "tls1_2", "TLS 1.3": "tls1_3"}
DEFAULT_GROUPS = {
    *("x25519", "x448", "secp256r1", "secp384r1", "secp521r1"),
    *("ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192"),
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate of either kind."""
    folder = tmp_path_factory.mktemp("keys")
    elliptic = ca.leaf(ca.root(), "www.example.com")
    (folder / "ec.pem").write_bytes(elliptic.pem + private(elliptic.key))
    run = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=www.example.com",
    ]
    files = ["-keyout", str(folder / "rsa.key"), "-out", str(folder / "rsa.crt")]
    subprocess.run([*run, *files], check=True, capture_output=True, timeout=60)
    return folder


def private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@contextlib.contextmanager
def s_server(keys: Path, *options: str, both: bool = True) -> Iterator[int]:
    """OpenSSL's own server on a free port."""
    elliptic, plain = keys / "ec.pem", keys / "rsa.crt"
    pair = ["-cert", str(plain), "-key", str(keys / "rsa.key")]
    pair += ["-dcert", str(elliptic), "-dkey", str(elliptic)] if both else []
    argv = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "2000", *pair, *options]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        assert server.stdout
        try:
            line = next(line for line in server.stdout if line.startswith(b"ACCEPT"))
            drain = subprocess.Popen(["cat"], stdin=server.stdout, stdout=subprocess.DEVNULL)
            with drain:
                try:
                    yield int(line.rsplit(b":", 1)[1])
                finally:
                    server.kill()
                    drain.wait(timeout=10)
        finally:
            server.kill()


def surveyed(port: int) -> Survey:
    return asyncio.run(survey(dial(port), name="www.example.com", alpn=("h2", "http/1.1")))


def configured(ciphers: str, switch: str) -> set[str]:
    """What OpenSSL says it means by a list, without what needs a secret or a DSA certificate."""
    argv = ["openssl", "ciphers", "-s", f"-{switch}", "-stdname", ciphers]
    listed = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=30).stdout
    names = {line.split()[0] for line in listed.splitlines()}
    return {name for name in names if not re.search("PSK|SRP|DSS", name)}


def named(suites: Sequence[int]) -> set[str]:
    return {iana.suite_name(suite) for suite in suites}


def groups(seen: Survey, version: str) -> set[str]:
    return {iana.group_name(group) for group in seen.groups[version].accepted}


def test_everything_is_found_within_170_connections(keys: Path) -> None:
    with s_server(keys, "-cipher", EVERYTHING, "-serverpref") as port:
        seen = surveyed(port)
    for version, switch in SWITCHES.items():
        assert named(seen.versions[version].suites) == configured(EVERYTHING, switch)
        assert seen.versions[version].inconclusive == ()
    assert [seen.versions[version].outcome for version in ("SSL 2.0", "SSL 3.0")] == [
        Outcome.REFUSED
    ] * 2
    assert groups(seen, "TLS 1.3") == DEFAULT_GROUPS
    assert groups(seen, "TLS 1.2") == {name for name in DEFAULT_GROUPS if "ffdhe" not in name}
    assert {chain.kind for chain in seen.chains} == {"RSA", "ECDSA"}
    assert seen.versions["TLS 1.2"].order is Order.SERVER
    weak = {"rsa_pkcs1_sha1", "ecdsa_sha1", "rsa_pkcs1_sha224", "ecdsa_sha224"}
    assert weak < {iana.signature_name(scheme) for scheme in seen.signatures.accepted}
    assert [(found.bits, found.standard) for found in seen.dh] == [
        (1024, "RFC 2409 group 2"),
        (2048, "RFC 3526 group 14"),
        (3072, "RFC 3526 group 15"),
    ]  # OpenSSL fits the prime to the cipher
    assert seen.connections <= 170
    assert seen.rounds <= 16
    assert not seen.degraded


def test_a_current_server_with_ten_groups_is_known_after_47_connections(keys: Path) -> None:
    with s_server(keys, "-cipher", INTERMEDIATE, "-no_tls1", "-no_tls1_1") as port:
        seen = surveyed(port)
    assert seen.accepted == ("TLS 1.2", "TLS 1.3")
    assert {seen.versions[v].outcome for v in ("SSL 3.0", "TLS 1.0", "TLS 1.1")} == {
        Outcome.REFUSED
    }
    assert named(seen.versions["TLS 1.2"].suites) == configured(INTERMEDIATE, "tls1_2")
    assert seen.versions["TLS 1.2"].order is Order.CLIENT
    assert groups(seen, "TLS 1.3") == DEFAULT_GROUPS
    assert seen.connections <= 47
    assert seen.rounds <= 8
    facts = seen.facts
    assert (facts.secure_renegotiation, facts.extended_master_secret) == (True, True)
    assert (facts.session_tickets, facts.early_data, facts.compression) == (True, False, False)
    assert (facts.fallback_scsv, facts.downgrade_sentinel, facts.heartbeat) == (True, True, False)
    assert (facts.client_certificate, facts.encrypt_then_mac, facts.alpn) == (False, None, "")


def test_the_chains_are_those_that_were_configured(keys: Path) -> None:
    files = {"ECDSA": keys / "ec.pem", "RSA": keys / "rsa.crt"}
    with s_server(keys, "-cipher", INTERMEDIATE) as port:
        seen = surveyed(port)
    wanted = {
        kind: x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
        for kind, path in files.items()
    }
    assert {chain.kind: chain.certificates for chain in seen.chains} == {
        kind: (der,) for kind, der in wanted.items()
    }


@pytest.mark.parametrize("group", ["P-384", "ffdhe3072", "X448"])
def test_one_group_alone_is_found(keys: Path, group: str) -> None:
    name = {"P-384": "secp384r1", "X448": "x448"}.get(group, group)
    with s_server(keys, "-tls1_3", "-groups", group) as port:
        seen = surveyed(port)
    assert seen.accepted == ("TLS 1.3",)
    assert groups(seen, "TLS 1.3") == {name}
    assert {chain.kind for chain in seen.chains} == {"RSA", "ECDSA"}


def test_every_suite_of_tls13_can_be_decrypted(keys: Path) -> None:
    for suite in ("TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256", "TLS_AES_256_GCM_SHA384"):
        with s_server(keys, "-tls1_3", "-ciphersuites", suite, both=False) as port:
            seen = surveyed(port)
        assert named(seen.versions["TLS 1.3"].suites) == {suite}
        assert [chain.kind for chain in seen.chains] == ["RSA"]


def test_early_data_and_a_wish_for_our_certificate_are_seen(keys: Path) -> None:
    with s_server(keys, "-tls1_3", "-early_data", "-verify", "1") as port:
        facts = surveyed(port).facts
    assert (facts.client_certificate, facts.early_data) == (True, True)
    with s_server(keys, "-tls1_2", "-verify", "1", "-no_ticket") as port:
        facts = surveyed(port).facts
    assert (facts.client_certificate, facts.session_tickets) == (True, False)


def test_a_version_whose_signatures_are_too_weak_for_the_server_is_not_settled(keys: Path) -> None:
    with s_server(keys, "-cipher", "ALL:!aNULL:@SECLEVEL=1") as port:
        seen = surveyed(port)
    found = seen.versions[
        "TLS 1.0"
    ]  # it chooses them, then finds that it must not use MD5 with SHA-1
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.detail == "alert 80"
    assert set(found.dying) == set(found.inconclusive)
    assert 0xC013 in found.dying
