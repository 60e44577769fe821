"""Asks a web site for files that should not be there. It keeps nothing of what is in them."""

import hashlib
import secrets
from dataclasses import dataclass, field

from posture.model import ACTIVE, CollectError, Reason, WebSite, collector
from posture.net.http import Http, HttpResponse, redirect

from .file_facts import FileSearch, SiteFile
from .left_files import SPAN, Target, recognise, targets
from .origin import origin

REQUESTS = 20
"""GETs in all: two before, one for each name, one beside each kind that is there, one after."""
ERRORS = 3
"""Failed requests after which the site is left alone."""
SECONDS = 10.0
"""Time for one request."""
MAX_HOST = 253
_GIVEN = {200, 206}
_NOBODY_HAS = {200, 206, 301, 302, 303, 307, 308, 401, 404, 410}
"""How a site answers that lets everybody ask for anything."""
_GATES = ("cf-mitigated", "x-amzn-waf-action", "x-sucuri-block", "x-iinfo", "sg-captcha")
"""Headers of services that answer in the site's place, some of them with status 200."""


@collector(
    traffic="at most 20 GETs of https://{host}:{port}/ for left files, 64 bytes of each",
    consent=ACTIVE,
    deadline=150,
)
def files(site: WebSite, http: Http) -> FileSearch:
    """Ask for files by their usual names, and believe only how they begin."""
    host = f"[{site.host}]" if ":" in site.host else site.host
    url = f"https://{host}/" if site.port == 443 else f"https://{host}:{site.port}/"
    search = _Search(http=http, url=url)
    try:
        search.run(targets(site.host))
    except _LeaveError as leave:
        search.stopped = leave.reason
    return search.fact()


class _LeaveError(Exception):
    """It is time to leave the site alone."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True, kw_only=True)
class _Search:
    """One search: what was asked, and what is known so far."""

    http: Http
    url: str
    requests: int = 0
    errors: int = 0
    usual: list[HttpResponse] = field(default_factory=list)
    """Answers to names that nobody has."""
    besides: dict[str, HttpResponse | None] = field(default_factory=dict)
    found: list[SiteFile] = field(default_factory=list)
    unclear: list[SiteFile] = field(default_factory=list)
    elsewhere: str = ""
    blocked: bool = False
    shifted: bool = False
    stopped: Reason | None = None

    def run(self, wanted: tuple[Target, ...]) -> None:
        for beside in "/{}", "/{}.zip":
            answer = self.beside(beside)
            if answer is None:  # nothing to compare with
                raise _LeaveError(Reason.INCONCLUSIVE)
            self.usual.append(answer)
        self.blocked = self.usual[0].status not in _NOBODY_HAS or any(map(_is_gate, self.usual))
        self.elsewhere = self.led_away()
        if self.blocked or self.elsewhere:
            return
        for target in wanted:
            self.look(target)
        last = self.ask(f"/{secrets.token_hex(8)}")
        self.shifted = last is None or last.status != self.usual[0].status or _is_gate(last)

    def led_away(self) -> str:
        """The one other host that every name leads to."""
        own = origin(self.url)
        led = {origin(redirect(answer) or self.url) for answer in self.usual}
        hosts = {to.host for to in led if to and own and to.host != own.host}
        return hosts.pop()[:MAX_HOST] if len(led) == len(hosts) == 1 else ""

    def look(self, target: Target) -> None:
        answer = self.ask(target.path)
        there = None if answer is None else self.judge(target, answer)
        if there and not self.stands_alone(target):
            there = None
        seen = SiteFile(path=target.path, kind=target.kind, digest=_digest(answer))
        if there:
            self.found.append(seen)
        elif there is None:
            self.unclear.append(seen)

    def judge(self, target: Target, answer: HttpResponse) -> bool | None:
        """Whether the answer is the file; None where that cannot be told."""
        if any(_alike(answer, other) for other in self.usual):
            return False
        if answer.status in _GIVEN:
            known = recognise(target.kind, answer.body)
            return known or (None if _is_packed(answer) else known)
        return None if _is_gate(answer) or not 300 <= answer.status < 500 else False

    def stands_alone(self, target: Target) -> bool:
        """Whether a name beside it that nobody has is not answered with such a file as well."""
        answer = self.beside(target.beside)
        if answer is None or _is_gate(answer):
            return False
        return answer.status not in _GIVEN or recognise(target.kind, answer.body) is False

    def beside(self, pattern: str) -> HttpResponse | None:
        if pattern not in self.besides:
            self.besides[pattern] = self.ask(pattern.format(secrets.token_hex(8)))
        return self.besides[pattern]

    def ask(self, path: str) -> HttpResponse | None:
        """Fetch the first octets; None where no answer came."""
        self.requests += 1
        try:
            answer = self.http.begin(
                self.url + path.removeprefix("/"), octets=SPAN, deadline=SECONDS, verify=False
            )
        except CollectError as error:  # its words may quote the answer: they are not kept
            self.errors += 1
            if self.errors == ERRORS:
                raise _LeaveError(error.reason) from None
            return None
        if answer.status == 429:
            raise _LeaveError(Reason.RATE_LIMITED)
        return answer

    def fact(self) -> FileSearch:
        return FileSearch(
            url=self.url,
            requests=self.requests,
            usual=self.usual[0].status if self.usual else 0,
            found=tuple(self.found),
            unclear=tuple(self.unclear),
            elsewhere=self.elsewhere,
            blocked=self.blocked,
            shifted=self.shifted,
            stopped=self.stopped,
        )


def _alike(one: HttpResponse, other: HttpResponse) -> bool:
    """Whether both are the same page: its length is not compared, since it is not fetched."""
    return (one.status, _media_type(one), one.body) == (
        other.status,
        _media_type(other),
        other.body,
    )


def _media_type(answer: HttpResponse) -> str:
    return (answer.header("Content-Type") or "").partition(";")[0].strip().lower()


def _is_gate(answer: HttpResponse) -> bool:
    return any(answer.header(name) for name in _GATES)


def _is_packed(answer: HttpResponse) -> bool:
    """Whether what it is was hidden by a compression that nobody asked for."""
    return (answer.header("Content-Encoding") or "identity").strip().lower() != "identity"


def _digest(answer: HttpResponse | None) -> str:
    return hashlib.sha256(answer.body).hexdigest()[:16] if answer else ""
