"""MX: whether the domain's own mail servers are known by name."""

from dataclasses import replace

from posture.model import (
    Evidence,
    Value,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    unknown,
)

from .reverse_facts import ReverseName, ReverseNames


@check("email.mx.reverse")
def reverse(found: ReverseNames) -> Verdict:
    """The addresses that the domain's own mail servers send from have names that lead back."""
    if not found.addresses:
        return not_applicable("none", domain=found.domain)
    evidence = tuple(map(_evidence, found.addresses))
    values: dict[str, Value] = {"domain": found.domain, "count": len(found.addresses)}
    verdict = replace(
        _judged(found, evidence, values), expected="a name that leads back to the address"
    )
    observed = "; ".join(f"{one.address or one.host}: {_shown(one)}" for one in found.addresses)
    return replace(verdict, observed=observed)


def _judged(
    found: ReverseNames, evidence: tuple[Evidence, ...], values: dict[str, Value]
) -> Verdict:
    wrong = [one for one in found.addresses if not one.confirmed and not one.reason]
    if wrong:
        lines = [f"{one.address} → {one.host}" for one in wrong]
        first = wrong[0]
        values |= {"host": first.host, "address": first.address, "lines": "\n    ".join(lines)}
        values["names"] = ", ".join(first.names)
        return failed("mismatch" if first.names else "absent", *evidence, fix="name", **values)
    for one in found.addresses:
        if one.reason:
            return unknown("unseen", *evidence, reason=one.reason, host=one.host, **values)
    return passed("ok", *evidence, **values)


def _evidence(one: ReverseName) -> Evidence:
    what = f"PTR of {one.address} ({one.host})" if one.address else f"addresses of {one.host}"
    return Evidence(source=what, record=_shown(one))


def _shown(one: ReverseName) -> str:
    names = ", ".join(one.names) or "no name"
    if one.reason:
        return f"not seen: {one.reason}, {names}" if one.names else f"not seen: {one.reason}"
    if not one.names:
        return names
    return f"{names} ({'leads back' if one.confirmed else 'leads elsewhere'})"
