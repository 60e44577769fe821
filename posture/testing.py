"""Fakes of the tools, for tests of collectors: the same types, a scripted world, no traffic."""

import asyncio
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, get_type_hints

from posture.model import CollectError, Failed, Reason, SecretRef, Subject
from posture.net import (
    Absent,
    Answer,
    Completed,
    Net,
    PortState,
    Query,
    Statement,
    Stream,
    Transfer,
    TrustAnchors,
)
from posture.net.dns import BogusError, addresses
from posture.net.http import Http, HttpResponse, redirect
from posture.net.message import asked_name
from posture.secrets import Secret, Secrets

NO_ANCHORS = TrustAnchors(b"", "none")
Records = Sequence[str] | str | Reason
Said = Statement | Transfer | CollectError
Statements = Mapping[str, Said | list[Said]]


class FakeResolver:
    """Answers from zones: ``{"example.com": {"TXT": ["v=spf1 -all"], "MX": "TIMEOUT"}}``.

    A type whose value is a word (``TIMEOUT``, ``SERVFAIL``, any ``Reason``, or ``BOGUS`` where
    only DNSSEC is in the way) fails that way; one that is not there is no data, a name that is not
    there does not exist; the top level denies it. CNAMEs are followed.
    """

    def __init__(
        self,
        zones: Mapping[str, Mapping[str, Records]],
        *,
        authenticated: bool | Collection[str] = False,
    ) -> None:
        """Take records in the form ``Answer.records`` has, and the names that are validated."""
        self._zones = {asked_name(name): node for name, node in zones.items()}
        self._authenticated = authenticated
        self.asked: list[tuple[str, str]] = []
        """Every question, in order."""

    async def query(self, name: str, rdtype: str) -> Answer | Absent:
        """Answer as a resolver would."""
        name = asked_name(name)
        self.asked.append((name, rdtype))
        owner = name
        chain: tuple[str, ...] = ()
        while rdtype != "CNAME" and (target := self._records(owner, "CNAME")):
            owner = asked_name(target[0])
            if owner in chain:
                raise CollectError(Reason.MALFORMED, f"{rdtype} {name}: the aliases loop")
            chain = (*chain, owner)
        if records := self._records(owner, rdtype):
            return Answer(name, rdtype, records, self._validated(name), 300, chain)
        above = owner.rpartition(".")[2] if "." in owner else "."
        missing = not self._exists(owner)
        return Absent(name, rdtype, missing, self._validated(name), chain, above)

    def begin(self, *questions: tuple[str, str]) -> None:
        """Nothing is under way here: ``query`` answers at once."""

    def _validated(self, name: str) -> bool:
        known = self._authenticated
        return known if isinstance(known, bool) else name in known

    def _records(self, name: str, rdtype: str) -> tuple[str, ...]:
        found = self._zones.get(name, {}).get(rdtype, ())
        if found == "BOGUS":
            raise BogusError(Reason.SERVFAIL, f"{rdtype} {name}: as the test says")
        if isinstance(found, str):
            raise CollectError(Reason(found.lower()), f"{rdtype} {name}: as the test says")
        return tuple(sorted(found))

    def _exists(self, name: str) -> bool:
        return any(item == name or item.endswith("." + name) for item in self._zones)


class FakeChannel:
    """Hands out scripted pieces, one a read; an error among them is raised in its turn."""

    def __init__(self, replies: Iterable[bytes | CollectError]) -> None:
        """After the last reply the connection is at its end."""
        self._replies = list(replies)
        self.sent = bytearray()
        self.closed = False

    async def recv(self, size: int) -> bytes:
        """Return the next piece, or as much of it as was asked for."""
        if not self._replies:
            return b""
        item = self._replies.pop(0)
        if isinstance(item, CollectError):
            raise item
        if len(item) > size:
            self._replies.insert(0, item[size:])
        return item[:size]

    async def send(self, data: bytes) -> None:
        """Remember what was sent."""
        self.sent += data

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class FakeStream(Stream):
    """A stream over a ``FakeChannel``; TLS succeeds and changes nothing."""

    def __init__(self, channel: FakeChannel, peer: str) -> None:
        """Read from and write to ``channel``."""
        super().__init__(channel, peer=peer)
        self.tls_names: list[str] = []

    async def start_tls(self, context: object, server_hostname: str) -> Any:  # noqa: ARG002
        """Remember the name that was asked for."""
        self.tls_names.append(server_hostname)


class FakeNet(Net):
    """A network of scripted ports, connections and programs.

    What the script does not name is ``SILENT`` for ``probe``, TOOL_MISSING for ``run`` and out of
    scope for everything else.
    """

    def __init__(
        self,
        dns: FakeResolver | Mapping[str, Mapping[str, Records]] | None = None,
        *,
        anchors: TrustAnchors = NO_ANCHORS,
        ports: Mapping[tuple[str, int], PortState | Reason] | None = None,
        streams: Mapping[tuple[str, int], Sequence[bytes | CollectError] | CollectError]
        | None = None,
        programs: Mapping[tuple[str, ...], Completed | CollectError] | None = None,
        servers: Mapping[str, Statements] | None = None,
    ) -> None:
        """``programs`` is searched for the longest key that begins the argv.

        ``servers`` are DNS servers by address, each with what it says by type and name, e.g.
        ``SOA example.com``: one statement for ever, or several in turn, the last one for ever.
        """
        self.dns = dns if isinstance(dns, FakeResolver) else FakeResolver(dns or {})
        self.anchors = anchors
        self._ports = dict(ports or {})
        self._streams = dict(streams or {})
        self._programs = dict(programs or {})
        self._servers = {address: dict(says) for address, says in (servers or {}).items()}
        self.asked: list[tuple[str, str]] = []
        """Every question to a DNS server itself: its address, then type and name."""
        self.channels: dict[tuple[str, int], list[FakeChannel]] = {}
        """Every connection made, with what was sent over it."""
        self.probed: list[tuple[str, int]] = []
        self.ran: list[tuple[str, ...]] = []
        self.environments: list[dict[str, str]] = []

    async def addresses(self, host: str, *, either: bool = False) -> tuple[str, ...]:
        """Resolve as ``Net`` does."""
        return await addresses(self.dns, host, either=either)

    async def ask(self, address: str, query: Query) -> Statement:
        """Give the scripted statement."""
        found = self._said(address, f"{query.rdtype} {query.name}")
        if not isinstance(found, Statement):
            raise TypeError(found)
        return found

    async def transfer(self, address: str, zone: str) -> Transfer:
        """Give the scripted transfer."""
        found = self._said(address, f"AXFR {zone}")
        if not isinstance(found, Transfer):
            raise TypeError(found)
        return found

    def _said(self, address: str, question: str) -> Statement | Transfer:
        self.asked.append((address, question))
        script = self._servers.get(address, {})
        found = script.get(question)
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if found is None:
            detail = f"{address}, {question}: not in the test's script"
            raise CollectError(Reason.OUT_OF_SCOPE, detail)
        if isinstance(found, CollectError):
            raise found
        return found

    async def connect(self, host: str, port: int, *, lifetime: float = 30.0) -> Stream:  # noqa: ARG002
        """Open the scripted connection; each call starts its script anew."""
        script = self._streams.get((host, port))
        if script is None:
            raise CollectError(Reason.OUT_OF_SCOPE, f"{host}:{port} is not in the test's script")
        if isinstance(script, CollectError):
            raise script
        channel = FakeChannel(script)
        self.channels.setdefault((host, port), []).append(channel)
        return FakeStream(channel, host)

    async def probe(self, address: str, port: int) -> PortState:
        """Return the scripted state."""
        self.probed.append((address, port))
        state = self._ports.get((address, port), PortState.SILENT)
        if isinstance(state, Reason):
            raise CollectError(state, f"{address}:{port}: as the test says")
        return state

    async def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        deadline: float = 30.0,  # noqa: ARG002
        max_output: int = 8 << 20,  # noqa: ARG002
    ) -> Completed:
        """Return the scripted result."""
        self.ran.append(tuple(argv))
        self.environments.append(dict(env or {}))
        for size in range(len(argv), 0, -1):
            found = self._programs.get(tuple(argv[:size]))
            if isinstance(found, CollectError):
                raise found
            if found is not None:
                return found
        raise CollectError(Reason.TOOL_MISSING, f"{argv[0]} is not in the test's script")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request a ``FakeHttp`` received."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    json: object | None = None


Reply = HttpResponse | CollectError | Callable[[Sent], HttpResponse]


class FakeHttp(Http):
    """Answers from a table of ``"GET https://…"`` or plain URLs.

    A list of replies is given out in turn, its last one for ever. A URL that is not there is
    out of scope, so a redirect to it is not followed.
    """

    def __init__(self, pages: Mapping[str, Reply | Sequence[Reply]]) -> None:
        """Take the replies."""
        self.anchors = NO_ANCHORS
        self._pages = {
            url: list(reply) if isinstance(reply, Sequence) else [reply]
            for url, reply in pages.items()
        }
        self.sent: list[Sent] = []

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, **_: Any) -> HttpResponse:
        """Answer a GET."""
        return self._answer(Sent(method="GET", url=url, headers=dict(headers or {})))

    begin = get

    def post(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        json: object | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> HttpResponse:
        """Answer a POST."""
        sent = Sent(method="POST", url=url, headers=dict(headers or {}), form=form, json=json)
        return self._answer(sent)

    def follow(self, url: str, *, hops: int = 5, **options: Any) -> tuple[HttpResponse, ...]:
        """Follow redirects between the pages of the table."""
        seen = [self.get(url, **options)]
        while len(seen) <= hops and (target := redirect(seen[-1])):
            if self._key("GET", target) is None or target in {item.url for item in seen}:
                break
            seen.append(self.get(target))
        return tuple(seen)

    def _key(self, method: str, url: str) -> str | None:
        return next((key for key in (f"{method} {url}", url) if key in self._pages), None)

    def _answer(self, sent: Sent) -> HttpResponse:
        self.sent.append(sent)
        key = self._key(sent.method, sent.url)
        if key is None:
            detail = f"{sent.method} {sent.url} is not in the script"
            raise CollectError(Reason.OUT_OF_SCOPE, detail)
        replies = self._pages[key]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if isinstance(reply, CollectError):
            raise reply
        return reply(sent) if callable(reply) else reply


class FakeClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, now: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)) -> None:
        """Show ``now``, which must be aware."""
        self._now = now

    def now(self) -> datetime:
        """Return the time."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Go on."""
        self._now += by


class FakeSecrets(Secrets):
    """Knows the secrets a test gives it, by whatever the reference names."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        """Keys are environment variables, file names, keyring entries or command names."""
        super().__init__()
        self._values = dict(known or {})

    def get(self, ref: SecretRef) -> Secret:
        """Return the secret, or raise ``CollectError(NO_CREDENTIAL)``."""
        command = ref.command[0] if ref.command else None
        name = ref.env or ref.file or ref.keyring or command or ""
        if name not in self._values:
            raise CollectError(Reason.NO_CREDENTIAL, f"{name} is not in the test's script")
        return Secret(self._values[name])


def observe(collector: Callable[..., Any], subject: Subject, *given: object) -> Any:
    """Run a collector on its subject and return its fact, or ``Failed``.

    ``given`` are the facts and tools it asks for, in any order: types decide, as in the engine.
    """
    arguments = _arguments(collector, subject, list(given))
    try:
        if inspect.iscoroutinefunction(collector):
            return asyncio.run(collector(**arguments))
        return collector(**arguments)
    except CollectError as error:
        return error.failed


def _arguments(
    collector: Callable[..., Any], subject: Subject, given: list[object]
) -> dict[str, object]:
    hints = get_type_hints(collector)
    arguments: dict[str, object] = {}
    for number, name in enumerate(inspect.signature(collector).parameters):
        chosen = subject if number == 0 else _matching(hints[name], given)
        if chosen is None:
            message = f"{collector.__name__} asks for {name}: {hints[name]}, which was not given"
            raise TypeError(message)
        arguments[name] = chosen
    return arguments


def _matching(hint: Any, given: list[object]) -> object | None:
    for item in given:
        if _fits(item, hint):
            return item
    return None


def _fits(item: object, hint: Any) -> bool:
    if getattr(hint, "_is_protocol", False):  # Clock and Resolver are known by their methods
        return all(hasattr(item, name) for name in vars(hint) if not name.startswith("_"))
    if isinstance(hint, type):
        return isinstance(item, hint)
    return isinstance(item, tuple(part for part in hint.__args__ if isinstance(part, type)))


__all__ = [
    "Failed",
    "FakeChannel",
    "FakeClock",
    "FakeHttp",
    "FakeNet",
    "FakeResolver",
    "FakeSecrets",
    "FakeStream",
    "Sent",
    "observe",
]
