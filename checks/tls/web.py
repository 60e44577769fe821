"""The checks of a web site's certificate and TLS versions, at every address of its name."""

from posture.model import Failed, Moment, Verdict, check

from . import addresses, judgements
from .address_facts import WebAddresses
from .facts import WebCertificate, WebVersions
from .judgements import Expiry


@check("tls.web.trusted")
def trusted(certificate: WebCertificate, others: WebAddresses | Failed) -> Verdict:
    """The web site's certificate comes from an authority that browsers trust."""
    found = addresses.web_certificates(others)
    return addresses.everywhere(judgements.trusted, certificate.presented, found)


@check("tls.web.name")
def name(certificate: WebCertificate, others: WebAddresses | Failed) -> Verdict:
    """The web site's certificate is issued for its own name."""
    found = addresses.web_certificates(others)
    return addresses.everywhere(judgements.right_name, certificate.presented, found)


@check("tls.web.expiry")
def expiry(
    certificate: WebCertificate, others: WebAddresses | Failed, moment: Moment, params: Expiry
) -> Verdict:
    """The web site's certificate is renewed well before it ends."""
    return addresses.everywhere(
        lambda presented: judgements.in_time(presented, moment.taken, params),
        certificate.presented,
        addresses.web_certificates(others),
    )


@check("tls.web.legacy")
def legacy(versions: WebVersions, others: WebAddresses | Failed) -> Verdict:
    """The web site refuses TLS 1.0 and TLS 1.1."""
    found = addresses.versions(others)
    return addresses.everywhere(judgements.legacy_refused, versions.probes, found)
