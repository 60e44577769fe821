"""Every DNS change that the report prints is made and looked at again, until none is left."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from posture import cli, plugins
from posture.audit import Entry, load
from posture.demo.keys import RSA_2048
from posture.edits import Action, Edit
from posture.model import Status
from posture.words import load_page
from tests.checks.email.reports import report, row
from tests.lab import ailing
from tests.lab.daemons import Loopback, Started, program
from tests.lab.messages import Message, Receiver
from tests.lab.published import Published, Record, Servers

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.lab

ROUNDS = 8
"""A change may bring to light what it hid, and steps are taken one after the other."""
SHARE = 0.95
ELSEWHERE = {
    "dns.dnssec.signed": "the DNS host makes the keys and the registrar takes them",
    "dns.dnssec.valid": "the DNS host makes the keys and the registrar takes them",
    "email.mtasts.present": "a web host has to serve the policy first",
    "dns.delegation.diverse": "another name server has to be had first",
    "email.senders.aligned": "the service has to be told to sign; it shows the records",
    "email.dkim.present": "the mail service makes the key",
    "email.dkim.strength": "the mail service makes the key",
    ("email.spf.lookups", "reduce"): "which service goes is for its user to say",
    ("email.spf.restrictive", "narrow"): "only the owner knows which servers send",
    ("email.spf.restrictive", "after"): "a sender has to be listed first, or its mail is lost",
    ("email.dmarc.enforced", "after"): "a sender has to be set up first, or its mail is lost",
}
"""Findings that no record ends which could be printed: by check, or check and fix, and why."""

REPORTED = ("dmarc-early.example", "spf-loose.example")

Key = tuple[str, str]
"""Check and subject."""


@dataclass
class Lab:
    """The domains, and where they are looked at from."""

    folder: Path
    servers: Servers
    published: Published
    senders: dict[str, list[Message]] = field(default_factory=ailing.senders)
    scans: int = 0
    printed: set[tuple[str, str]] = field(default_factory=set)
    """Checks and fixes whose records were put in place."""

    def scan(self) -> dict[Key, Entry]:
        """Scan as a user does; the findings on domains and mail."""
        self.scans += 1
        out = self.folder / f"scan{self.scans}"
        with ExitStack() as running:
            for daemon in self.servers.daemons(self.published):
                running.enter_context(Started(daemon)).wait()
            cli.run(["scan", str(self._client()), "--out", str(out), "--no-pdf", "--quiet"])
        (path,) = out.glob("runs/*/audit.json")
        made = load(path.read_bytes(), path.name)
        assert made.complete
        return {
            (entry.finding.check, entry.finding.subject): entry
            for entry in made.entries
            if entry.finding.area in {"dns", "email"} and entry.finding.subject.startswith("domain")
        }

    def mend(self) -> tuple[set[Key], set[Key]]:
        """Scan and change until nothing more is printed; what was wrong once, and is at the end."""
        wrong: set[Key] = set()
        for _ in range(ROUNDS):
            found = self.scan()
            failing = {key for key, entry in found.items() if is_wrong(entry)}
            wrong |= {key for key in failing if not elsewhere(found[key])}
            before = frozenset(self.published.records)
            self._change([found[key] for key in sorted(failing)])
            if self.published.records == before:
                return wrong, {key for key in wrong if not is_right(found[key])}
        raise AssertionError("the fixes never come to an end")

    def _change(self, entries: list[Entry]) -> None:
        """Do what each finding says, unless another one has just changed the same record."""
        taken: set[tuple[str, str, str]] = set()
        for entry in entries:
            edits = [edit for edit in entry.records if edit.step <= 1]
            kinds = {touched(edit) for edit in edits}
            if edits and not kinds & taken:
                self.published.change(edits)
                taken |= kinds
            if edits and all(map(self._made, edits)):
                self.printed.add((entry.finding.check, str(entry.finding.fix)))

    def _made(self, edit: Edit) -> bool:
        there = Record(edit.name, edit.type, edit.value) in self.published.records
        return there is not (edit.action is Action.DELETE)

    def _client(self) -> Path:
        path = self.folder / "client.toml"
        rows = "".join(
            f'[[domains]]\nname = "{name}"\nsends_mail = {str(name in ailing.SENDING).lower()}\n'
            + ('reports = "reports"\n' if name in REPORTED else "")
            for name in ailing.AUDITED
        )
        head = (
            '[company]\nid = "ailing"\nname = "Ailing"\n[authorisation]\nby = "the lab"\n'
            'covers = ["domains"]\n[network]\nconnect = {}\n'
            f'resolver = "{self.servers.resolver}"\n'
        )
        path.write_text(head + rows)
        return path

    def fates(self) -> dict[str, list[tuple[bool, bool]]]:
        """Whether each sender's messages pass, and whether they are refused."""
        receiver = Receiver(self.published)
        found = {name: list(map(receiver.fate, sent)) for name, sent in self.senders.items()}
        return {name: [(f.passes, f.refused) for f in fates] for name, fates in found.items()}

    def report(self, *, signs: bool) -> None:
        """Write down what a receiver saw of the service that sends invoices."""
        domain, now = "dmarc-early.example", datetime.now(UTC)
        period = int((now - timedelta(days=20)).timestamp()), int(now.timestamp()) - 60
        own = row(count=90, header_from=domain, signed=((domain, "s1", "pass"),))
        passing = (domain, "m1", "pass") if signs else ("mailer.example", "s1", "pass")
        service = row(
            count=40,
            header_from=domain,
            dkim="pass" if signs else "fail",
            signed=(passing,),
            sent=("mailer.example", "pass"),
        )
        (self.folder / "reports").mkdir(exist_ok=True)
        path = self.folder / "reports" / "receiver.xml"
        path.write_bytes(report(own, service, domain=domain, period=period))
        loose = REPORTED[1]
        till = row(
            header_from=loose, dkim="fail", spf="pass", signed=(), sent=(loose, "pass"), count=7
        )
        path = self.folder / "reports" / "till.xml"
        path.write_bytes(report(till, name="2", domain=loose, period=period))


def is_wrong(entry: Entry) -> bool:
    return entry.finding.status in {Status.FAIL, Status.PARTIAL}


def is_right(entry: Entry) -> bool:
    return entry.finding.status in {Status.PASS, Status.NOT_APPLICABLE}


def elsewhere(entry: Entry) -> bool:
    check = entry.finding.check
    return check in ELSEWHERE or (check, entry.finding.fix) in ELSEWHERE


def touched(edit: Edit) -> tuple[str, str, str]:
    return Record(edit.name, edit.type, edit.value).kind


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    missing = [name for name in ("nsd", "unbound") if program(name) is None]
    if missing:
        pytest.skip(f"no lab: not installed: {', '.join(missing)}")
    place = Loopback()
    yield Lab(tmp_path, Servers(tmp_path, place), Published(ailing.ZONES))
    place.close()


def test_the_printed_fixes_end_the_findings_and_lose_no_mail(lab: Lab) -> None:
    lab.report(signs=False)
    before = lab.fates()
    wrong, left = lab.mend()
    between = lab.fates()
    # The service is set up: it signs, and its own page has shown the record.
    early = "dmarc-early.example"
    assert "p=none" in next(r.value for r in lab.published.records if r.name == f"_dmarc.{early}")
    lab.published.records.add(
        Record(f"m1._domainkey.{early}", "TXT", f"v=DKIM1; k=rsa; p={RSA_2048}")
    )
    lab.senders[early][-1] = ailing.early(signs=True)
    lab.report(signs=True)
    again, left = lab.mend()
    wrong |= again
    after = lab.fates()

    assert len(wrong) > 50
    assert len(left) <= (1 - SHARE) * len(wrong), sorted(left)
    assert worse(before, between) == worse(between, after) == []
    assert set(refused(after)) <= set(refused(before))
    assert sum(passes for fates in after.values() for passes, _ in fates) > sum(
        passes for fates in before.values() for passes, _ in fates
    )
    assert unprinted(lab) == set()


def worse(
    before: dict[str, list[tuple[bool, bool]]], after: dict[str, list[tuple[bool, bool]]]
) -> list[str]:
    """Domains of which a message passed DMARC, and does not any more."""
    return [
        name
        for name, fates in before.items()
        if any(old and not new for (old, _), (new, _) in zip(fates, after[name], strict=True))
    ]


def refused(fates: dict[str, list[tuple[bool, bool]]]) -> list[str]:
    """Domains of which a declared sender's message is thrown away."""
    return [name for name, found in fates.items() if any(lost for _, lost in found)]


def unprinted(lab: Lab) -> set[tuple[str, str]]:
    """Fixes that change records, and that nothing in this lab needed."""
    checks = plugins.load().checks.values()
    pages = (
        load_page(one.area.package, one.id) for one in checks if one.area.name in {"dns", "email"}
    )
    return {(page.check, fix) for page in pages for fix in page.records} - lab.printed
