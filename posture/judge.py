"""Judges a snapshot by a policy. Pure: no clock, no network, no environment, no chance."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from posture.model import (
    Failed,
    Finding,
    Moment,
    Reason,
    Seen,
    Severity,
    Status,
    Subject,
    Verdict,
    View,
    fact_name,
)
from posture.plan import Plan, plan
from posture.plugins import Check, Need, Registry
from posture.snapshot import Discovery, Index, Snapshot

log = logging.getLogger(__name__)

FAILED = "engine.failed"
NONE_DECLARED = "engine.none_declared"
NONE_FOUND = "engine.none_found"
NOT_DECLARED = "engine.not_declared"
BROKEN = "engine.broken"


class Rule(Protocol):
    """What judging needs to know of a policy's rule."""

    @property
    def score_area(self) -> str:
        """The area of the score it counts in."""

    @property
    def params(self) -> object | None:
        """The check's settings."""

    def severity_for(self, view: View | None) -> Severity:
        """How bad it is when it fails, seen from this side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Everything a policy says of a snapshot."""

    findings: tuple[Finding, ...]
    not_tested: tuple[str, ...]
    """Enabled checks nobody consented to."""


def judge(
    snapshot: Snapshot,
    registry: Registry,
    rules: dict[str, Rule],
    *,
    at: datetime | None = None,
) -> Judgement:
    """Judge by ``rules`` (check id to rule); ``at`` moves only the validity of attestations."""
    index = Index(snapshot, registry.subjects)
    made = plan(registry, rules, snapshot.consents)
    moment = Moment(taken=snapshot.taken, valid_at=at or snapshot.taken)
    findings = [
        finding
        for check in made.checks
        for finding in _Judge(index, registry, made, check, rules[check.id], moment).findings()
    ]
    findings.sort(key=lambda f: (f.check, f.subject))
    return Judgement(
        findings=tuple(findings), not_tested=tuple(check.id for check in made.not_tested)
    )


def fingerprint(client_id: str, check_id: str, subject_id: str) -> str:
    """Name a finding so that it is recognised in every later run and release."""
    return hashlib.sha256(f"{client_id}\0{check_id}\0{subject_id}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Judge:
    """One check, applied to every subject it is about."""

    index: Index
    registry: Registry
    plan: Plan
    check: Check
    rule: Rule
    moment: Moment

    def findings(self) -> Iterator[Finding]:
        subjects = self.index.of_kind(self.check.subject)
        blind = list(self.failed_discoveries(self.index.company, self.check.subject))
        for subject in subjects:
            yield self.finding(subject, *self.verdict(subject))
        for parent, failed in {d.parent: d.failed for d in blind if d.failed}.items():
            yield self.finding(self.index.subjects[parent], _unseen(failed), None, incomplete=True)
        if not subjects and not blind:
            yield self.finding(self.index.company, self.without_subject(), None)

    def without_subject(self) -> Verdict:
        """There is nothing to judge: declared so, found so, or simply not said."""
        kind = self.check.subject.kind
        if (reason := self.index.snapshot.absent.get(kind)) is not None:
            return Verdict(
                status=Status.NOT_APPLICABLE, says=NONE_DECLARED, values={"reason": reason}
            )
        if kind in self.index.sought:
            return Verdict(status=Status.NOT_APPLICABLE, says=NONE_FOUND)
        return Verdict(status=Status.UNKNOWN, says=NOT_DECLARED, reason=Reason.NOT_DECLARED)

    def failed_discoveries(self, ancestor: Subject, kind: type[Subject]) -> Iterator[Discovery]:
        """Failed discoveries below ``ancestor`` that could have led to subjects of ``kind``."""
        if not self.index.failed_discoveries:
            return
        leads = {kind.kind}
        for _ in self.plan.discoverers:
            leads |= {d.subject.kind for d in self.plan.discoverers if d.finds.kind in leads}
        for discovery in self.index.failed_discoveries:
            if discovery.finds in leads and self.index.below(discovery.parent, ancestor):
                yield discovery

    def verdict(self, subject: Subject) -> tuple[Verdict, datetime | None]:
        """Ask the check, unless something it needs was not seen."""
        arguments: dict[str, Any] = {}
        times: list[datetime] = []
        for need in self.check.needs:
            value = self.many(need, subject) if need.many else self.one(need, subject, times)
            if isinstance(value, Verdict):
                return value, max(times, default=None)
            if isinstance(value, Failed) and (need.many or not need.failures):
                return _unseen(value), max(times, default=None)
            arguments[need.parameter] = value
        if self.check.subject_parameter:
            arguments[self.check.subject_parameter] = subject
        if self.check.params_parameter:
            arguments[self.check.params_parameter] = self.rule.params
        if self.check.moment_parameter:
            arguments[self.check.moment_parameter] = self.moment
        return self.ask(arguments), max(times, default=None)

    def ask(self, arguments: dict[str, Any]) -> Verdict:
        try:
            return self.check.function(**arguments)
        except Exception as error:
            log.exception("check %s broke", self.check.id)
            return Verdict(
                status=Status.ERROR, says=BROKEN, reason=Reason.BUG, detail=type(error).__name__
            )

    def one(self, need: Need, subject: Subject, times: list[datetime]) -> Any:
        """One subject's fact, or why it is not known."""
        name = fact_name(need.fact)
        seen = self.index.observation(subject.id, name.name) if name else None
        if seen is None or name is None:
            return Failed(reason=Reason.NOT_COLLECTED)
        times.append(seen.seen_at)
        if seen.failed:
            return seen.failed
        return self.index.fact(seen, need.fact)

    def many(self, need: Need, subject: Subject) -> Sequence[Seen[Any]] | Failed | Verdict:
        """All descendants' facts: complete, or the reason why they are not."""
        kind = self.registry.sources[need.fact].subject
        for discovery in self.failed_discoveries(subject, kind):
            return discovery.failed or Failed(reason=Reason.BUG)
        below = self.index.beneath(subject, kind)
        if not below:
            return self.without_subject_of(kind)
        seen = [Seen(s, self.one(need, s, [])) for s in below]
        failed = [entry.fact for entry in seen if isinstance(entry.fact, Failed)]
        return failed[0] if failed and not need.failures else seen

    def without_subject_of(self, kind: type[Subject]) -> Verdict:
        """No descendants: not applicable only if somebody looked or the client said so."""
        if kind.kind in self.index.sought or kind.kind in self.index.snapshot.absent:
            return Verdict(status=Status.NOT_APPLICABLE, says=NONE_FOUND)
        return _unseen(Failed(reason=Reason.NOT_DECLARED))

    def finding(
        self,
        subject: Subject,
        verdict: Verdict,
        seen_at: datetime | None,
        *,
        incomplete: bool = False,
    ) -> Finding:
        view = verdict.view or subject.side
        return Finding(
            fingerprint=fingerprint(self.index.snapshot.client_id, self.check.id, subject.id),
            check=self.check.id,
            subject=subject.id,
            label=subject.label,
            area=self.check.area.name,
            score_area=self.rule.score_area,
            status=verdict.status,
            severity=self.rule.severity_for(view),
            says=verdict.says,
            values=dict(verdict.values),
            fix=verdict.fix,
            near_miss=verdict.near_miss,
            observed=verdict.observed,
            expected=verdict.expected,
            evidence=verdict.evidence,
            view=view,
            share=verdict.share,
            attested=verdict.attested,
            reason=verdict.reason,
            detail=verdict.detail,
            incomplete=incomplete,
            seen_at=seen_at,
        )


def _unseen(failed: Failed) -> Verdict:
    return Verdict(status=Status.UNKNOWN, says=FAILED, reason=failed.reason, detail=failed.detail)
