"""Everything one TLS server shows to a client that only ever says hello.

:func:`survey` is the entry; what it returns is data, in three values: shown to be there, shown not
to be there, and not settled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from posture.net.tls.versions import Outcome


class Order(StrEnum):
    """Whose preference decides."""

    SERVER = "server"
    CLIENT = "client"
    INCONCLUSIVE = "inconclusive"


class Spoken(StrEnum):
    """What is spoken on the port."""

    TLS = "tls"
    """At least one choice or refusal was heard."""
    PLAINTEXT = "plaintext"
    """Another protocol, where TLS was asked for."""
    NOTHING = "nothing"
    """No answer that proves anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSurvey:
    """One version of the protocol."""

    outcome: Outcome
    detail: str
    """What was heard, e.g. ``alert 70 protocol_version``."""
    suites: tuple[int, ...] = ()
    """Accepted, in the order in which they were found; in the server's own where the survey was
    to rank them and the server has one."""
    inconclusive: tuple[int, ...] = ()
    """Suites that could not be settled."""
    dying: tuple[int, ...] = ()
    """The inconclusive ones that the server, asked for them alone, answers by an alert that is no
    refusal, or twice by breaking off: as a rule it chose them and then cannot use them."""
    order: Order = Order.INCONCLUSIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Things asked for one by one, such as groups."""

    accepted: tuple[int, ...] = ()
    inconclusive: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One certificate chain."""

    kind: str
    """By the key of the server's certificate: ``RSA``, ``ECDSA``, ``DSS``, ``EdDSA``, ``other``."""
    certificates: tuple[bytes, ...]
    """DER as sent, the server's own first."""
    versions: tuple[str, ...]
    """In which versions it was shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DhParameters:
    """Finite-field Diffie-Hellman up to TLS 1.2."""

    bits: int
    standard: str
    """The standard group the prime is of; empty for a prime of the server's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the server's first flights say besides. None: no answer in which it would show."""

    secure_renegotiation: bool | None = None
    """RFC 5746. Only up to TLS 1.2."""
    extended_master_secret: bool | None = None
    """RFC 7627. Only up to TLS 1.2."""
    encrypt_then_mac: bool | None = None
    """RFC 7366; shows only where a CBC suite was chosen."""
    session_tickets: bool | None = None
    session_ids: bool | None = None
    """It names its sessions: resumption by identifier, up to TLS 1.2."""
    early_data: bool | None = None
    """0-RTT."""
    compression: bool | None = None
    """It chose DEFLATE."""
    heartbeat: bool | None = None
    """RFC 6520."""
    stapling: bool | None = None
    """It sent an OCSP response."""
    timestamps: bool | None = None
    """Certificate transparency by TLS extension; those in the certificate do not count here."""
    client_certificate: bool | None = None
    """It asks for the client's certificate."""
    fallback_scsv: bool | None = None
    """RFC 7507; None also where it has only one version."""
    downgrade_sentinel: bool | None = None
    """RFC 8446 §4.1.3, in TLS 1.2 answers of servers that know more."""
    alpn: str | None = None
    """The protocol it chose; empty when it chose none of those offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What one server showed."""

    name: str
    """Asked for by server name indication."""
    address: str
    """Which answered; empty when no connection was opened."""
    spoken: Spoken
    detail: str
    """Why it is not TLS, or why the survey stopped early; empty when neither."""
    versions: Mapping[str, VersionSurvey]
    """``SSL 2.0`` to ``TLS 1.3``."""
    groups: Mapping[str, Settled]
    """Of TLS 1.3, and of the newest version before it that has ECDHE suites."""
    signatures: Settled
    """Seen in TLS 1.2, with RSA and ECDSA; SHA-1 and older were asked for, the others not."""
    chains: tuple[Chain, ...]
    dh: tuple[DhParameters, ...]
    facts: Facts
    connections: int
    rounds: int
    """The longest chain of questions that had to wait for one another."""
    degraded: bool
    """What the server answered at first it no longer did in the end, perhaps to shut us out."""

    @property
    def accepted(self) -> tuple[str, ...]:
        """The versions that it accepts."""
        return tuple(
            label for label, seen in self.versions.items() if seen.outcome is Outcome.ACCEPTED
        )
