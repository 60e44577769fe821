"""The audit document: findings in words, the score, what changed, and where it all comes from.

It is complete in itself, so a report can be drawn from it years later without the checks, the
policy or the network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from posture import codec, words
from posture.edits import Edit
from posture.judge import judge
from posture.model import Finding, Status
from posture.plugins import Registry
from posture.policy import Policy
from posture.score import Hold, Score, is_open, is_proven, score
from posture.snapshot import Run, Snapshot
from posture.waivers import Waivers

SCHEMA = "posture.audit/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What this audit was made of."""

    tool: str
    snapshot_sha256: str
    policy: str
    policy_title: str
    policy_version: str
    policy_sha256: str
    profile: str
    judged_at: datetime
    """When waivers and attestations had to be valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckWords:
    """A check's words, as its page had them when the audit was made."""

    title: str
    good: str
    risk: str
    action: str
    why: str
    """Markdown: why it matters to a small business."""
    how: str
    """Markdown: how to fix it."""
    maps: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Framework key to the ids of its requirements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A finding and its sentences."""

    finding: Finding
    summary: str
    fix: str = ""
    near_miss: str = ""
    records: tuple[Edit, ...] = ()
    """The DNS records that ``fix`` prints, for programs."""
    waiver: str = ""
    """Why it was accepted, by whom and until when; empty when it was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedRisk:
    """A waiver that is in force on at least one finding."""

    check: str
    subject: str
    reason: str
    approved_by: str
    approved_on: str
    expires: str
    points: float
    """What the rule costs of the total; waiving it gives nothing back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One finding whose status is not what it was."""

    fingerprint: str
    check: str
    label: str
    before: Status
    after: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """This audit against the last complete one of the same client and profile."""

    since: datetime
    grade_before: str
    points_before: float
    new: tuple[Change, ...]
    """Proven not in order now, and not then."""
    fixed: tuple[Change, ...]
    """Proven in order now, and proven not in order then."""
    still_open: tuple[str, ...]
    """Fingerprints proven not in order then, and not proven in order since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One earlier audit in the list of scores."""

    taken: datetime
    grade: str
    points: float
    policy_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One audited subject."""

    id: str
    kind: str
    label: str
    declared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Everything a report is drawn from."""

    schema: str = SCHEMA
    client_id: str
    client_name: str
    taken: datetime
    complete: bool
    provenance: Provenance
    runs: tuple[Run, ...]
    targets: tuple[Target, ...]
    absent: dict[str, str] = field(default_factory=dict)
    entries: tuple[Entry, ...]
    words: dict[str, CheckWords]
    """By check id; of every rule, tested or not."""
    score: Score
    not_tested: tuple[str, ...] = ()
    accepted: tuple[AcceptedRisk, ...] = ()
    notices: tuple[str, ...] = ()
    """Remarks for the technician: unused waivers and the like."""
    changes: Changes | None = None
    """None on a first audit."""
    past: tuple[Past, ...] = ()
    """Earlier complete audits of this client and profile, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What an audit is made from, besides the snapshot itself."""

    registry: Registry
    policy: Policy
    profile: str
    waivers: Waivers
    tool: str
    at: datetime | None = None
    """Validity of waivers and attestations; None is the snapshot's own time."""
    previous: Audit | None = None
    past: tuple[Past, ...] = ()
    notices: tuple[str, ...] = ()


def compose(snapshot: Snapshot, basis: Basis) -> Audit:
    """Judge, waive, score, compare and word a snapshot."""
    at = basis.at or snapshot.taken
    rules = basis.policy.rules_of(basis.profile)
    judged = judge(snapshot, basis.registry, dict(rules), at=at)
    findings = [_waived(finding, basis.waivers, at) for finding in judged.findings]
    scored = score(findings, basis.policy)
    pages = {check: _page(basis.registry, check) for check in rules}
    labels = {finding.subject: finding.label for finding in findings}
    return Audit(
        client_id=snapshot.client_id,
        client_name=snapshot.client_name,
        taken=snapshot.taken,
        complete=snapshot.complete,
        provenance=_provenance(snapshot, basis, at),
        runs=snapshot.runs,
        targets=tuple(
            Target(id=s.id, kind=s.kind, label=labels.get(s.id, s.id), declared=s.declared)
            for s in snapshot.subjects
        ),
        absent=snapshot.absent,
        entries=tuple(_entry(f, pages[f.check], basis.waivers, at) for f in findings),
        words={c: _words(page, basis.policy.rules[c].maps) for c, page in pages.items()},
        score=scored,
        not_tested=judged.not_tested,
        accepted=_accepted(findings, scored, basis.waivers, at),
        notices=(*basis.notices, *basis.waivers.notices(findings, at)),
        changes=compare(basis.previous, findings) if basis.previous else None,
        past=basis.past,
    )


def load(data: bytes, name: str) -> Audit:
    """Read an audit; raises DocumentError naming the file and the next step."""
    made = codec.read_document(data, SCHEMA, Audit, name)
    scored = {rule.check for rule in made.score.rules}
    held = {check for hold in _holds(made.score) for check in hold.rules}
    if not (held <= scored and _mentioned(made) <= made.words.keys()):
        raise codec.DocumentError(
            f"{name}: speaks of checks that it does not explain; "
            "it was changed: take it from a backup, or judge its snapshot again"
        )
    return made


def _mentioned(made: Audit) -> set[str]:
    """Every check that a report would look up."""
    changes = (*made.changes.new, *made.changes.fixed) if made.changes else ()
    found = {entry.finding.check for entry in made.entries} | set(made.not_tested)
    found |= {rule.check for rule in made.score.rules} | {step.check for step in made.score.actions}
    return found | {risk.check for risk in made.accepted} | {change.check for change in changes}


def _holds(scored: Score) -> tuple[Hold, ...]:
    return (*scored.floor.held_by, *scored.ceiling.held_by)


def compare(previous: Audit, findings: Sequence[Finding]) -> Changes:
    """Compare by fingerprint. What could not be seen this time is still open, never fixed."""
    before = {e.finding.fingerprint: e.finding for e in previous.entries}
    now = {finding.fingerprint: finding for finding in findings}
    new = [
        _change(before.get(f.fingerprint), f)
        for f in findings
        if is_proven(f) and not _was_proven(before.get(f.fingerprint))
    ]
    fixed = [
        _change(before[f.fingerprint], f)
        for f in findings
        if f.status is Status.PASS and _was_proven(before.get(f.fingerprint))
    ]
    still = [
        mark for mark, f in before.items() if is_proven(f) and mark in now and is_open(now[mark])
    ]
    return Changes(
        since=previous.taken,
        grade_before=previous.score.floor.grade,
        points_before=previous.score.floor.points,
        new=tuple(new),
        fixed=tuple(fixed),
        still_open=tuple(sorted(still)),
    )


def _was_proven(finding: Finding | None) -> bool:
    return finding is not None and is_proven(finding)


def _change(before: Finding | None, after: Finding) -> Change:
    return Change(
        fingerprint=after.fingerprint,
        check=after.check,
        label=after.label,
        before=before.status if before else Status.UNKNOWN,
        after=after.status,
    )


def _waived(finding: Finding, waivers: Waivers, at: datetime) -> Finding:
    """Mark a waiver. It takes a finding off the to-do list and changes nothing else."""
    if not is_open(finding) or waivers.match(finding.check, finding.subject, at) is None:
        return finding
    return replace(finding, waived=True)


def _entry(finding: Finding, page: words.Page, waivers: Waivers, at: datetime) -> Entry:
    said = words.of_finding(finding, page)
    waiver = waivers.match(finding.check, finding.subject, at) if finding.waived else None
    return Entry(
        finding=finding,
        summary=said.summary,
        fix=said.fix,
        near_miss=said.near_miss,
        records=said.records,
        waiver=f"{waiver.reason} ({waiver.approved_by}, until {waiver.expires})" if waiver else "",
    )


def _accepted(
    findings: Sequence[Finding], scored: Score, waivers: Waivers, at: datetime
) -> tuple[AcceptedRisk, ...]:
    points = {rule.check: rule.points for rule in scored.rules}
    matched = [
        (finding, waiver)
        for finding in findings
        if finding.waived and (waiver := waivers.match(finding.check, finding.subject, at))
    ]
    return tuple(
        AcceptedRisk(
            check=finding.check,
            subject=finding.label,
            reason=waiver.reason,
            approved_by=waiver.approved_by,
            approved_on=str(waiver.approved_on),
            expires=str(waiver.expires),
            points=points.get(finding.check, 0.0),
        )
        for finding, waiver in matched
    )


def _page(registry: Registry, check_id: str) -> words.Page:
    return words.load_page(registry.checks[check_id].area.package, check_id)


def _words(page: words.Page, maps: Mapping[str, Sequence[str]]) -> CheckWords:
    return CheckWords(
        title=page.title,
        good=page.good,
        risk=page.risk,
        action=page.action,
        why=page.sections["Why it matters to a small business"],
        how=page.sections["How to fix"],
        maps={key: tuple(ids) for key, ids in maps.items()},
    )


def _provenance(snapshot: Snapshot, basis: Basis, at: datetime) -> Provenance:
    return Provenance(
        tool=basis.tool,
        snapshot_sha256=codec.sha256(codec.encode(snapshot)),
        policy=basis.policy.id,
        policy_title=basis.policy.title,
        policy_version=basis.policy.version,
        policy_sha256=basis.policy.sha256,
        profile=basis.profile,
        judged_at=at,
    )
