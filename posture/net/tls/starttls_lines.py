"""IMAP, POP3, FTP, ManageSieve and NNTP up to the point where TLS begins.

RFC 9051 and 2595, RFC 4217, RFC 5804, RFC 4642. Every reply is bounded; nobody signs in.
"""

import re
from dataclasses import dataclass, field

from posture.net.tcp import Stream
from posture.net.tls.starttls_outcome import (
    MAX_LINES,
    Begun,
    Outcome,
    echoes_mask,
    overwritten,
    read_line,
    text_of,
    too_many,
)
from posture.net.tls.wire import ParseError

_TAGGED = re.compile(r"(\*|\+|[A-Za-z0-9]{1,20})(?: +([A-Za-z0-9]+))?(?: +(.*))?")
_STATUS = re.compile(r"(\+OK|-ERR)(?: (.*))?", re.IGNORECASE)
_CODED = re.compile(r"([1-5][0-9]{2})(?:([ -])(.*))?")
_SIEVE = re.compile(r'"([^"]{0,200})"(?: .*)?|(OK|NO|BYE)(?: (.*))?', re.IGNORECASE)
# RFC 5530 §3, RFC 3206 §4, RFC 2449 §8.1.1, RFC 5804 §1.3.
_LATER = re.compile(
    r"[\[(](UNAVAILABLE|LIMIT|INUSE|SYS/TEMP|IN-USE|LOGIN-DELAY|TRYLATER)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """One line of an IMAP server."""

    tag: str
    word: str
    """Upper case: ``OK``, ``NO``, ``BAD``, ``BYE``, ``PREAUTH``, ``CAPABILITY``, …"""
    text: str


def parse_tagged(line: bytes) -> Tagged:
    """Read a line of IMAP (RFC 9051 §7); ParseError."""
    found = _TAGGED.fullmatch(text_of(line))
    if found is None:
        raise ParseError(f"no IMAP reply: {line[:60]!r}")
    tag, word, text = found.groups()
    return Tagged(tag=tag, word=(word or "").upper(), text=text or "")


def parse_status(line: bytes) -> tuple[bool, str]:
    """Read the first line of a POP3 reply: whether it is +OK, and its text; ParseError."""
    found = _STATUS.fullmatch(text_of(line))
    if found is None:
        raise ParseError(f"no POP3 reply: {line[:60]!r}")
    return found[1].upper() == "+OK", found[2] or ""


def parse_coded(line: bytes) -> tuple[int, bool, str]:
    """Read code, whether more lines follow, and text of a line of FTP or NNTP; ParseError."""
    found = _CODED.fullmatch(text_of(line))
    if found is None:
        raise ParseError(f"no reply with a code: {line[:60]!r}")
    return int(found[1]), found[2] == "-", found[3] or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SieveLine:
    """One line of a ManageSieve server: a capability, or what ends a reply."""

    capability: str = ""
    ending: str = ""
    """``OK``, ``NO`` or ``BYE``."""
    text: str = ""


def parse_sieve(line: bytes) -> SieveLine:
    """Read a line of ManageSieve (RFC 5804 §1.2); ParseError."""
    found = _SIEVE.fullmatch(text_of(line))
    if found is None:
        raise ParseError(f"no ManageSieve reply: {line[:60]!r}")
    if found[2] is None:
        return SieveLine(capability=found[1].upper())
    return SieveLine(ending=found[2].upper(), text=found[3] or "")


def _later(text: str, otherwise: Outcome) -> Outcome:
    return Outcome.BUSY if _LATER.search(text) else otherwise


def _missing(offered: tuple[str, ...], said: str) -> Begun:
    outcome = Outcome.STRIPPED if overwritten(offered) else Outcome.NOT_OFFERED
    return Begun(outcome=outcome, said=said, offered=offered)


@dataclass(slots=True)
class _Imap:
    """One conversation with an IMAP server."""

    stream: Stream
    offered: tuple[str, ...] = ()

    async def command(self, tag: str, verb: str) -> Tagged:
        """Send a command; return its tagged reply, or the farewell that came instead."""
        await self.stream.write(f"{tag} {verb}\r\n".encode("ascii"))
        for _ in range(MAX_LINES):
            line = parse_tagged(await read_line(self.stream))
            if line.tag == tag or (line.tag, line.word) == ("*", "BYE"):
                return line
            if (line.tag, line.word) == ("*", "CAPABILITY"):
                self.offered = tuple(line.text.upper().split())
        raise too_many()


async def imap(stream: Stream, _host: str) -> Begun:
    """Ask an IMAP server for TLS (RFC 9051 §6.2.1)."""
    greeting = parse_tagged(await read_line(stream))
    said = f"{greeting.word} {greeting.text}"
    if greeting.tag != "*" or greeting.word not in {"OK", "PREAUTH", "BYE"}:
        raise ParseError(f"no IMAP greeting: {said[:60]!r}")
    if greeting.word == "BYE":
        return Begun(outcome=_later(said, Outcome.UNWILLING), said=said)
    if greeting.word == "PREAUTH":  # RFC 9051 §7.1.4: it is too late for TLS then
        return Begun(outcome=Outcome.NOT_OFFERED, said=said)
    talk = _Imap(stream)
    able = await talk.command("a", "CAPABILITY")
    if able.word != "OK":
        return Begun(outcome=_later(able.text, Outcome.UNWILLING), said=f"{able.word} {able.text}")
    if "STARTTLS" not in talk.offered:
        return _missing(talk.offered, said)
    answer = await talk.command("b", "STARTTLS")
    no = Outcome.UNWILLING if answer.word == "BYE" else Outcome.REFUSED
    outcome = Outcome.READY if answer.word == "OK" else _later(answer.text, no)
    return Begun(outcome=outcome, said=f"{answer.word} {answer.text}", offered=talk.offered)


async def _dotted(stream: Stream) -> tuple[str, ...]:
    """The lines of a list, up to the one that holds a dot (RFC 1939 §3, RFC 3977 §3.1.1)."""
    found: list[str] = []
    for _ in range(MAX_LINES):
        line = text_of(await read_line(stream))
        if line == ".":
            return tuple(found)
        found.append(line.upper())
    raise too_many()


async def pop3(stream: Stream, _host: str) -> Begun:
    """Ask a POP3 server for TLS (RFC 2595 §4)."""
    ready, said = parse_status(await read_line(stream))
    if not ready:
        return Begun(outcome=_later(said, Outcome.UNWILLING), said=said)
    await stream.write(b"CAPA\r\n")
    listed, text = parse_status(await read_line(stream))
    offered = await _dotted(stream) if listed else ()
    if listed and "STLS" not in offered:
        return _missing(offered, said)
    if not listed and _LATER.search(text):
        return Begun(outcome=Outcome.BUSY, said=text)
    await stream.write(b"STLS\r\n")
    accepted, said = parse_status(await read_line(stream))
    # A server that knows no CAPA never said that it knows STLS.
    no = Outcome.REFUSED if listed else Outcome.NOT_OFFERED
    outcome = Outcome.READY if accepted else _later(said, no)
    return Begun(outcome=outcome, said=said, offered=offered)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    code: int
    text: str
    lines: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


async def _ftp_reply(stream: Stream) -> _Reply:
    """A reply of FTP: lines in the middle of it may look like anything (RFC 959 §4.2)."""
    code, more, text = parse_coded(await read_line(stream))
    lines = [text]
    end = f"{code} "
    while more:
        if len(lines) >= MAX_LINES:
            raise too_many()
        line = text_of(await read_line(stream))
        more = not f"{line} ".startswith(end)
        lines.append(line.removeprefix(end))
    return _Reply(code=code, text=lines[-1] or text, lines=tuple(lines))


async def ftp(stream: Stream, _host: str) -> Begun:
    """Ask an FTP server for TLS on its control connection (RFC 4217 §4)."""
    greeting = await _ftp_reply(stream)
    if greeting.code == 120:  # RFC 959 §5.4: ready in some minutes
        return Begun(outcome=Outcome.BUSY, said=str(greeting))
    if greeting.code != 220:
        outcome = Outcome.BUSY if 400 <= greeting.code < 500 else Outcome.UNWILLING
        return Begun(outcome=outcome, said=str(greeting))
    await stream.write(b"AUTH TLS\r\n")
    answer = await _ftp_reply(stream)
    return Begun(outcome=_ftp_outcome(answer), said=str(answer))


def _ftp_outcome(answer: _Reply) -> Outcome:
    if answer.code == 234:
        return Outcome.READY
    if 400 <= answer.code < 500:  # also 431: a resource that security needs is not there now
        return Outcome.BUSY
    if answer.code < 500:
        raise ParseError(f"a reply out of place: {answer!s:.60}")
    if any(map(echoes_mask, answer.lines)):
        return Outcome.STRIPPED
    return Outcome.NOT_OFFERED if answer.code in {500, 502} else Outcome.REFUSED


async def _sieve_reply(stream: Stream) -> tuple[SieveLine, tuple[str, ...]]:
    offered: list[str] = []
    for _ in range(MAX_LINES):
        line = parse_sieve(await read_line(stream))
        if line.ending:
            return line, tuple(offered)
        offered.append(line.capability)
    raise too_many()


async def sieve(stream: Stream, _host: str) -> Begun:
    """Ask a ManageSieve server for TLS (RFC 5804 §2.2)."""
    greeting, offered = await _sieve_reply(stream)
    said = f"{greeting.ending} {greeting.text}".rstrip()
    if greeting.ending != "OK":
        return Begun(outcome=_later(greeting.text, Outcome.UNWILLING), said=said, offered=offered)
    if "STARTTLS" not in offered:
        return _missing(offered, said)
    await stream.write(b"STARTTLS\r\n")
    answer, _ = await _sieve_reply(stream)
    no = Outcome.UNWILLING if answer.ending == "BYE" else Outcome.REFUSED
    outcome = Outcome.READY if answer.ending == "OK" else _later(answer.text, no)
    return Begun(outcome=outcome, said=f"{answer.ending} {answer.text}".rstrip(), offered=offered)


async def nntp(stream: Stream, _host: str) -> Begun:
    """Ask a news server for TLS (RFC 4642 §2.2)."""
    code, _, said = parse_coded(await read_line(stream))
    if code not in {200, 201}:
        outcome = Outcome.BUSY if code in {400, 403} else Outcome.UNWILLING
        return Begun(outcome=outcome, said=f"{code} {said}")
    await stream.write(b"CAPABILITIES\r\n")
    listed, _, text = parse_coded(await read_line(stream))
    if listed in {400, 403}:
        return Begun(outcome=Outcome.BUSY, said=f"{listed} {text}")
    offered = await _dotted(stream) if listed == 101 else ()
    if listed == 101 and "STARTTLS" not in offered:
        return _missing(offered, f"{listed} {text}")
    await stream.write(b"STARTTLS\r\n")
    code, _, said = parse_coded(await read_line(stream))
    return Begun(outcome=_nntp_outcome(code), said=f"{code} {said}", offered=offered)


def _nntp_outcome(code: int) -> Outcome:
    if code == 382:
        return Outcome.READY
    if code in {400, 403}:
        return Outcome.BUSY
    if code < 400:
        raise ParseError(f"a reply out of place: {code}")
    return Outcome.NOT_OFFERED if code in {500, 501, 503} else Outcome.REFUSED
