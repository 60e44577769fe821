"""Makes the first visit to a web site, without and with TLS. Pages are fetched, never stored."""

from posture.model import CollectError, Reason, WebSite, collector
from posture.net import Net
from posture.net.http import Http, HttpResponse, redirect

from .collect_page import html
from .facts import Hop, HttpPort, PlainVisit, SecureVisit
from .origin import Origin, origin
from .page_facts import Document, LandingPage

HOPS = 5
MAX_TEXT = 1000
"""Characters kept of a URL or a header."""

MAX_HEADERS = 10


@collector(traffic="a TCP connection to {host}, port 80")
async def port(site: WebSite, net: Net) -> HttpPort:
    """See whether something listens for plain HTTP."""
    try:
        async with await net.connect(site.host, 80) as stream:
            return HttpPort(address=stream.peer, closed=False)
    except CollectError as error:
        if error.reason is Reason.REFUSED:
            return HttpPort(address="", closed=True)
        raise


@collector(traffic="GET http://{host}/ and its redirects on the same host", deadline=60)
def plain(site: WebSite, port: HttpPort, http: Http) -> PlainVisit:
    """Follow plain HTTP until it leaves this host or becomes HTTPS; neither is visited."""
    hops: list[Hop] = []
    document: Document | None = None
    url = f"http://{_authority(site.host)}/"
    while not port.closed and len(hops) < HOPS and url not in {hop.url for hop in hops}:
        answer = _get(http, url)
        target = redirect(answer) or ""
        hops.append(Hop(url=url[:MAX_TEXT], status=answer.status, target=target[:MAX_TEXT]))
        if origin(target) != Origin("http", site.host, 80) or len(target) > MAX_TEXT:
            document = None if target else html(answer, site.host)
            break
        url = target
    return PlainVisit(host=site.host, closed=port.closed, hops=tuple(hops), document=document)


@collector(traffic="nothing: it reads the front page that was fetched")
def secure(site: WebSite, page: LandingPage) -> SecureVisit:
    """Take the first answer over HTTPS from the front page."""
    found = page.transport
    if found and len(found[0]) > MAX_TEXT:
        raise CollectError(Reason.TOO_LARGE, f"{site.host}: the header has over {MAX_TEXT} octets")
    return SecureVisit(
        url=page.asked,
        status=page.first_status,
        headers=tuple(value[:MAX_TEXT] for value in found[:MAX_HEADERS]),
    )


def _get(http: Http, url: str) -> HttpResponse:
    try:
        return http.get(url)
    except CollectError as error:
        if error.reason is Reason.REFUSED:  # it was open a moment ago: this is no closed port
            raise CollectError(Reason.INCONCLUSIVE, error.detail) from None
        raise


def _authority(host: str) -> str:
    return f"[{host}]" if ":" in host else host
