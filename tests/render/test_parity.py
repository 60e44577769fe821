"""The same findings in every output. PDF: test_pdf prints the same HTML and looks for the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from posture import codec
from posture.audit import Audit, Entry, load
from posture.model import Status
from posture.render import chapters, csv, html, json
from posture.render.phrases import minute, of_status, of_vantage
from posture.score import is_open
from tests.render import dom, sample


def told(audit: Audit) -> set[tuple[str, str, str]]:
    return {(e.finding.check, e.finding.subject, e.finding.status) for e in audit.entries}


def test_json_is_the_audit_and_nothing_else() -> None:
    data = json.document(sample.AUDIT)
    assert load(data, "audit.json") == sample.AUDIT
    assert data == codec.encode(sample.AUDIT)


def settled(entry: Entry) -> bool:
    """Whether a row is enough: nothing to do, nothing to remark."""
    finding = entry.finding
    fine = finding.status in {Status.PASS, Status.NOT_APPLICABLE}
    return fine and not (finding.stale or entry.fix or entry.near_miss or entry.waiver)


def said_of(entry: Entry, root: dom.Element) -> str:
    """The one article or row that tells a finding, in the section of its check."""
    check = f"check-{entry.finding.check.replace('.', '-')}"
    (topic,) = (e for e in root.iter("section") if e.find(f"h4[@id='{check}']") is not None)
    if settled(entry):
        told = [dom.text(e) for e in topic.findall("details/table/tbody/tr")]
        (said,) = (text for text in told if entry.finding.subject in text.split(" 2026")[0])
    else:
        told = [dom.text(e) for e in topic.findall("article")]
        (said,) = (text for text in told if f"finding {entry.finding.fingerprint[:16]}" in text)
    return said


def test_html_tells_every_finding_with_its_status_and_evidence() -> None:
    root = dom.parse(html.html(sample.AUDIT))
    rows = [e for e in root.iter("table") if "settled" in dom.classes(e)]
    told = [*root.iter("article"), *(row for table in rows for row in table.find("tbody"))]
    assert len(told) == len(sample.AUDIT.entries)
    for entry in sample.AUDIT.entries:
        finding = entry.finding
        said = said_of(entry, root)
        wanted = [finding.subject, of_status(finding.status), entry.summary]
        wanted += [text for e in finding.evidence for text in (e.source, e.record)]
        wanted += [minute(finding.seen_at)] if finding.seen_at else []
        wanted += [of_vantage(finding.view)] if finding.view else []
        assert [text for text in wanted if " ".join(text.split()) not in said] == []


@pytest.mark.parametrize(
    "remark", [{"fix": "x y"}, {"near_miss": "x y"}, {"waiver": "x y"}, {"stale": True}]
)
def test_what_is_in_order_with_a_remark_is_told_at_length(remark: dict[str, Any]) -> None:
    (plain,) = (e for e in sample.AUDIT.entries if e.finding.check == "backup.copies.old")
    assert settled(plain)
    assert chapters.is_settled(plain)
    if "stale" in remark:
        entry = replace(plain, finding=replace(plain.finding, **remark))
    else:
        entry = replace(plain, **remark)
    assert not chapters.is_settled(entry)
    assert "oldest backup" in said_of(
        entry, dom.parse(html.html(replace(sample.AUDIT, entries=(entry,))))
    )


@pytest.mark.parametrize("status", [s for s in Status if s not in {"pass", "not_applicable"}])
def test_what_is_open_is_told_at_length(status: Status) -> None:
    (plain,) = (e for e in sample.AUDIT.entries if e.finding.check == "backup.copies.old")
    entry = replace(plain, finding=replace(plain.finding, status=status))
    assert not chapters.is_settled(entry)


def test_html_tells_every_check_once_as_a_heading() -> None:
    root = dom.parse(html.html(sample.AUDIT))
    checks = [e.get("id") for e in dom.walk(root) if dom.tag(e) == "h4"]
    expected = {f"check-{check.replace('.', '-')}" for check, _, _ in told(sample.AUDIT)}
    assert sorted(checks) == sorted(expected)


def test_csv_tells_every_open_finding() -> None:
    text = csv.findings(sample.AUDIT).decode("utf-8-sig")
    for entry in sample.AUDIT.entries:
        assert (entry.finding.fingerprint in text) == is_open(entry.finding)
