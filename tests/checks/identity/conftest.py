"""Nobody waits in these tests: what the collectors would have waited is written down."""

import pytest

from posture.checks.identity import collect_graph

REAL = collect_graph.pause


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(collect_graph, "pause", waited.append)
    return waited
