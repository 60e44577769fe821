"""Names of suites, groups and signatures, and what a suite's name says about it.

The numbers and names are data: ``iana.toml`` beside this file, which says where they come from.
"""

import functools
import re
import tomllib
from importlib import resources
from types import MappingProxyType

from posture.net.tls.wire import Version

_TLS13 = {*range(0x1301, 0x1308), 0x00C6, 0x00C7, 0xC0B4, 0xC0B5, *range(0xC103, 0xC107)}
# RFC 5246 §A.5, RFC 5289 §3, RFC 6209 §2 and their like: not before TLS 1.2.
_AEAD = re.compile(r"_(GCM|CCM|POLY1305|OMAC|GOSTR341112)(_|$)")
_SHA2 = re.compile(r"_SHA(256|384)$")


@functools.cache
def _tables() -> dict[str, MappingProxyType[int, str]]:
    text = resources.files(__package__).joinpath("iana.toml").read_text(encoding="utf-8")
    document = tomllib.loads(text)
    return {
        table: MappingProxyType({int(number, 16): name for number, name in rows.items()})
        for table, rows in document.items()
        if table != "about"
    }


@functools.cache
def suites() -> MappingProxyType[int, str]:
    """Every cipher suite there is a name for, registered or seen in the field."""
    tables = _tables()
    return MappingProxyType({**tables["suites"], **tables["unregistered_suites"]})


def ssl2_ciphers() -> MappingProxyType[int, str]:
    """The cipher kinds of SSL 2.0, three octets each."""
    return _tables()["ssl2_ciphers"]


def groups() -> MappingProxyType[int, str]:
    """Key-exchange groups."""
    return _tables()["groups"]


def signatures() -> MappingProxyType[int, str]:
    """Signature schemes."""
    return _tables()["signatures"]


def suite_name(number: int) -> str:
    """Return the IANA name, or the number as ``0xFE01`` where there is none."""
    return suites().get(number) or ssl2_ciphers().get(number) or f"0x{number:04X}"


def group_name(number: int) -> str:
    """Return the IANA name, or the number as ``0x7F01`` where there is none."""
    return groups().get(number, f"0x{number:04X}")


def signature_name(number: int) -> str:
    """Return the IANA name, or the number as ``0x0909`` where there is none."""
    return signatures().get(number, f"0x{number:04X}")


@functools.cache
def of_version(version: Version) -> tuple[int, ...]:
    """Return the suites that may be negotiated in ``version``, by number."""
    if version is Version.TLS13:
        return tuple(sorted(_TLS13))
    return tuple(
        number
        for number, name in sorted(suites().items())
        if number not in _TLS13 and (version is Version.TLS12 or not _needs_tls12(name))
    )


def _needs_tls12(name: str) -> bool:
    # RFC 5487 §3: pre-shared keys with CBC and a SHA-2 may go with any version.
    return bool(_AEAD.search(name)) or ("PSK" not in name and bool(_SHA2.search(name)))


@functools.cache
def key_exchange(suite: int) -> str:
    """Return how keys are agreed on, e.g. ``ECDHE_RSA``; of TLS 1.3 suites ``TLS13``."""
    if suite in _TLS13:
        return "TLS13"
    method = suites().get(suite, "").partition("_")[2].partition("_WITH_")[0]
    method = re.sub(r"_(EXPORT1024|EXPORT|FIPS)$", "", method)
    return "DHE_PSK" if method == "PSK_DHE" else method  # two names of RFC 6655 are reversed


@functools.cache
def family(suite: int) -> str:
    """Return which pool a suite is asked in: what one certificate and one key exchange settle."""
    method = key_exchange(suite)
    if method in {"ECDHE_RSA", "ECDHE_ECDSA", "DHE_RSA", "RSA", "TLS13"}:
        return method
    if method.endswith("_anon"):
        return "anon"
    if method.startswith(("DH_", "ECDH_", "DHE_DSS")):
        return "static"
    return "shared"  # PSK, SRP, Kerberos, GOST: secrets or certificates of their own


@functools.cache
def strain(suite: int) -> str:
    """Return what is usually switched on together, e.g. all AEAD suites of current browsers."""
    cipher = suites().get(suite, "").rpartition("_WITH_")[2]
    if suite in {0x1301, 0x1302, 0x1303} or re.search(r"^AES_\d+_GCM|POLY1305_SHA256$", cipher):
        return "current"
    return re.sub(r"_(40|56|128|192|256|384)(?=_|$)|(256|384)$", "", cipher)
