"""What sample mails and signed zones teach of a domain's DKIM keys."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.email import collect_reports, mail_sample, nsec
from posture.checks.email.mail_sample import signers
from posture.checks.email.report_facts import ReportTotals, Signer
from posture.model import Domain
from posture.testing import FakeClock, observe
from tests.checks.email.reports import report, row

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SIGNED = (
    b"Received: by mx.example.net\r\n"
    b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=Example.com;\r\n"
    b"\ts=Bakery-2019; t=1; h=from:to; bh=AA==; b=AB\r\n"
    b" CD=\r\n"
    b"From: a@example.com\r\n\r\nDKIM-Signature: d=body.example; s=x\r\n"
)


def test_a_signature_is_found_in_the_head_however_it_is_folded() -> None:
    assert signers(SIGNED) == (("example.com", "bakery-2019"),)
    assert signers(SIGNED.replace(b"\r\n", b"\n")) == (("example.com", "bakery-2019"),)
    assert signers(b"dkim-signature :d=a.example;s=k._x\n") == (("a.example", "k._x"),)


@pytest.mark.parametrize(
    "field",
    [
        b"",
        b"d=a.example",
        b"s=k",
        b"d=a.example; s=k; s=l",
        b"d=a b; s=k",
        b"d=a.example; s=k/../l",
        b"d=a.example; s=" + b"k" * 64,
        b"d=a.example; s=\xff",
        b"no tags",
    ],
)
def test_a_signature_that_names_no_key_is_passed_over(field: bytes) -> None:
    good = b"DKIM-Signature: d=b.example; s=l\n"
    assert signers(b"DKIM-Signature: " + field + b"\n" + good) == (("b.example", "l"),)


def test_a_mail_is_bounded() -> None:
    long = b"X: " + b"y" * mail_sample.HEAD
    with pytest.raises(mail_sample.ParseError):
        signers(long)
    assert signers(b"A: b\n\n" + long) == ()
    many = b"".join(b"DKIM-Signature: d=a.example; s=k%d\n" % number for number in range(30))
    assert len(signers(many)) == mail_sample.SIGNATURES


PIECES = st.sampled_from(
    [b"DKIM-Signature:", b" d=a.example;", b"s=k", b"\r\n", b"\n", b"\n\n", b"\t", b";", b"\xff"]
)


@given(st.one_of(st.binary(), st.lists(PIECES).map(b"".join)))
def test_any_mail_gives_names_or_a_parse_error(data: bytes) -> None:
    try:
        found = signers(data)
    except mail_sample.ParseError:
        return
    assert all(domain and selector.isascii() for domain, selector in found)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("S1._domainkey.Example.com. TXT RRSIG NSEC", "s1._domainkey.example.com"),
        ("example.com. NS", "example.com"),
    ],
)
def test_the_next_name_is_read(text: str, name: str) -> None:
    assert nsec.parse(text) == name


@pytest.mark.parametrize(
    "text", ["", "example.com.", "example.com TXT", ". TXT", "\\000.a.example. TXT", "ä.example. A"]
)
def test_what_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(nsec.ParseError):
        nsec.parse(text)


@given(st.one_of(st.text(), st.text("a.\\0 TXRSIGNEC")))
def test_any_text_gives_a_name_or_a_parse_error(text: str) -> None:
    with suppress(nsec.ParseError):
        assert nsec.parse(text)


def totals(folder: Path) -> ReportTotals:
    domain = Domain(name="example.com", reports=str(folder))
    found = observe(collect_reports.reports, domain, FakeClock(NOW))
    assert isinstance(found, ReportTotals)
    return found


def test_samples_lie_beside_the_reports(tmp_path: Path) -> None:
    (tmp_path / "1.xml").write_bytes(report(row()))
    (tmp_path / "sample.eml").write_bytes(SIGNED)
    (tmp_path / "note.txt").write_bytes(b"DKIM-Signature is a header\nd=example.com; s=x\n")
    (tmp_path / "other.eml").write_bytes(SIGNED.replace(b"Example.com", b"other.example"))
    (tmp_path / "long.eml").write_bytes(b"X: y\n" * 20_000)
    found = totals(tmp_path)
    assert found.reports == 1
    assert found.sampled == (Signer(domain="example.com", selector="bakery-2019"),)
    assert found.signers == (Signer(domain="example.com", selector="s1"),)


def test_samples_are_bounded(tmp_path: Path) -> None:
    for number in range(60):
        name = f"k{number:02}".encode()
        (tmp_path / f"{number}.eml").write_bytes(SIGNED.replace(b"Bakery-2019", name))
    assert len(totals(tmp_path).sampled) == 50
