"""Asks the issuer of a certificate for its list of revoked ones.

The address of the list is in the certificate. It is gone to only where the certificate was verified
up to the client's store, so that an authority chose the address and not the server.
"""

import base64
import contextlib
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit

from posture.model import Clock, CollectError, MailServer, Reason, WebSite, collector
from posture.net.http import Http
from posture.net.tls.crl import ParseError, look_up

from .facts import MailCertificate, Presented, TrustResult, WebCertificate
from .revocation_facts import MailRevocation, Revocation, Standing, WebRevocation

MAX_BYTES = 8 << 20
"""Lists of large authorities hold some hundred thousand entries of 40 octets."""

TRIED = 2
"""Places tried of one list."""

HOPS = 2
_TRAFFIC = (
    "asks the authority that issued the certificate of {host} for its list of revoked ones, over "
    "HTTP; the request does not say which certificate is meant"
)


@collector(traffic=_TRAFFIC, deadline=90)
def web(site: WebSite, certificate: WebCertificate, http: Http, clock: Clock) -> WebRevocation:  # noqa: ARG001 - the subject
    """Look the web site's certificate up."""
    return WebRevocation(found=_looked_up(certificate.presented, http, clock.now()))


@collector(traffic=_TRAFFIC, deadline=90)
def mail(
    server: MailServer,  # noqa: ARG001 - the subject
    certificate: MailCertificate,
    http: Http,
    clock: Clock,
) -> MailRevocation:
    """Look the mail server's certificate up."""
    if certificate.presented is None:
        return MailRevocation(found=Revocation(standing=Standing.ABSENT))
    return MailRevocation(found=_looked_up(certificate.presented, http, clock.now()))


def _looked_up(presented: Presented, http: Http, at: datetime) -> Revocation:
    if presented.trust.result is not TrustResult.TRUSTED or len(presented.trust.path) < 2:
        return Revocation(standing=Standing.UNTRUSTED)
    profile = presented.leaf.profile
    urls = [url for url in (profile.lists if profile else ()) if _plain(url)]
    if not urls:
        return Revocation(standing=Standing.UNLISTED)
    issuer = _issuer(presented, http.anchors.pem.decode("ascii"))
    *others, last = urls[:TRIED]
    for url in others:
        with contextlib.suppress(CollectError):
            return _asked(presented, issuer, http, url, at)
    return _asked(presented, issuer, http, last, at)


def _plain(url: str) -> bool:
    """RFC 5280 §8: a list behind TLS could lead in a circle. And no port but the usual one."""
    parts = urlsplit(url)
    return parts.scheme == "http" and ":" not in parts.netloc


def _issuer(presented: Presented, pem: str) -> bytes:
    """The certificate next on the verified path, sent by the server or in the store."""
    wanted = presented.trust.path[1]
    for der in (*presented.raw, *_anchors(pem)):
        if sha256(der).hexdigest() == wanted:
            return der
    raise CollectError(Reason.TOO_LARGE, "the certificate of the issuer was not kept")


def _anchors(pem: str) -> Iterator[bytes]:
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    for block in pem.split(end)[:-1]:
        yield base64.b64decode(block.rpartition(begin)[2])


def _asked(presented: Presented, issuer: bytes, http: Http, url: str, at: datetime) -> Revocation:
    answer = http.follow(url, hops=HOPS, allow=(url,), max_bytes=MAX_BYTES)[-1]
    if answer.status != 200:
        raise CollectError(Reason.INCONCLUSIVE, f"{answer.url}: answer {answer.status}")
    leaf = presented.leaf
    places = leaf.profile.lists if leaf.profile else ()
    try:
        seen = look_up(answer.body, issuer, int(leaf.serial, 16), places, at)
    except ParseError as error:
        raise CollectError(Reason.INCONCLUSIVE, f"the list at {url}: {error}") from None
    return Revocation(
        standing=Standing.GOOD if seen.revoked is None else Standing.REVOKED,
        serial=leaf.serial,
        url=url,
        issued=seen.issued,
        until=seen.until,
        since=seen.revoked,
        why=seen.why,
    )
