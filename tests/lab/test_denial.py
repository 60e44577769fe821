"""A real resolver gives the NSEC records of a signed zone, and vouches for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from posture.checks.email import nsec
from posture.net.dns import Absent, Answer, StubResolver, server

if TYPE_CHECKING:
    from tests.lab.opening import Lab

pytestmark = pytest.mark.lab


def asked(lab: Lab, name: str) -> Answer | Absent:
    return asyncio.run(StubResolver([server(lab.names.resolver)]).query(name, "NSEC"))


def test_a_signed_zone_leads_from_its_reports_to_its_key(lab: Lab) -> None:
    found = asked(lab, "parked.example._report._dmarc.good.example")
    assert isinstance(found, Answer)
    assert found.authenticated
    assert nsec.parse(found.records[0]) == "selector1._domainkey.good.example"


def test_an_unsigned_zone_leads_nowhere(lab: Lab) -> None:
    assert isinstance(asked(lab, "_dmarc.syntax.example"), Absent)
