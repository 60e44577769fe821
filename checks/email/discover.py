"""The mail servers a domain's MX records reveal."""

from posture.model import Domain, MailServer, discoverer

from .facts import Mx
from .names import is_host_name, is_literal


@discoverer("each MX of {name} that has an address: 25/tcp")
def mail_servers(domain: Domain, mx: Mx) -> list[MailServer]:
    """Find the servers that take the domain's mail; a null MX names none (RFC 7505).

    A host whose addresses were not seen is kept: nobody has shown that it is not there.
    """
    del domain
    names = {host.host for host in mx.hosts if host.addresses or host.reason}
    return [
        MailServer(host=name)
        for name in sorted(names)
        if is_host_name(name) and not is_literal(name)
    ]
