"""What keeps every judge of the front page from judging it, in the same words."""

from posture.model import Evidence, Reason, Verdict, not_applicable, unknown

from .page_facts import Document, LandingPage


def seen(page: LandingPage, record: str) -> Evidence:
    """Quote something of the page."""
    return Evidence(source=f"GET {page.url}", record=record[:1000])


def opened(page: LandingPage) -> Document | Verdict:
    """Return the page's parts, or the verdict where there is no page to judge."""
    if page.failed:
        return unknown("unseen", seen(page, page.failed), reason=Reason.INCONCLUSIVE)
    if page.leads_to:
        return not_applicable(
            "elsewhere", seen(page, f"{page.status} to {page.leads_to}"), target=page.leads_to
        )
    status = seen(page, f"{page.status}, {page.media_type or 'no media type'}")
    if not 200 <= page.status < 300:
        # Common servers leave their extra headers out of error pages.
        return unknown("error", status, reason=Reason.INCONCLUSIVE, status=page.status)
    return page.document or not_applicable("no_page", status)


def values(page: LandingPage, name: str) -> tuple[str, ...]:
    """Every header of that name (in lower case), in order."""
    return tuple(field.value for field in page.headers if field.name == name)


def tokens(page: LandingPage, name: str) -> list[str]:
    """The comma-separated parts of all headers of that name, in lower case."""
    return [part.strip().lower() for value in values(page, name) for part in value.split(",")]


def is_still(document: Document) -> bool:
    """Whether the page runs nothing and takes nothing in: there is nothing to turn against it."""
    busy = document.scripts or document.handlers or document.forms or document.foreign
    return document.whole and not busy
