from __future__ import annotations

import csv as stdlib_csv
import io

from posture.render import csv
from posture.score import is_open
from tests.render import sample


def rows() -> list[dict[str, str]]:
    text = csv.findings(sample.AUDIT).decode("utf-8-sig")
    return list(stdlib_csv.DictReader(io.StringIO(text, newline="")))


def test_excel_reads_it_as_unicode_with_lines_of_windows() -> None:
    data = csv.findings(sample.AUDIT)
    assert data.startswith(b'\xef\xbb\xbf"client",')
    assert data.endswith(b'"\r\n')


def test_there_is_one_row_for_each_open_finding() -> None:
    open_ = [e.finding for e in sample.AUDIT.entries if is_open(e.finding)]
    found = [(row["fingerprint"], row["status"], row["check"]) for row in rows()]
    assert found == [(f.fingerprint, f.status, f.check) for f in open_]


def test_a_row_says_what_a_ticket_needs() -> None:
    (row,) = (row for row in rows() if row["check"] == "email.dmarc.enforced")
    assert row == {
        "client": "smile-dental",
        "check": "email.dmarc.enforced",
        "area": "E-mail",
        "severity": "high",
        "status": "fail",
        "title": "Mail that fails DMARC is rejected or quarantined",
        "subject": "domain:smile-dental.example",
        "label": "smile-dental.example",
        "view": "",
        "summary": "The policy is none: receivers only watch.",
        "observed": "p=none",
        "expected": "p=quarantine or stronger",
        "fix": "Publish at your DNS host:\n"
        '    _dmarc.smile-dental.example. TXT "v=DMARC1; p=quarantine; '
        'rua=mailto:dmarc@smile-dental.example"',
        "near_miss": "The record is there; only its policy has to be raised.",
        "effort_minutes": "20",
        "waived": "",
        "seen_at": "2026-11-02T09:03:00+00:00",
        "fingerprint": row["fingerprint"],
    }


def test_what_is_not_known_stays_empty() -> None:
    (row,) = (row for row in rows() if row["check"] == "governance.incident.plan")
    assert (row["effort_minutes"], row["seen_at"], row["view"]) == ("", "", "")
    (accepted,) = (row for row in rows() if row["waived"])
    assert accepted["waived"] == "The host changes issuers often (B. Partner, until 2027-03-01)"
