"""How a signed answer becomes a verdict; the same for every question.

The ids of the texts are those of every page in this area: ``yes``, ``no``, ``partial``, ``na``,
``na_unexplained``, ``missing`` and ``expired``, with the fixes ``do`` and ``attest``.
"""

from dataclasses import replace
from datetime import date, timedelta

from posture.model import (
    Evidence,
    Moment,
    Reason,
    Status,
    Value,
    Verdict,
    params,
    unknown,
)

from .facts import Attested, SignedAnswer

EARLIEST_DATE = timedelta(days=1)
"""Somebody east of Greenwich signs on a day that has not begun in UTC."""


@params
class Life:
    """How long an answer to this question holds when its signer set no end."""

    days: int


def verdict(question: str, attested: Attested, moment: Moment, life: Life) -> Verdict:
    """Judge the newest answer to ``question`` that was signed by the moment of judging."""
    today = moment.valid_at.date()
    given = [
        each
        for each in attested.answers
        if each.question == question and each.signed_on <= today + EARLIEST_DATE
    ]
    newest = max(given, key=lambda each: each.signed_on, default=None)
    if newest is None:
        return replace(unknown("missing", reason=Reason.NOT_DECLARED), fix="attest")
    last = newest.expires_on or newest.signed_on + timedelta(days=life.days)
    if today > last:
        return _expired(newest, last)
    return _answered(newest)


def _expired(newest: SignedAnswer, last: date) -> Verdict:
    said = unknown(
        "expired", _evidence(newest), reason=Reason.NOT_DECLARED, **_values(newest), last=str(last)
    )
    return replace(said, fix="attest", detail=f"the answer expired after {last}")


def _answered(newest: SignedAnswer) -> Verdict:
    if newest.answer == "na" and not newest.detail:
        said = unknown(
            "na_unexplained", _evidence(newest), reason=Reason.NOT_DECLARED, **_values(newest)
        )
        return replace(said, fix="attest")
    status = _STATUS[newest.answer]
    proven_open = status in {Status.FAIL, Status.PARTIAL}
    return Verdict(
        status=status,
        says=newest.answer,
        values=_values(newest),
        fix="do" if proven_open else None,
        evidence=(_evidence(newest),),
        share=0.5 if status is Status.PARTIAL else None,
        attested=True,
    )


_STATUS = {
    "yes": Status.PASS,
    "no": Status.FAIL,
    "partial": Status.PARTIAL,
    "na": Status.NOT_APPLICABLE,
}


def _values(newest: SignedAnswer) -> dict[str, Value]:
    """Roles, not names: the owner's pages name no people."""
    return {"role": newest.role, "signed_on": str(newest.signed_on), "detail": newest.detail}


def _evidence(newest: SignedAnswer) -> Evidence:
    parts = [
        f"{newest.answer}, signed by {newest.signed_by} ({newest.role}) on {newest.signed_on}",
        newest.detail,
        f"see {newest.evidence_ref}" if newest.evidence_ref else "",
    ]
    return Evidence(
        source=f"attestation {newest.question}",
        record="; ".join(filter(None, parts)),
        personal=True,
    )
