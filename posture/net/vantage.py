"""Whether a DNS server shows a domain as the world sees it, or as its office does."""

from functools import lru_cache
from ipaddress import ip_address, ip_network

from posture.model import CollectError, Reason
from posture.net.dns import Resolver
from posture.net.message import Answer

_INSIDE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)


@lru_cache(maxsize=4096)  # every collector asks, about the same few addresses
def is_inside(address: str) -> bool:
    """Whether an address belongs to a network that is not the internet (RFC 1918, 6598, 4193)."""
    found = ip_address(address)
    return any(found in network for network in _INSIDE if network.version == found.version)


async def as_the_world_sees_it(resolver: Resolver, domain: str) -> None:
    """Raise ``CollectError(WRONG_VANTAGE)`` if the server answers for inside the domain's office.

    A Windows domain that bears the public name has its controllers' addresses at that name, and
    knows nothing of the records the world is shown.
    """
    try:
        found = await resolver.query(domain, "A")
    except CollectError:
        return
    records = found.records if isinstance(found, Answer) else ()
    if address := next(filter(is_inside, records), None):
        raise CollectError(
            Reason.WRONG_VANTAGE,
            f"{domain} is at {address}, so this DNS server answers for inside the office; "
            "name a public one as resolver under [network]",
        )
