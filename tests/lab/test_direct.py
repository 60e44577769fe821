"""A declared loopback network is dialled as it is: by name, through DNS, with no map in between."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from posture.model import Reason, Status
from tests.lab import machines, mail, sites
from tests.lab.conftest import scan

if TYPE_CHECKING:
    from pathlib import Path

    from posture.model import Finding
    from tests.lab.conftest import Scanned
    from tests.lab.opening import Lab

pytestmark = pytest.mark.lab

SITE = f"website:direct.two.example:{sites.HTTPS}"
SERVER = f"mailserver:mail.direct.two.example:{mail.PORT}"


def judged(found: Scanned, subject: str) -> dict[str, Finding]:
    """What is said of a subject's TLS, by check, where it can be said."""
    every = found.about(subject).items()
    return {
        check: one
        for check, one in every
        if check.startswith("tls.") and one.status is not Status.NOT_APPLICABLE
    }


@pytest.mark.parametrize(("subject", "known"), [(SITE, "tls.web"), (SERVER, "tls.mail")])
def test_servers_are_found_by_name_on_a_declared_network(
    direct: Scanned, subject: str, known: str
) -> None:
    seen = judged(direct, subject)
    assert {f"{known}.trusted", f"{known}.name", f"{known}.expiry", f"{known}.legacy"} <= set(seen)
    assert {one.status for one in seen.values()} == {Status.PASS}


def test_no_map_was_used(direct: Scanned) -> None:
    (run,) = direct.snapshot.runs
    assert run.connect == {}


def test_the_same_names_are_left_alone_where_nobody_declared_the_network(
    lab: Lab, tmp_path: Path
) -> None:
    text = lab.direct.read_text()
    start = text.index("[[networks]]")
    undeclared = lab.folder / "undeclared.toml"
    undeclared.write_text(text[:start] + text[text.index("[[sites]]") :])
    visits = lab.log(sites.ACCESS).count("direct.two.example")
    found = scan(undeclared, tmp_path)
    for subject in SITE, SERVER:
        assert {one.reason for one in judged(found, subject).values()} == {Reason.OUT_OF_SCOPE}
    assert lab.log(sites.ACCESS).count("direct.two.example") == visits


def test_redis_is_found_at_its_own_port(lab: Lab, direct: Scanned) -> None:
    till = f"host:{machines.database(lab.place)}"
    found = direct.about(till)["network.exposure.databases"]
    assert found.status is Status.FAIL
    assert found.label.startswith("till ")
    assert str(machines.REDIS) in str(found.values["ports"]).split(", ")


def test_without_nmap_the_port_is_still_named(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    bare = scan(lab.direct, tmp_path / "bare")
    till = f"host:{machines.database(lab.place)}"
    failed = bare.seen(till, "network.products").failed
    assert failed is not None
    assert failed.reason is Reason.TOOL_MISSING
    assert bare.about(till)["network.exposure.databases"].status is Status.FAIL


@pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not installed: it is optional")
def test_nmap_names_the_product(lab: Lab, direct: Scanned) -> None:
    till = f"host:{machines.database(lab.place)}"
    items = direct.fact(till, "network.products")["items"]
    (redis,) = (item for item in items if item["port"] == machines.REDIS)
    assert redis["service"] == "redis"
    assert "Redis" in redis["product"]
