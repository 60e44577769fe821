"""A scan of real daemons finds exactly what they are, and says how it knows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from posture.model import Reason, Status
from tests.lab import pki
from tests.lab.backups import OLD
from tests.lab.expected import expected

if TYPE_CHECKING:
    from posture.model import Finding
    from tests.lab.conftest import Scanned
    from tests.lab.opening import Lab

pytestmark = pytest.mark.lab

INCOMPLETE = 3
NOT_ASKED = {
    "email.senders.aligned",
    *(f"dns.registration.{claim}" for claim in ("active", "expiry", "locked")),
}
"""What rests on files, or on a registry that nobody knows, and not on any answer."""


def quoted(finding: Finding) -> str:
    """All evidence of a finding on one line."""
    return "; ".join(f"{one.source}: {one.record}" for one in finding.evidence)


def test_the_findings_are_those_of_the_table(scanned: Scanned) -> None:
    findings = [entry.finding for entry in scanned.audit.entries]
    assert {(one.check, one.subject): one.status for one in findings} == expected()


def test_it_ends_as_incomplete_and_with_a_report(scanned: Scanned) -> None:
    assert scanned.code == INCOMPLETE
    page = (scanned.folder / "report.html").read_text()
    assert "bogus.example" in page
    assert "Lab Bakery" in page


def test_only_the_lab_was_talked_to(lab: Lab, scanned: Scanned) -> None:
    (run,) = scanned.snapshot.runs
    assert {end.rpartition(".")[0] for end in (run.resolver, *run.connect.values())} == {
        lab.place.prefix
    }


@pytest.mark.parametrize("domain", ["bogus", "lame"])
def test_a_servfail_is_never_a_verdict(scanned: Scanned, domain: str) -> None:
    found = scanned.about(f"domain:{domain}.example")
    asked = {check: one for check, one in found.items() if check not in NOT_ASKED}
    states = {(one.status, one.reason) for check, one in asked.items() if "dnssec" not in check}
    assert states == {(Status.UNKNOWN, Reason.SERVFAIL)}


def test_an_empty_reply_of_a_broken_delegation_is_never_a_verdict(scanned: Scanned) -> None:
    found = scanned.about("domain:hollow.example")
    asked = [one for check, one in found.items() if check not in NOT_ASKED]
    assert {(one.status, one.reason) for one in asked} == {(Status.UNKNOWN, Reason.INCONCLUSIVE)}


@pytest.mark.parametrize(("domain", "bogus"), [("bogus", True), ("lame", False)])
def test_expired_signatures_are_told_from_a_broken_server(
    scanned: Scanned, domain: str, bogus: bool
) -> None:
    found = scanned.about(f"domain:{domain}.example")["email.spf.present"]
    assert ("DNSSEC" in found.detail) is bogus


def test_only_the_zone_with_wrong_signatures_is_called_so(scanned: Scanned) -> None:
    checks = "dns.dnssec.valid", "dns.dnssec.signed"
    bogus, lame = (scanned.about(f"domain:{name}.example") for name in ("bogus", "lame"))
    assert [bogus[check].says for check in checks] == ["bogus", "ok"]
    assert {lame[check].reason for check in checks} == {Reason.SERVFAIL}
    good = scanned.about("domain:good.example")["dns.dnssec.valid"]
    assert "13 2" in quoted(good)


def test_an_alias_to_a_name_nobody_holds_is_named(scanned: Scanned) -> None:
    found = scanned.about("domain:two.example")["dns.references.registered"]
    assert found.values["names"] == "vanished.example"
    assert found.values["records"] == "    autodiscover.two.example. CNAME cloud.vanished.example."
    assert "NXDOMAIN, says example" in quoted(found)


def test_the_spf_faults_are_named(scanned: Scanned) -> None:
    syntax = scanned.about("domain:syntax.example")["email.spf.valid"]
    assert syntax.values["term"] == "ip4:203.0.113.300"
    two = scanned.about("domain:two.example")["email.spf.single"]
    assert two.values["count"] == 2
    assert "v=spf1 mx -all" in quoted(two)
    assert "v=spf1 a -all" in quoted(two)
    many = scanned.about("domain:lookups.example")["email.spf.lookups"]
    assert (many.values["total"], many.values["limit"]) == (11, 10)


def test_the_dmarc_faults_are_named(scanned: Scanned) -> None:
    watching = scanned.about("domain:syntax.example")
    assert "p=none" in watching["email.dmarc.enforced"].observed
    assert watching["email.dmarc.reports"].says == "refused"  # good.example does not want them
    assert scanned.about("domain:two.example")["email.dmarc.reports"].says == "none"
    assert scanned.about("domain:lookups.example")["email.dmarc.present"].says == "none"


def test_an_alias_is_followed_to_the_web_site(scanned: Scanned) -> None:
    hosts = scanned.fact("domain:good.example", "dns.addresses")["hosts"]
    assert [(one["name"], one["chain"]) for one in hosts if one["ipv4"]] == [
        ("www.good.example", ["web.good.example"])
    ]


@pytest.mark.parametrize(
    ("subject", "area"),
    [("website:www.syntax.example", "web"), ("mailserver:mx.lookups.example", "mail")],
)
def test_an_expired_certificate_is_named_with_its_dates(
    lab: Lab, scanned: Scanned, subject: str, area: str
) -> None:
    found = scanned.about(subject)[f"tls.{area}.expiry"]
    end = lab.now + pki.EXPIRED
    assert found.says == "expired"
    assert found.values["date"] == f"{end:%Y-%m-%d}"
    assert f"{end - pki.LIFETIME:%Y-%m-%d} to {end:%Y-%m-%d}" in quoted(found)


@pytest.mark.parametrize(
    ("subject", "check", "says"),
    [
        ("website:www.syntax.example", "tls.web.trusted", "expired"),
        ("website:shop.good.example", "tls.web.trusted", "incomplete_chain"),
        ("website:intranet.good.example", "tls.web.trusted", "self_signed"),
        ("mailserver:mx.two.example", "tls.mail.trusted", "self_signed"),
        ("website:www.two.example", "tls.web.name", "mismatch"),
        ("website:www.lookups.example", "dns.caa.matches", "excluded"),
        ("website:intranet.good.example", "dns.caa.matches", "untrusted"),
        ("website:www.syntax.example", "web.hsts.present", "short"),
        ("website:www.two.example", "web.hsts.present", "absent"),
        ("website:www.lookups.example", "web.https.redirect", "plain"),
        ("website:down.good.example", "web.https.redirect", "closed"),
        ("mailserver:mx.syntax.example", "tls.mail.starttls", "absent"),
    ],
)
def test_each_fault_is_called_what_it_is(
    scanned: Scanned, subject: str, check: str, says: str
) -> None:
    assert scanned.about(subject)[check].says == says


def test_a_wrong_name_is_shown_with_the_right_one(scanned: Scanned) -> None:
    found = scanned.about("website:www.two.example")["tls.web.name"]
    assert (found.observed, found.expected) == ("hosting.good.example", "www.two.example")


@pytest.mark.parametrize(
    ("subject", "check"),
    [
        ("website:www.lookups.example", "tls.web.legacy"),
        ("mailserver:mx.two.example", "tls.mail.legacy"),
    ],
)
def test_both_old_versions_are_seen_where_openssl_speaks_them(
    scanned: Scanned, subject: str, check: str
) -> None:
    assert scanned.about(subject)[check].values["versions"] == "TLS 1.0 and TLS 1.1"


def test_a_closed_site_is_unknown_and_says_why(scanned: Scanned) -> None:
    found = scanned.about("website:down.good.example")["tls.web.trusted"]
    assert found.reason is Reason.REFUSED
    assert found.detail.endswith(": Connection refused")


def test_the_open_port_of_redis_is_named(scanned: Scanned) -> None:
    found = scanned.about("host:192.0.2.41")["network.exposure.databases"]
    assert found.values["ports"] == "6379"
    assert "Redis" in quoted(found)


@pytest.mark.parametrize(("address", "port"), [("192.0.2.41", 6379), ("192.0.2.42", 22)])
def test_one_port_is_open_and_all_others_refuse(scanned: Scanned, address: str, port: int) -> None:
    ports = scanned.fact(f"host:{address}", "network.ports")
    assert ports["open"] == [port]
    assert ports["silent"] == []


def test_the_other_side_of_the_firewall_is_left_open(scanned: Scanned) -> None:
    found = scanned.about("host:203.0.113.9").values()
    assert {one.reason for one in found} == {Reason.WRONG_VANTAGE}


def test_restic_backups_are_dated_by_their_snapshots(lab: Lab, scanned: Scanned) -> None:
    old = scanned.about("backupset:old")["backup.points.fresh"]
    assert old.values["newest"] == f"{lab.now - OLD:%Y-%m-%d %H:%M} UTC"
    assert len(old.evidence) == 1
    deep = scanned.about("backupset:fresh")["backup.points.depth"]
    assert float(deep.values["days"]) == pytest.approx(OLD / timedelta(days=1), abs=0.1)


@pytest.mark.parametrize(
    ("name", "reason"), [("locked", Reason.DENIED), ("gone", Reason.UNREACHABLE)]
)
def test_a_closed_repository_says_why(scanned: Scanned, name: str, reason: Reason) -> None:
    found = scanned.about(f"backupset:{name}").values()
    assert {one.reason for one in found} == {reason}


def test_a_cut_archive_is_named(lab: Lab, scanned: Scanned) -> None:
    found = scanned.about("backupset:cut")["backup.runs.succeeded"]
    assert "gzip" in quoted(found)
    assert ".tar.gz" in quoted(found)
