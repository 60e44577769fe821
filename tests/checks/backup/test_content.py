"""Whether a file is whole: every kind, whole, cut off and damaged."""

import bz2
import gzip
import io
import lzma
import sqlite3
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.backup.content import Content, inspect
from posture.checks.backup.facts import Outcome

GOOD, BAD, UNREAD = Outcome.GOOD, Outcome.BAD, Outcome.UNREAD
NOISE = bytes(range(256)) * 64
PG = b"--\n-- PostgreSQL database dump\n--\n" + b"INSERT INTO t VALUES (1);\n" * 400
PG_DONE = b"--\n-- PostgreSQL database dump complete\n--\n\n"
RESTRICT = b"\\unrestrict 5fX9kQzT7\n\n"
CLUSTER = b"--\n-- PostgreSQL database cluster dump\n--\n" + PG + PG_DONE
MYSQL = b"-- MySQL dump 10.13  Distrib 8.0.36\n" + b"INSERT INTO `t` VALUES (1);\n" * 400
MARIA = b"/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n" + MYSQL[30:]
DONE = b"-- Dump completed on 2026-11-20  3:00:12\n"


def look(data: bytes, name: str = "x", spent: bool = False) -> Content:
    return inspect(io.BytesIO(data), name, lambda: spent)


def tar(size: int = 5000, fill: bytes = b"\0") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in ("a", "b"):
            member = tarfile.TarInfo(name)
            member.size = size
            archive.addfile(member, io.BytesIO(fill * size))
    return stream.getvalue()


def zipped(method: int = zipfile.ZIP_DEFLATED, members: int = 2) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for number in range(members):
            archive.writestr(f"file{number}", NOISE)
    return stream.getvalue()


def encrypted_zip() -> bytes:
    """Set the flag of encryption in the local and in the central header."""
    data = bytearray(zipped(members=1))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    return bytes(data)


def unknown_method_zip() -> bytes:
    data = bytearray(zipped(members=1))
    data[8] = 9
    data[data.index(b"PK\1\2") + 10] = 9
    return bytes(data)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("db") / "x.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (a)")
        connection.executemany("insert into t values (?)", [("x" * 1000,)] * 50)
    connection.close()
    return path.read_bytes()


WHOLE = {
    "gzip": gzip.compress(NOISE),
    "two gzip members": gzip.compress(NOISE) + gzip.compress(NOISE),
    "gzip padded with zeros": gzip.compress(NOISE) + bytes(512),
    "bzip2": bz2.compress(NOISE),
    "xz": lzma.compress(NOISE),
    "zip": zipped(),
    "zip stored": zipped(zipfile.ZIP_STORED),
    "tar": tar(),
    "tar.gz": gzip.compress(tar()),
    "dump": PG + PG_DONE,
    "dump with a restrict line": PG + PG_DONE + RESTRICT,
    "dump.gz": gzip.compress(PG + PG_DONE + RESTRICT),
    "cluster": CLUSTER + b"--\n-- PostgreSQL database cluster dump complete\n--\n",
    "mysql": MYSQL + DONE,
    "mysql without a date": MYSQL + b"-- Dump completed\n",
    "mariadb": MARIA + DONE,
    "pg archive": b"PGDMP\1\16\0" + NOISE,
    "unknown": NOISE,
}
BROKEN = {
    "empty": b"",
    "gzip cut": WHOLE["gzip"][:-9],
    "gzip without its checksum": WHOLE["gzip"][:-8],
    "gzip wrong checksum": WHOLE["gzip"][:-8] + bytes(8),
    "gzip of nothing": gzip.compress(b""),
    "gzip damaged": b"\x1f\x8b\x08" + NOISE,
    "bzip2 cut": WHOLE["bzip2"][:-9],
    "bzip2 damaged": b"BZh9" + NOISE,
    "xz cut": WHOLE["xz"][:-9],
    "xz damaged": b"\xfd7zXZ\0" + NOISE,
    "zip cut": WHOLE["zip"][:-30],
    "zip damaged": WHOLE["zip stored"].replace(NOISE[:100], b"y" * 100, 1),
    "zip of nothing": zipped(members=0),
    "tar cut in a file": tar()[:6000],
    "tar cut in zeros": tar(20_000)[: 512 + 8192],
    "tar without its end": tar()[: 2 * (512 + 5120)],
    "tar with a damaged header": tar()[:5632] + NOISE[:512] + tar()[6144:],
    "tar.gz of a stopped tar": gzip.compress(tar(fill=b"x")[: 2 * (512 + 5120)]),
    "dump stopped": PG,
    "dump.gz of a stopped dump": gzip.compress(PG),
    "cluster stopped after one database": CLUSTER,
    "mysql stopped": MYSQL,
    "mariadb stopped": MARIA,
}


@pytest.mark.parametrize("kind", WHOLE)
def test_whole(kind: str) -> None:
    assert look(WHOLE[kind]).outcome is GOOD


@pytest.mark.parametrize("kind", BROKEN)
def test_broken(kind: str) -> None:
    assert look(BROKEN[kind]).outcome is BAD


def test_what_was_not_checked_is_said() -> None:
    assert "not checked" in look(NOISE).text
    assert "end was not checked" in look(WHOLE["pg archive"]).text
    assert "end was not checked" in look(gzip.compress(WHOLE["pg archive"])).text


@pytest.mark.parametrize("kind", WHOLE)
def test_only_what_was_read_to_its_end_is_checked(kind: str) -> None:
    assert look(WHOLE[kind]).unchecked is (kind in {"pg archive", "unknown"})
    assert look(gzip.compress(WHOLE["pg archive"])).unchecked
    assert look(encrypted_zip()).unchecked
    assert look(unknown_method_zip()).unchecked


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zip", "tar"])
def test_out_of_time_is_said(kind: str) -> None:
    seen = look(WHOLE[kind], spent=True)
    assert seen.outcome is GOOD
    assert seen.unchecked
    assert "not to its end" in seen.text


@pytest.mark.parametrize(
    "name", ["crm.sql.gz", "a.TGZ", "a.bz2", "a.xz", "a.zip", "a.sqlite", "a.tar"]
)
def test_a_name_that_promises_what_is_not_there(name: str) -> None:
    assert look(NOISE, name).outcome is BAD


def test_a_wrong_name_on_a_whole_dump_does_no_harm() -> None:
    assert look(PG + PG_DONE, "crm.sql.gz").outcome is GOOD


def test_locked_and_unknown_zip_archives_are_listed_only() -> None:
    assert "1 are encrypted" in look(encrypted_zip()).text
    assert "compression is not known" in look(unknown_method_zip()).text


def test_sqlite(database: bytes) -> None:
    assert look(database).outcome is GOOD
    assert look(database[:-100]).outcome is BAD
    assert look(gzip.compress(database)).outcome is GOOD
    # An old writer leaves a page count that is not to be believed.
    stale = database[:92] + bytes(4) + database[96:]
    assert "end was not checked" in look(stale[:-100]).text
    big = database[:16] + (1).to_bytes(2, "big") + database[18:]
    assert look(big).outcome is BAD


class Failing(io.BytesIO):
    """A disk that breaks."""

    def read(self, *_: object) -> bytes:
        raise OSError(5, "Input/output error")


def test_a_broken_disk_is_not_a_broken_backup() -> None:
    seen = inspect(Failing(), "x", lambda: False)
    assert (seen.outcome, "Input/output error" in seen.text) == (UNREAD, True)


def starts() -> Iterator[bytes]:
    yield from (data[:700] for data in WHOLE.values())


@given(st.sampled_from(list(starts())), st.binary(max_size=2000), st.integers(0, 700))
def test_anything_has_an_outcome(start: bytes, noise: bytes, at: int) -> None:
    stream: IO[bytes] = io.BytesIO(start[:at] + noise)
    assert inspect(stream, "x", lambda: False).outcome in {GOOD, BAD}


@given(st.sampled_from([WHOLE["gzip"], WHOLE["bzip2"], WHOLE["xz"]]), st.data())
def test_no_part_of_a_compressed_file_passes_for_the_whole(
    whole: bytes, data: st.DataObject
) -> None:
    length = data.draw(st.integers(8, len(whole) - 1))
    assert look(whole[:length]).outcome is BAD


def test_tar_files_without_magic_are_known_by_name(tmp_path: Path) -> None:
    old = tar().replace(b"ustar", b"\0\0\0\0\0")
    assert look(old, "x.tar").outcome is BAD  # the header's checksum no longer fits
