"""Looks for what a domain says of encrypted delivery: MTA-STS and TLS reports; and for its logo."""

import asyncio

from posture.model import CollectError, Domain, Reason, collector
from posture.net import CertificateError, Net
from posture.net.dns import Answer
from posture.net.http import Http, HttpResponse, redirect
from posture.net.vantage import as_the_world_sees_it

from . import bimi as logo
from . import mx as grammar
from . import sts, tls_rpt
from .collect_tlsa import tlsa_of
from .dmarc import settle
from .facts import DmarcDiscovery, Mx, MxHost
from .names import is_host_name, is_literal
from .transport_facts import Bimi, Fetch, MtaSts, MtaStsPolicy, TlsReporting

RECORD_LIMIT = 10
TEXT_LIMIT = 1024
POLICY_BYTES = 64 << 10
"""RFC 8461 §3.3: a sender may stop there."""
POLICY_LIMIT = 8192
"""Characters of a policy that are kept; a longer one is not understood."""
_NOT_TOLD = {
    401: Reason.DENIED,
    403: Reason.DENIED,
    429: Reason.RATE_LIMITED,
    503: Reason.RATE_LIMITED,
}
"""Statuses by which a server may turn away this program alone."""


@collector(
    traffic="MX and A {name}; TXT _mta-sts.{name} if it receives mail; "
    "if there is one, A and AAAA mta-sts.{name}"
)
async def mta_sts(domain: Domain, net: Net) -> MtaSts:
    """Find the record, and whether the host of its policy exists.

    An alias at the name is no record: a wildcard may have made it up. Where its mail servers are
    is not waited for.
    """
    net.dns.begin((domain.name, "MX"))
    await as_the_world_sees_it(net.dns, domain.name)
    if not await _receives(domain.name, net):
        return MtaSts(domain=domain.name, asked=False, records=(), homeless=False)
    texts = await _texts(net, f"_mta-sts.{domain.name}")
    records = tuple(text for text in texts if sts.is_meant(text))
    found = MtaSts(domain=domain.name, asked=True, records=records, homeless=False)
    if _is_sound(found) and not await _leads_somewhere(net, found.host):
        return MtaSts(domain=domain.name, asked=True, records=records, homeless=True)
    return found


@collector(traffic="if there is a sound record: GET https://mta-sts.{name}/.well-known/mta-sts.txt")
def mta_sts_policy(domain: Domain, record: MtaSts, http: Http) -> MtaStsPolicy:
    """Fetch the policy as a sender does: certificate verified, no redirect followed."""
    url = f"https://mta-sts.{domain.name}/.well-known/mta-sts.txt"
    if not _is_sound(record):
        return _missing(url, Fetch.NOT_ASKED)
    if record.homeless:
        return _missing(url, Fetch.NO_HOST)
    try:
        answer = http.get(url, max_bytes=POLICY_BYTES)
    except CertificateError as error:
        return _missing(url, Fetch.CERTIFICATE, f"{error.detail} ({http.anchors.name})")
    if why := _NOT_TOLD.get(answer.status):
        raise CollectError(why, f"{url}: status {answer.status}")
    if answer.status != 200:
        return _missing(url, Fetch.STATUS, _status(answer))
    return _fetched(url, answer)


@collector(
    traffic="TXT _smtp._tls.{name}, if MTA-STS or DANE is used; "
    "for that, A, AAAA and TLSA of its mail servers"
)
async def tls_reporting(domain: Domain, record: MtaSts, mx: Mx, net: Net) -> TlsReporting:
    """Ask who gets reports; where neither MTA-STS nor DANE can fail, a question is saved."""
    wanted_by = "MTA-STS" if record.records else ""
    if not wanted_by and record.asked and await _uses_dane(mx, net):
        wanted_by = "DANE"
    texts = await _texts(net, f"_smtp._tls.{domain.name}") if wanted_by else ()
    records = tuple(text for text in texts if tls_rpt.is_meant(text))
    return TlsReporting(domain=domain.name, wanted_by=wanted_by, records=records)


@collector(traffic="TXT default._bimi.{name}, if its DMARC policy only watches")
async def bimi(domain: Domain, dmarc: DmarcDiscovery, net: Net) -> Bimi:
    """Look for a logo where DMARC is in its way: elsewhere a question is saved."""
    applied = settle(dmarc.domain, dmarc.walk)
    asked = bool(applied.domain) and not logo.shows(applied)
    texts = await _texts(net, f"default._bimi.{domain.name}") if asked else ()
    records = tuple(text for text in texts if logo.is_record(text))
    return Bimi(domain=domain.name, asked=asked, records=records)


async def _receives(name: str, net: Net) -> bool:
    answer = await net.dns.query(name, "MX")
    texts = answer.records if isinstance(answer, Answer) else ()
    try:
        return any(host for _, host in map(grammar.parse, texts))
    except grammar.ParseError as error:
        raise CollectError(Reason.MALFORMED, f"MX {str(error)[:200]}") from error


async def _texts(net: Net, name: str) -> tuple[str, ...]:
    answer = await net.dns.query(name, "TXT")
    found = answer.records if isinstance(answer, Answer) else ()
    if any(len(text) > TEXT_LIMIT for text in found):
        raise CollectError(Reason.TOO_LARGE, f"TXT {name} is too long")
    return found[:RECORD_LIMIT]


def _is_sound(record: MtaSts) -> bool:
    """Whether a sender goes on to the policy: one record, and it can be read (§3.1)."""
    found = [text for text in record.records if sts.is_record(text)]
    try:
        return len(found) == 1 and bool(sts.parse_record(found[0]))
    except sts.ParseError:
        return False


async def _leads_somewhere(net: Net, host: str) -> bool:
    try:
        return bool(await net.addresses(host))
    except CollectError:
        return True  # not proven otherwise; whoever fetches will meet the same failure


async def _uses_dane(mx: Mx, net: Net) -> bool:
    """Whether a mail server has DANE records; the questions are those asked about it anyway."""
    asked = (_has_tlsa(host, net) for host in mx.hosts)
    seen = await asyncio.gather(*asked, return_exceptions=True)
    if True in seen:
        return True
    for failure in seen:
        if isinstance(failure, BaseException):
            raise failure
    return False


async def _has_tlsa(host: MxHost, net: Net) -> bool:
    if not is_host_name(host.host) or is_literal(host.host):
        return False
    if host.reason and (not host.addresses or host.reason is Reason.WRONG_VANTAGE):
        raise CollectError(host.reason, f"A and AAAA {host.host}")
    return bool((await tlsa_of(net, host.host, 25)).records)


def _missing(url: str, fetch: Fetch, detail: str = "") -> MtaStsPolicy:
    return MtaStsPolicy(url=url, fetch=fetch, detail=detail[:TEXT_LIMIT], media_type="", text="")


def _status(answer: HttpResponse) -> str:
    target = redirect(answer)
    return f"{answer.status} to {target}" if target else str(answer.status)


def _fetched(url: str, answer: HttpResponse) -> MtaStsPolicy:
    text = answer.body.decode("utf-8", errors="replace")
    if len(text) > POLICY_LIMIT:
        raise CollectError(Reason.TOO_LARGE, f"{url}: a policy of {len(text)} characters")
    kind = (answer.header("Content-Type") or "").partition(";")[0].strip().lower()
    return MtaStsPolicy(
        url=url, fetch=Fetch.FETCHED, detail="200", media_type=kind[:100], text=text
    )
