"""The checks of a mail server's STARTTLS, certificate and TLS versions."""

from dataclasses import replace

from posture.model import (
    Evidence,
    Moment,
    Reason,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    unknown,
)

from . import judgements
from .facts import MailCertificate, MailVersions, StartTls, TlsStart
from .judgements import Expiry


@check("tls.mail.starttls")
def starttls(seen: StartTls) -> Verdict:
    """The mail server accepts encrypted mail: it offers STARTTLS and means it."""
    return replace(_starttls(seen), observed=_observed(seen), expected="STARTTLS")


def _starttls(seen: StartTls) -> Verdict:
    ehlo = Evidence(source=f"EHLO to {seen.address}", record="\n".join(seen.keywords))
    answer = Evidence(source=f"STARTTLS to {seen.address}", record=seen.answer)
    if not seen.offered and seen.stripped:
        hidden = unknown("stripped", ehlo, reason=Reason.INCONCLUSIVE)
        return replace(hidden, fix="inspection")
    if not seen.offered:
        return failed("absent", ehlo, fix="offer")
    if not seen.accepted:
        return failed("refused", answer, fix="repair", answer=seen.answer)
    if seen.start is TlsStart.PLAINTEXT:
        return failed("plaintext", answer, _instead(seen), fix="repair")
    if seen.start is TlsStart.SPOKEN:
        return passed("ok", ehlo, answer)
    return unknown("silent", answer, _instead(seen), reason=Reason.INCONCLUSIVE)


def _instead(seen: StartTls) -> Evidence:
    return Evidence(source=f"after STARTTLS at {seen.address}", record=seen.detail)


def _observed(seen: StartTls) -> str:
    if not seen.offered:
        return "overwritten" if seen.stripped else "not offered"
    return seen.start.value if seen.accepted else "offered, then refused"


@check("tls.mail.trusted")
def trusted(certificate: MailCertificate) -> Verdict:
    """The mail server's certificate comes from a trusted authority."""
    if certificate.presented is None:
        return not_applicable("no_starttls")
    return judgements.trusted(certificate.presented)


@check("tls.mail.name")
def name(certificate: MailCertificate) -> Verdict:
    """The mail server's certificate is issued for the name in the MX record."""
    if certificate.presented is None:
        return not_applicable("no_starttls")
    return judgements.right_name(certificate.presented)


@check("tls.mail.expiry")
def expiry(certificate: MailCertificate, moment: Moment, params: Expiry) -> Verdict:
    """The mail server's certificate is renewed well before it ends."""
    if certificate.presented is None:
        return not_applicable("no_starttls")
    return judgements.in_time(certificate.presented, moment.taken, params)


@check("tls.mail.legacy")
def legacy(versions: MailVersions) -> Verdict:
    """The mail server refuses TLS 1.0 and TLS 1.1."""
    if not versions.probes:
        return not_applicable("no_starttls")
    return judgements.legacy_refused(versions.probes)
