"""The check of the age of web software, by what the site says of itself."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from posture.model import (
    Moment,
    Reason,
    Status,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    unknown,
)

from . import software
from .front import opened, seen, values
from .page_facts import LandingPage
from .software import Named

HALF = 0.5


@check("web.software.supported")
def supported(page: LandingPage, moment: Moment) -> Verdict:
    """The makers of the site's software still repair its version."""
    document = opened(page)
    if isinstance(document, Verdict):
        return document
    texts = (*document.generators, *values(page, "x-generator"))
    shown = [named for text in texts if (named := software.by_generator(text))]
    headers = (*values(page, "x-powered-by"), *values(page, "server"))
    claimed = [named for text in headers for named in software.by_header(text)]
    evidence = seen(page, " | ".join((*texts, *headers)) or "nothing says what it is")
    today = moment.taken.date()
    worst = _shown(shown, today) or _claimed(claimed, today) or _fine([*shown, *claimed], today)
    verdict = worst or not_applicable("undated" if shown or claimed else "unnamed")
    observed = ", ".join(named.words for named in (*shown, *claimed))
    return replace(verdict, evidence=(evidence,), observed=observed)


def _shown(shown: Sequence[Named], today: date) -> Verdict | None:
    """What the page itself says it was made with."""
    for named in shown:
        if named.end and named.end < today:
            if named.paid and named.paid >= today:
                return _partly("paid", named, named.end)
            return failed("ended", fix="update", software=named.words, date=f"{named.end}")
    for named in shown:
        if named.superseded and named.superseded < today:
            return _partly("superseded", named, named.superseded)
    return None


def _claimed(claimed: Sequence[Named], today: date) -> Verdict | None:
    """A header: distributions repair what its makers have left, under the same number."""
    for named in claimed:
        if named.end and named.end < today:
            return unknown(
                "claimed", reason=Reason.INCONCLUSIVE, software=named.words, date=f"{named.end}"
            )
    return None


def _fine(found: Sequence[Named], today: date) -> Verdict | None:
    for named in found:
        if named.end and named.end >= today and named.is_exact:
            return passed("ok", software=named.words, date=f"{named.end}")
    return None


def _partly(says: str, named: Named, since: date) -> Verdict:
    return Verdict(
        status=Status.PARTIAL,
        says=says,
        values={"software": named.words, "date": f"{since}"},
        fix="update",
        near_miss="newer",
        share=HALF,
    )
