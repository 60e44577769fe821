"""Talks to Microsoft Graph: a token, pages, throttling, and what each refusal means."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from posture.model import Clock, CollectError, Reason, Tenant
from posture.net.http import Http, HttpResponse
from posture.secrets import Secrets

from .collect_sign_in import origins, token_form, token_url
from .entra import ParseError, entity, rows, verbatim
from .throttle import delay

MAX_BYTES = 16 << 20
"""Largest page; 999 users are about 300 kB."""
PAGES = 2_000
TRIES = 6
"""Refusals for haste before giving up."""
FAULTS = 3
"""Answers of a broken server before giving up."""
BROKEN = {500, 502, 503, 504}

NOT_PREMIUM = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
"""Also sent to premium tenants, when Directory.Read.All is missing: the licence decides."""


class UnlicensedError(CollectError):
    """Microsoft says that the tenant's plan has no such thing; that need not be true."""


class NotFoundError(CollectError):
    """The object does not exist, and Graph itself says so."""


def pause(seconds: float) -> None:
    """Wait. Tests replace it."""
    time.sleep(seconds)


class Graph:
    """One signed-in session of one collector. Every method raises ``CollectError``."""

    def __init__(self, http: Http, tenant: Tenant, clock: Clock, seconds: float) -> None:
        """``seconds``: all that may be spent, waiting included."""
        self._http = http
        self._tenant = tenant
        self._clock = clock
        self._where = origins(tenant)
        self._ends = time.monotonic() + seconds
        self._token = ""

    def sign_in(self, secrets: Secrets) -> "Graph":
        """Fetch a token."""
        url = token_url(self._tenant, self._where)
        form = token_form(self._tenant, self._where, secrets, self._clock.now())
        answer = self._patiently(
            lambda left: self._http.post(url, form=form, allow=[self._where.login], deadline=left)
        )
        if answer.status != 200:
            raise CollectError(Reason.DENIED, f"sign-in failed: {_login_error(answer)}")
        try:
            self._token = verbatim(entity(answer.json(), "token"), "access_token")
        except ParseError as error:
            raise CollectError(Reason.MALFORMED, f"sign-in: {error}") from None
        return self

    def get(self, path: str, permission: str) -> Any:
        """The JSON at ``/v1.0/…`` or ``/beta/…``; ``permission`` is what a refusal lacks."""
        return self._get(self._where.graph + path, permission)

    def pages(self, path: str, permission: str, *, gap: float = 0.0) -> Iterator[Any]:
        """Every row of a collection, page by page, ``gap`` seconds apart; a page may be empty."""
        url, seen = self._where.graph + path, set[str]()
        while url:
            if url in seen or len(seen) >= PAGES:
                raise CollectError(Reason.MALFORMED, f"{_short(path)}: pages without end")
            if seen and gap:
                self._wait(gap)
            seen.add(url)
            found = self._get(url, permission)
            try:
                page = entity(found, "page")
                yield from rows(page.get("value"), "value")
                url = verbatim(page, "@odata.nextLink", default="")
            except ParseError as error:
                raise CollectError(Reason.MALFORMED, f"{_short(path)}: {error}") from None
            if url and _origin_of(url) != _origin_of(self._where.graph):
                raise CollectError(Reason.MALFORMED, f"{_short(path)}: next page is elsewhere")

    def _get(self, url: str, permission: str) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        answer = self._patiently(
            lambda left: self._http.get(
                url,
                headers=headers,
                allow=[self._where.graph],
                max_bytes=MAX_BYTES,
                deadline=left,
            )
        )
        if answer.status == 200:
            return answer.json()
        raise _refusal(answer, _short(urlsplit(url).path), permission)

    def _patiently(self, send: Callable[[float], HttpResponse]) -> HttpResponse:
        """Send, and again after a while when told to; the last answer otherwise."""
        hasty = broken = 0
        while True:
            answer = send(self._left())
            retry_after = answer.header("Retry-After")
            if answer.status == 429 or (answer.status == 503 and retry_after):
                hasty += 1
                if hasty == TRIES:
                    raise CollectError(Reason.RATE_LIMITED, f"refused {TRIES} times for haste")
                self._wait(delay(retry_after, hasty, self._clock.now()))
            elif answer.status in BROKEN and broken + 1 < FAULTS:
                broken += 1
                self._wait(delay(None, broken, self._clock.now()))
            else:
                return answer

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise CollectError(Reason.TIMEOUT, "no time left for another request")
        return left

    def _wait(self, seconds: float) -> None:
        if seconds >= self._ends - time.monotonic():
            raise CollectError(Reason.RATE_LIMITED, f"told to wait {seconds:.0f} s, too long")
        pause(seconds)


def _refusal(answer: HttpResponse, path: str, permission: str) -> CollectError:
    code = _error_code(answer)
    if code == NOT_PREMIUM:
        return UnlicensedError(Reason.UNLICENSED, f"{path}: {code}")
    if answer.status in {401, 403}:
        return CollectError(
            Reason.DENIED, f"{path}: the application lacks {permission} ({answer.status} {code})"
        )
    if answer.status == 404 and code == "Request_ResourceNotFound":
        return NotFoundError(Reason.INCONCLUSIVE, f"{path}: {code}")
    return CollectError(Reason.INCONCLUSIVE, f"{path}: answer {answer.status} {code}")


def _error_code(answer: HttpResponse) -> str:
    """Graph's error code, as far as there is one."""
    body = _object(answer)
    error = body.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code[:100] if isinstance(code, str) else ""


def _login_error(answer: HttpResponse) -> str:
    """The OAuth error and Microsoft's number; the prose beside them may name people."""
    body = _object(answer)
    error, numbers = body.get("error"), body.get("error_codes")
    known = error[:100] if isinstance(error, str) else f"answer {answer.status}"
    first = numbers[0] if isinstance(numbers, list) and numbers else None
    return f"{known} (AADSTS{first})" if isinstance(first, int) else known


def _object(answer: HttpResponse) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except CollectError:
        return {}
    return body if isinstance(body, dict) else {}


def _origin_of(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc.lower()


def _short(path: str) -> str:
    """A path without its query, at a length fit for a report."""
    return path.partition("?")[0][:160]
