"""Every endpoint with every fault: what could not be seen never decides anything."""

from dataclasses import replace

import pytest

from posture.checks.identity import collect_entra
from posture.demo.graph import ENDPOINTS, Fault, GraphStandIn, TenantModel
from posture.model import Status
from tests.checks.identity.offices import BAD, GOOD, look, statuses

# An empty list is a lawful answer of these; that it is a lie cannot be seen.
LAWFULLY_EMPTY = {"policies", "members"}
CASES = [
    (endpoint, fault)
    for endpoint in ENDPOINTS
    for fault in Fault
    if not (fault is Fault.NO_ROWS and endpoint in LAWFULLY_EMPTY)
]


def judged(model: TenantModel, endpoint: str, fault: Fault) -> tuple[set[Status], list[str]]:
    with GraphStandIn(replace(model, faults={endpoint: fault})) as stand_in:
        found = set(statuses(look(stand_in)).values())
        return found, stand_in.requests


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    # 5 seconds are kept back for the end; a hanging server is given up after the rest.
    monkeypatch.setattr(collect_entra, "SECONDS", 5.4)
    # One broken pause would end the time: waits are only written down (conftest).


@pytest.mark.parametrize(("endpoint", "fault"), CASES)
def test_a_good_tenant_never_fails(endpoint: str, fault: Fault) -> None:
    found, requests = judged(GOOD, endpoint, fault)
    assert found <= {Status.PASS, Status.UNKNOWN}
    pattern = ENDPOINTS[endpoint][0]
    assert any(pattern.fullmatch(path.partition("?")[0]) for path in requests), "not even asked"


@pytest.mark.parametrize(("endpoint", "fault"), CASES)
def test_a_bad_tenant_never_passes(endpoint: str, fault: Fault) -> None:
    found, _ = judged(BAD, endpoint, fault)
    assert found <= {Status.FAIL, Status.PARTIAL, Status.UNKNOWN}
