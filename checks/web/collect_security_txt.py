"""Looks for security.txt where RFC 9116 §3 says, and does not keep its text."""

from posture.model import CollectError, Reason, WebSite, collector
from posture.net.http import Http, HttpResponse, redirect

from . import security_txt
from .page_facts import SecurityTxt

PATHS = ("/.well-known/security.txt", "/security.txt")
MAX_BYTES = 64 << 10
SECONDS = 12.0
MAX_TEXT = 300
MAX_CONTACTS = 10
GONE = {404, 410}


@collector(
    traffic="GET https://{host}:{port}/.well-known/security.txt, and /security.txt if that is none",
    deadline=30,
)
def notice(site: WebSite, http: Http) -> SecurityTxt:
    """Read the first file that is there."""
    host = f"[{site.host}]" if ":" in site.host else site.host
    base = f"https://{host}{'' if site.port == 443 else f':{site.port}'}"
    found = _look(http, base + PATHS[0])
    return found if found.found or 300 <= found.status < 400 else _look(http, base + PATHS[1])


def _look(http: Http, url: str) -> SecurityTxt:
    answer = http.follow(url, hops=3, verify=False, deadline=SECONDS, max_bytes=MAX_BYTES)[-1]
    target = redirect(answer)
    if target:
        return SecurityTxt(url=target[:MAX_TEXT], status=answer.status, found=False)
    shown = answer.url[:MAX_TEXT]
    if answer.status in GONE or (answer.status == 200 and _is_page(answer)):
        return SecurityTxt(url=shown, status=answer.status, found=False)
    if answer.status != 200:
        raise CollectError(Reason.INCONCLUSIVE, f"{shown}: status {answer.status}")
    try:
        text = answer.body.decode("utf-8")
        read = security_txt.parse(text)
    except (UnicodeDecodeError, security_txt.ParseError) as error:
        why = str(error)[:MAX_TEXT]
        return SecurityTxt(url=shown, status=200, found=True, problem=why)
    return SecurityTxt(
        url=shown,
        status=200,
        found=True,
        contacts=tuple(security_txt.place(each) for each in read.contacts[:MAX_CONTACTS]),
        expires=read.expires[:MAX_TEXT],
        signed=read.signed,
    )


def _is_page(answer: HttpResponse) -> bool:
    """Many servers show a page, and call it found, for every name that they do not know."""
    kind = (answer.header("content-type") or "").partition(";")[0].strip().lower()
    return kind != "text/plain" and (kind != "" or answer.body.lstrip()[:1] in {b"<", b""})
