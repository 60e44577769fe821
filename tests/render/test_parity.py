"""The same findings in every output. PDF: test_pdf prints the same HTML and looks for the same."""

from __future__ import annotations

from posture import codec
from posture.audit import Audit, load
from posture.render import csv, html, json
from posture.render.phrases import of_status
from posture.score import is_open
from tests.render import dom, sample


def told(audit: Audit) -> set[tuple[str, str, str]]:
    return {(e.finding.check, e.finding.subject, e.finding.status) for e in audit.entries}


def test_json_is_the_audit_and_nothing_else() -> None:
    data = json.document(sample.AUDIT)
    assert load(data, "audit.json") == sample.AUDIT
    assert data == codec.encode(sample.AUDIT)


def test_html_tells_every_finding_with_its_status() -> None:
    root = dom.parse(html.html(sample.AUDIT))
    articles = [e for e in dom.walk(root) if dom.tag(e) == "article"]
    assert len(articles) == len(sample.AUDIT.entries)
    by_fingerprint = {e.finding.fingerprint[:16]: e for e in sample.AUDIT.entries}
    for article in articles:
        said = dom.text(article)
        (entry,) = (e for mark, e in by_fingerprint.items() if f"finding {mark}" in said)
        assert entry.finding.subject in said
        assert of_status(entry.finding.status) in said
        assert " ".join(entry.summary.split()) in said


def test_html_tells_every_check_once_as_a_heading() -> None:
    root = dom.parse(html.html(sample.AUDIT))
    checks = [e.get("id") for e in dom.walk(root) if dom.tag(e) == "h4"]
    expected = {f"check-{check.replace('.', '-')}" for check, _, _ in told(sample.AUDIT)}
    assert sorted(checks) == sorted(expected)


def test_csv_tells_every_open_finding() -> None:
    text = csv.findings(sample.AUDIT).decode("utf-8-sig")
    for entry in sample.AUDIT.entries:
        assert (entry.finding.fingerprint in text) == is_open(entry.finding)
