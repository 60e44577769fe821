"""Which known flaws of TLS a server showed."""

from enum import StrEnum

from posture.model import fact, record


class Shows(StrEnum):
    """What a test showed."""

    FLAW = "flaw"
    NONE = "none"
    UNSETTLED = "unsettled"
    """Neither that it is there nor that it is not."""


@record
class Flaw:
    """One flaw that was tested for."""

    shows: Shows
    heard: str
    """What that rests on; nothing of the server's memory."""


@fact("tls.web_flaws")
class WebFlaws:
    """What a web server does when it is asked as attackers ask, harmlessly."""

    host: str
    port: int
    provider: str = ""
    """The large provider whose server it is; it was not tested then."""
    heartbleed: Flaw
    """CVE-2014-0160."""
    injection: Flaw
    """CVE-2014-0224."""
    poodle: Flaw
    """CVE-2014-3566: SSL 3.0 with a CBC suite."""
    crime: Flaw
    """CVE-2012-4929: TLS compression."""
