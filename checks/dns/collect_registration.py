"""Asks a domain's registry about it, over RDAP (RFC 9082, RFC 9083)."""

from posture.model import CollectError, Domain, Reason, collector
from posture.net.http import Http, HttpResponse
from posture.net.suffix import registrable

from .facts import Lookup, Registration
from .rdap import ParseError, read
from .rdap_servers import shipped

ACCEPT = "application/rdap+json"
HOPS = 3
MAX_BYTES = 256 << 10
_FAILURES = {
    401: Reason.DENIED,
    403: Reason.DENIED,
    429: Reason.RATE_LIMITED,  # RFC 7480 §5.5
}


@collector(
    traffic="asks the registry of {name} once, over HTTPS, when the registration ends and whether "
    "it is locked (RDAP); of all it sends, only the name is about the client"
)
def registration(domain: Domain, http: Http) -> Registration:
    """Ask the registry about the name that was registered, never a server it refers to.

    A name beneath it is not asked about, so every registration is asked about once.
    """
    name = registrable(domain.name)
    if not name:
        raise CollectError(Reason.INCONCLUSIVE, f"{domain.name} is a suffix: nobody registers it")
    base = domain.rdap or shipped().base(name)
    if name != domain.name:
        return _untold(domain, name, Lookup.WITHIN)
    if not base:
        return _untold(domain, name, Lookup.UNLISTED)
    answer = _asked(http, base, f"{base}domain/{name}")
    if answer.status == 404:
        return _untold(domain, name, Lookup.ABSENT, base)
    if answer.status != 200:
        reason = _FAILURES.get(answer.status, Reason.INCONCLUSIVE)
        raise CollectError(reason, f"{answer.url}: answer {answer.status}")
    return _told(domain, base, answer)


def _asked(http: Http, base: str, url: str) -> HttpResponse:
    """Follow redirects on the registry's own server only (RFC 7480 §5.2)."""
    headers = {"Accept": ACCEPT}
    seen = http.follow(url, hops=HOPS, headers=headers, allow=(base,), max_bytes=MAX_BYTES)
    return seen[-1]


def _told(domain: Domain, base: str, answer: HttpResponse) -> Registration:
    try:
        found = read(answer.body, domain.name)
    except ParseError as error:
        raise CollectError(Reason.MALFORMED, f"{answer.url}: {error}") from None
    return Registration(
        domain=domain.name,
        name=domain.name,
        lookup=Lookup.FOUND,
        server=base,
        expires=found.expires,
        statuses=found.statuses,
        signed=found.signed,
        registrar=found.registrar,
        contracted=found.contracted,
    )


def _untold(domain: Domain, name: str, lookup: Lookup, base: str = "") -> Registration:
    return Registration(
        domain=domain.name,
        name=name,
        lookup=lookup,
        server=base,
        listed=f"{shipped().published:%Y-%m-%d}",
    )
