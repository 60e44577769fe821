"""check_host() against pyspf over random zones."""

import os
import random
from collections import Counter
from typing import Any

import pytest

from posture.checks.email.check_host import Result, check_host
from tests.checks.email import pyspf
from tests.checks.email.world import Zones
from tests.checks.email.zone import lookup

ZONES = 10_000 if os.environ.get("POSTURE_PROOF") == "1" else 300
PLAIN = pyspf.corrected()
CORRECTED = pyspf.corrected(*pyspf.RULES)


def test_every_difference_from_pyspf_is_a_rule_of_the_standard() -> None:
    results: Counter[Result] = Counter()
    corrected = 0
    for seed in range(ZONES):
        draw = random.Random(seed)
        zones, message = pyspf.zones(draw), pyspf.message(draw)
        found = check_host(*message, lookup(zones))
        ours = found.result, found.explanation
        if ours != pyspf.ask(zones, message, PLAIN):
            corrected += 1
            assert ours == pyspf.ask(zones, message, CORRECTED), (seed, message, found)
        results[found.result] += 1
    assert set(results) == set(Result)
    # The rules are for corners: if they were needed everywhere, they would hide something.
    assert corrected < ZONES / 5


MESSAGE = "192.0.2.1", "@d.example", "mx.example.net"
HERE: dict[str, list[str] | str] = {"A": ["192.0.2.1"]}
SIXTY = "x" * 60
SHOWN: dict[type[Any], tuple[str, Zones]] = {
    pyspf.RedirectIsChargedWhenFollowed: (
        "v=spf1 " + "a:h.example " * 10 + "all redirect=e.example",
        {"h.example": {"A": ["192.0.2.2"]}},
    ),
    pyspf.VoidsAreTerms: (
        "v=spf1 mx all",
        {"d.example": {"MX": ["0 x.example.", "1 y.example.", "2 z.example."]}},
    ),
    pyspf.PtrErrorsAreNoMatch: (
        "v=spf1 ptr all",
        {"1.2.0.192.in-addr.arpa": {"PTR": "TIMEOUT"}},
    ),
    pyspf.AnMxMatchIsEnough: (
        "v=spf1 mx -all",
        {
            "d.example": {"MX": ["0 h.example.", "1 slow.example."]},
            "h.example": HERE,
            "slow.example": {"A": "TIMEOUT"},
        },
    ),
    pyspf.AnIncludeOfItselfIsWrongWhenReached: ("v=spf1 ip4:192.0.2.1 include:d.example", {}),
    pyspf.AMissingLocalPartIsPostmaster: (
        "v=spf1 exists:%{s}.x.example -all",
        {"postmaster@d.example.x.example": HERE},
    ),
    pyspf.AnExplanationIsNoName: (
        "v=spf1 -all exp=e.example",
        {"e.example": {"TXT": [" ".join([f"{SIXTY}."] * 6)]}},
    ),
}


@pytest.mark.parametrize("rule", pyspf.RULES, ids=lambda rule: rule.__name__)
def test_every_rule_is_needed(rule: type[Any]) -> None:
    record, others = SHOWN[rule]
    zones = {**others, "d.example": {"TXT": [record], **others.get("d.example", {})}}
    found = check_host(*MESSAGE, lookup(zones))
    ours = found.result, found.explanation
    assert ours != pyspf.ask(zones, MESSAGE, PLAIN)
    assert ours == pyspf.ask(zones, MESSAGE, pyspf.corrected(rule))
