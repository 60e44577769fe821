"""The checks of what certificates are made of, of web sites and of mail servers."""

from posture.model import Verdict, check, not_applicable

from . import soundness
from .facts import MailCertificate, WebCertificate
from .soundness import Rules, Strength


@check("tls.web.strength")
def web_strength(certificate: WebCertificate, params: Strength) -> Verdict:
    """The web site's certificate has a key and signatures that nobody can break."""
    return soundness.strong(certificate.presented, params)


@check("tls.web.wellformed")
def web_wellformed(certificate: WebCertificate, params: Rules) -> Verdict:
    """The web site's certificate keeps the rules that browsers enforce."""
    return soundness.well_made(certificate.presented, params)


@check("tls.mail.strength")
def mail_strength(certificate: MailCertificate, params: Strength) -> Verdict:
    """The mail server's certificate has a key and signatures that nobody can break."""
    if certificate.presented is None:
        return not_applicable("no_starttls")
    return soundness.strong(certificate.presented, params)


@check("tls.mail.wellformed")
def mail_wellformed(certificate: MailCertificate, params: Rules) -> Verdict:
    """The mail server's certificate keeps the rules for certificates."""
    if certificate.presented is None:
        return not_applicable("no_starttls")
    return soundness.well_made(certificate.presented, params)
