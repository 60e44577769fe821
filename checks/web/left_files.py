"""Files that people leave on web sites, and how each kind begins. Pure: octets in, a word out."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .file_facts import FileKind

SPAN = 64
"""Octets that are looked at. No secret is needed to tell a kind of file from another."""

Recognise = Callable[[bytes], bool | None]
"""Whether octets begin such a file; None where as many are not enough to tell."""


@dataclass(frozen=True, slots=True)
class Target:
    """A name under which such files are found."""

    path: str
    kind: FileKind
    beside: str
    """The same with ``{}`` for a name that nobody has: in that folder, with that ending."""


def targets(host: str) -> tuple[Target, ...]:
    """Return what to ask a site for."""
    return (
        Target("/.git/HEAD", FileKind.GIT, "/.git/{}"),
        Target("/.env", FileKind.SETTINGS, "/.{}"),
        Target("/.svn/wc.db", FileKind.SUBVERSION, "/.svn/{}.db"),
        Target("/backup.zip", FileKind.ARCHIVE, "/{}.zip"),
        Target(f"/{host}.zip", FileKind.ARCHIVE, "/{}.zip"),
        Target("/backup.sql", FileKind.DATABASE, "/{}.sql"),
        Target("/dump.sql", FileKind.DATABASE, "/{}.sql"),
        Target("/wp-config.php.bak", FileKind.PHP, "/{}.php.bak"),
        Target("/.DS_Store", FileKind.FOLDER, "/.{}"),
        Target("/server-status?auto", FileKind.STATUS, "/{}"),
        Target("/uploads/", FileKind.LISTING, "/{}/"),
    )


def recognise(kind: FileKind, octets: bytes) -> bool | None:
    """Say whether a file of that kind begins so; None where the octets do not tell."""
    return _BY_KIND[kind](octets[:SPAN].removeprefix(b"\xef\xbb\xbf"))


def _begins(*patterns: bytes) -> Recognise:
    compiled = [re.compile(pattern) for pattern in patterns]
    return lambda octets: any(pattern.match(octets) for pattern in compiled)


_ASSIGNMENT = re.compile(rb"(?:export[ \t]+)?[A-Z][A-Z0-9_]*[ \t]*=[^=]")
_ORDINARY_LINE = re.compile(rb"(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_.]*[ \t]*=|[ \t]*\Z|[ \t]*#")


def _settings(octets: bytes) -> bool | None:
    """Read lines of ``NAME=value``; the last one may be cut, so it counts only as the only one."""
    if b"\0" in octets:
        return False
    lines = octets.replace(b"\r\n", b"\n").split(b"\n")
    whole = lines[:-1] or lines
    if not all(map(_ORDINARY_LINE.match, whole)):
        return False
    if any(map(_ASSIGNMENT.match, lines)):
        return True
    return None if octets.strip() else False


_DUMPS = re.compile(
    rb"(?i)(?:mysql|mariadb|postgresql database|sqlite|pgdump)[ \w]* dump|phpmyadmin sql dump"
    rb"|adminer \d|database dump|^(?:create (?:table|database)|drop table|insert into)\b"
    rb"|^set sql_mode|^pragma foreign_keys|^begin transaction;",
    re.MULTILINE,
)
_SQL_COMMENT = re.compile(rb"\s*(?:--|/\*)")


def _database(octets: bytes) -> bool | None:
    if octets.lstrip().startswith(b"<"):
        return False
    if _DUMPS.search(octets):
        return True
    return None if _SQL_COMMENT.match(octets) else False


_INDEX = re.compile(
    rb"(?is)\s*(?:<!doctype[^>]*>)?\s*(?:<html[^>]*>)?\s*(?:<head>)?\s*(?:<meta[^>]*>)?\s*"
    rb"<title>(?:(?:index of|directory listing for) /|[\w.:-]+ - /)"
)
# Apache puts 63 octets before the title.
_APACHE = re.compile(rb'<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML (?:3\.2 Final|4\.01)//EN"')


def _listing(octets: bytes) -> bool | None:
    if _INDEX.match(octets):
        return True
    return None if _APACHE.match(octets) else False


_STATUS = re.compile(rb"(?:[^\s<]+\n)?(?:ServerVersion: |Total Accesses: )")
_NAME_ALONE = re.compile(rb"[A-Za-z0-9.:-]{40,}(?:\n[A-Za-z]{0,13})?\Z")


def _status(octets: bytes) -> bool | None:
    """Read mod_status: the server's name may fill the octets that are looked at."""
    if _STATUS.match(octets):
        return True
    return None if _NAME_ALONE.match(octets) else False


_BY_KIND: Mapping[FileKind, Recognise] = {
    FileKind.GIT: _begins(rb"ref: refs/[!-~]+\s*\Z", rb"ref: refs/[!-~]+\n", rb"[0-9a-f]{40}\s"),
    FileKind.SUBVERSION: _begins(rb"SQLite format 3\x00"),
    FileKind.SETTINGS: _settings,
    FileKind.PHP: _begins(rb"\s*<\?php\b"),
    FileKind.ARCHIVE: _begins(rb"PK\x03\x04"),
    FileKind.DATABASE: _database,
    FileKind.FOLDER: _begins(rb"\x00\x00\x00\x01Bud1"),
    FileKind.STATUS: _status,
    FileKind.LISTING: _listing,
}
