"""Whether answers about the domain can be told from forged ones."""

from dataclasses import replace

from posture.model import Evidence, Reason, Verdict, check, failed, not_applicable, passed, unknown

from .facts import Dnssec, Validation


@check("dns.dnssec.valid")
def valid(dnssec: Dnssec) -> Verdict:
    """The signatures of a signed domain hold."""
    return _told(dnssec, _validity(dnssec), "AD")


@check("dns.dnssec.signed")
def signed(dnssec: Dnssec) -> Verdict:
    """The domain is signed with DNSSEC."""
    if dnssec.ds:
        verdict = passed("ok")
    elif dnssec.validation is Validation.SECURE:
        verdict = unknown("unfounded", reason=Reason.INCONCLUSIVE)
    elif _unsigned(dnssec):
        verdict = failed("none", fix="sign")
    else:
        verdict = unknown("unaware", reason=Reason.INCONCLUSIVE)
    return _told(dnssec, verdict, "DS")


def _validity(dnssec: Dnssec) -> Verdict:
    if dnssec.validation is Validation.SECURE:
        # AD for a zone that nobody vouches for: a server that sets it unseen, or has a key of its
        # own for the zone, which the world has not.
        return passed("ok") if dnssec.ds else unknown("unfounded", reason=Reason.INCONCLUSIVE)
    if _unsigned(dnssec):
        return not_applicable("unsigned")
    if dnssec.validation is Validation.BOGUS and dnssec.ds:
        return failed("bogus", fix="repair")
    if dnssec.validation is Validation.INSECURE:
        return unknown("unsupported", reason=Reason.INCONCLUSIVE)
    return unknown("unchecked", reason=Reason.INCONCLUSIVE)


def _unsigned(dnssec: Dnssec) -> bool:
    """No DS is proven only by a resolver that is known to ask the parent for it."""
    return dnssec.unsigned


def _told(dnssec: Dnssec, verdict: Verdict, expected: str) -> Verdict:
    delegated = Evidence(
        source=f"DS {dnssec.zone}", record="; ".join(dnssec.ds) or "no such record"
    )
    resolver = Evidence(source=f"SOA {dnssec.zone}", record=f"resolver: {dnssec.validation}")
    return replace(
        verdict,
        values={"domain": dnssec.domain, "zone": dnssec.zone},
        evidence=(delegated, resolver),
        observed=f"{'DS' if dnssec.ds else 'no DS'}, {dnssec.validation}",
        expected=expected,
    )
