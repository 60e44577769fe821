"""The checks of a mail server's STARTTLS, certificate and TLS versions."""

from collections.abc import Callable
from dataclasses import replace

from posture.model import (
    Evidence,
    Failed,
    Moment,
    Reason,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    unknown,
)

from . import addresses, judgements
from .address_facts import MailAddresses
from .facts import (
    MailCertificate,
    MailVersions,
    Presented,
    StartTls,
    TlsStart,
    VersionProbe,
)
from .judgements import Expiry


@check("tls.mail.starttls")
def starttls(seen: StartTls, others: MailAddresses | Failed) -> Verdict:
    """The mail server accepts encrypted mail: it offers STARTTLS and means it."""
    return addresses.everywhere(_offered, seen, addresses.starts(others))


def _offered(seen: StartTls) -> Verdict:
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
def trusted(certificate: MailCertificate, others: MailAddresses | Failed) -> Verdict:
    """The mail server's certificate comes from a trusted authority."""
    return _everywhere(judgements.trusted, certificate, others)


@check("tls.mail.name")
def name(certificate: MailCertificate, others: MailAddresses | Failed) -> Verdict:
    """The mail server's certificate is issued for the name in the MX record."""
    return _everywhere(judgements.right_name, certificate, others)


@check("tls.mail.expiry")
def expiry(
    certificate: MailCertificate, others: MailAddresses | Failed, moment: Moment, params: Expiry
) -> Verdict:
    """The mail server's certificate is renewed well before it ends."""
    return _everywhere(
        lambda presented: judgements.in_time(presented, moment.taken, params), certificate, others
    )


@check("tls.mail.legacy")
def legacy(versions: MailVersions, others: MailAddresses | Failed) -> Verdict:
    """The mail server refuses TLS 1.0 and TLS 1.1."""
    return addresses.everywhere(_legacy, versions.probes, addresses.versions(others))


def _legacy(probes: tuple[VersionProbe, ...]) -> Verdict:
    return judgements.legacy_refused(probes) if probes else not_applicable("no_starttls")


def _everywhere(
    judge: Callable[[Presented], Verdict],
    certificate: MailCertificate,
    others: MailAddresses | Failed,
) -> Verdict:
    return addresses.everywhere(
        lambda presented: judge(presented) if presented else not_applicable("no_starttls"),
        certificate.presented,
        addresses.mail_certificates(others),
    )
