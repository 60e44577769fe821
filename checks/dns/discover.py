"""The web sites a domain's addresses reveal."""

from posture.model import Domain, WebSite, discoverer

from .facts import DomainAddresses


@discoverer("{name} and www.{name} where they have an address: 443/tcp and 80/tcp")
def websites(domain: Domain, addresses: DomainAddresses) -> list[WebSite]:
    """Find the web sites at the domain itself and at its www; an alias to nowhere is none."""
    del domain
    return [WebSite(host=host.name) for host in addresses.hosts if host.exists]
