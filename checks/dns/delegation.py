"""Whether the domain's name servers can fail together."""

from dataclasses import replace

from posture.model import Evidence, Verdict, check, failed, not_applicable, passed, unknown

from .facts import Delegation, NameServer
from .networks import networks

_EXPECTED = "2 name servers in 2 networks"


@check("dns.delegation.diverse")
def diverse(delegation: Delegation) -> Verdict:
    """At least two name servers in two networks answer for the domain."""
    if not delegation.servers:
        evidence = Evidence(source=f"NS {delegation.domain}", record="no such record")
        return not_applicable("within", evidence, domain=delegation.domain)
    verdict = replace(_judged(delegation), evidence=tuple(map(_evidence, delegation.servers)))
    told = {"domain": delegation.domain, **verdict.values, "count": len(delegation.servers)}
    return replace(verdict, values=told, expected=_EXPECTED)


def _judged(delegation: Delegation) -> Verdict:
    servers = delegation.servers
    found = networks(servers)
    if len(servers) > 1 and found.several:
        return passed("ok")
    reasons = [server.reason for server in servers if server.reason]
    if len(servers) > 1 and reasons:
        return unknown("unseen", reason=reasons[0])
    if len(servers) == 1:
        return replace(failed("one", fix="second", server=servers[0].name), observed="1 server")
    near = ", ".join(sorted(map(str, found.ipv4 | found.ipv6))) or "no address"
    return replace(failed("near", fix="spread", networks=near), observed=near)


def _addresses(server: NameServer) -> tuple[str, ...]:
    return (*server.ipv4, *server.ipv6)


def _evidence(server: NameServer) -> Evidence:
    found = ", ".join(_addresses(server))
    if server.reason:
        found = f"{found} (not all seen: {server.reason})".strip()
    elif not server.asked:
        found = "not asked"
    return Evidence(source=f"NS {server.name}", record=found or "no address")
