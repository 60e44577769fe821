"""Fetches the front page once, for every check of what it says. Its text is not kept."""

from dataclasses import replace

from posture.model import CollectError, Reason, WebSite, collector
from posture.net.http import Http, HttpResponse, redirect
from posture.net.suffix import registrable

from . import cookie, document
from .origin import Origin, origin
from .page_facts import Cookie, Document, Field, LandingPage

HOPS = 3
SECONDS = 15.0
"""For each answer."""
MAX_BYTES = 4 << 20
MAX_PARSED = 1 << 20
MAX_HEADER = 16_400
"""A policy longer than what a judge reads stays longer than that."""
MAX_TEXT = 1001
"""One more than a Strict-Transport-Security header may have."""
MAX_FIELDS = 40
MAX_COOKIES = 50
CODINGS = {"", "identity", "gzip", "x-gzip", "deflate"}
KEPT = {
    "content-security-policy",
    "content-security-policy-report-only",
    "permissions-policy",
    "referrer-policy",
    "server",
    "x-content-type-options",
    "x-frame-options",
    "x-generator",
    "x-powered-by",
}


@collector(
    traffic="GET https://{host}:{port}/ and its redirects on the same host and port", deadline=75
)
def page(site: WebSite, http: Http) -> LandingPage:
    """Fetch the front page over HTTPS, whatever its certificate is worth."""
    host = f"[{site.host}]" if ":" in site.host else site.host
    asked = f"https://{host}{'' if site.port == 443 else f':{site.port}'}/"
    answers, leads_to, failed = _walk(http, asked, Origin("https", site.host, site.port))
    first, last = answers[0], answers[-1]
    return LandingPage(
        asked=asked,
        first_status=first.status,
        transport=_values(first, "strict-transport-security"),
        registered=registrable(site.host) == site.host,
        url=last.url[:MAX_TEXT],
        status=last.status,
        leads_to=leads_to[:MAX_TEXT],
        media_type=media_type(last),
        headers=_fields(last),
        cookies=tuple(each for answer in answers for each in _cookies(answer))[:MAX_COOKIES],
        document=None if leads_to or failed else html(last, site.host),
        failed=failed,
    )


def _walk(http: Http, url: str, own: Origin) -> tuple[list[HttpResponse], str, str]:
    """Answers in order, the redirect that was not followed, and why a page is missing."""
    answers = [_get(http, url)]
    while target := redirect(answers[-1]):
        seen = {answer.url for answer in answers}
        if origin(target) != own or target in seen or len(answers) > HOPS:
            return answers, target, ""
        try:
            answers.append(_get(http, target))
        except CollectError as error:
            return answers, "", str(error)[:MAX_TEXT]
    return answers, "", ""


def _get(http: Http, url: str) -> HttpResponse:
    answer = http.get(url, verify=False, deadline=SECONDS, max_bytes=MAX_BYTES)
    coding = (answer.header("content-encoding") or "").strip().lower()
    if coding not in CODINGS:
        # Nobody asked for it, so nobody here can read it: an unread page shows no fault.
        raise CollectError(Reason.MALFORMED, f"{url}: compressed as {coding[:40]!r} unasked")
    return answer


def media_type(answer: HttpResponse) -> str:
    """Return the type in lower case without parameters; empty if none was said."""
    return (answer.header("content-type") or "").partition(";")[0].strip().lower()[:100]


def html(answer: HttpResponse, host: str) -> Document | None:
    """Read the page, if the answer is one."""
    start = answer.body[:200].lstrip().lower()
    kind = media_type(answer)
    if kind not in {"text/html", "application/xhtml+xml"} and (kind or not start.startswith(b"<")):
        return None
    found = document.read(_text(answer), answer.url, registrable(host) or host)
    if found.whole and len(answer.body) > MAX_PARSED:
        return replace(found, whole=False)
    return found


def _text(answer: HttpResponse) -> str:
    """Decode as far as tags need it: every encoding of the web but UTF-16 spells them as ASCII."""
    body = answer.body[:MAX_PARSED]
    charset = (answer.header("content-type") or "").lower().partition("charset=")[2]
    wide = body[:2] in {b"\xff\xfe", b"\xfe\xff"}
    if wide or charset.strip(" \"'").startswith("utf-16"):
        order = "utf-16-be" if body[:2] == b"\xfe\xff" or "be" in charset[:12] else "utf-16-le"
        return body.decode(order, "replace")
    return body.decode("utf-8", "replace")


def _values(answer: HttpResponse, name: str) -> tuple[str, ...]:
    found = [value for key, value in answer.headers if key.lower() == name]
    return tuple(value[:MAX_TEXT] for value in found[:10])


def _fields(answer: HttpResponse) -> tuple[Field, ...]:
    kept = [(key.lower(), value) for key, value in answer.headers if key.lower() in KEPT]
    return tuple(Field(name=key, value=value[:MAX_HEADER]) for key, value in kept[:MAX_FIELDS])


def _cookies(answer: HttpResponse) -> list[Cookie]:
    found = []
    for key, value in answer.headers:
        if key.lower() == "set-cookie":
            try:
                found.append(cookie.parse(value))
            except cookie.ParseError:
                continue
    return found
