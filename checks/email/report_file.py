"""Unpacks what a report comes in: XML or JSON, plain, gzipped, zipped, or attached to a mail. Pure.

Whoever mails a report is a stranger, so nothing is believed: sizes are counted as they come out,
names in archives are not used, and archives within archives are refused.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.parser import BytesParser
from enum import StrEnum
from itertools import chain
from typing import IO

EXPANDED = 50 << 20
"""Bytes that one file may come to."""
RATIO = 200
"""How many bytes one byte may become, beyond the first megabyte."""
FREE = 1 << 20
CHUNK = 1 << 16
MEMBERS = 100
"""Files in an archive."""
MAIL = 4 << 20
"""Bytes of a mail: taken apart, it takes a dozen times that. What a zipped report that fills one
comes to is beyond ``EXPANDED`` anyway."""
LINES = 300_000
"""Lines of a mail, each of which is a string of its own for a while."""
PARTS = 1000
"""Lines of a mail that may part it."""
HEAD = 1 << 16
"""Bytes of the head of a mail or of one of its parts."""
_CODINGS = {"", "7bit", "8bit", "binary", "base64", "quoted-printable"}
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_PACKED = (_GZIP, _ZIP)
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class ParseError(ValueError):
    """A file that is not the report it looks like."""


class NotAReportError(ParseError):
    """A file that does not even look like one."""


class Form(StrEnum):
    """What a report is written in."""

    XML = "xml"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Document:
    """A report, still unread."""

    form: Form
    chunks: Iterator[bytes]
    """Raises ParseError on the way if it is broken or too big."""


def documents(data: bytes) -> Iterator[Document]:
    """Find the reports in a file. Read each before the next is asked for; raises ParseError."""
    meter = _Meter(len(data))
    if data.startswith(_PACKED) or _form(data) or not is_mail(data):
        yield from _unpacked(data, meter)
    else:
        yield from _attached(data, meter)


class _Meter:
    """Counts what one file expands to."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._out = 0

    def through(self, chunk: bytes) -> bytes:
        self._out += len(chunk)
        if self._out > EXPANDED:
            raise ParseError(f"expands to more than {EXPANDED >> 20} MiB")
        if self._out > FREE + RATIO * self._size:
            raise ParseError(f"expands to more than {RATIO} times its size")
        return chunk


@contextmanager
def _readable(what: str) -> Iterator[None]:
    """Whatever a library says of broken input is a ParseError; so is what it cannot do."""
    try:
        yield
    except ParseError:
        raise
    except (*_BROKEN, ValueError, LookupError, TypeError, RuntimeError, OSError, EOFError) as error:
        raise ParseError(f"the {what} is damaged or unusual") from error


def _unpacked(data: bytes, meter: _Meter) -> Iterator[Document]:
    if data.startswith(_GZIP):
        yield _opened(_gunzipped(data, meter))
    elif data.startswith(_ZIP):
        yield from _unzipped(data, meter)
    else:
        yield _opened(data[start : start + CHUNK] for start in range(0, len(data), CHUNK))


def _form(data: bytes) -> Form | None:
    head = data[:256]
    for bom in _BOMS:
        head = head.removeprefix(bom)
    head = head.replace(b"\0", b"").lstrip()
    return {b"<": Form.XML, b"{": Form.JSON}.get(head[:1])


def _opened(chunks: Iterator[bytes]) -> Document:
    """Look at the first bytes of what comes out, and pass all of it on."""
    first = next(chunks, b"")
    if first.startswith(_PACKED):
        raise ParseError("an archive within an archive")
    form = _form(first)
    if form is None:
        raise NotAReportError("neither XML nor JSON")
    return Document(form, chain([first], chunks))


def _gunzipped(data: bytes, meter: _Meter) -> Iterator[bytes]:
    inflater = zlib.decompressobj(wbits=31)
    rest = data
    with _readable("gzip file"):
        while not inflater.eof:
            chunk = inflater.decompress(rest, CHUNK)
            rest = inflater.unconsumed_tail
            if not chunk and not inflater.eof:
                raise ParseError("the gzip file is cut off")
            yield meter.through(chunk)


def _unzipped(data: bytes, meter: _Meter) -> Iterator[Document]:
    # The directory is read as a whole, so its length is looked at before that.
    if data.count(b"PK\x01\x02") > MEMBERS:
        raise ParseError(f"the archive holds more than {MEMBERS} files")
    with _readable("archive"), zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise ParseError("the archive is packed in an unusual way")
            if not member.is_dir():
                with archive.open(member) as stream:
                    yield _opened(_read(stream, meter))


def _read(stream: IO[bytes], meter: _Meter) -> Iterator[bytes]:
    with _readable("archive"):
        while chunk := stream.read(CHUNK):
            yield meter.through(chunk)


def is_mail(data: bytes) -> bool:
    """Whether it begins as a mail does: with a name and a colon (RFC 5322 §2.2)."""
    name, colon, _ = data[:998].partition(b"\n")[0].partition(b":")
    return bool(colon and name) and all(33 <= byte <= 126 for byte in name)


def _attached(data: bytes, meter: _Meter) -> Iterator[Document]:
    _check_size(data)
    _check_heads(data)
    found = False
    for payload in _payloads(data):
        if payload.startswith(_PACKED) or _form(payload):
            found = True
            yield from _unpacked(meter.through(payload), meter)
    if not found:
        raise NotAReportError("a mail without a report")


def _check_size(data: bytes) -> None:
    """A mail is taken apart in memory: bound what that can cost."""
    if len(data) > MAIL:
        raise ParseError(f"the mail is larger than {MAIL >> 20} MiB")
    if data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n") > LINES:
        raise ParseError(f"the mail has more than {LINES} lines")


def _check_heads(data: bytes) -> None:
    """Bound what the parts of a mail can cost."""
    parts = data.replace(b"\r\n", b"\n").split(b"\n--", PARTS + 1)
    if len(parts) > PARTS:
        raise ParseError(f"the mail has more than {PARTS} parts")
    for part in parts:
        end = part.find(b"\n\n")
        if (end if end >= 0 else len(part)) > HEAD:
            raise ParseError("the mail has a head beyond all measure")


def _payloads(data: bytes) -> Iterator[bytes]:
    with _readable("mail"):
        for part in BytesParser().parsebytes(data).walk():
            coding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
            if not part.is_multipart() and coding in _CODINGS:
                payload = part.get_payload(decode=True)
                yield payload if isinstance(payload, bytes) else b""
