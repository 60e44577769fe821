"""The checks of a web site's certificate and TLS versions."""

from posture.model import Moment, Verdict, check

from . import judgements
from .facts import WebCertificate, WebVersions
from .judgements import Expiry


@check("tls.web.trusted")
def trusted(certificate: WebCertificate) -> Verdict:
    """The web site's certificate comes from an authority that browsers trust."""
    return judgements.trusted(certificate.presented)


@check("tls.web.name")
def name(certificate: WebCertificate) -> Verdict:
    """The web site's certificate is issued for its own name."""
    return judgements.right_name(certificate.presented)


@check("tls.web.expiry")
def expiry(certificate: WebCertificate, moment: Moment, params: Expiry) -> Verdict:
    """The web site's certificate is renewed well before it ends."""
    return judgements.in_time(certificate.presented, moment.taken, params)


@check("tls.web.legacy")
def legacy(versions: WebVersions) -> Verdict:
    """The web site refuses TLS 1.0 and TLS 1.1."""
    return judgements.legacy_refused(versions.probes)
