"""Asks which of the names like a domain's are registered, and take mail."""

import asyncio

from posture.model import CollectError, Domain, Failed, Reason, collector
from posture.net import Net
from posture.net.dns import Answer
from posture.net.suffix import registrable

from .facts import Delegation, Likeness, LookAlike, LookAlikes
from .look_alike import similar

SERVER_LIMIT = 16


@collector(
    traffic="if it sends mail: NS of at most 40 names that are easily taken for {name}, and MX of "
    "those that exist"
)
async def look_alikes(domain: Domain, delegation: Delegation | Failed, net: Net) -> LookAlikes:
    """Ask the DNS alone: whoever holds such a name is no party to the audit."""
    # Its own name is what a company is known by; one that sends nothing is known to nobody.
    known = domain.sends_mail and registrable(domain.name) == domain.name
    names = similar(domain.name) if known else {}
    seen = await asyncio.gather(*(_look(net, name, kind) for name, kind in names.items()))
    reasons = [one for one in seen if isinstance(one, Reason)]
    own = () if isinstance(delegation, Failed) else delegation.servers
    return LookAlikes(
        domain=domain.name,
        name_servers=tuple(sorted(server.name for server in own)),
        asked=len(names),
        found=tuple(one for one in seen if isinstance(one, LookAlike)),
        unseen=len(reasons),
        reason=reasons[0] if reasons else None,
    )


async def _look(net: Net, name: str, likeness: Likeness) -> LookAlike | Reason | None:
    try:
        servers = await net.dns.query(name, "NS")
        if not isinstance(servers, Answer) or servers.chain:
            return None
        mail = await net.dns.query(name, "MX")
    except CollectError as error:
        return error.reason
    hosts = mail.records if isinstance(mail, Answer) else ()
    return LookAlike(
        name=name,
        likeness=likeness,
        name_servers=tuple(sorted(text.rstrip(".") for text in servers.records)[:SERVER_LIMIT]),
        receives_mail=any(host.split()[-1] != "." for host in hosts),  # RFC 7505
    )
