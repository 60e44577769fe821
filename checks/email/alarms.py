"""TLS-RPT: whether somebody hears of mail that could not be delivered encrypted."""

from dataclasses import replace

from posture.model import Domain, Evidence, Verdict, check, failed, not_applicable, passed

from . import sts_advice, tls_rpt
from .transport_facts import TlsReporting


@check("email.tlsrpt.present")
def present(domain: Domain, reporting: TlsReporting) -> Verdict:
    """Senders report to the domain when encrypted delivery fails."""
    if not reporting.wanted_by:
        return not_applicable("not_used", domain=domain.name)
    verdict = _judged(reporting)
    target = sts_advice.reports(domain.name)
    values = {"domain": domain.name, "by": reporting.wanted_by, "record": target}
    return replace(
        verdict,
        values={**values, **verdict.values},
        evidence=_evidence(reporting),
        observed=" | ".join(reporting.records[:3]) or "no record",
        expected="v=TLSRPTv1; rua=mailto:…",
    )


def _judged(reporting: TlsReporting) -> Verdict:
    looked_at = [text for text in reporting.records if tls_rpt.is_record(text)]
    if not reporting.records:
        return failed("none", fix="publish")
    if len(looked_at) > 1:  # RFC 8460 §3: then none of them counts
        return failed("several", fix="keep_one", count=len(looked_at))
    try:
        targets = tls_rpt.parse((looked_at or reporting.records)[0])
    except tls_rpt.ParseError as error:
        return failed("syntax", fix="publish", why=str(error))
    return passed("ok", targets=", ".join(targets[:5]))


def _evidence(reporting: TlsReporting) -> tuple[Evidence, ...]:
    source = f"TXT _smtp._tls.{reporting.domain}"
    found = tuple(Evidence(source=source, record=text) for text in reporting.records)
    return found or (Evidence(source=source, record="no such record"),)
