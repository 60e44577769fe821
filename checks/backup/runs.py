"""How the last run ended."""

from collections.abc import Iterable
from dataclasses import replace

from posture.model import (
    BackupSet,
    Evidence,
    Moment,
    Reason,
    Verdict,
    check,
    failed,
    passed,
    record,
    unknown,
)

from .facts import BackupEvidence, Completeness, Outcome
from .points import in_future


@record
class _Last:
    """The end of the last run of one job, or of the file that stands for it."""

    name: str
    when: str
    outcome: Outcome
    detail: str
    unchecked: bool = False

    @property
    def evidence(self) -> Evidence:
        return Evidence(source=self.name, record=f"{self.when}: {self.outcome}, {self.detail}")


@check("backup.runs.succeeded")
def succeeded(backup: BackupSet, evidence: BackupEvidence, moment: Moment) -> Verdict:
    """The last run of every job ended well."""
    found = list(_last(evidence, moment))
    bad = [one for one in found if one.outcome in {Outcome.BAD, Outcome.PARTIAL}]
    if bad:
        verdict = failed("bad", *_shown(bad), fix="repair", **_values(bad[0]))
        return replace(verdict, observed=bad[0].outcome, expected=Outcome.GOOD)
    unread = [one for one in found if one.outcome is Outcome.UNREAD]
    if unread:
        return unknown("unread", *_shown(unread), reason=Reason.INCONCLUSIVE, **_values(unread[0]))
    if not found:
        return unknown("no_run", reason=Reason.INCONCLUSIVE, name=backup.name)
    if evidence.completeness is Completeness.NOT_KEPT:
        return unknown("not_kept", *_shown(found), reason=Reason.INCONCLUSIVE, **_values(found[0]))
    if unchecked := [one for one in found if one.unchecked]:
        reason = Reason.INCONCLUSIVE
        return unknown("unchecked", *_shown(unchecked), reason=reason, **_values(unchecked[0]))
    return passed("good", *_shown(found), **_values(found[0]))


def _last(evidence: BackupEvidence, moment: Moment) -> Iterable[_Last]:
    """By job or series, whatever ended last; what still runs has not ended."""
    if evidence.completeness is Completeness.RUNS:
        recorded = sorted(evidence.runs, key=lambda run: run.started_at)
        runs = {run.job: run for run in recorded if run.outcome is not Outcome.RUNNING}
        return [
            _Last(
                name=run.job,
                when=f"{run.started_at:%Y-%m-%d %H:%M} UTC",
                outcome=run.outcome,
                detail=run.detail,
            )
            for run in runs.values()
        ]
    points = {
        point.series: point
        for point in sorted(evidence.points, key=lambda p: p.started_at)
        if point.outcome is not Outcome.RUNNING and not in_future(point, moment.taken)
    }
    return [
        _Last(
            name=" ".join(filter(None, [series, point.id])),
            when=f"{point.started_at:%Y-%m-%d %H:%M} UTC",
            outcome=point.outcome,
            detail=point.content,
            unchecked=point.unchecked,
        )
        for series, point in sorted(points.items())
    ]


def _shown(found: list[_Last]) -> Iterable[Evidence]:
    return (one.evidence for one in found[:5])


def _values(last: _Last) -> dict[str, str]:
    return {"name": last.name, "when": last.when, "detail": last.detail}
