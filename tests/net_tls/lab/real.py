"""What a real server of known configuration is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.lab.daemons import Daemon, accepts, program
from tests.net_tls.lab.keys import Keys
from tests.net_tls.lab.truth import Suites

PORT = 20443
ALL_OF_TLS = ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
CURRENT = ALL_OF_TLS[2:]
NO_DH = "Kx=DH"
NO_ECDSA = "Au=ECDSA"


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a server was told to do. Versions that are not named are switched off."""

    suites: Suites
    groups: frozenset[str] | None = None
    """Of TLS 1.3, IANA names; None without that version."""
    curves: frozenset[str] | None = None
    """Before TLS 1.3; None without ECDHE there."""
    chains: frozenset[str] = frozenset({"rsa"})
    """Which of the lab's keys it has."""
    asks: bool = False
    """It wants the client's certificate."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """What a configuration is written with."""

    folder: Path
    """Its own."""
    address: str
    keys: Keys
    port: int = PORT


@dataclass(frozen=True, kw_only=True)
class Real:
    """One server."""

    name: str
    programs: tuple[str, ...]
    """What has to be installed for it and for the truth about it."""
    daemon: Callable[[Site], Daemon]
    known: Callable[[], Known]
    starttls: str = ""
    """What is spoken before TLS, by our name for it."""
    limit: int = 400
    """Connections that a survey may take."""
    everywhere: bool = False
    """It cannot be told an address, so it needs a port that nobody else has."""

    def obstacle(self) -> str:
        """Why it cannot run here, empty if it can."""
        missing = [name for name in self.programs if program(name) is None]
        return f"{', '.join(missing)}: not installed" if missing else ""


def names(*found: str) -> frozenset[str]:
    return frozenset(found)


def unhindered(site: Site) -> tuple[str, ...]:
    """Debian's own openssl.cnf would switch old versions off behind the server's back."""
    empty = site.folder / "openssl.cnf"
    empty.write_text("")
    return "env", f"OPENSSL_CONF={empty}"


def daemon(site: Site, *argv: str) -> Daemon:
    """Run a program that listens where it was told to."""
    where = program(argv[0]) or argv[0]
    return Daemon(
        argv=[*unhindered(site), where, *argv[1:]],
        answers=accepts(site.address, site.port),
        log=site.folder / "log",
    )
