"""A believable audit, built by hand: every status, every flag, and a grade that is not settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from posture.audit import AcceptedRisk, Audit, Change, Changes, Past, Provenance, Target
from posture.model import Status, View
from posture.score import Estimate, Hold, Score
from posture.snapshot import Authorisation, Run
from tests.render.sample_findings import ENTRIES, TAKEN, finding
from tests.render.sample_score import SCORE
from tests.render.sample_words import RULES, page

RUN = Run(
    id="20261102T090000Z",
    tool="posture 0.1.0",
    started=TAKEN,
    ended=TAKEN + timedelta(minutes=4),
    complete=True,
    vantage=View.INTERNAL,
    authorisation=Authorisation(
        by="A. Owner, managing director",
        covers=("domains", "hosts", "tenants", "backups"),
        valid_from="2026-11-01",
        valid_until="2026-12-31",
    ),
    resolver="192.168.1.1:53",
    connect={"www.smile-dental.example:443": "127.0.0.1:8443"},
    collectors=("backup.restic", "dns.caa", "email.dmarc", "identity.entra", "network.sweep"),
)


def _fingerprint(check: str, subject: str) -> str:
    return finding(check, subject, Status.PASS).fingerprint


CHANGES = Changes(
    since=datetime(2026, 10, 5, 9, 0, tzinfo=UTC),
    grade_before="F",
    points_before=35.2,
    new=(
        Change(
            fingerprint=_fingerprint("backup.copies.fresh", "backupset:accounts"),
            check="backup.copies.fresh",
            label="accounts",
            before=Status.PASS,
            after=Status.FAIL,
        ),
    ),
    fixed=(
        Change(
            fingerprint=_fingerprint("email.spf.valid", "domain:smile-dental.example"),
            check="email.spf.valid",
            label="smile-dental.example",
            before=Status.FAIL,
            after=Status.PASS,
        ),
    ),
    still_open=(
        _fingerprint("email.dmarc.enforced", "domain:smile-dental.example"),
        _fingerprint("identity.mfa.admins", "tenant:entra/smile"),
    ),
)

AUDIT = Audit(
    client_id="smile-dental",
    client_name="Smile Dental Ltd",
    taken=TAKEN,
    complete=True,
    provenance=Provenance(
        tool="posture 0.1.0",
        snapshot_sha256=sha256(b"snapshot").hexdigest(),
        policy="smb-baseline",
        policy_title="Baseline for small businesses",
        policy_version="1.0",
        policy_sha256=sha256(b"policy").hexdigest(),
        profile="full",
        judged_at=TAKEN,
    ),
    runs=(RUN,),
    targets=(
        Target(id="company:smile-dental", kind="company", label="Smile Dental Ltd", declared=True),
        Target(
            id="domain:smile-dental.example",
            kind="domain",
            label="smile-dental.example",
            declared=True,
        ),
        Target(
            id="mailserver:mx1.smile-dental.example",
            kind="mailserver",
            label="mx1.smile-dental.example",
            declared=False,
        ),
    ),
    absent={"system": "Everything runs in the cloud."},
    entries=ENTRIES,
    words={check: page(check) for check in RULES},
    score=SCORE,
    not_tested=("network.relay.closed",),
    accepted=(
        AcceptedRisk(
            check="dns.caa.present",
            subject="smile-dental.example",
            reason="The host changes issuers often",
            approved_by="B. Partner",
            approved_on="2026-09-01",
            expires="2027-03-01",
            points=5.0,
        ),
    ),
    notices=("waivers.toml:12: email.mx.sane on domain:old.example matches no finding",),
    changes=CHANGES,
    past=(
        Past(taken=datetime(2026, 9, 7, tzinfo=UTC), grade="F", points=33.0, policy_version="1.0"),
        Past(taken=datetime(2026, 10, 5, tzinfo=UTC), grade="F", points=35.2, policy_version="1.0"),
    ),
)
"""Not settled, everything seen from inside only, one earlier audit to compare with."""

SETTLED = replace(
    AUDIT,
    absent={},
    entries=tuple(e for e in ENTRIES if not e.finding.status.undecided),
    score=replace(
        SCORE,
        floor=replace(SCORE.ceiling, points=61.4),
        coverage=1.0,
        open_questions=0,
        from_outside=0,
    ),
    accepted=(),
    changes=None,
    past=(),
)
"""One letter, a first audit."""

UNGRADED = replace(
    SETTLED,
    entries=(),
    words={},
    score=Score(
        floor=Estimate(grade="-", points=0.0),
        ceiling=Estimate(grade="-", points=0.0),
        coverage=0.0,
        open_questions=0,
        from_outside=0,
        declared_absent=0.0,
        areas=(),
        rules=(),
        actions=(),
    ),
    targets=(),
    not_tested=(),
    notices=(),
)
"""No rule applied to anything."""

CUT_SHORT = replace(
    AUDIT,
    complete=False,
    runs=(
        replace(RUN, complete=False, interrupted="deadline"),
        replace(RUN, id="20261102T100000Z", vantage=View.EXTERNAL, resolver="", connect={}),
    ),
)
"""Two scans, from both sides; the first ran out of time."""


def crowded() -> Audit:
    """Return an audit whose texts are all as long as they may be, and that has all there is."""

    def long(length: int) -> str:
        return ("Every administrator of the company signs in with a second factor " * 9)[:length]

    words = {
        check: replace(page(check), title=long(70), good=long(60), risk=long(150), action=long(80))
        for check in RULES
    }
    entries = tuple(
        replace(e, finding=replace(e.finding, label=long(120))) for e in ENTRIES for _ in range(3)
    )
    rules = tuple(rule.check for rule in SCORE.rules[:9])
    area = Hold(cause="area", at_most="F", area="tls", rules=rules)
    floor = replace(SCORE.floor, held_by=(*SCORE.floor.held_by, area, area, area))
    return replace(
        CUT_SHORT,
        client_name=long(90),
        entries=entries,
        words=words,
        score=replace(SCORE, floor=floor),
    )
