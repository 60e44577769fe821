"""What the reports mean for the domain's senders."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from posture.checks.email import senders
from posture.checks.email.report_facts import ReportTotals, SendingSource
from posture.checks.email.senders import Aligned
from posture.model import Status, Verdict
from tests.checks.email.reports import source
from tests.checks.email.world import DOMAIN, Case, Zones, case_name, check_case, spf
from tests.checks.pages import wording_problems

PASS, FAIL, UNKNOWN, AWAY = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ZONES: Zones = {
    "example.com": {"TXT": ["v=spf1 include:spf.mailer.example include:_spf.gone.example -all"]},
    "spf.mailer.example": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]},
    "_spf.gone.example": {"TXT": ["v=spf1 ip4:192.0.2.2 -all"]},
}
NOT_SEEN: Zones = {"example.com": {"TXT": "TIMEOUT"}}
UNSEEN: Zones = {**ZONES, "_spf.gone.example": {"TXT": "TIMEOUT"}}


def summed(*sources: SendingSource, days: float = 30, **more: Any) -> ReportTotals:
    return ReportTotals(
        domain="example.com",
        declared=True,
        sources=sources,
        begins=NOW - timedelta(days=days),
        ends=NOW,
        **{"reports": 9, **more},
    )


def judged(reports: ReportTotals, zones: Zones = ZONES) -> Verdict:
    return senders.aligned(DOMAIN, reports, spf(zones), Aligned(share=0.99, days=14))


GOOD = source("example.com", 990, 990, "s1")
STRANGER = source("forger.example", 500, 0)
ALIGNED: list[Case] = [
    ("all pass", judged(summed(GOOD)), PASS, "ok", None),
    ("just enough", judged(summed(GOOD, source("mailer.example", 10, 0))), PASS, "ok", None),
    ("a stranger", judged(summed(GOOD, STRANGER)), PASS, "ok_others", None),
    ("a forwarder that breaks some", judged(summed(GOOD, source("uni.example", 90, 40))), PASS,
     "ok_others", None),
    ("a service fails", judged(summed(GOOD, source("b.mailer.example", 11, 0))), FAIL,
     "unaligned", "align"),
    ("a service fails in part", judged(summed(source("mailer.example", 100, 90))), FAIL,
     "unaligned", "align"),
    ("only failures", judged(summed(source("mailer.example", 5, 0))), FAIL, "unaligned", "align"),
    ("the client's own key at Google", judged(summed(
        source("example-com.20230601.gappssmtp.com", 5, 0))), FAIL, "unaligned", "align"),
    ("another's key at Google", judged(summed(
        GOOD, source("other-com.20230601.gappssmtp.com", 50, 0))), PASS, "ok_others", None),
    ("its own name, not strict enough", judged(summed(source("mail.example.com", 5, 0))), FAIL,
     "unaligned", "align"),
    ("no folder", judged(ReportTotals(domain="example.com", declared=False)), AWAY, "no_folder",
     None),
    ("no reports", judged(summed(reports=0)), UNKNOWN, "no_reports", None),
    ("only strangers", judged(summed(STRANGER)), AWAY, "silent", None),
    ("too short", judged(summed(GOOD, days=3)), UNKNOWN, "short", None),
    ("too many", judged(summed(GOOD, truncated=True)), UNKNOWN, "too_many", None),
    ("too many, and failures", judged(summed(source("mailer.example", 5, 0), truncated=True)),
     FAIL, "unaligned", "align"),
    ("SPF not seen in part", judged(summed(GOOD), UNSEEN), UNKNOWN, "spf_unseen", None),
    ("SPF not seen", judged(summed(GOOD), NOT_SEEN), UNKNOWN, "spf_unseen", None),
    ("SPF not seen, no folder", judged(ReportTotals(domain="example.com", declared=False),
                                       NOT_SEEN), AWAY, "no_folder", None),
]  # fmt: skip


@pytest.mark.parametrize("case", ALIGNED, ids=case_name)
def test_senders(case: Case) -> None:
    check_case(case)


def test_every_text_is_used_and_can_be_filled() -> None:
    verdicts = [case[1] for case in ALIGNED]
    assert wording_problems("posture.checks.email", "email.senders.aligned", verdicts) == []


def test_the_losers_are_named_with_what_they_lose() -> None:
    verdict = judged(summed(GOOD, source("mailer.example", 40, 10), source("gone.example", 50, 0)))
    assert verdict.values["senders"] == "gone.example (50), mailer.example (30)"
    assert verdict.observed == "92.5 % of 1080 messages pass"
    assert verdict.evidence[0].record == (
        "example.com (s1): 990 of 990 pass, networks: 1, receivers: 1"
    )
