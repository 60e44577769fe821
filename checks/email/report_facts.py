"""What the reports that receivers mailed say of a domain's mail."""

from datetime import datetime

from posture.model import fact, record


@record
class SendingSource:
    """Everything that one authenticated domain sent in the audited domain's name."""

    domain: str
    """Whose signature or envelope it passed with; of several the one that is not the client's."""
    selectors: tuple[str, ...]
    """DKIM selectors it passed with, at most ten."""
    messages: int
    aligned: int
    """Messages of these that passed DMARC."""
    networks: int
    """Networks they came from (/24 or /48); the addresses are not kept."""
    receivers: int
    """Organisations that reported them."""
    by_spf: int = 0
    """Messages of those aligned that have no DKIM signature to fall back on."""


@record
class Signer:
    """A DKIM key that signs as the domain itself, or a name beneath it."""

    domain: str
    selector: str


@record
class TlsFailure:
    """Connections to the domain's mail servers that failed in one way (RFC 8460 §4.3)."""

    kind: str
    sessions: int


@fact("email.reports")
class ReportTotals:
    """The sum of a folder of DMARC aggregate reports (RFC 9990) and TLS reports (RFC 8460)."""

    domain: str
    declared: bool
    """A folder was named; everything else is empty when not."""
    reports: int = 0
    """DMARC reports about the domain within the window, each counted once."""
    begins: datetime | None = None
    """When the first of them begins."""
    ends: datetime | None = None
    """When the last of them ends."""
    sources: tuple[SendingSource, ...] = ()
    """By volume, at most fifty."""
    beyond: int = 0
    """Messages of sources beyond those."""
    unauthenticated: int = 0
    """Messages that passed nothing: forged, or of a server nobody set up."""
    forwarded: int = 0
    """Messages that failed, and that the receiver takes for forwarded or sent to a list."""
    signers: tuple[Signer, ...] = ()
    """Keys whose signatures receivers have verified."""
    sampled: tuple[Signer, ...] = ()
    """Keys that sample mails in the folder name; nobody has verified them."""
    tls_reports: int = 0
    tls_sessions: int = 0
    """Connections that succeeded."""
    tls_failures: tuple[TlsFailure, ...] = ()
    outdated: int = 0
    """Reports about the domain that are older than the window."""
    unreadable: tuple[str, ...] = ()
    """Files that look like reports and cannot be read, at most twenty, with why."""
    unreadable_total: int = 0
    truncated: bool = False
    """There are more files or rows than were read."""

    @property
    def days(self) -> float:
        """How long the reports reach, in days."""
        return (self.ends - self.begins).total_seconds() / 86400 if self.begins and self.ends else 0
