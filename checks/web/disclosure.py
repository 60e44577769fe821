"""The check of security.txt: whether somebody who finds a weakness learns where to report it."""

import re
from dataclasses import replace
from datetime import UTC, datetime

from posture.model import Evidence, Moment, Verdict, check, failed, not_applicable, passed

from .page_facts import SecurityTxt

_DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)")
"""RFC 3339 §5.6, as RFC 9116 §2.5.5 asks for."""


@check("web.securitytxt.valid")
def valid(notice: SecurityTxt, moment: Moment) -> Verdict:
    """Whoever finds a weakness in the site can see where to report it."""
    words = f"Expires: {notice.expires}" if notice.expires else notice.problem or "no Expires"
    evidence = Evidence(source=f"GET {notice.url}", record=words if notice.found else "no file")
    verdict = _judge(notice, moment, evidence)
    return replace(verdict, observed=words if notice.found else "none", expected="RFC 9116")


def _judge(notice: SecurityTxt, moment: Moment, evidence: Evidence) -> Verdict:
    if not notice.found:
        if 300 <= notice.status < 400:
            return not_applicable("elsewhere", evidence, target=notice.url)
        return failed("absent", evidence, fix="publish")
    if notice.problem:
        return failed("invalid", evidence, fix="publish", why=notice.problem)
    if not notice.contacts:
        return failed("no_contact", evidence, fix="publish")
    end = _date(notice.expires)
    if end is None:
        return failed("no_end", evidence, fix="publish")
    if end <= moment.taken:
        return failed("expired", evidence, fix="publish", date=f"{end:%Y-%m-%d}")
    return passed("ok", evidence, date=f"{end:%Y-%m-%d}")


def _date(text: str) -> datetime | None:
    if not _DATE.fullmatch(text.strip()):
        return None
    try:
        return datetime.fromisoformat(text.strip().upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
