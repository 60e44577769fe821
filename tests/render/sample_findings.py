"""The findings of the sample: every status and every flag."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from posture.audit import Entry
from posture.model import Evidence, Finding, Reason, Severity, Status, View
from tests.render.sample_words import RULES

TAKEN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def finding(check: str, subject: str, status: Status, **fields: Any) -> Finding:
    area, severity, *_ = RULES[check]
    made = Finding(
        fingerprint=sha256(f"smile-dental {check} {subject}".encode()).hexdigest(),
        check=check,
        subject=subject,
        label=subject.partition(":")[2],
        area=check.partition(".")[0],
        score_area=area,
        status=status,
        severity=severity,
        says="ok",
        seen_at=TAKEN + timedelta(minutes=3),
    )
    return replace(made, **fields)


def entry(
    check: str, subject: str, status: Status, summary: str, texts: Any = None, **fields: Any
) -> Entry:
    return Entry(finding=finding(check, subject, status, **fields), summary=summary, **texts or {})


ENTRIES = (
    entry(
        "backup.copies.fresh",
        "backupset:accounts",
        Status.FAIL,
        "The newest good backup is 76 hours old; the target is 24 hours.",
        {"fix": "Look at the log of the job:\n    journalctl -u restic-accounts"},
        observed="76 h",
        expected="24 h or less",
        evidence=(
            Evidence(source="restic snapshots", record="2026-10-30T05:00:00Z accounts host=srv1"),
        ),
    ),
    entry(
        "backup.copies.old",
        "backupset:accounts",
        Status.PASS,
        "The oldest backup is 212 days old.",
        observed="212 d",
        evidence=(Evidence(source="restic snapshots", record="2026-04-04T05:00:00Z accounts"),),
    ),
    entry(
        "dns.caa.present",
        "domain:smile-dental.example",
        Status.FAIL,
        "There is no CAA record.",
        {
            "fix": 'smile-dental.example. CAA 0 issue "letsencrypt.org"',
            "waiver": "The host changes issuers often (B. Partner, until 2027-03-01)",
        },
        waived=True,
        observed="no record",
        expected="at least one issue record",
        evidence=(Evidence(source="CAA smile-dental.example", record="NODATA"),),
    ),
    entry(
        "email.dmarc.enforced",
        "domain:smile-dental.example",
        Status.FAIL,
        "The policy is none: receivers only watch.",
        {
            "fix": "Publish at your DNS host:\n"
            '    _dmarc.smile-dental.example. TXT "v=DMARC1; p=quarantine; '
            'rua=mailto:dmarc@smile-dental.example"',
            "near_miss": "The record is there; only its policy has to be raised.",
        },
        observed="p=none",
        expected="p=quarantine or stronger",
        evidence=(
            Evidence(source="TXT _dmarc.smile-dental.example", record="v=DMARC1; p=none; pct=100"),
        ),
    ),
    entry(
        "email.spf.valid",
        "domain:smile-dental.example",
        Status.PASS,
        "The record is valid and needs 4 look-ups.",
        observed="4 look-ups",
        expected="10 or fewer",
        evidence=(
            Evidence(
                source="TXT smile-dental.example",
                record="v=spf1 include:spf.protection.example ip4:192.0.2.10 -all",
            ),
        ),
    ),
    entry(
        "email.spf.valid",
        "domain:smile-parked.example",
        Status.NOT_APPLICABLE,
        "This domain sends no mail.",
    ),
    entry(
        "governance.incident.plan",
        "company:smile-dental",
        Status.UNKNOWN,
        "Nobody told us where to look.",
        {"fix": "Add it to client.toml, or declare under [none] why there is none."},
        label="Smile Dental Ltd",
        says="engine.not_declared",
        reason=Reason.NOT_DECLARED,
        seen_at=None,
    ),
    entry(
        "governance.training.yearly",
        "company:smile-dental",
        Status.PASS,
        "The last training was on 2026-05-12, as stated by the owner.",
        label="Smile Dental Ltd",
        attested=True,
        stale=True,
    ),
    entry(
        "identity.admins.count",
        "tenant:entra/smile",
        Status.ERROR,
        "Our own check broke here; this says nothing about you.",
        label="smile",
        says="engine.broken",
    ),
    entry(
        "identity.mfa.admins",
        "tenant:entra/smile",
        Status.PARTIAL,
        "2 of 5 administrators have no second factor.",
        {"fix": "Turn on security defaults, or require a second factor by policy."},
        label="smile",
        share=0.6,
        observed="3 of 5",
        expected="5 of 5",
        evidence=(
            Evidence(
                source="GET /v1.0/reports/authenticationMethods/userRegistrationDetails",
                record="anna.secretary@smile.example isMfaRegistered=false",
                personal=True,
            ),
        ),
    ),
    entry(
        "network.exposure.rdp",
        "host:203.0.113.7",
        Status.UNKNOWN,
        "This could not be checked: it has to be looked at from the other side of the firewall.",
        {"fix": "Scan once from the other side; set “[network] vantage”."},
        label="office router (203.0.113.7)",
        says="engine.failed",
        reason=Reason.WRONG_VANTAGE,
        detail="declared external, scan ran inside",
        view=View.EXTERNAL,
        incomplete=True,
    ),
    entry(
        "network.exposure.rdp",
        "host:192.168.1.20",
        Status.FAIL,
        "Remote Desktop answers on port 3389.",
        {"fix": 'netsh advfirewall firewall set rule group="remote desktop" new enable=No'},
        severity=Severity.MEDIUM,
        view=View.INTERNAL,
        observed="3389/tcp open",
        expected="closed",
        evidence=(
            Evidence(source="connection to 192.168.1.20", record="3389/tcp open"),
            Evidence(source="nmap 192.168.1.20", record="3389/tcp Microsoft Terminal Services"),
        ),
    ),
    entry(
        "tls.certificate.trusted",
        "website:www.smile-dental.example",
        Status.PASS,
        "The chain leads to a trusted root.",
        evidence=(
            Evidence(
                source="TLS handshake with www.smile-dental.example:443",
                record="CN=www.smile-dental.example; issuer Example CA R3",
            ),
        ),
    ),
    entry(
        "web.https.redirect",
        "website:www.smile-dental.example",
        Status.UNKNOWN,
        "This could not be checked: no answer came in time.",
        {"fix": "Scan again; if it stays silent, allow the scanning address through."},
        says="engine.failed",
        reason=Reason.TIMEOUT,
        detail="GET http://www.smile-dental.example/ after 20 s",
    ),
)
