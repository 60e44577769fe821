"""Who may issue certificates for the domain."""

from dataclasses import replace

from posture.model import (
    Domain,
    Evidence,
    Reason,
    Verdict,
    check,
    failed,
    passed,
    unknown,
)

from .caa import CaaRecord, ParseError, parse
from .facts import Caa

_EXPECTED = "CAA issue"


@check("dns.caa.present")
def present(domain: Domain, caa: Caa) -> Verdict:
    """CAA records limit who may issue certificates."""
    if not caa.records:
        asked = ", ".join(caa.asked)
        verdict = failed(
            "none", Evidence(source=f"CAA {asked}", record="no such record"), fix="publish"
        )
    else:
        verdict = _judged(caa)
    return replace(verdict, values={"domain": domain.name, **verdict.values}, expected=_EXPECTED)


def _judged(caa: Caa) -> Verdict:
    evidence = [Evidence(source=f"CAA {caa.found_at}", record=text) for text in caa.records]
    read = [_read(text) for text in caa.records]
    issuers = {record.issuer for record in read if record and record.tag == "issue"}
    if issuers:
        names = ", ".join(sorted(issuers - {""})) or "nobody"
        verdict = passed("ok", *evidence, found_at=caa.found_at, issuers=names)
        return replace(verdict, observed=f"issue {names}")
    if None in read:
        return unknown("unreadable", *evidence, reason=Reason.MALFORMED, found_at=caa.found_at)
    critical = [record.tag for record in read if record and record.unknown_and_critical]
    if critical:
        reason, tag = Reason.INCONCLUSIVE, critical[0]
        return unknown("critical", *evidence, reason=reason, found_at=caa.found_at, tag=tag)
    # Without an issue property nothing is restricted (RFC 8659 §4.2).
    tags = ", ".join(sorted({record.tag for record in read if record}))
    verdict = failed("unrestricted", *evidence, fix="add", found_at=caa.found_at, tags=tags)
    return replace(verdict, observed=tags)


def _read(text: str) -> CaaRecord | None:
    try:
        return parse(text)
    except ParseError:
        return None
