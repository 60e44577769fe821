"""What can be seen of the names that addresses of mail servers lead back to."""

from posture.model import Reason, fact, record


@record
class ReverseName:
    """One address of a mail server, and the names its reverse entry gives (RFC 1035 §3.5)."""

    host: str
    """The server whose address it is."""
    address: str
    """Empty: there may be one that was not seen; ``reason`` says why."""
    names: tuple[str, ...] = ()
    """At most three. Empty: proven to have none, unless ``reason`` says why it was not seen."""
    confirmed: bool = False
    """One of the names leads to the address again."""
    reason: Reason | None = None
    """Why the reverse entry, or where its names lead, was not seen."""


@fact("email.reverse")
class ReverseNames:
    """The addresses from which the domain's own mail servers may send."""

    domain: str
    addresses: tuple[ReverseName, ...]
    """At most four that the SPF record lets send, then servers that were not seen whole."""
