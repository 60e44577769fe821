"""Front pages to judge, built in one line."""

from dataclasses import replace

from posture.checks.web.page_facts import Cookie, Document, Field, Form, LandingPage

HOST = "www.example.com"
URL = f"https://{HOST}/"
BUSY = Document(scripts=1, handlers=0)
STILL = Document(scripts=0, handlers=0)
FORM = Form(target=URL[:-1], password=False)


def landing(*headers: tuple[str, str], document: Document | None = BUSY) -> LandingPage:
    """A page with these headers."""
    return LandingPage(
        asked=URL,
        first_status=200,
        transport=(),
        registered=True,
        url=URL,
        status=200,
        leads_to="",
        media_type="text/html",
        headers=tuple(Field(name=name, value=value) for name, value in headers),
        document=document,
    )


def with_cookies(*cookies: Cookie) -> LandingPage:
    return replace(landing(), cookies=cookies)


FAILED = replace(landing(document=None), failed="timeout: late")
ELSEWHERE = replace(landing(document=None), leads_to="https://example.com/", status=301)
BROKEN = replace(landing(), status=503)
NO_PAGE = replace(landing(document=None), media_type="application/json")
UNOPENED = [
    (FAILED, "unknown", "unseen"),
    (ELSEWHERE, "not_applicable", "elsewhere"),
    (BROKEN, "unknown", "error"),
    (NO_PAGE, "not_applicable", "no_page"),
]
"""What every judge of a page answers without one."""


def cookie(name: str = "PHPSESSID", **said: object) -> Cookie:
    """A session cookie with every flag, but for what is said."""
    whole = Cookie(
        name=name,
        secure=True,
        http_only=True,
        same_site="lax",
        path="/",
        domain=False,
        session=True,
    )
    return replace(whole, **said)  # type: ignore[arg-type]
