"""What the daemons themselves saw of a scan; and that the lab is what it claims, and goes away."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import dns.flags
import dns.rcode
import pytest

from tests.lab import machines, mail, sites, zones
from tests.lab.conftest import scan
from tests.lab.daemons import comes, refuses
from tests.lab.opening import opened

if TYPE_CHECKING:
    from tests.lab.conftest import Scanned
    from tests.lab.opening import Lab

pytestmark = pytest.mark.lab

ASK = dns.flags.RD | dns.flags.AD
UNCHECKED = dns.flags.RD | dns.flags.CD
LISTENING = [
    *((site.last, sites.HTTPS) for site in sites.SITES),
    *((server.last, mail.PORT) for server in mail.SERVERS),
    *((last, zones.PORT) for last in (2, 3, 4)),
    *((41, machines.REDIS), (42, machines.SSHD)),
]
"""Last number of the address, and port, of every daemon."""


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of everything below."""
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def visits(lab: Lab) -> set[str]:
    return set(lab.log(sites.ACCESS).splitlines())


def commands(lab: Lab) -> set[str]:
    """What mail clients said. Postfix counts at the end of a connection, and writes that later."""
    said = set(
        re.findall(r"disconnect from .*?((?: [a-z]+=\S+)+)$", lab.log("postfix.log"), re.MULTILINE)
    )
    return {pair.partition("=")[0] for counts in said for pair in counts.split()}


def test_web_sites_saw_front_pages_fetched_and_nothing_else(lab: Lab, scanned: Scanned) -> None:
    hosts = {site.host for site in sites.SITES if site.host != "direct.two.example"}
    assert comes(lambda: {f"GET {host}/" for host in hosts} <= visits(lab))
    visited = visits(lab)
    assert {
        line
        for line in visited
        if not re.fullmatch(r"GET [a-z.]+/((\.well-known/)?security\.txt)?", line)
    } == set()


def test_mail_servers_saw_no_mail(lab: Lab, scanned: Scanned) -> None:
    assert comes(lambda: {"ehlo", "starttls"} <= commands(lab))
    assert commands(lab) <= {"ehlo", "starttls", "quit", "commands"}


def test_the_database_was_sent_nothing(lab: Lab, scanned: Scanned) -> None:
    """Redis counts the bytes that it was sent, ours of this question included."""
    question = b"INFO stats\r\n"
    with socket.create_connection((machines.database(lab.place), machines.REDIS), 10) as sock:
        sock.sendall(question)
        answer = sock.recv(65536).decode()
    assert f"total_net_input_bytes:{len(question)}\r\n" in answer
    assert int(re.findall(r"total_connections_received:(\d+)", answer)[0]) > 1


def test_nobody_tried_to_log_in(lab: Lab, scanned: Scanned) -> None:
    left = re.compile(r"Connection (closed|reset) by")
    assert comes(lambda: left.search(lab.log("sshd.log")) is not None)
    assert not re.search(r"password|publickey|user", lab.log("sshd.log"), re.IGNORECASE)


def test_backups_are_read_without_a_trace(lab: Lab, tmp_path: Path) -> None:
    before = tree(lab.backups)
    scan(lab.client, tmp_path)
    assert tree(lab.backups) == before


def test_the_resolver_validates(lab: Lab) -> None:
    good = lab.names.ask("good.example", "MX", ASK)
    assert good.flags & dns.flags.AD
    assert not lab.names.ask("two.example", "MX", ASK).flags & dns.flags.AD
    assert lab.names.ask("bogus.example", "MX", ASK).rcode() == dns.rcode.SERVFAIL
    assert lab.names.ask("bogus.example", "MX", UNCHECKED).answer


def test_texts_too_long_for_a_datagram_are_read(lab: Lab, scanned: Scanned) -> None:
    assert lab.names.ask("good.example", "TXT", ASK).flags & dns.flags.TC
    found = scanned.about("domain:good.example")["email.spf.present"]
    assert found.values["record"] == "v=spf1 mx include:_spf.good.example -all"


def test_labs_run_side_by_side_and_leave_nothing(lab: Lab) -> None:
    with opened() as other:
        assert other.place.prefix != lab.place.prefix
        assert all(Path(f"/proc/{process}").exists() for process in other.processes)
        for last, port in LISTENING:
            socket.create_connection((other.place.address(last), port), 10).close()
    assert not any(Path(f"/proc/{process}").exists() for process in other.processes)
    for last, port in LISTENING:
        assert comes(refuses(other.place.address(last), port))
    assert not other.folder.exists()
