"""How each kind of file begins, and that nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.web.file_facts import FileKind
from posture.checks.web.left_files import SPAN, recognise, targets

GIT, SETTINGS, DUMP = FileKind.GIT, FileKind.SETTINGS, FileKind.DATABASE
PAGES = (
    b"<!DOCTYPE html>\n<html lang=en><title>Not found</title>",
    b"<html><head><title>404</title>",
    b"",
    b"Not found\n",
    b'{"error":"not found"}',
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"# 404",
)


@pytest.mark.parametrize(
    ("kind", "octets"),
    [
        (GIT, b"ref: refs/heads/main\n"),
        (GIT, b"ref: refs/heads/main"),
        (GIT, b"d670460b4b4aece5915caf5c68d12f560a9fe3e4\n"),
        (SETTINGS, b"APP_ENV=production\nDB_PASSWORD=x\n"),
        (SETTINGS, b"\xef\xbb\xbf# local\r\n\r\nexport KEY = 1\r\n"),
        (SETTINGS, b"app.name=x\nSECRET=a<b"),
        (SETTINGS, b"API_KEY=0123456789012345678901234567890123456789012345678901234567"),
        (FileKind.SUBVERSION, b"SQLite format 3\0\x10\0"),
        (FileKind.ARCHIVE, b"PK\x03\x04\x14\0"),
        (DUMP, b"-- MySQL dump 10.13  Distrib 8.0.36\n"),
        (DUMP, b"/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19"),
        (DUMP, b"--\n-- PostgreSQL database dump\n--\n"),
        (DUMP, b"-- phpMyAdmin SQL Dump\n"),
        (DUMP, b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;"),
        (DUMP, b"\nCREATE TABLE `patients` ("),
        (FileKind.PHP, b"<?php\n/** Database */"),
        (FileKind.FOLDER, b"\0\0\0\1Bud1\0\0"),
        (FileKind.STATUS, b"www.example.com\nServerVersion: Apache/2.4.62"),
        (FileKind.STATUS, b"Total Accesses: 12\n"),
        (FileKind.LISTING, b"<html>\r\n<head><title>Index of /uploads/</title>"),
        (FileKind.LISTING, b"<!DOCTYPE html>\n<html>\n<head>\n<title>Index of /uploads/</title>"),
        (FileKind.LISTING, b"<html><head><title>www.example.com - /uploads/</title>"),
        (FileKind.LISTING, b"<!DOCTYPE HTML>\n<html>\n<title>Directory listing for /uploads/"),
    ],
)
def test_recognised(kind: FileKind, octets: bytes) -> None:
    assert recognise(kind, octets) is True


@pytest.mark.parametrize("kind", FileKind)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_no_such_file(kind: FileKind, page: bytes) -> None:
    assert recognise(kind, page) is (None if (kind, page) == (SETTINGS, b"# 404") else False)


@pytest.mark.parametrize(
    ("kind", "octets"),
    [
        (SETTINGS, b"# comment\n# another, and nothing else so far"),
        (SETTINGS, b"key=value\n"),
        (DUMP, b"-- a comment\n"),
        (DUMP, b"/* a comment */"),
        # Apache's own words end just before the title.
        (FileKind.LISTING, b'<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<html>\n'),
        (FileKind.STATUS, b"a-server-with-a-rather-long-name.office.example.com\nServerVer"),
    ],
)
def test_too_little_to_tell(kind: FileKind, octets: bytes) -> None:
    assert recognise(kind, octets) is None


@pytest.mark.parametrize(
    ("kind", "octets"),
    [
        (GIT, b"ref: see below"),
        (GIT, b"ref: refs/heads/main is the branch"),
        (SETTINGS, b"A=B\0"),
        (SETTINGS, b"IF A==B\nthen"),
        (SETTINGS, b"body { margin: 0 }\nA=1\n"),
        (DUMP, b"<!-- MySQL dump -->"),
        (FileKind.ARCHIVE, b"PKZIP"),
        (FileKind.LISTING, b"<html><head><title>Uploads</title>"),
    ],
)
def test_not_taken_for_it(kind: FileKind, octets: bytes) -> None:
    assert recognise(kind, octets) is False


@given(st.sampled_from(FileKind), st.binary(max_size=200))
def test_any_octets_have_an_answer_and_the_rest_does_not_matter(
    kind: FileKind, octets: bytes
) -> None:
    assert recognise(kind, octets) in {True, False, None}
    assert recognise(kind, octets) == recognise(kind, octets[:SPAN])


def test_every_kind_is_asked_for_and_has_a_name_beside_it() -> None:
    wanted = targets("www.example.com")
    assert {target.kind for target in wanted} == set(FileKind)
    assert "/www.example.com.zip" in {target.path for target in wanted}
    assert all(target.beside.format("x") != target.path for target in wanted)
