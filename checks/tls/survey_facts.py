"""What a survey found a server to accept. Everything in it is shown, shown not to be, or open."""

from enum import StrEnum

from posture.model import fact, record

from .facts import Outcome


class Order(StrEnum):
    """Whose preference among suites decides."""

    SERVER = "server"
    CLIENT = "client"
    INCONCLUSIVE = "inconclusive"


@record
class SurveyedVersion:
    """One version of the protocol."""

    version: str
    """``SSL 2.0`` to ``TLS 1.3``."""
    outcome: Outcome
    detail: str
    """What was heard, e.g. ``alert 70 protocol_version``."""
    suites: tuple[str, ...]
    """IANA names of what it accepts, in the order in which it was found."""
    inconclusive: tuple[str, ...]
    """Suites that could not be settled."""
    dying: tuple[str, ...]
    """Those among them on which the server, asked for them alone, breaks down."""
    order: Order


@record
class Options:
    """Things asked for one by one."""

    accepted: tuple[str, ...]
    inconclusive: tuple[str, ...]


@record
class SurveyedGroups:
    """The groups for key exchange in one version."""

    version: str
    groups: Options


@record
class DiffieHellman:
    """Finite-field parameters up to TLS 1.2."""

    bits: int
    standard: str
    """The standard group its prime is of; empty for a prime of the server's own."""


@record
class Features:
    """What first flights say besides. None: there was none in which it would show."""

    secure_renegotiation: bool | None
    """RFC 5746; up to TLS 1.2."""
    extended_master_secret: bool | None
    """RFC 7627; up to TLS 1.2."""
    encrypt_then_mac: bool | None
    """RFC 7366; shows only where a CBC suite was chosen."""
    session_tickets: bool | None
    session_ids: bool | None
    early_data: bool | None
    """0-RTT."""
    compression: bool | None
    """It chose DEFLATE."""
    heartbeat: bool | None
    """RFC 6520."""
    stapling: bool | None
    """It sent an OCSP response."""
    timestamps: bool | None
    """Certificate transparency by TLS extension."""
    client_certificate: bool | None
    """It asks for the client's certificate."""
    fallback_scsv: bool | None
    """RFC 7507; None also where it has only one version."""
    downgrade_sentinel: bool | None
    """RFC 8446 §4.1.3."""


@record
class Surveyed:
    """What one server showed."""

    host: str
    """Asked for by server name indication."""
    address: str
    """The IP address that answered."""
    versions: tuple[SurveyedVersion, ...]
    """SSL 2.0 to TLS 1.3, in that order."""
    groups: tuple[SurveyedGroups, ...]
    """Of TLS 1.3, and of the newest version before it that has elliptic curves."""
    signatures: Options
    """In TLS 1.2. SHA-1 and older were asked for, the others not."""
    diffie_hellman: tuple[DiffieHellman, ...]
    features: Features
    connections: int
    """How many it took."""
    stopped: str
    """Why it ended before all was asked; empty when it did not."""
    degraded: bool
    """In the end the server no longer answered what it had at first: perhaps we were shut out."""


@fact("tls.web.survey")
class WebSurvey:
    """What the TLS of a web site accepts."""

    surveyed: Surveyed | None
    """None: it is a provider's, whose servers are not surveyed."""
    provider: str
    """The provider's name; empty for everybody else's server."""


@fact("tls.mail.survey")
class MailSurvey:
    """What the TLS of a mail server accepts after STARTTLS."""

    surveyed: Surveyed | None
    """None: it is a provider's, or the server does not offer STARTTLS."""
    provider: str
    """The provider's name; empty for everybody else's server."""
