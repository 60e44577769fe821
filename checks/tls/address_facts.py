"""What the further addresses of a web site or a mail server show."""

from posture.model import Failed, fact, record

from .facts import Presented, StartTls, VersionProbe


@record
class Elsewhere:
    """One address besides the one that answered first."""

    address: str
    presented: Presented | None
    """None: it was not seen, or a mail server there does not offer STARTTLS."""
    probes: tuple[VersionProbe, ...]
    """TLS 1.0 to 1.3; empty where they could not be asked for."""
    failure: Failed | None
    """Why its certificate was not seen."""


@fact("tls.web.addresses")
class WebAddresses:
    """The further addresses of a web site."""

    others: tuple[Elsewhere, ...]
    """The first four of IPv4 and of IPv6; none where the name has one address."""
    more: int
    """Addresses beyond them, which nobody looked at."""
    provider: str = ""
    """Whose they are where they are a large provider's, which is not asked once for each."""


@record
class MailElsewhere:
    """One address of a mail server besides the one that answered first."""

    start: StartTls | None
    """What it says about encryption; None: that was not seen."""
    tls: Elsewhere


@fact("tls.mail.addresses")
class MailAddresses:
    """The further addresses of a mail server."""

    others: tuple[MailElsewhere, ...]
    """The first four of IPv4 and of IPv6; none where the name has one address."""
    more: int
    """Addresses beyond them, which nobody looked at."""
    provider: str = ""
    """Whose they are where they are a large provider's, which is not asked once for each."""
