"""What name servers do for strangers, asked of real ones with consent; and not asked without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from posture.model import Reason, Status
from tests.lab.conftest import Scanned, scan

if TYPE_CHECKING:
    from tests.lab.opening import Lab

pytestmark = pytest.mark.lab

CHECKS = ("dns.servers.transfer", "dns.servers.recursion", "dns.servers.version")
PASS, FAIL, UNKNOWN, MOOT = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE


@pytest.fixture(scope="module")
def active(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    return scan(lab.active, tmp_path_factory.mktemp("active"))


@pytest.mark.parametrize(
    ("server", "statuses"),
    [
        # NSD keeps the zone to itself, asks nobody, and tells its version.
        ("ns.example/good.example", (PASS, PASS, FAIL)),
        ("ns2.example/good.example", (PASS, PASS, FAIL)),
        # It gives this zone away.
        ("ns.example/two.example", (FAIL, PASS, FAIL)),
        # Unbound looks names up for anybody.
        ("ns3.example/two.example", (PASS, FAIL, FAIL)),
    ],
)
def test_every_server_is_found_out(
    active: Scanned, server: str, statuses: tuple[Status, ...]
) -> None:
    found = active.about(f"nameserver:{server}")
    assert tuple(found[check].status for check in CHECKS) == statuses


def test_the_proof_is_what_came(active: Scanned) -> None:
    copied = active.fact("nameserver:ns.example/two.example", "dns.transfer")
    assert copied["begun"]
    assert copied["records"] > 10
    looked_up = active.fact("nameserver:ns3.example/two.example", "dns.recursion")
    assert (looked_up["offered"], looked_up["records"]) == (True, ["203.0.113.80"])
    told = active.about("nameserver:ns3.example/two.example")["dns.servers.version"]
    assert str(told.values["text"]).startswith("unbound 1.")


def test_what_nobody_owns_is_left_alone(active: Scanned) -> None:
    found = active.about("nameserver:ns.example/lookups.example")
    assert {found[check].reason for check in CHECKS} == {Reason.NO_CONSENT}


def test_without_consent_nothing_is_asked_and_the_report_says_so(scanned: Scanned) -> None:
    assert set(CHECKS) <= set(scanned.audit.not_tested)
    assert not set(CHECKS) & {entry.finding.check for entry in scanned.audit.entries}
    facts = {"dns.transfer", "dns.recursion", "dns.version"}
    assert not facts & {one.fact for one in scanned.snapshot.observations}
    assert "dns.servers.transfer" in (scanned.folder / "report.html").read_text()
