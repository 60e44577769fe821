"""What reports say is read and added up right, and what it means for the domain's senders."""

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from posture.checks.email import aggregate_reports, collect_reports, report_totals
from posture.checks.email import tls_reports as tls
from posture.checks.email.aggregate_reports import AggregateReport, Row
from posture.checks.email.report_facts import ReportTotals, SendingSource, Signer, TlsFailure
from posture.checks.email.report_file import ParseError
from posture.client import load_client
from posture.client_template import template
from posture.model import Domain, Failed, Reason
from posture.testing import FakeClock, observe
from tests.checks.email.reports import BEGIN, END, NEW, TLS, report, row, source

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def parsed(data: bytes) -> AggregateReport:
    return aggregate_reports.parse([data])


@pytest.mark.parametrize("namespace", ["", NEW, "http://dmarc.org/dmarc-xml/0.1"])
def test_both_namespaces_are_read(namespace: str) -> None:
    one = row(
        source="2001:db8:1:2::3",
        signed=(
            ("Example.com", "S1", "pass"),
            ("b.example", "", "pass"),
            ("c.example", "x", "fail"),
        ),
        sent=("bounce.example.net", "pass"),
        reason="mailing_list",
    )
    assert parsed(report(one, namespace=namespace)) == AggregateReport(
        organization="Receiver",
        report_id="1@receiver.example",
        domain="example.com",
        begin=BEGIN,
        end=END,
        rows=(
            (
                Row(
                    network="2001:db8:1::/48",
                    aligned=True,
                    forwarded=True,
                    header_from="example.com",
                    dkim=(("example.com", "s1"), ("b.example", "")),
                    spf="bounce.example.net",
                ),
                3,
            ),
        ),
        dropped=0,
    )


def test_what_nobody_knows_is_passed_over() -> None:
    strange = report(row()).replace(
        b"<record>",
        b'<extension><x:a xmlns:x="urn:x"><record/></x:a></extension><record>'
        b'<y:row xmlns:y="urn:y"><count>9</count></y:row>',
    )
    assert [count for _, count in parsed(strange).rows] == [3]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (True, "192.0.2.0/24", "")),
        ({"dkim": "fail", "spf": "PASS"}, (True, "192.0.2.0/24", "")),
        ({"dkim": "fail"}, (False, "192.0.2.0/24", "")),
        ({"source": "::ffff:192.0.2.9"}, (True, "192.0.2.0/24", "")),
        ({"source": "somewhere"}, (True, "", "")),
        ({"sent": ("mail.example.com", "pass")}, (True, "192.0.2.0/24", "mail.example.com")),
        ({"sent": ("mail.example.com", "softfail")}, (True, "192.0.2.0/24", "")),
        ({"sent": ("mail.example.com</domain><scope>helo</scope><domain>", "pass")},
         (True, "192.0.2.0/24", "")),
    ],
)  # fmt: skip
def test_a_row(changes: dict[str, Any], expected: tuple[bool, str, str]) -> None:
    ((found, _),) = parsed(report(row(**changes))).rows
    assert (found.aligned, found.network, found.spf) == expected


@pytest.mark.parametrize("changes", [{"count": "-1"}, {"count": 10**11}, {"dkim": "", "spf": "x"}])
def test_a_row_that_cannot_be_read_is_dropped(changes: dict[str, Any]) -> None:
    found = parsed(report(row(**changes), row()))
    assert (len(found.rows), found.dropped) == (1, 1)


def test_equal_rows_are_one() -> None:
    assert [count for _, count in parsed(report(row(), row(count=4))).rows] == [7]


def test_many_signatures_are_cut() -> None:
    many = tuple((f"d{number}.example", "s", "pass") for number in range(150))
    ((found, _),) = parsed(report(row(signed=many))).rows
    assert len(found.dkim) == aggregate_reports.RESULTS


@pytest.mark.parametrize(
    "data",
    [
        report(row(), period=("", END)),
        report(row(), period=(BEGIN, "soon")),
        report(row(), period=(END, BEGIN)),
        report(row(), domain="-"),
    ],
)
def test_a_report_without_period_or_domain_is_none(data: bytes) -> None:
    with pytest.raises(ParseError, match="no period or no domain"):
        parsed(data)


def test_letters_of_another_encoding_are_replaced() -> None:
    assert parsed(report(row()).replace(b"Receiver", b"Caf\xe9")).organization == "Caf\ufffd"
    latin = report(row(), organization="Caf\u00e9", encoding="iso-8859-1")
    assert parsed(latin).organization == "Caf\u00e9"
    assert len(parsed(report(row(), organization="x" * 5000)).organization) == 1024


def test_a_tls_report() -> None:
    (found,) = tls.parse([json.dumps(TLS).encode()]).domains
    assert found == tls.Sessions(
        domain="example.com", succeeded=90, failed=(("certificate-expired", 7), ("unspecified", 3))
    )
    bare = {"policies": [{"policy": {"policy-domain": "-"}}]}
    assert tls.parse([json.dumps(bare).encode()]).domains == (
        tls.Sessions(domain="", succeeded=0, failed=()),
    )


def totals(*reports: bytes, domain: str = "example.com", since: datetime | None = None) -> Any:
    sums = report_totals.Totals(domain, since or datetime.fromtimestamp(0, UTC))
    for one in reports:
        sums.add(parsed(one))
    return sums.fact(unreadable=(), truncated=False)


OWN, SERVICE = ("example.com", "s1", "pass"), ("mailer.example", "k1", "pass")
SOURCES = [
    ("own", [row()], [source("example.com", 3, 3, "s1")]),
    ("a service that signs for the client", [row(signed=(OWN, SERVICE))],
     [source("mailer.example", 3, 3, "k1")]),
    ("a service that signs for itself", [row(dkim="fail", signed=(SERVICE,))],
     [source("mailer.example", 3, 0, "k1")]),
    ("a service by its envelope", [row(dkim="fail", signed=(), sent=("b.mailer.example", "pass"))],
     [source("b.mailer.example", 3, 0)]),
    ("by SPF alone", [row(dkim="fail", spf="pass", signed=(), sent=("example.com", "pass"))],
     [source("example.com", 3, 3, by_spf=3)]),
    ("by both", [row(spf="pass", signed=(OWN,), sent=("example.com", "pass"))],
     [source("example.com", 3, 3, "s1")]),
    ("nobody says by what", [row(signed=())], [source("example.com", 3, 3)]),
    ("of two networks", [row(), row(source="198.51.100.1", count=1)],
     [source("example.com", 4, 4, "s1", networks=2)]),
    ("no address", [row(source="?")], [source("example.com", 3, 3, "s1", networks=0)]),
    ("nothing passed", [row(dkim="fail", signed=())], []),
    ("forwarded", [row(dkim="fail", signed=(SERVICE,), reason="forwarded")], []),
    ("a subdomain", [row(header_from="shop.example.com")], [source("example.com", 3, 3, "s1")]),
    ("another domain", [row(header_from="example.org")], []),
    ("no sender named", [row(header_from="")], [source("example.com", 3, 3, "s1")]),
    ("the largest first", [row(count=1), row(dkim="fail", signed=(SERVICE,), count=2)],
     [source("mailer.example", 2, 0, "k1"), source("example.com", 1, 1, "s1")]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "rows", "expected"), SOURCES)
def test_who_sent_it(name: str, rows: list[str], expected: list[SendingSource]) -> None:
    assert list(totals(report(*rows)).sources) == expected


def test_what_is_nobodys_is_counted_apart() -> None:
    rows = row(dkim="fail", signed=()), row(dkim="fail", signed=(), reason="mailing_list", count=2)
    found = totals(report(*rows))
    assert (found.unauthenticated, found.forwarded) == (3, 2)


def test_a_report_counts_once_however_often_it_came() -> None:
    found = totals(report(row()), report(row()), report(row(), name="2"), report(row(), name=""))
    assert found.reports == 3
    assert found.sources == (source("example.com", 9, 9, "s1"),)
    assert found.signers == (Signer(domain="example.com", selector="s1"),)


def test_old_reports_are_only_counted() -> None:
    found = totals(report(row()), since=NOW)
    assert (found.reports, found.outdated, found.days) == (0, 1, 0)


def test_the_period_reaches_over_all_reports() -> None:
    later = report(row(), name="2", period=(BEGIN + 86400, END + 86400))
    found = totals(later, report(row()))
    assert found.begins == datetime.fromtimestamp(BEGIN, UTC)
    assert found.days == 2


def test_sources_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_totals, "GROUPS", 60)
    monkeypatch.setattr(report_totals, "NETWORKS", 2)
    rows = [row(dkim="fail", signed=((f"d{n}.example", "s", "pass"),)) for n in range(70)]
    found = totals(report(*rows))
    assert len(found.sources) == report_totals.SOURCES
    assert found.beyond == 60
    many = [
        row(source=f"192.0.{n}.1", signed=(("example.com", f"s{n}", "pass"),)) for n in range(9)
    ]
    reports = [report(*many, name=str(n), organization=f"R{n}") for n in range(3)]
    assert totals(*reports).sources == (
        source("example.com", 81, 81, "s0", "s1", networks=2, receivers=2),
    )


def test_signers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_totals, "GROUPS", 2)
    many = tuple(("example.com", f"s{number}", "pass") for number in range(9))
    assert len(totals(report(row(signed=many))).signers) == 2


def test_tls_reports_are_added_up() -> None:
    sums = report_totals.Totals("example.com", NOW)
    other = {**TLS, "report-id": "2"}
    for one in (TLS, TLS, other, {"policies": [], "report-id": "3"}):
        sums.add_tls(tls.parse([json.dumps(one).encode()]))
    found = sums.fact(unreadable=(), truncated=False)
    assert (found.tls_reports, found.tls_sessions) == (2, 180)
    assert found.tls_failures == (
        TlsFailure(kind="certificate-expired", sessions=14),
        TlsFailure(kind="unspecified", sessions=6),
    )


def collected(folder: Path | str, now: datetime = NOW) -> Any:
    domain = Domain(name="example.com", reports=str(folder))
    return observe(collect_reports.reports, domain, FakeClock(now))


def test_a_folder_is_read(tmp_path: Path) -> None:
    deep = tmp_path / "2026" / "11"
    deep.mkdir(parents=True)
    (deep / "a.xml.gz").write_bytes(gzip.compress(report(row())))
    (tmp_path / "b.json").write_text(json.dumps(TLS))
    (tmp_path / "readme.txt").write_text("Reports go here.")
    (tmp_path / "broken\x1b.xml").write_bytes(report(row())[:-9])
    (tmp_path / "link.xml").symlink_to(deep / "a.xml.gz")
    found = collected(tmp_path)
    assert (found.reports, found.tls_reports) == (1, 1)
    assert found.unreadable_total == 1
    assert found.unreadable[0].startswith("broken?.xml: not well-formed")
    assert not found.truncated


def test_the_folder_is_where_the_client_file_is(tmp_path: Path) -> None:
    path = tmp_path / "client.toml"
    text = template(company="Smile", authorised_by="J. Doe", domains=["example.com"])
    path.write_text(
        text.replace('name = "example.com"\n', 'name = "example.com"\nreports = "in"\n')
    )
    declared = load_client(path).declared()
    assert Domain(name="example.com", reports=str(tmp_path / "in")) in declared


def test_no_folder_is_declared() -> None:
    assert collected("") == ReportTotals(domain="example.com", declared=False)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    found = collected(tmp_path / "none")
    assert isinstance(found, Failed)
    assert found.reason is Reason.UNREACHABLE


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "scandir", refuse)
    found = collected(tmp_path)
    assert isinstance(found, Failed)
    assert found.reason is Reason.DENIED


def test_reading_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        path = tmp_path / f"{number}.xml"
        path.write_bytes(report(row(), name=str(number)))
        os.utime(path, (number, number))
    deep = tmp_path.joinpath(*"abcdef")
    deep.mkdir(parents=True)
    (deep / "x.xml").write_bytes(report(row(), name="deep"))
    assert collected(tmp_path).reports == 4
    for name, value in (("FILES", 3), ("ENTRIES", 3), ("SECONDS", -1.0)):
        with monkeypatch.context() as patch:
            patch.setattr(collect_reports, name, value)
            found = collected(tmp_path)
        assert found.truncated, name
        assert found.reports == (0 if name == "SECONDS" else 3)
    monkeypatch.setattr(aggregate_reports, "ROWS", 2)
    assert collected(tmp_path).reports == 2
    monkeypatch.setattr(collect_reports, "FILE_SIZE", 10)
    assert "larger than" in collected(tmp_path).unreadable[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_what_became_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ParseError, match="no file any more"):
        collect_reports._bytes(tmp_path / "pipe")


def test_a_file_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.xml").write_bytes(report(row()))

    def refuse(_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(collect_reports, "_bytes", refuse)
    assert collected(tmp_path).unreadable == ("a.xml: Permission denied",)
