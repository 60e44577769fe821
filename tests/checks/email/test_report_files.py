"""Report files are read whatever they are packed in, and the hostile ones are survived."""

import base64
import gzip
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.email import aggregate_reports, report_file, tls_reports
from posture.checks.email.report_file import Form, NotAReportError, ParseError, documents
from tests.checks.email.reports import TLS, report, row

XML = report(row())
Read = aggregate_reports.AggregateReport | tls_reports.TlsReport


def read(data: bytes) -> list[Read]:
    """Everything in a file, as the collector reads it."""
    return [
        tls_reports.parse(document.chunks)
        if document.form is Form.JSON
        else aggregate_reports.parse(document.chunks)
        for document in documents(data)
    ]


def zipped(*files: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for number, data in enumerate(files):
            archive.writestr(f"{number}.xml", data)
    return made.getvalue()


def mailed(data: bytes, subtype: str = "gzip") -> bytes:
    message = EmailMessage()
    message["Subject"] = "Report Domain: example.com Submitter: receiver.example"
    message.set_content("See the attachment.\n-- \nThe postmaster")
    message.add_attachment(data, maintype="application", subtype=subtype, filename="../x.xml.gz")
    return message.as_bytes()


def in_mail(body: str, coding: str, *headers: str) -> bytes:
    head = ["From: a@example.com", f"Content-Transfer-Encoding: {coding}", *headers]
    return "\r\n".join([*head, "", body]).encode()


WRAPPED = {
    "plain": XML,
    "after an empty line": b"\n  " + XML,
    "with a byte order mark": b"\xef\xbb\xbf" + XML,
    "UTF-16": XML.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "gzip": gzip.compress(XML),
    "zip": zipped(XML),
    "zip, stored": zipped(XML, method=zipfile.ZIP_STORED),
    "mail with gzip": mailed(gzip.compress(XML)),
    "mail with zip": mailed(zipped(XML), "zip"),
    "mail with XML": mailed(XML, "xml"),
    "mail that is the report": in_mail(base64.b64encode(XML).decode(), "base64"),
    "mail that is the report, plain": in_mail(XML.decode(), "8bit"),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_a_report_is_found_whatever_it_comes_in(name: str) -> None:
    (found,) = read(WRAPPED[name])
    assert isinstance(found, aggregate_reports.AggregateReport)
    assert found.domain == "example.com"
    assert [count for _, count in found.rows] == [3]


def test_an_archive_may_hold_several() -> None:
    with_folder = io.BytesIO()
    with zipfile.ZipFile(with_folder, "w") as archive:
        archive.mkdir("reports")
        archive.writestr("reports/a.xml", XML)
        archive.writestr("b.json", json.dumps(TLS))
    assert len(read(with_folder.getvalue())) == 2


@pytest.mark.parametrize("wrap", [bytes, gzip.compress, mailed])
def test_a_tls_report_is_told_from_a_dmarc_report(
    wrap: Callable[[bytes], bytes],
) -> None:
    (found,) = read(wrap(json.dumps(TLS).encode()))
    assert isinstance(found, tls_reports.TlsReport)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Just a note.",
        b"\xff\xd8\xff\xe0 a picture",
        b"\x7fELF: something",
        b": no name",
        mailed(b"a picture", "png"),
        in_mail("nothing", "7bit"),
        in_mail("begin 666 x", "x-uuencode"),
        gzip.compress(b"hello"),
        zipped(b"hello"),
    ],
)
def test_what_is_no_report_is_told_from_a_broken_one(data: bytes) -> None:
    with pytest.raises(NotAReportError):
        read(data)


def encrypted() -> bytes:
    data = bytearray(zipped(XML))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 0xFF
    return bytes(changed)


BROKEN = {
    "gzip, cut off": gzip.compress(XML)[:-20],
    "gzip, damaged": flipped(gzip.compress(XML), 30),
    "gzip, wrong sum": flipped(gzip.compress(XML), -6),
    "zip, cut off": zipped(XML)[:-30],
    "zip, damaged": flipped(zipped(XML), 60),
    "zip, encrypted": encrypted(),
    "zip, unusual": zipped(XML, method=zipfile.ZIP_LZMA),
    "zip in a zip": zipped(zipped(XML)),
    "gzip in a gzip": gzip.compress(gzip.compress(XML)),
    "zip of many files": zipped(*[b"<a/>"] * 101),
    "mail in a mail of many parts": b"A: b\n\n" + b"\n--x" * 1001,
    "mail with an endless head": b"A: b\n" * 20_000,
    "part with an endless head": b"A: b\n\n--x\n" + b"A: b\n" * 20_000,
    "XML, cut off": XML[:-30],
    "XML, another": b"<html></html>",
    "XML, of another kind": b"<feedback/>",
    "two documents": XML + XML,
    "JSON, cut off": json.dumps(TLS).encode()[:-5],
    "JSON, another": b'{"policies": 3}',
    "JSON, nested": b'{"policies":' + b"[" * 100_000,
    "JSON, too long": b'{"a": "' + b"x" * (3 << 20),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_report_is_refused(name: str) -> None:
    with pytest.raises(ParseError) as error:
        read(BROKEN[name])
    assert not isinstance(error.value, NotAReportError)


ENTITY = b'<!DOCTYPE feedback [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
HOSTILE = {
    "entities": XML.replace(b"<feedback>", ENTITY + b"<feedback>&b;"),
    "outside entity": XML.replace(
        b"<feedback>", b'<!DOCTYPE feedback SYSTEM "file:///etc/passwd"><feedback>'
    ),
    "entities in UTF-16": (ENTITY + b"<feedback>&b;</feedback>").decode().encode("utf-16"),
    "unknown entity": XML.replace(b"<feedback>", b"<feedback>&amp;&lol;"),
    "nested": b"<feedback>" + b"<a>" * 100_000,
    "one tag": b"<feedback " + b"a='" + b"x" * (3 << 20),
    "one comment": b"<feedback><!--" + b"x" * (3 << 20),
    "unknown encoding": XML.replace(b"UTF-8", b"klingon"),
    "no text encoding": XML.replace(b"UTF-8", b"hex"),
    "long characters": XML.replace(b"UTF-8", b"shift_jis"),
    "bomb": gzip.compress(b"<feedback>" + b" " * (30 << 20)),
    "bomb in a zip": zipped(b"<feedback>" + b" " * (30 << 20)),
    "bomb in a mail": mailed(gzip.compress(b"<feedback>" + b" " * (30 << 20))),
    "plain and huge": gzip.compress(
        b"<feedback>" + bytes(range(32, 59)) * (2 << 20), compresslevel=1
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_report_is_survived(name: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ParseError):
            read(HOSTILE[name])
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


BODIES = {
    "empty lines": (b"\n" * (8 << 20), "MiB"),
    "fewer of them": (b"\n" * (3 << 20), "lines"),
    "empty lines, as an old Mac ends them": (b"\r" * (3 << 20), "lines"),
    "empty lines, as Windows ends them": (b"\r\n" * (2 << 20) + b"x", "MiB"),
    "one line": (b"x" * (16 << 20), "MiB"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_mail_is_measured_before_it_is_taken_apart(name: str) -> None:
    body, limit = BODIES[name]
    data = b"A: b\n\n" + body
    tracemalloc.start()
    try:
        with pytest.raises(ParseError, match=limit):
            read(data)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def largest(line: bytes, end: bytes = b"\n") -> bytes:
    """A mail of plain lines, and as large as one may be."""
    head = b"A: b\nContent-Transfer-Encoding: 8bit\n\n"
    whole = line + end
    return head + (whole * (report_file.MAIL // len(whole)))[: report_file.MAIL - len(head)]


@pytest.mark.parametrize(
    "data",
    [
        largest(b"x" * report_file.MAIL),
        largest(b"\xff" * report_file.MAIL),
        largest(b"x" * 14),
        largest(b"x" * 14, b"\r\n"),
        b"A: b\n\n" + b"\n" * (report_file.LINES - 2),
    ],
)
def test_the_largest_mail_is_taken_apart_within_bounds(data: bytes) -> None:
    assert len(data) <= report_file.MAIL
    tracemalloc.start()
    try:
        with pytest.raises(NotAReportError):
            read(data)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_rows_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregate_reports, "ROWS", 3)
    assert len(read(report(*[row(count="x")] * 3))) == 1
    with pytest.raises(ParseError, match="more than 3 rows"):
        read(report(*[row()] * 4))


def test_different_rows_are_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregate_reports, "KEPT", 10_000)
    assert len(read(report(*[row()] * 1000))) == 1
    with pytest.raises(ParseError, match="can be kept"):
        read(report(*[row(header_from=f"x{number}.example.com") for number in range(1000)]))


def test_the_size_is_counted_as_it_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_file, "EXPANDED", len(XML) * 2)
    assert len(read(zipped(XML, XML))) == 2
    with pytest.raises(ParseError, match="MiB"):
        read(zipped(XML, XML, XML))


@given(st.binary(max_size=300))
def test_any_bytes_give_reports_or_a_parse_error(data: bytes) -> None:
    for candidate in (
        data,
        b"\x1f\x8b" + data,
        b"PK\x03\x04" + data,
        b"<feedback>" + data,
        b"{" + data,
        b"Content-Type: multipart/mixed; boundary=a\n" + data + b"\n\n--a\n\n<" + data,
    ):
        try:
            read(candidate)
        except ParseError:
            continue


@given(st.data())
def test_any_damage_gives_reports_or_a_parse_error(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from(sorted(WRAPPED.values()))))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    except ParseError:
        return
