"""The checks of whether certificates still stand."""

from dataclasses import replace
from datetime import datetime

from posture.model import Evidence, Verdict, check, failed, not_applicable, passed

from .revocation_facts import MailRevocation, Revocation, Standing, WebRevocation

_MOOT = {
    Standing.UNLISTED: "unlisted",
    Standing.UNTRUSTED: "untrusted",
    Standing.ABSENT: "no_starttls",
}


@check("tls.web.unrevoked")
def web(revocation: WebRevocation) -> Verdict:
    """The web site's certificate has not been revoked by its issuer."""
    return _judged(revocation.found)


@check("tls.mail.unrevoked")
def mail(revocation: MailRevocation) -> Verdict:
    """The mail server's certificate has not been revoked by its issuer."""
    return _judged(revocation.found)


def _judged(found: Revocation) -> Verdict:
    if found.standing in _MOOT:
        return not_applicable(_MOOT[found.standing])
    seen = Evidence(
        source=f"list of revoked certificates at {found.url}",
        record=f"made {_day(found.issued)}, next due {_day(found.until)}; "
        f"serial {found.serial[:60]}: {found.standing} {found.why}".rstrip(),
    )
    if found.standing is Standing.REVOKED:
        why = found.why or "unspecified"
        verdict = failed("revoked", seen, fix="replace", date=_day(found.since), why=why)
    else:
        verdict = passed("ok", seen, date=_day(found.issued))
    return replace(verdict, observed=found.standing.value, expected="not on the list")


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else ""
