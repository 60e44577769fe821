"""What a web site answers to a first visit."""

from posture.model import fact, record

from .page_facts import Document


@fact("web.http_port")
class HttpPort:
    """Whether anything answers plain HTTP."""

    address: str
    """The IP address that answered; empty when nothing listens."""
    closed: bool
    """The host refused the connection to port 80. Silence is a failed observation, not this."""


@record
class Hop:
    """One answer on the way."""

    url: str
    status: int
    target: str
    """Where it sends the visitor, absolute; empty when nowhere."""


@fact("web.redirect")
class PlainVisit:
    """What a visitor meets who types the name without https."""

    host: str
    closed: bool
    """Nothing listens on port 80."""
    hops: tuple[Hop, ...]
    """Answers over plain HTTP, in order; a redirect to another host or to HTTPS ends them."""
    document: Document | None = None
    """The page that is shown unencrypted, if one is."""


@fact("web.hsts")
class SecureVisit:
    """The first answer over HTTPS."""

    url: str
    status: int
    headers: tuple[str, ...]
    """Every Strict-Transport-Security header as sent; the first one counts (RFC 6797 §8.1)."""
