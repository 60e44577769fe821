"""What a list of ciphers means, told by the library that a server is linked with, not by us."""

import re
import subprocess
from collections.abc import Iterable, Mapping

from posture.net.tls import iana

VERSIONS = ("SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
_OPENSSL = {"TLS 1.0": "tls1", "TLS 1.1": "tls1_1", "TLS 1.2": "tls1_2", "TLS 1.3": "tls1_3"}
_CODE = r"0x([0-9A-F]{2}), ?0x([0-9A-F]{2})"

Suites = Mapping[str, frozenset[int]]
"""IANA numbers by version."""


def _run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=30).stdout


def openssl(ciphers: str, *versions: str, without: str = "") -> Suites:
    """Suites of a list in OpenSSL's language, of those versions.

    Left out: what needs secrets or a DSA certificate, which no server here has; and what has
    ``without``, a pattern, among the columns: a server without DH parameters has no ``Kx=DH``.
    """
    return {
        version: frozenset(_listed(ciphers, _OPENSSL[version], without)) for version in versions
    }


def _listed(ciphers: str, switch: str, without: str) -> Iterable[int]:
    never = re.compile(rf"PSK|SRP|Au=DSS{f'|{without}' if without else ''}")
    for line in _run("openssl", "ciphers", "-V", "-s", f"-{switch}", ciphers).splitlines():
        found = re.search(_CODE, line)
        assert found, line
        if not never.search(line):
            yield int("".join(found.groups()), 16)


def gnutls(priority: str) -> tuple[Suites, frozenset[str]]:
    """Suites and groups of a priority string, told by GnuTLS."""
    listed = _run("gnutls-cli", "--list", "--priority", priority)
    words = {
        key: [word.strip() for word in line.split(",")]
        for key, line in re.findall(r"^(Protocols|Groups): (.*)$", listed, re.MULTILINE)
    }
    versions = [word.removeprefix("VERS-").replace("TLS", "TLS ") for word in words["Protocols"]]
    rows = re.findall(rf"^TLS_\S+\s+{_CODE}\s+(\S+)$", listed, re.MULTILINE | re.IGNORECASE)
    since = {int(high + low, 16): first.replace("TLS", "TLS ") for high, low, first in rows}
    names = {word.removeprefix("GROUP-").lower() for word in words["Groups"]}
    return {version: _until(version, since) for version in versions}, frozenset(names)


def _until(version: str, since: Mapping[int, str]) -> frozenset[int]:
    """TLS 1.3 has suites of its own; all else goes from its first version on."""
    newest = "TLS 1.3"
    return frozenset(
        suite
        for suite, first in since.items()
        if (first == newest) == (version == newest) and _rank(first) <= _rank(version)
    )


def _rank(version: str) -> int:
    # GnuTLS writes SSL3.0 where a suite is as old as that.
    return VERSIONS.index(version.replace("SSL3", "SSL 3"))


def named(names: Iterable[str]) -> frozenset[int]:
    """Numbers of IANA names, of suites before TLS 1.3 and of SSL 2.0."""
    numbers = {
        name: number for number, name in (*iana.suites().items(), *iana.ssl2_ciphers().items())
    }
    return frozenset(numbers[name] for name in names)


def name(suite: int) -> str:
    """Its IANA name."""
    return iana.suites()[suite]
