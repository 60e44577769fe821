"""The web sites and the name servers that a domain's records reveal."""

from posture.model import Domain, NameServer, WebSite, discoverer

from .facts import Delegation, DomainAddresses

MOST_SERVERS = 8
"""Name servers of one domain that are asked themselves."""


@discoverer("{name} and www.{name} where they have an address: 443/tcp and 80/tcp")
def websites(domain: Domain, addresses: DomainAddresses) -> list[WebSite]:
    """Find the web sites at the domain itself and at its www; an alias to nowhere is none."""
    del domain
    return [WebSite(host=host.name) for host in addresses.hosts if host.exists]


@discoverer("each name server of {name}, at most 8: 53/udp, 53/tcp")
def name_servers(domain: Domain, delegation: Delegation) -> list[NameServer]:
    """Find the servers that are to answer for the domain, if it is a zone of its own."""
    return [
        NameServer(host=server.name, zone=domain.name, owned=domain.owned)
        for server in delegation.servers[:MOST_SERVERS]
    ]
