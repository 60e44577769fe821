"""The static reader against the public suite: what must be a permanent error, and what must not."""

from typing import Any

import pytest

from posture.checks.dns.collect_dns import texts
from posture.checks.dns.facts import DomainTexts
from posture.checks.email import collect_spf, spf
from posture.checks.email.facts import Outcome, SpfDiscovery
from posture.model import Domain
from posture.testing import FakeNet, observe
from tests.checks.email import suite

PERMANENT = {Outcome.NONE, Outcome.SEVERAL, Outcome.SYNTAX, Outcome.LOOP, Outcome.MANY}
# A receiver stops at the first match, a reader must go on: more than ten lookups can be needed.
ONLY_WHEN_NOTHING_MATCHES = {"include-at-limit"}

WHERE = suite.path()
CASES = list(suite.cases(WHERE.read_text(encoding="utf-8"))) if WHERE else []
pytestmark = pytest.mark.skipif(not WHERE, reason=f"{suite.VARIABLE} does not name the suite")


def discovery(case: suite.Case) -> Any:
    domain = Domain(name=case.domain.lower())
    # The suite's private addresses would make the resolver look like one inside an office.
    own = {name: {"TXT": node.get("TXT", [])} for name, node in case.zones.items()}
    found = observe(texts, domain, FakeNet(own))
    net = FakeNet(case.zones)
    if isinstance(found, DomainTexts):
        return observe(collect_spf.spf, domain, found, net)
    return found


def flagged(found: SpfDiscovery) -> bool:
    """Whether anything was found that a strict receiver answers with a permanent error."""
    return (
        len(found.records) > 1
        or any(spf.faults(record) for record in found.records)
        or any(seen.outcome in PERMANENT for seen in found.lookups)
        or len(found.lookups) > 10
        or sum(seen.void for seen in found.lookups) > 2
    )


def test_the_whole_suite_is_read() -> None:
    assert len(CASES) == 203
    assert sum(case.results == ("permerror",) for case in CASES) == 74


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.results == ("permerror",)], ids=lambda case: case.name
)
def test_every_permanent_error_is_flagged(case: suite.Case) -> None:
    found = discovery(case)
    assert isinstance(found, SpfDiscovery)
    assert flagged(found)


def evaluable(case: suite.Case) -> bool:
    wrong = {"permerror", "temperror", "none"}
    return not wrong & set(case.results) and case.name not in ONLY_WHEN_NOTHING_MATCHES


@pytest.mark.parametrize("case", [c for c in CASES if evaluable(c)], ids=lambda case: case.name)
def test_no_good_record_is_flagged(case: suite.Case) -> None:
    found = discovery(case)
    assert isinstance(found, SpfDiscovery)
    assert not flagged(found)
