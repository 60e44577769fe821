"""Which cipher suites a server accepts, and what a guideline makes of them."""

from collections.abc import Iterator
from dataclasses import replace

from posture.model import (
    Evidence,
    Reason,
    Status,
    Verdict,
    check,
    failed,
    not_applicable,
    params,
    passed,
    unknown,
)

from .facts import Outcome
from .guidelines import Guideline, Level, shipped
from .survey_facts import MailSurvey, Surveyed, SurveyedVersion, WebSurvey

SHOWN = 5
"""Suites named in a sentence."""
LISTED = 40
"""Suites listed of one version in evidence."""


@params
class Suites:
    """What suites are measured by."""

    guideline: str
    """``smb-web``, ``smb-mail``, ``mozilla-modern``, ``mozilla-intermediate``,
    ``ncsc-nl-2025-05``."""


@check("tls.web.suites")
def web(survey: WebSurvey, params: Suites) -> Verdict:
    """The web site accepts only sound cipher suites."""
    if survey.surveyed is None:
        return not_applicable("provider", provider=survey.provider)
    return within(survey.surveyed, params)


@check("tls.mail.suites")
def mail(survey: MailSurvey, params: Suites) -> Verdict:
    """The mail server accepts only sound cipher suites."""
    if survey.provider:
        return not_applicable("provider", provider=survey.provider)
    if survey.surveyed is None:
        return not_applicable("no_starttls")
    return within(survey.surveyed, params)


def within(surveyed: Surveyed, settings: Suites) -> Verdict:
    """Every suite that the server accepts is one the guideline allows.

    What was seen to be accepted counts, however the survey went; only a survey in which nothing
    that matters stayed open can pass.
    """
    guideline = shipped().get(settings.guideline)
    if guideline is None:
        return unknown("guideline", reason=Reason.INCONCLUSIVE, guideline=settings.guideline)
    seen = tuple(_evidence(surveyed, guideline))
    return replace(_judge(surveyed, guideline), evidence=seen, expected=guideline.title)


def _judge(surveyed: Surveyed, guideline: Guideline) -> Verdict:
    accepted = _distinct(suite for seen in surveyed.versions for suite in seen.suites)
    refused = _of_level(accepted, guideline, Level.REFUSED)
    old = _of_level(accepted, guideline, Level.PHASE_OUT)
    noted = _of_level(accepted, guideline, Level.NOTED)
    if refused:
        verdict = failed("refused", fix="restrict", suites=_named(refused))
    elif old:
        verdict = Verdict(
            status=Status.PARTIAL,
            says="phase_out",
            values={"suites": _named(old)},
            fix="restrict",
            share=0.5,
        )
    elif not accepted:
        verdict = unknown("nothing", reason=Reason.INCONCLUSIVE)
    elif open_ones := _open(surveyed, guideline):
        verdict = unknown("inconclusive", reason=Reason.INCONCLUSIVE, what=open_ones)
    else:
        verdict = passed("ok", count=len(accepted), suites=_named(noted))
        verdict = replace(verdict, near_miss="noted" if noted else None)
    return replace(verdict, observed=_named(refused or old or accepted))


def _open(surveyed: Surveyed, guideline: Guideline) -> str:
    """What stayed open of which a yes would not be allowed."""
    if surveyed.degraded:
        return "the whole survey, because the server ceased to answer half-way"
    for seen in surveyed.versions:
        unclear = [s for s in seen.inconclusive if guideline.level(s) > Level.NOTED]
        if unclear:
            return f"{_named(unclear)} in {seen.version}"
        if seen.outcome is Outcome.INCONCLUSIVE:
            return f"all of {seen.version}"
    return ""


def _of_level(suites: list[str], guideline: Guideline, level: Level) -> list[str]:
    return [suite for suite in suites if guideline.level(suite) is level]


def _distinct(suites: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(suites))


def _named(suites: list[str]) -> str:
    more = len(suites) - SHOWN
    return ", ".join(suites[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _evidence(surveyed: Surveyed, guideline: Guideline) -> Iterator[Evidence]:
    for seen in surveyed.versions:
        source = f"{seen.version} suites of {surveyed.host} at {surveyed.address}"
        yield Evidence(source=source, record=_record(seen, guideline))


def _record(seen: SurveyedVersion, guideline: Guideline) -> str:
    worst = sorted(seen.suites, key=guideline.level, reverse=True)[:LISTED]
    listed = ", ".join(f"{s} ({guideline.level(s).name.lower()})" for s in worst)
    more = len(seen.suites) - len(worst)
    rest = f", {more} more" if more else ""
    unclear = f"; {len(seen.inconclusive)} not settled" if seen.inconclusive else ""
    return f"{seen.outcome}: {listed or seen.detail}{rest}{unclear}"
