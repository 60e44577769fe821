"""What the TLS of a web site or a mail server looks like from outside."""

from enum import StrEnum

from posture.model import fact
from posture.net.tls.certificate import Certificate, Presented, Trust, TrustResult
from posture.net.tls.versions import Outcome, VersionProbe


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


__all__ = [
    "Certificate",
    "MailCertificate",
    "MailVersions",
    "Outcome",
    "Presented",
    "StartTls",
    "TlsStart",
    "Trust",
    "TrustResult",
    "VersionProbe",
    "WebCertificate",
    "WebVersions",
]
