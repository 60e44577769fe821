"""One lab for all its tests, and one scan of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from posture import audit, cli, snapshot
from tests.lab import daemons
from tests.lab.opening import Lab, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from posture.audit import Audit
    from posture.model import Finding
    from posture.snapshot import Observation, Snapshot


@dataclass(frozen=True, kw_only=True)
class Scanned:
    """What ``posture scan`` left behind."""

    code: int
    """Exit code."""
    folder: Path
    """The run's own."""

    @property
    def audit(self) -> Audit:
        return audit.load((self.folder / "audit.json").read_bytes(), "audit.json")

    @property
    def snapshot(self) -> Snapshot:
        return snapshot.load((self.folder / "snapshot.json").read_bytes(), "snapshot.json")

    def about(self, subject: str) -> dict[str, Finding]:
        """The findings about one subject, by check."""
        findings = (entry.finding for entry in self.audit.entries)
        return {found.check: found for found in findings if found.subject == subject}

    def seen(self, subject: str, fact: str) -> Observation:
        """The one observation of a fact."""
        every = self.snapshot.observations
        (found,) = (one for one in every if (one.subject, one.fact) == (subject, fact))
        return found

    def fact(self, subject: str, fact: str) -> Mapping[str, Any]:
        value = self.seen(subject, fact).value
        assert isinstance(value, dict)
        return value


def scan(client: Path, out: Path) -> Scanned:
    """Scan as a user does."""
    code = cli.run(["scan", str(client), "--out", str(out), "--no-pdf"])
    (folder,) = out.glob("runs/*")
    return Scanned(code=code, folder=folder)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    if why := daemons.obstacle():
        pytest.skip(f"no lab: {why}")
    with opened() as running:
        yield running


@pytest.fixture(scope="session")
def scanned(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """A scan of the whole lab."""
    return scan(lab.client, tmp_path_factory.mktemp("scanned"))


@pytest.fixture(scope="session")
def direct(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """A scan of what is declared to be dialled as it is."""
    return scan(lab.direct, tmp_path_factory.mktemp("direct"))
