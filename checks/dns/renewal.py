"""Whether the authority that issued a site's certificate may issue the next one."""

from dataclasses import replace

from posture.model import Evidence, Reason, Verdict, check, failed, not_applicable, passed, unknown

from ..tls.facts import Presented, TrustResult, WebCertificate
from .authorities import LISTED, names_of, organisation
from .caa import CaaRecord, ParseError, parse
from .facts import SiteCaa

_OUT_OF_DATE = {TrustResult.EXPIRED, TrustResult.NOT_YET_VALID}


@check("dns.caa.matches")
def matches(caa: SiteCaa, certificate: WebCertificate) -> Verdict:
    """The CAA records allow the authority that issued the present certificate."""
    seen = certificate.presented
    evidence = [Evidence(source=f"CAA {caa.found_at}", record=text) for text in caa.records]
    issued = Evidence(source=f"certificate of {seen.host}, issuer", record=seen.leaf.issuer)
    issuer = organisation(seen.leaf.issuer) or seen.leaf.issuer
    values = {"host": seen.host, "found_at": caa.found_at, "issuer": issuer}
    verdict = _judged(caa, seen)
    told = {**values, **verdict.values}
    return replace(verdict, values=told, evidence=(*evidence, issued), observed=issuer)


def _judged(caa: SiteCaa, seen: Presented) -> Verdict:
    if seen.trust.result not in {TrustResult.TRUSTED, *_OUT_OF_DATE} or not seen.name_matches:
        return not_applicable("untrusted")
    records = [_read(text) for text in caa.records]
    if None in records:
        return unknown("unreadable", reason=Reason.MALFORMED)
    allowed = _allowed([record for record in records if record], seen)
    return not_applicable("unrestricted") if allowed is None else _compared(allowed, seen)


def _compared(allowed: frozenset[str], seen: Presented) -> Verdict:
    wanted = names_of(seen.leaf.issuer)
    names = ", ".join(sorted(allowed)) or "nobody"
    if wanted & allowed:
        return replace(passed("ok", issuers=names), expected=f"issue {names}")
    # A name that nobody here knows might be the issuer's as well.
    if not wanted or allowed - LISTED:
        return replace(unknown("unfamiliar", reason=Reason.INCONCLUSIVE), expected=f"issue {names}")
    verdict = failed("excluded", fix="add", issuers=names, names=" or ".join(sorted(wanted)))
    return replace(verdict, expected=f"issue {names}")


def _allowed(records: list[CaaRecord], seen: Presented) -> frozenset[str] | None:
    """Return who may issue for the host; None: everybody (RFC 8659 §4.2, §4.3)."""
    tags = ["issue"]
    if seen.host not in {name.lower() for name in seen.leaf.names}:
        tags.insert(0, "issuewild")  # the host is covered by a wildcard
    for tag in tags:
        found = [record.issuer for record in records if record.tag == tag]
        if found:
            return frozenset(found) - {""}
    return None


def _read(text: str) -> CaaRecord | None:
    try:
        return parse(text)
    except ParseError:
        return None
