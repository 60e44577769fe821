"""Whether a DNS server shows a domain as the world sees it, and whether there is such a domain."""

import secrets
from functools import lru_cache
from ipaddress import ip_address, ip_network

from posture.model import CollectError, Reason
from posture.net.dns import Outcome, Resolver, outcome
from posture.net.message import Absent, Answer

_INSIDE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)

_NOBODY = f"x{secrets.token_hex(12)}.com"
"""Nobody holds it, and com has no wildcard; the same through a run, so it is asked for once."""


@lru_cache(maxsize=4096)  # every collector asks, about the same few addresses
def is_inside(address: str) -> bool:
    """Whether an address belongs to a network that is not the internet (RFC 1918, 6598, 4193)."""
    found = ip_address(address)
    return any(found in network for network in _INSIDE if network.version == found.version)


async def as_the_world_sees_it(resolver: Resolver, domain: str) -> None:
    """Raise as ``seen_from_outside`` does, and ``CollectError(NO_SUCH_NAME)`` for two denials.

    Of a name that does not exist nothing can be said: that it has no policy, for example, is true
    of every mistyped name.
    """
    found = await seen_from_outside(resolver, domain)
    zone = denier(domain, found)
    if zone and denier(domain, await outcome(resolver, domain, "TXT")):
        raise CollectError(Reason.NO_SUCH_NAME, f"{domain}: NXDOMAIN, says {zone}")


async def seen_from_outside(resolver: Resolver, domain: str) -> Outcome:
    """Raise ``CollectError(WRONG_VANTAGE)`` if the server answers for inside the domain's office.

    A Windows domain that bears the public name has its controllers' addresses at that name, and
    knows nothing of the records the world is shown. Return what came of the question for them.
    """
    found = await outcome(resolver, domain, "A")
    records = found.records if isinstance(found, Answer) else ()
    if address := next(filter(is_inside, records), None):
        raise CollectError(
            Reason.WRONG_VANTAGE,
            f"{domain} is at {address}, so this DNS server answers for inside the office; "
            "name a public one as resolver under [network]",
        )
    return found


def denier(name: str, seen: Outcome) -> str:
    """Return the zone above ``name`` that says there is no such name; empty where none does.

    At the end of an alias there is nothing, but the alias is there (RFC 6604 §3). Filtering
    resolvers deny names too, without the zone they would be in.
    """
    if not isinstance(seen, Absent) or not seen.nxdomain or seen.chain:
        return ""
    return seen.zone if seen.zone == "." or name.endswith(f".{seen.zone}") else ""


async def without_invention(resolver: Resolver) -> None:
    """Raise ``CollectError(INCONCLUSIVE)`` if the server has addresses for names nobody holds.

    Some providers lead every mistyped name to a page of theirs: then an address proves nothing.
    """
    try:
        found = await resolver.query(_NOBODY, "A")
    except CollectError:
        return
    if isinstance(found, Answer):
        raise CollectError(
            Reason.INCONCLUSIVE,
            f"this DNS server gives names that nobody holds the address {found.records[0]}, so its "
            "word on addresses proves nothing; name another as resolver under [network]",
        )
