"""What the TLS of a web site or a mail server looks like from outside."""

from datetime import datetime
from enum import StrEnum

from posture.model import fact, record


class TrustResult(StrEnum):
    """Whether a path leads from the certificate to the store, and if not, what is in the way."""

    TRUSTED = "trusted"
    SELF_SIGNED = "self_signed"
    UNKNOWN_ISSUER = "unknown_issuer"
    """The chain ends in an authority that is not in the store."""
    INCOMPLETE_CHAIN = "incomplete_chain"
    """The server does not send the certificate that links its own to an authority."""
    EXPIRED = "expired"
    """The server's certificate, or one above it, is past its date; all else is in order."""
    NOT_YET_VALID = "not_yet_valid"
    OTHER = "other"
    """A rule of RFC 5280 or of the public authorities is broken; the detail says which."""
    UNDECIDED = "undecided"
    """Verification did not come to an end. Never the same as not trusted."""


@record
class Profile:
    """What rules for certificates look at."""

    digest: str
    """Hash that its signature is made over, e.g. ``sha256``; ``none`` for Ed25519 and Ed448, which
    have it inside; empty when the algorithm is not known."""
    uses: tuple[str, ...]
    """Extended key usages, as OIDs; empty when it names none."""
    timestamps: int
    """Signed certificate timestamps inside it (RFC 6962): it was logged in public."""
    lists: tuple[str, ...]
    """URLs of its issuer's list of revoked certificates."""
    issuers: tuple[str, ...]
    """URLs of its issuer's certificate."""


@record
class Certificate:
    """One X.509 certificate. Every text in it was chosen by whoever made it."""

    subject: str
    """Distinguished name, RFC 4514."""
    issuer: str
    common_name: str
    """For display: no verifier looks at it."""
    names: tuple[str, ...]
    """DNS names among the subject alternative names, the first 100."""
    addresses: tuple[str, ...]
    """IP addresses among them, the first 100."""
    serial: str
    """Hexadecimal."""
    not_before: datetime
    not_after: datetime
    key: str
    """``RSA``, ``EC secp256r1``, ``Ed25519``, … or the algorithm's OID."""
    key_bits: int
    """0 when the algorithm is not known."""
    signature: str
    """Signature algorithm, e.g. ``sha256WithRSAEncryption``."""
    self_issued: bool
    sha256: str
    """Fingerprint of the whole certificate, hexadecimal."""
    spki_sha256: str
    """Fingerprint of its public key as DANE and pinning use it (RFC 6698 §2.1); may be empty."""
    sha512: str = ""
    """The same two by SHA-512; empty in evidence from before they were taken."""
    spki_sha512: str = ""
    profile: Profile | None = None
    """None in evidence from before it was taken."""


@record
class Trust:
    """The verification of a chain against one store at one time."""

    result: TrustResult
    detail: str
    """The issuer that is missing, the certificate that is out of date, or the verifier's words."""
    anchor: str
    """Subject of the trusted authority the path ends in; empty when there is no path."""
    store: str
    """Name of the store, e.g. ``certifi 2026.10.18``."""
    path: tuple[str, ...] = ()
    """SHA-256 fingerprints of the certificates on the path, the server's own first."""
    public: bool = False
    """The path ends in an authority on Mozilla's list, to which its rules apply."""
    url: str = ""
    """Where the certificate that the server does not send can be had, by its own chain's word."""


@record
class Presented:
    """What a server presented to one client in one handshake."""

    host: str
    """The name that was asked for (SNI)."""
    address: str
    """The IP address that answered."""
    version: str
    """Negotiated with a current client, e.g. ``TLSv1.3``."""
    suite: str
    sent: int
    """How many certificates the server sent."""
    chain: tuple[Certificate, ...]
    """The first ten that can be read; the server's own first."""
    name_matches: bool
    """The certificate is issued for ``host`` (RFC 9525)."""
    trust: Trust
    raw: tuple[bytes, ...] = ()
    """DER as sent, the first ten that are not larger than 16 kB."""
    suffixes: tuple[str, ...] = ()
    """Public suffixes, such as ``co.uk``, all names beneath which it claims by a wildcard."""

    @property
    def leaf(self) -> Certificate:
        """The server's own certificate."""
        return self.chain[0]


class Outcome(StrEnum):
    """The three answers to 'do you speak this version?'."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """One of the three alerts that mean no, or the choice of an older version."""
    INCONCLUSIVE = "inconclusive"
    """Anything else: a closed connection, silence, another alert."""


@record
class VersionProbe:
    """One version of TLS and what the server made of it."""

    version: str
    """``TLS 1.0`` to ``TLS 1.3``."""
    outcome: Outcome
    detail: str
    """What was heard, e.g. ``alert 70 protocol_version`` or ``chose suite 0xc02f``."""


class TlsStart(StrEnum):
    """What came after a mail server had accepted STARTTLS and we had begun TLS."""

    SPOKEN = "spoken"
    """TLS: a ServerHello, or an alert that did not like ours."""
    PLAINTEXT = "plaintext"
    """Something that is not TLS, where only TLS may stand (RFC 3207 §4)."""
    SILENT = "silent"
    """Nothing, or nothing that can be told from a disturbance."""
    NOT_TRIED = "not_tried"
    """STARTTLS was not accepted."""


@fact("tls.web.certificate")
class WebCertificate:
    """The certificate of a web site."""

    presented: Presented


@fact("tls.mail.certificate")
class MailCertificate:
    """The certificate of a mail server, after STARTTLS."""

    presented: Presented | None
    """None: the server does not offer STARTTLS, so it has no certificate to show."""


@fact("tls.web.versions")
class WebVersions:
    """The versions of TLS a web site accepts."""

    probes: tuple[VersionProbe, ...]
    """TLS 1.0 to 1.3, in that order."""


@fact("tls.mail.versions")
class MailVersions:
    """The versions of TLS a mail server accepts after STARTTLS."""

    probes: tuple[VersionProbe, ...]
    """TLS 1.0 to 1.3, in that order; empty when the server does not offer STARTTLS."""


@fact("tls.starttls")
class StartTls:
    """What a mail server says about encryption (RFC 3207)."""

    address: str
    """The IP address that answered."""
    banner: str
    """Its greeting."""
    keywords: tuple[str, ...]
    """What it says it can do, its reply to EHLO."""
    offered: bool
    """STARTTLS is among them."""
    stripped: bool
    """Something on the way has overwritten a keyword with X, as some firewalls do."""
    answer: str
    """Its reply to STARTTLS; empty when that was not offered."""
    accepted: bool
    """The reply was 220."""
    start: TlsStart
    detail: str
    """What came instead of TLS."""
