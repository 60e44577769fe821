"""XMPP up to the point where TLS begins, to clients and between servers (RFC 6120 §5).

The parser is the standard library's, incremental and without document types: RFC 6120 §11.1
forbids them, and with them goes every entity that could grow.
"""

from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from posture.model import Reason
from posture.net.tcp import Stream
from posture.net.tls.starttls_outcome import Begun, ClosedError, Outcome
from posture.net.tls.wire import ParseError

MAX_OCTETS = 1 << 16
"""Octets accepted before TLS; real servers send two thousand."""

_STREAMS = "http://etherx.jabber.org/streams"
_TLS = "urn:ietf:params:xml:ns:xmpp-tls"
_MAX_DEPTH = 16
_REQUEST = f"<starttls xmlns='{_TLS}'/>".encode("ascii")
_LATER = {"resource-constraint", "system-shutdown", "reset", "policy-violation"}


@dataclass(frozen=True, slots=True)
class Element:
    """A child of the stream: its qualified name, and those of its own children."""

    name: str
    children: tuple[str, ...]


@dataclass(slots=True)
class Elements:
    """Takes octets of an XMPP stream and gives the whole elements in it, one at a time."""

    _found: list[Element] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)
    _children: list[str] = field(default_factory=list)
    _taken: int = 0
    _parser: expat.XMLParserType = field(init=False)

    def __post_init__(self) -> None:
        self._parser = expat.ParserCreate("utf-8", " ")  # RFC 6120 §11.6: no other
        self._parser.StartDoctypeDeclHandler = _forbidden
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def feed(self, data: bytes) -> Element | None:
        """Take octets that end no more than one tag; ParseError."""
        self._taken += len(data)
        if self._taken > MAX_OCTETS:
            raise ParseError(f"more than {MAX_OCTETS} octets before TLS")
        try:
            self._parser.Parse(data, False)
        except expat.ExpatError as error:
            raise ParseError(f"no XML stream: {error}") from None
        return self._found.pop() if self._found else None

    def _start(self, name: str, _: object) -> None:
        if not self._open and name != f"{_STREAMS} stream":
            raise ParseError(f"no XMPP stream: it opens with {name[:60]!r}")
        if len(self._open) == 2:
            self._children.append(name)
        self._open.append(name)
        if len(self._open) > _MAX_DEPTH:
            raise ParseError("elements nested too deep")

    def _end(self, name: str) -> None:
        self._open.pop()
        if not self._open:
            self._found = [Element(f"{_STREAMS} end", ())]
        if len(self._open) == 1:
            self._found = [Element(name, tuple(self._children))]
            self._children = []


def _forbidden(*_: object) -> NoReturn:
    raise ParseError("a document type in an XMPP stream")


@dataclass(slots=True)
class _Talk:
    stream: Stream
    elements: Elements = field(default_factory=Elements)
    rest: bytes = b""
    """Octets read and not yet looked at."""

    async def next(self) -> Element:
        """Read up to the end of the next whole element, and no tag further."""
        while True:
            if not self.rest:
                self.rest = await self.stream.read(1 << 14)
                if not self.rest:
                    raise ClosedError(Reason.INCONCLUSIVE, "closed before the features")
            end = self.rest.find(b">") + 1 or len(self.rest)
            piece, self.rest = self.rest[:end], self.rest[end:]
            if found := self.elements.feed(piece):
                return found


async def client(stream: Stream, host: str) -> Begun:
    """Ask a server for TLS as a client does."""
    return await _begin(stream, host, "jabber:client")


async def server(stream: Stream, host: str) -> Begun:
    """Ask a server for TLS as another server does."""
    return await _begin(stream, host, "jabber:server")


async def _begin(stream: Stream, host: str, namespace: str) -> Begun:
    opening = (
        f"<?xml version='1.0'?><stream:stream to={quoteattr(host)} version='1.0' "
        f"xmlns='{namespace}' xmlns:stream='{_STREAMS}'>"
    )
    await stream.write(opening.encode())
    talk = _Talk(stream)
    features = await talk.next()
    if features.name != f"{_STREAMS} features":
        return _ended(features)
    offered = tuple(name.rpartition(" ")[2] for name in features.children)
    if f"{_TLS} starttls" not in features.children:
        return Begun(outcome=Outcome.NOT_OFFERED, offered=offered)
    await stream.write(_REQUEST)
    answer = await talk.next()
    if answer.name == f"{_TLS} proceed":
        return Begun(outcome=Outcome.READY, said="proceed", offered=offered, ahead=talk.rest)
    if answer.name == f"{_TLS} failure":
        return Begun(outcome=Outcome.REFUSED, said="failure", offered=offered)
    return _ended(answer)


def _ended(element: Element) -> Begun:
    if element.name == f"{_STREAMS} end":
        raise ClosedError(Reason.INCONCLUSIVE, "the stream was ended")
    if element.name != f"{_STREAMS} error":
        raise ParseError(f"an element out of place: {element.name[:60]!r}")
    conditions = [name.rpartition(" ")[2] for name in element.children]
    outcome = Outcome.BUSY if _LATER & set(conditions) else Outcome.UNWILLING
    return Begun(outcome=outcome, said=", ".join(conditions)[:200])
