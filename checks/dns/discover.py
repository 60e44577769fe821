"""The web sites and the name servers that a domain's records reveal."""

from posture.model import Domain, NameServer, WebSite, discoverer

from .facts import Delegation, DomainAddresses, HostAddresses

MOST_SERVERS = 8
"""Name servers of one domain that are asked themselves."""


@discoverer("{name} and www.{name} where they have an address: 443/tcp and 80/tcp")
def websites(domain: Domain, addresses: DomainAddresses) -> list[WebSite]:
    """Find the web sites at the domain itself and at its www; an alias to nowhere is none."""
    return [
        WebSite(host=host.name, owned=domain.owned and _stays(host, domain))
        for host in addresses.hosts
        if host.exists
    ]


def _stays(host: HostAddresses, domain: Domain) -> bool:
    """Whether no alias leads to a name of somebody else's, who was not asked."""
    own = f".{domain.name}"
    return all(f".{target.rstrip('.')}".endswith(own) for target in host.chain)


@discoverer("each name server of {name}, at most 8: 53/udp, 53/tcp")
def name_servers(domain: Domain, delegation: Delegation) -> list[NameServer]:
    """Find the servers that are to answer for the domain, if it is a zone of its own."""
    return [
        NameServer(host=server.name, zone=domain.name, owned=domain.owned)
        for server in delegation.servers[:MOST_SERVERS]
    ]
