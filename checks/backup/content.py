"""Whether a backup file can be read to its end, as far as its kind allows to tell.

No I/O of its own: it is handed an open file and asked to stop when time is up.
"""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import IO, Protocol

from posture.model import record

from .facts import Outcome

Enough = Callable[[], bool]
"""Says that the time for reading is used up."""


class Readable(Protocol):
    """What decompressed data is read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, none at the end."""
        ...  # pragma: no cover - protocol


CHUNK = 1 << 20
EDGE = 4096
"""Bytes looked at from both ends. A dump's last words are followed by a few more lines."""

EMPTY = "it is empty"
PARTLY = "read for as long as was allowed, not to its end"

ZEROS = 1024
"""A tar archive ends with two blocks of zeros (POSIX.1-2017, pax, ustar interchange format)."""

_SPOILED = (EOFError, zlib.error, lzma.LZMAError, ValueError)
_TAR_SPOILED = (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError)
_ZIP_SPOILED = (zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, ValueError, OverflowError)


@record
class Content:
    """What reading a file showed."""

    outcome: Outcome
    text: str
    unchecked: bool = False
    """Nothing speaks against it, and its end was not seen."""


def inspect(stream: IO[bytes], name: str, enough: Enough) -> Content:
    """Read a file as far as its kind needs; the outcome is GOOD, BAD or UNREAD, never an error."""
    try:
        return _inspect(stream, name.lower(), enough)
    except OSError as error:
        # The decompressors report bad data as an OSError without a number, a disk with one.
        if error.errno is None:
            return _bad("it is damaged")
        return Content(outcome=Outcome.UNREAD, text=f"it could not be read: {error.strerror}")


def _inspect(stream: IO[bytes], name: str, enough: Enough) -> Content:
    head = stream.read(EDGE)
    if not head:
        return _bad(EMPTY)
    stream.seek(0)
    for magic, kind, opened in _COMPRESSED:
        if head.startswith(magic):
            return _compressed(opened(stream), kind, enough)
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return _zip(stream, enough)
    if _is_tar(head) or name.endswith(".tar"):
        return _tar(stream, enough)
    size = stream.seek(0, 2)
    stream.seek(max(0, size - EDGE))
    found = _plain(head, stream.read(EDGE), size)
    return found or _unrecognised(name)


def _gzip(stream: IO[bytes]) -> Readable:
    return gzip.GzipFile(fileobj=stream)


_COMPRESSED: tuple[tuple[bytes, str, Callable[[IO[bytes]], Readable]], ...] = (
    (b"\x1f\x8b", "gzip", _gzip),
    (b"BZh", "bzip2", bz2.BZ2File),
    (b"\xfd7zXZ\0", "xz", lzma.LZMAFile),
)

_NAMED = (".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zip", ".sqlite", ".sqlite3")


def _unrecognised(name: str) -> Content:
    claimed = next((suffix for suffix in _NAMED if name.endswith(suffix)), None)
    if claimed:
        return _bad(f"its name ends in {claimed} and its content is something else")
    return _unchecked("its content was not checked: its kind is not known")


def _compressed(stream: Readable, kind: str, enough: Enough) -> Content:
    """Decompress to the end, which verifies the checksums, keeping only the two edges."""
    head = tail = b""
    try:
        while chunk := stream.read(CHUNK):
            head = head or chunk[:EDGE]
            tail = (tail + chunk)[-EDGE:]
            if enough():
                return _unchecked(f"{kind}, {PARTLY}")
    except _SPOILED:
        return _bad(f"its {kind} data is cut off or damaged")
    if not head:
        return _bad(f"its {kind} data is empty")
    inner = _tar_end(tail[-ZEROS:]) if _is_tar(head) else _plain(head, tail, None)
    if inner is None:
        return _good(f"{kind}, read to its end")
    return replace(inner, text=f"{kind}, read to its end; {inner.text}")


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def _tar_end(block: bytes) -> Content:
    if len(block) >= ZEROS and not any(block):
        return _good("a tar archive with its end mark")
    return _bad("a tar archive without its end mark: the program that wrote it was stopped")


def _tar(stream: IO[bytes], enough: Enough) -> Content:
    """Walk from header to header: a file cut off within zeros has what looks like an end mark."""
    try:
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            while archive.next() is not None:
                archive.members = []  # type: ignore[attr-defined]
                if enough():
                    return _unchecked(f"a tar archive, {PARTLY}")
            stream.seek(archive.offset)
    except _TAR_SPOILED:
        return _bad("a tar archive that is cut off or damaged")
    return _tar_end(stream.read(ZEROS))


def _zip(stream: IO[bytes], enough: Enough) -> Content:
    """Read every member to its end, which verifies its checksum."""
    unread = 0
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            for member in members:
                if member.flag_bits & 1:
                    unread += 1
                elif not _drained(archive, member, enough):
                    return _unchecked(f"a zip archive, {PARTLY}")
    except _ZIP_SPOILED:
        return _bad("a zip archive that is cut off or damaged")
    except (NotImplementedError, RuntimeError):
        return _unchecked("a zip archive with its list of files; its compression is not known")
    if not members:
        return _bad("a zip archive without any file")
    if unread:
        return _unchecked(
            f"a zip archive with its list of files; {unread} are encrypted and not read"
        )
    return _good("a zip archive, every file read to its end")


def _drained(archive: zipfile.ZipFile, member: zipfile.ZipInfo, enough: Enough) -> bool:
    with archive.open(member) as stream:
        while stream.read(CHUNK):
            if enough():
                return False
    return not enough()


_DUMPS = (
    (b"-- PostgreSQL database cluster dump", b"-- PostgreSQL database cluster dump complete"),
    (b"-- PostgreSQL database dump", b"-- PostgreSQL database dump complete"),
    (b"-- MySQL dump", b"-- Dump completed"),
    (b"-- MariaDB dump", b"-- Dump completed"),
)


def _plain(head: bytes, tail: bytes, size: int | None) -> Content | None:
    """What the two ends of uncompressed data show; None for a kind that is not known."""
    if head.startswith(b"PGDMP"):
        return _unchecked("a PostgreSQL archive; its end was not checked")
    if head.startswith(b"SQLite format 3\0"):
        return _sqlite(head, size)
    for first, last in _DUMPS:
        if first in head:
            if last in tail:
                return _good("a database dump that says it is complete")
            return _bad("a database dump without its last line: it was stopped")
    return None


def _sqlite(head: bytes, size: int | None) -> Content:
    """Compare the size in the header (SQLite file format §1.3) with the file's own."""
    page = int.from_bytes(head[16:18], "big")
    pages = int.from_bytes(head[28:32], "big")
    current = head[24:28] == head[92:96]
    if size is None or not current:
        return _unchecked("an SQLite database; its end was not checked")
    if size < pages * (65536 if page == 1 else page):
        return _bad("an SQLite database that is cut off")
    return _good("an SQLite database of the size its header says")


def _good(text: str) -> Content:
    return Content(outcome=Outcome.GOOD, text=text)


def _unchecked(text: str) -> Content:
    return Content(outcome=Outcome.GOOD, text=text, unchecked=True)


def _bad(text: str) -> Content:
    return Content(outcome=Outcome.BAD, text=text)
