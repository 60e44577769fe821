"""Reads a folder of DMARC and TLS reports, and of mails. Nothing is sent and nothing is written."""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from pathlib import Path

from posture.model import Clock, CollectError, Domain, Reason, collector
from posture.net.threads import in_thread

from . import aggregate_reports, mail_sample, tls_reports
from .report_facts import ReportTotals
from .report_file import Form, NotAReportError, ParseError, documents, is_mail
from .report_totals import Totals

WINDOW = timedelta(days=60)
FILES = 5000
DEPTH = 4
"""Folders within folders."""
FILE_SIZE = 16 << 20
ENTRIES = 100_000
SECONDS = 60.0
"""Reading stops then; what was read counts."""

_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_OPEN |= getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


@collector(traffic="no traffic: reads the report files that are declared for {name}", deadline=90)
async def reports(domain: Domain, clock: Clock) -> ReportTotals:
    """Add up the reports in the domain's folder, newest files first."""
    if not domain.reports:  # nearly always: not worth a thread
        return ReportTotals(domain=domain.name, declared=False)
    return await in_thread(_added_up, domain, clock)


def _added_up(domain: Domain, clock: Clock) -> ReportTotals:
    folder = Path(domain.reports)
    reading = _Reading(Totals(domain.name, clock.now() - WINDOW))
    files, whole = _files(folder)
    end = time.monotonic() + SECONDS
    for path in files[:FILES]:
        if time.monotonic() >= end or reading.rows >= aggregate_reports.ROWS:
            whole = False
            break
        reading.read(path, str(path.relative_to(folder)))
    return reading.totals.fact(
        unreadable=reading.unreadable, truncated=not whole or len(files) > FILES
    )


class _Reading:
    """The totals, and what could not be read."""

    def __init__(self, totals: Totals) -> None:
        self.totals = totals
        self.unreadable: list[str] = []
        self.rows = 0

    def read(self, path: Path, name: str) -> None:
        try:
            self._add(_bytes(path))
        except (ParseError, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            plain = "".join(letter if letter.isprintable() else "?" for letter in name)
            self.unreadable.append(f"{plain[:200]}: {why}")

    def _add(self, data: bytes) -> None:
        try:
            self._documents(data)
        except NotAReportError:
            self._sample(data)

    def _sample(self, data: bytes) -> None:
        """Learn from a mail without a report which keys it was signed with."""
        with suppress(mail_sample.ParseError):
            self.totals.add_sample(mail_sample.signers(data) if is_mail(data) else ())

    def _documents(self, data: bytes) -> None:
        for document in documents(data):
            if document.form is Form.JSON:
                self.totals.add_tls(tls_reports.parse(document.chunks))
            else:
                report = aggregate_reports.parse(document.chunks)
                self.rows += len(report.rows)
                self.totals.add(report)


def _files(folder: Path) -> tuple[list[Path], bool]:
    """List the regular files below a folder, newest first, and whether these are all."""
    try:
        found = list(islice(_walk(folder, DEPTH), ENTRIES + 1))
    except PermissionError as error:
        raise CollectError(Reason.DENIED, f"the report folder cannot be read: {folder}") from error
    except OSError as error:
        raise CollectError(Reason.UNREACHABLE, f"there is no report folder {folder}") from error
    kept = sorted(found[:ENTRIES], key=lambda item: (-item[0], item[1]))
    return [path for _, path in kept], len(found) <= ENTRIES


def _walk(folder: Path, depth: int) -> Iterator[tuple[float, Path]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and depth:
                yield from _walk(Path(entry.path), depth - 1)
            elif entry.is_file(follow_symlinks=False):
                yield entry.stat(follow_symlinks=False).st_mtime, Path(entry.path)


def _bytes(path: Path) -> bytes:
    with os.fdopen(os.open(path, _OPEN), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotAReportError("no file any more")
        data = file.read(FILE_SIZE + 1)
    if len(data) > FILE_SIZE:
        raise ParseError(f"larger than {FILE_SIZE >> 20} MiB")
    return data
