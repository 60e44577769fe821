"""Reads DMARC aggregate reports: RFC 9990, and RFC 7489 appendix C before it. Pure.

A report is streamed through expat. A document type is refused where it begins, so that there are
no entities; depth, text, rows and tokens are bounded. Elements nobody knows are passed over.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import chain
from xml.parsers import expat

from .names import is_host_name, normal
from .report_file import ParseError

ROWS = 200_000
DEPTH = 24
TEXT = 1024
"""Characters kept of one element."""
RESULTS = 100
"""DKIM results of one row (RFC 9990 §2.1.4)."""
TOKEN = 1 << 20
"""Bytes of one tag, comment or the like."""
NAMESPACES = {"", "urn:ietf:params:xml:ns:dmarc-2.0", "http://dmarc.org/dmarc-xml/0.1"}
KEPT = 16 << 20
"""Bytes that the rows of a report may take."""
LARGEST = 10**10
"""Messages of one row, or seconds; more is no number of either."""
_ENCODING = re.compile(rb"""(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a receiver says of the messages of one sender that fared alike."""

    network: str
    """The sender's /24 or /48, empty when the address cannot be read."""
    aligned: bool
    """They passed DMARC by DKIM or by SPF."""
    by_spf: bool = False
    """They passed it by SPF, and not by DKIM."""
    forwarded: bool
    """The receiver takes them for forwarded or for mail of a list."""
    header_from: str
    dkim: tuple[tuple[str, str], ...]
    """Domain and selector of each signature that passed."""
    spf: str
    """The envelope domain, if SPF passed for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateReport:
    """One report."""

    organization: str
    report_id: str
    domain: str
    """The policy domain."""
    begin: int
    """Seconds since 1970."""
    end: int
    rows: tuple[tuple[Row, int], ...]
    """Each with its number of messages."""
    dropped: int
    """Rows that cannot be read."""


def parse(chunks: Iterable[bytes]) -> AggregateReport:
    """Read a report; raises ParseError."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.DefaultHandler = reader.other
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    try:
        for chunk in _mended(iter(chunks)):
            reader.fed(len(chunk))
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except ParseError:
        raise
    except expat.ExpatError as error:
        raise ParseError(f"not well-formed in line {error.lineno}") from error
    except (LookupError, ValueError) as error:
        raise ParseError("written in an unknown encoding") from error
    return reader.report()


def _refuse(*_: object) -> None:
    raise ParseError("it declares a document type, as no report does")


def _mended(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Replace what is no UTF-8 in what says it is: names are often written in something else."""
    first = next(chunks, b"").lstrip(b" \t\r\n")
    declared = _ENCODING.match(first)
    other = declared is not None and declared[1].lower() not in {b"utf-8", b"utf8"}
    if other or first.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield first
        yield from chunks
        return
    decoder = getincrementaldecoder("utf-8")("replace")
    for chunk in chain([first], chunks):
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", final=True).encode()


class _Reader:
    """Collects the elements that matter, by their path."""

    def __init__(self) -> None:
        self._path: list[str] = []
        """Where each open element stands, below the root: ``record/row/count``."""
        self._buffer: list[str] = []
        self._length = 0
        self._waiting = 0
        self._kept = 0
        self._head: dict[str, str] = {}
        self._row: dict[str, str] = {}
        self._lists: dict[str, list[dict[str, str]]] = {}
        self._counts: dict[Row, int] = {}
        self._seen = 0
        self._dropped = 0

    def fed(self, size: int) -> None:
        """Refuse a token that does not end; to look for its end again and again takes long."""
        self._waiting += size
        if self._waiting > TOKEN + size:
            raise ParseError("a tag or comment beyond all measure")

    def other(self, _: str) -> None:
        self._waiting = 0

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._waiting = 0
        namespace, _, local = name.rpartition(" ")
        if len(self._path) >= DEPTH:
            raise ParseError("nested too deep")
        if not self._path and local != "feedback":
            raise ParseError(f"a document of {local[:40]}, not of feedback")
        where = local[:40] if namespace in NAMESPACES else "?"
        if len(self._path) > 1:
            where = f"{self._path[-1]}/{where}"
        self._path.append(where)
        if where == "record":
            self._row, self._lists = {}, {}
        if where in _LISTS and len(self._lists.setdefault(where, [])) < RESULTS:
            self._lists[where].append({})
        self._buffer, self._length = [], 0

    def text(self, data: str) -> None:
        self._waiting = 0
        if self._length < TEXT:
            self._buffer.append(data[: TEXT - self._length])
            self._length += len(data)

    def end(self, _: str) -> None:
        self._waiting = 0
        where, value = self._path.pop(), "".join(self._buffer).strip()
        if where in _LISTED:
            self._lists[where.rpartition("/")[0]][-1].setdefault(where, value)
        elif where in _ROW:
            self._row.setdefault(where, value)
        elif where in _HEAD:
            self._head.setdefault(where, value)
        self._buffer, self._length = [], 0
        if where == "record":
            self._add()

    def _add(self) -> None:
        self._seen += 1
        if self._seen > ROWS:
            raise ParseError(f"more than {ROWS} rows")
        found = _row(self._row, self._lists)
        if found is None:
            self._dropped += 1
            return
        row, count = found
        if row not in self._counts:
            self._kept += 300 + sum(200 + len(a) + len(b) for a, b in row.dkim)
        if self._kept > KEPT:
            raise ParseError("more different rows than can be kept")
        self._counts[row] = self._counts.get(row, 0) + count

    def report(self) -> AggregateReport:
        begin, end = (_number(self._head.get(f"{_RANGE}/{edge}", "")) for edge in ("begin", "end"))
        domain = _domain(self._head.get("policy_published/domain", ""))
        if begin is None or end is None or begin > end or not domain:
            raise ParseError("no period or no domain")
        return AggregateReport(
            organization=self._head.get("report_metadata/org_name", ""),
            report_id=self._head.get("report_metadata/report_id", ""),
            domain=domain,
            begin=begin,
            end=end,
            rows=tuple(self._counts.items()),
            dropped=self._dropped,
        )


_RANGE = "report_metadata/date_range"
_HEAD = {
    *("report_metadata/org_name", "report_metadata/report_id", "policy_published/domain"),
    *(f"{_RANGE}/begin", f"{_RANGE}/end"),
}
_DKIM, _SPF = "record/auth_results/dkim", "record/auth_results/spf"
_EVALUATED = "record/row/policy_evaluated"
_REASON = f"{_EVALUATED}/reason"
_LISTS = {_DKIM, _SPF, _REASON}
_LISTED = {
    *(f"{_DKIM}/{key}" for key in ("domain", "selector", "result")),
    *(f"{_SPF}/{key}" for key in ("domain", "scope", "result")),
    f"{_REASON}/type",
}
_ROW = {
    *(f"record/row/{key}" for key in ("source_ip", "count")),
    *(f"{_EVALUATED}/{key}" for key in ("dkim", "spf")),
    "record/identifiers/header_from",
}
_FORWARDED = {"forwarded", "mailing_list", "trusted_forwarder"}


def _row(row: dict[str, str], lists: dict[str, list[dict[str, str]]]) -> tuple[Row, int] | None:
    count = _number(row.get("record/row/count", ""))
    by_dkim, by_spf = (row.get(f"{_EVALUATED}/{kind}", "").lower() for kind in ("dkim", "spf"))
    results = {by_dkim, by_spf}
    if count is None or not results & {"pass", "fail"}:
        return None
    signed = (_passed(found, _DKIM) for found in lists.get(_DKIM, ()))
    sent = (_passed(found, _SPF) for found in lists.get(_SPF, ()))
    reasons = {found.get(f"{_REASON}/type", "").lower() for found in lists.get(_REASON, ())}
    read = Row(
        network=_network(row.get("record/row/source_ip", "")),
        aligned="pass" in results,
        by_spf=by_spf == "pass" != by_dkim,
        forwarded=bool(reasons & _FORWARDED),
        header_from=_domain(row.get("record/identifiers/header_from", "")),
        dkim=tuple(dict.fromkeys(found for found in signed if found)),
        spf=next((found[0] for found in sent if found), ""),
    )
    return read, count


def _passed(found: dict[str, str], where: str) -> tuple[str, str] | None:
    """Domain and selector of a result that is a pass, and not of a greeting (RFC 9990 §2.1.1)."""
    domain = _domain(found.get(f"{where}/domain", ""))
    selector = normal(found.get(f"{where}/selector", ""))
    right = found.get(f"{where}/scope", "mfrom").lower() != "helo"
    if not domain or not right or found.get(f"{where}/result", "").lower() != "pass":
        return None
    return domain, selector if is_host_name(selector) else ""


def _domain(text: str) -> str:
    name = normal(text)
    return name if is_host_name(name) else ""


def _number(text: str) -> int | None:
    plain = text.isascii() and text.isdigit() and len(text) <= 11
    return int(text) if plain and int(text) <= LARGEST else None


def _network(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None) or address
    return str(ip_network(f"{mapped}/{24 if mapped.version == 4 else 48}", strict=False))
