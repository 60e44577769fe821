"""What the issuer of a server's certificate says of it today."""

from datetime import datetime
from enum import StrEnum

from posture.model import fact, record


class Standing(StrEnum):
    """What is known of a certificate's revocation."""

    GOOD = "good"
    """It is not on the issuer's current list."""
    REVOKED = "revoked"
    UNLISTED = "unlisted"
    """It names no list that can be fetched over plain HTTP."""
    UNTRUSTED = "untrusted"
    """It does not come from a trusted authority, so nobody's list would count."""
    ABSENT = "absent"
    """The server shows no certificate."""


@record
class Revocation:
    """What the list says."""

    standing: Standing
    serial: str = ""
    """Of the server's certificate, hexadecimal."""
    url: str = ""
    """Of the list."""
    issued: datetime | None = None
    """When the list was made."""
    until: datetime | None = None
    """When the next one is due."""
    since: datetime | None = None
    """When the certificate was revoked."""
    why: str = ""
    """The issuer's reason, e.g. ``keyCompromise``; may be empty."""


@fact("tls.web.revocation")
class WebRevocation:
    """Of the certificate of a web site."""

    found: Revocation


@fact("tls.mail.revocation")
class MailRevocation:
    """Of the certificate of a mail server."""

    found: Revocation
