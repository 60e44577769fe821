"""DKIM: whether the service that holds the mailboxes can sign as the domain."""

from dataclasses import replace

from posture.model import (
    Domain,
    Evidence,
    Reason,
    Value,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    unknown,
)

from .dkim_catalogue import Provider, catalogue
from .facts import DkimDiscovery, DkimSelector, DkimTree, Mx, SpfDiscovery
from .spf_tree import refers

_STEPS = {"Microsoft 365": "microsoft"}


@check("email.dkim.provider")
def provider(domain: Domain, dkim: DkimDiscovery, mx: Mx, spf: SpfDiscovery) -> Verdict:
    """The service that holds the domain's mailboxes can sign mail as the domain."""
    service = _service(mx, spf)
    values: dict[str, Value] = {"domain": domain.name}
    if domain.sends_mail is False or service is None:
        says = "parked" if domain.sends_mail is False else "no_service"
        return not_applicable(says, *_routes(mx), **values)
    values |= {"service": service.name, "selectors": " and ".join(service.always)}
    return replace(
        _judged(service, dkim, spf, (*_routes(mx), *_tried(service, dkim)), values),
        expected=f"a key at {' or '.join(service.always)}",
    )


def _judged(
    service: Provider,
    dkim: DkimDiscovery,
    spf: SpfDiscovery,
    evidence: tuple[Evidence, ...],
    values: dict[str, Value],
) -> Verdict:
    wanted = set(service.always)
    found = [at for at in dkim.selectors if at.selector in wanted]
    there = [at.selector for at in found if not at.reason]
    reason = next((at.reason for at in dkim.unseen), None)
    if there:
        verdict = passed("ok", *evidence, **values, found=", ".join(there))
        return replace(verdict, observed=", ".join(there))
    if reason and (found or dkim.tree is DkimTree.MISSING):
        return unknown("unseen", *evidence, reason=reason, **values)
    if dkim.tree is DkimTree.MISSING:
        return not_applicable("no_key", *evidence, **values)
    says = _doubt(service, dkim, spf)
    if says:
        return unknown(says, *evidence, reason=Reason.INCONCLUSIVE, **values)
    return _absent(service, dkim.domain, evidence, values)


def _absent(
    service: Provider, domain: str, evidence: tuple[Evidence, ...], values: dict[str, Value]
) -> Verdict:
    names = [f"{selector}._domainkey.{domain}." for selector in service.always]
    values["names"] = "\n    ".join(names)
    fix = _STEPS.get(service.name, "panel")
    if service.alias:
        fix = "publish"
        targets = [service.alias.format(selector=s, domain=domain) for s in service.always]
        lines = (f"{name} CNAME {target}." for name, target in zip(names, targets, strict=True))
        values["records"] = "\n    ".join(lines)
    return replace(failed("absent", *evidence, fix=fix, **values), observed="none of them")


def _doubt(service: Provider, dkim: DkimDiscovery, spf: SpfDiscovery) -> str:
    """Say why keys that were not found prove nothing; empty if they do."""
    if dkim.tree is DkimTree.UNCLEAR:
        return "unclear"
    if not set(service.always) <= set(dkim.asked):
        return "not_asked"
    return "gateway" if any(row.filters for row in _senders(spf)) else ""


def _service(mx: Mx, spf: SpfDiscovery) -> Provider | None:
    """Find the service that both takes the domain's mail and is allowed to send it.

    A service that is only named in SPF may be one that the domain has left.
    """
    senders = _senders(spf)
    takers = [catalogue().takes(host.host) for host in mx.hosts]
    return next((row for row in takers if row and row.always and row in senders), None)


def _senders(spf: SpfDiscovery) -> list[Provider]:
    targets = [seen.target for seen in spf.lookups if refers(seen)]
    return [row for target in targets for row in catalogue().sends(target)]


def _routes(mx: Mx) -> tuple[Evidence, ...]:
    shown = ", ".join(f"{host.preference} {host.host}." for host in mx.hosts[:5])
    return (Evidence(source=f"MX {mx.domain}", record=shown or "no such record"),)


def _tried(service: Provider, dkim: DkimDiscovery) -> tuple[Evidence, ...]:
    found = {at.selector: at for at in dkim.selectors}
    return tuple(
        Evidence(
            source=f"TXT {selector}._domainkey.{dkim.domain}",
            record=_shown(selector, dkim, found.get(selector)),
        )
        for selector in service.always
    )


def _shown(selector: str, dkim: DkimDiscovery, at: DkimSelector | None) -> str:
    if at is None:
        return "no such record" if selector in dkim.asked else "not asked"
    return f"not seen: {at.reason}" if at.reason else " ".join([*at.chain, *at.texts])[:400]
