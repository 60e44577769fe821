"""MX: where the domain's incoming mail goes."""

from dataclasses import replace

from posture.model import (
    Domain,
    Evidence,
    Reason,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    unknown,
)

from .facts import Mx, MxHost
from .names import is_host_name, is_literal, is_private

_EXPECTED = "every MX is a host name with a public address"


@check("email.mx.sane")
def sane(domain: Domain, mx: Mx) -> Verdict:
    """Every mail server that the domain names can be reached by others."""
    return replace(_judged(domain, mx), observed=_observed(mx), expected=_EXPECTED)


def _judged(domain: Domain, mx: Mx) -> Verdict:
    evidence = _evidence(mx)
    if not mx.hosts:
        if domain.sends_mail:
            return failed("none", *evidence, fix="publish", domain=domain.name)
        return not_applicable("no_mx", *evidence, domain=domain.name)
    if mx.null:
        if domain.sends_mail:
            return failed("null_sender", *evidence, fix="publish", domain=domain.name)
        return passed("null", *evidence, domain=domain.name)
    return _servers(domain, mx, evidence)


def _servers(domain: Domain, mx: Mx, evidence: tuple[Evidence, ...]) -> Verdict:
    for host in mx.hosts:
        if says := _problem(host):
            name = host.host or "."
            fix = f"fix_{says}"
            leads = ", ".join((*host.chain[:3], *host.addresses[:3])) or "nowhere"
            values = {"domain": domain.name, "host": name, "leads": leads}
            values["end"] = host.chain[-1] if host.chain else ""
            values["address"] = host.host.strip("[]")
            values["type"] = "AAAA" if ":" in host.host else "A"
            return failed(says, *evidence, fix=fix, preference=host.preference, **values)
    if inside := next((host for host in mx.hosts if _is_inside(host)), None):
        leads = ", ".join(inside.addresses[:3])
        reason = Reason.WRONG_VANTAGE
        return unknown("inside", *evidence, reason=reason, host=inside.host, leads=leads)
    unseen = next((host for host in mx.hosts if host.reason and not host.addresses), None)
    if unseen:
        reason = unseen.reason or Reason.INCONCLUSIVE
        return unknown("unseen", *evidence, reason=reason, host=unseen.host)
    return passed("ok", *evidence, domain=domain.name, count=len(mx.hosts))


def _problem(host: MxHost) -> str:
    """Name what is wrong with one MX record, empty when nothing is proven."""
    if not host.host:
        return "mixed"
    if is_literal(host.host):
        return "literal"
    if not is_host_name(host.host):
        return "bad_name"
    if host.chain:
        return "alias"
    if not host.addresses:
        return "" if host.reason else "missing"
    return "private" if any(map(is_private, host.addresses)) and not _is_inside(host) else ""


def _is_inside(host: MxHost) -> bool:
    """Its addresses may be those that only the office is told."""
    return host.reason is Reason.WRONG_VANTAGE


def _observed(mx: Mx) -> str:
    return ", ".join(f"{host.preference} {host.host or '.'}" for host in mx.hosts[:5]) or "no MX"


def _evidence(mx: Mx) -> tuple[Evidence, ...]:
    source = f"MX {mx.domain}"
    found = tuple(
        Evidence(source=source, record=f"{host.preference} {host.host}. → {_leads(host)}")
        for host in mx.hosts
    )
    return found or (Evidence(source=source, record="no such record"),)


def _leads(host: MxHost) -> str:
    known = [*host.chain, *host.addresses]
    if host.reason:
        known.append(f"not seen: {host.reason}")
    return ", ".join(known) or "no address"
