"""DANE: whether a mail server shows the certificate that its signed DNS records vouch for."""

from dataclasses import replace
from hashlib import sha256

from posture.model import (
    Evidence,
    Failed,
    Reason,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    unknown,
)

from ..tls.facts import Certificate, MailCertificate, Presented, TrustResult
from .tlsa import FULL, SERVER, SHA512, WHOLE, ParseError, Tlsa, parse
from .transport_facts import MailTlsa

_CANNOT_BE = {TrustResult.EXPIRED, TrustResult.NOT_YET_VALID}
"""What senders do not accept of a chain that leads to a named authority (RFC 7672 §3.1.2)."""


@check("email.dane.usable")
def usable(tlsa: MailTlsa, certificate: MailCertificate | Failed) -> Verdict:
    """The mail server's DANE records are signed, and of a kind that senders follow."""
    if not tlsa.records:
        return not_applicable("none", name=tlsa.name)
    verdict = _usability(tlsa)
    if verdict.says == "unusable":
        verdict = replace(verdict, fix="replace" if _own_record(tlsa, certificate) else "compute")
    return _told(tlsa, certificate, verdict, "2 or 3 with selector 0 or 1, signed")


def _usability(tlsa: MailTlsa) -> Verdict:
    if not tlsa.validating:
        return unknown("unvalidated", reason=Reason.INCONCLUSIVE)
    if not _trusted(tlsa):
        return failed("insecure", fix="sign")
    if not _usable(tlsa):
        return failed("unusable", fix="compute")
    return passed("ok")


@check("email.dane.matches")
def matches(tlsa: MailTlsa, certificate: MailCertificate | Failed) -> Verdict:
    """The mail server shows a certificate that its DANE records vouch for."""
    if not tlsa.records:
        return not_applicable("none", name=tlsa.name)
    if tlsa.validating and not (_trusted(tlsa) and _usable(tlsa)):
        return not_applicable("ignored", name=tlsa.name)
    return _told(tlsa, certificate, _match(tlsa, certificate), "a record that matches")


def _match(tlsa: MailTlsa, certificate: MailCertificate | Failed) -> Verdict:
    if not tlsa.validating:
        return unknown("unvalidated", reason=Reason.INCONCLUSIVE)
    if isinstance(certificate, Failed):
        return unknown("unseen", reason=certificate.reason)
    if certificate.presented is None:
        return failed("no_starttls", fix="starttls")
    answers = {_vouches(record, certificate.presented) for record in _usable(tlsa)}
    if True in answers:
        return passed("ok")
    if None in answers:
        return unknown("uncompared", reason=Reason.INCONCLUSIVE)
    return failed("unmatched", fix="publish")


def _vouches(record: Tlsa, seen: Presented) -> bool | None:
    """Whether a record vouches for what was shown; None where that cannot be told from here."""
    if record.usage == SERVER:
        return _same(record, seen.leaf)  # neither names nor dates count (RFC 7672 §3.1.1)
    named = [_same(record, above) for above in seen.chain[1:]]
    if True in named:
        return _leads_to(named.index(True) + 1, seen)
    # A whole certificate in the record need not be sent, and what was not read may be the one.
    untold = record.matching == FULL or None in named or seen.sent > len(seen.chain)
    return None if untold else False


def _leads_to(depth: int, seen: Presented) -> bool | None:
    """Whether the server's certificate is good under the authority so many steps above it."""
    if not seen.name_matches or seen.trust.result in _CANNOT_BE:
        return False
    steps = zip(seen.chain[:depth], seen.chain[1 : depth + 1], strict=True)
    chained = all(below.issuer == above.subject for below, above in steps)
    # Signatures were verified only on the way to an authority of the store.
    return True if chained and seen.trust.result is TrustResult.TRUSTED else None


def _same(record: Tlsa, found: Certificate) -> bool | None:
    """Whether a record is about this certificate; None if its key could not be read."""
    short = found.sha256 if record.selector == WHOLE else found.spki_sha256
    long = found.sha512 if record.selector == WHOLE else found.spki_sha512
    known = long if record.matching == SHA512 else short
    whole = record.matching == FULL
    stated = sha256(bytes.fromhex(record.data)).hexdigest() if whole else record.data
    return stated == known if known else None


def _trusted(tlsa: MailTlsa) -> bool:
    """Whether senders believe the records (RFC 7672 §2.2)."""
    return tlsa.signed and tlsa.answer is not None and tlsa.answer.authenticated


def _usable(tlsa: MailTlsa) -> list[Tlsa]:
    found = []
    for text in tlsa.records:
        try:
            found.append(parse(text))
        except ParseError:
            continue
    return [record for record in found if record.usable]


def _told(
    tlsa: MailTlsa, certificate: MailCertificate | Failed, verdict: Verdict, expected: str
) -> Verdict:
    shown = [Evidence(source=f"TLSA {tlsa.name}", record=text[:300]) for text in tlsa.records]
    own = _own_record(tlsa, certificate)
    if own:
        shown.append(Evidence(source=f"certificate of {tlsa.host}", record=own))
    return replace(
        verdict,
        values={"host": tlsa.host, "name": tlsa.name, "count": len(tlsa.records), "record": own},
        evidence=tuple(shown),
        observed=" | ".join(text[:80] for text in tlsa.records[:3]),
        expected=own or expected,
    )


def _own_record(tlsa: MailTlsa, certificate: MailCertificate | Failed) -> str:
    """The record that vouches for what the server shows now; empty if that was not seen."""
    presented = None if isinstance(certificate, Failed) else certificate.presented
    if presented is None:
        return ""
    leaf = presented.leaf
    data = f"3 1 1 {leaf.spki_sha256}" if leaf.spki_sha256 else f"3 0 1 {leaf.sha256}"
    return f"{tlsa.name}. TLSA {data}"
