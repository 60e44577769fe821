"""What is made of flaws that were tested for: unsettled is neither open nor safe."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from posture.checks.tls import collect_flaws, collect_survey, flaws
from posture.checks.tls.flaw_facts import Flaw, Shows, WebFlaws
from posture.model import ACTIVE, CollectError, Failed, Reason, Status, Verdict, WebSite
from posture.testing import FakeNet, observe
from tests.checks.pages import wording_problems
from tests.net_tls.servers import answering, net, serving

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "www.example.com"
SITE = WebSite(host=HOST, owned=True)
NONE = Flaw(shows=Shows.NONE, heard="refused: alert 40")
THERE: Any = Flaw(shows=Shows.FLAW, heard="chosen")
UNSETTLED: Any = Flaw(shows=Shows.UNSETTLED, heard="closed")
SAFE = WebFlaws(host=HOST, port=443, heartbleed=NONE, injection=NONE, poodle=NONE, crime=NONE)
PAIRS: dict[Callable[[WebFlaws], Verdict], tuple[str, str]] = {
    flaws.patched: ("heartbleed", "injection"),
    flaws.sealed: ("poodle", "crime"),
}


def cases(judge: Callable[[WebFlaws], Verdict]) -> list[tuple[Verdict, Status, str]]:
    one, two = PAIRS[judge]
    return [
        (judge(SAFE), Status.PASS, "ok"),
        (judge(replace(SAFE, provider="Acme")), Status.NOT_APPLICABLE, "provider"),
        (judge(replace(SAFE, **{one: THERE})), Status.FAIL, "found"),
        (judge(replace(SAFE, **{one: THERE, two: THERE})), Status.FAIL, "found"),
        (judge(replace(SAFE, **{one: UNSETTLED, two: THERE})), Status.FAIL, "found"),
        (judge(replace(SAFE, **{two: UNSETTLED})), Status.UNKNOWN, "unsettled"),
        (judge(replace(SAFE, **{one: UNSETTLED, two: UNSETTLED})), Status.UNKNOWN, "unsettled"),
    ]


VERDICTS = {
    "tls.web.patched": [case[0] for case in cases(flaws.patched)],
    "tls.web.sealed": [case[0] for case in cases(flaws.sealed)],
}


@pytest.mark.parametrize("judge", PAIRS)
def test_judged(judge: Callable[[WebFlaws], Verdict]) -> None:
    for verdict, status, says in cases(judge):
        assert (verdict.status, verdict.says) == (status, says)
        assert len(verdict.evidence) == 2


@pytest.mark.parametrize("check", VERDICTS)
def test_every_text_is_used(check: str) -> None:
    assert wording_problems("posture.checks.tls", check, VERDICTS[check]) == []


@pytest.mark.parametrize("judge", PAIRS)
def test_the_other_pair_does_not_matter(judge: Callable[[WebFlaws], Verdict]) -> None:
    (others,) = (names for other, names in PAIRS.items() if other is not judge)
    assert judge(replace(SAFE, **dict.fromkeys(others, THERE))).status is Status.PASS


def test_the_names_are_those_that_are_known() -> None:
    verdict = flaws.patched(replace(SAFE, heartbleed=THERE, injection=THERE))
    assert verdict.values["names"] == "Heartbleed and CCS injection"
    assert verdict.evidence[0].source == f"Heartbleed, {HOST} port 443"


def test_it_needs_consent() -> None:
    assert collect_flaws.web.__posture__.consent == ACTIVE  # type: ignore[attr-defined]


NUMBERED = WebSite(host="192.0.2.1", owned=True)
"""Nobody need be asked where it is, or whose."""


def test_a_server_that_refuses_old_versions() -> None:
    async def scene() -> WebFlaws:
        async with serving(answering(b"\x15\x03\x03\x00\x02\x02\x46")) as port:
            return await collect_flaws.web(NUMBERED, net(NUMBERED, p443=port))

    found = asyncio.run(scene())
    assert {flaw.shows for flaw in (found.heartbleed, found.poodle, found.crime)} == {Shows.NONE}
    assert found.injection.heard == "nothing older than TLS 1.3 is spoken"


def test_a_closed_port_is_no_safe_server() -> None:
    streams = {("192.0.2.1", 443): CollectError(Reason.REFUSED, "closed")}
    found = observe(collect_flaws.web, NUMBERED, FakeNet(streams=streams))
    assert found == Failed(reason=Reason.REFUSED, detail="closed")


def test_a_large_provider_s_server_is_left_alone() -> None:
    zones = {HOST: {"CNAME": ["sites.provider.example."]}, "sites.provider.example": {}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collect_survey, "provider_of", lambda names, _: "Acme" if names else "")
        found = observe(collect_flaws.web, SITE, FakeNet(zones))
    assert found.provider == "Acme"
    assert flaws.patched(found).status is Status.NOT_APPLICABLE
