"""Looks at the TLS of a web site."""

from functools import partial

from posture.model import Clock, WebSite, collector
from posture.net import Net
from posture.net.tls.chain import raw_chain

from .collect_certificate import examine
from .collect_versions import probed
from .facts import WebCertificate, WebVersions


@collector(traffic="one TLS handshake with {host}, port {port}", deadline=60)
async def certificate(site: WebSite, net: Net, clock: Clock) -> WebCertificate:
    """Fetch the certificate chain and verify it against the client's store."""
    async with await net.connect(site.host, site.port) as stream:
        raw = await raw_chain(stream, site.host)
    presented = await examine(
        net.run, raw, net.anchors, host=site.host, address=stream.peer, at=clock.now()
    )
    return WebCertificate(presented=presented)


@collector(
    traffic="the first message of a TLS handshake, once a version, to {host}, port {port}",
    deadline=90,
)
async def versions(site: WebSite, net: Net) -> WebVersions:
    """Ask for each version of TLS and hang up after the first answer."""
    dial = partial(net.connect, site.host, site.port)
    return WebVersions(probes=await probed(dial, site.host))
