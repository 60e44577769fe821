"""MX: whether mail can go round the service that is meant to clean it."""

from dataclasses import replace

from posture.model import (
    Domain,
    Evidence,
    Failed,
    Value,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
)

from .dkim_catalogue import Provider, catalogue
from .facts import Mx, MxHost, SpfDiscovery
from .spf_tree import refers

_MAILBOXES = {"Microsoft 365": "microsoft", "Google Workspace": "google"}
"""Where the mailboxes behind a filter are, with what is said of it."""


@check("email.mx.filtered")
def filtered(domain: Domain, mx: Mx, spf: SpfDiscovery | Failed) -> Verdict:
    """All mail servers that the domain names belong to its mail filter."""
    filters = sorted({row.name for host in mx.hosts if (row := _row(host)) and row.filters})
    direct = [(host, name) for host in mx.hosts if (name := _mailboxes(host))]
    evidence = tuple(
        Evidence(source=f"MX {mx.domain}", record=f"{host.preference} {host.host}.")
        for host in mx.hosts
    ) or (Evidence(source=f"MX {mx.domain}", record="no such record"),)
    values: dict[str, Value] = {"domain": domain.name, "filters": ", ".join(filters)}
    if not filters:
        return not_applicable("no_filter", *evidence, **values)
    if direct:
        host, name = direct[0]
        values |= {"host": host.host, "service": name, "count": len(direct)}
        values["records"] = "\n    ".join(
            f"{domain.name}. MX {host.preference} {host.host}." for host, _ in direct
        )
        verdict = failed("bypass", *evidence, fix=f"remove_{_MAILBOXES[name]}", **values)
    else:
        behind = _behind(spf)
        values["tenant"] = f"{domain.name.replace('.', '-')}.mail.protection.outlook.com"
        verdict = replace(passed("ok", *evidence, **values), near_miss=behind)
    observed = ", ".join(host.host for host, _ in direct) or "none of another service"
    return replace(verdict, observed=observed, expected=f"only {' or '.join(filters)}")


def _row(host: MxHost) -> Provider | None:
    return catalogue().takes(host.host)


def _mailboxes(host: MxHost) -> str:
    """Name the service whose own servers take mail past any filter, empty for all others."""
    row = _row(host)
    return row.name if row and row.name in _MAILBOXES else ""


def _behind(spf: SpfDiscovery | Failed) -> str | None:
    """Whether the mailboxes are at a service whose servers the world can reach as well."""
    if isinstance(spf, Failed):
        return None
    targets = [seen.target for seen in spf.lookups if refers(seen)]
    names = [row.name for target in targets for row in catalogue().sends(target)]
    return next((_MAILBOXES[name] for name in names if name in _MAILBOXES), None)
