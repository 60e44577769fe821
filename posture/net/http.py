"""HTTP for collectors that run in a thread: one request, one total time limit, no surprises.

A server decides nothing here: not where a redirect leads, not how large an answer becomes, not how
long it takes.
"""

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any
from urllib.parse import urljoin

import requests

from posture.model import CollectError, Subject
from posture.net.exchange import Call, HttpResponse, origin, prepared
from posture.net.scope import Endpoint, Scope
from posture.net.tcp import Dialler, Line
from posture.net.threads import on_loop
from posture.net.trust import TrustAnchors

__all__ = ["Http", "HttpResponse", "redirect"]

MAX_BYTES = 2 << 20
DEADLINE = 20.0
HOPS = 5
_REDIRECTS = {301, 302, 303, 307, 308}


class Http:
    """What a collector in a thread is given: only its subject's endpoints can be reached.

    Every request raises ``CollectError``: OUT_OF_SCOPE, TIMEOUT, REFUSED, UNREACHABLE, TOO_LARGE,
    MALFORMED, or ``CertificateError``. A status such as 404 is an answer, not an error.
    """

    def __init__(
        self,
        subject: Subject,
        anchors: TrustAnchors,
        dialler: Dialler,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        """Bind the run's tools to one subject. ``NetRoot.http`` does this."""
        self.subject = subject
        self.anchors = anchors
        self._dialler = dialler
        self._loop = loop

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        allow: Sequence[str] = (),
        max_bytes: int = MAX_BYTES,
        deadline: float = DEADLINE,
        verify: bool = True,
    ) -> HttpResponse:
        """Fetch ``url``; redirects are returned, not followed.

        ``allow`` names further origins (``https://graph.microsoft.com``) that the collector's own
        code, never an answer, chose. ``deadline`` is in seconds for everything, names included.
        Without ``verify`` a bad certificate does not matter: for facts about the server only.
        """
        request = requests.Request("GET", url, headers=dict(headers or {}))
        return self._send(request, allow, max_bytes, deadline, verify=verify)

    def begin(
        self, url: str, *, octets: int, deadline: float = DEADLINE, verify: bool = True
    ) -> HttpResponse:
        """Fetch the first ``octets`` of what ``url`` holds, then hang up, however long it is.

        They are asked for as a range (RFC 9110 §14.2), which a server may ignore. What came
        compressed is undone as far as it goes. The rest is as in :meth:`get`.
        """
        request = requests.Request("GET", url, headers={"Range": f"bytes=0-{octets - 1}"})
        return self._send(request, (), octets, deadline, verify=verify, whole=False)

    def post(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        json: object | None = None,
        headers: Mapping[str, str] | None = None,
        allow: Sequence[str] = (),
        max_bytes: int = MAX_BYTES,
        deadline: float = DEADLINE,
    ) -> HttpResponse:
        """Send a form or a JSON value; the rest is as in :meth:`get`, always with ``verify``."""
        request = requests.Request(
            "POST", url, data=dict(form or {}), json=json, headers=dict(headers or {})
        )
        return self._send(request, allow, max_bytes, deadline, verify=True)

    def follow(
        self,
        url: str,
        *,
        hops: int = HOPS,
        headers: Mapping[str, str] | None = None,
        allow: Sequence[str] = (),
        max_bytes: int = MAX_BYTES,
        deadline: float = DEADLINE,
        verify: bool = True,
    ) -> tuple[HttpResponse, ...]:
        """Fetch ``url`` and up to ``hops`` redirects, within the endpoints; return every answer.

        If the last one is a redirect, it led out of scope, in a circle, or was one too many.
        ``headers`` are sent to the first origin only. ``deadline`` is for all hops together.
        """
        ends = time.monotonic() + deadline
        seen: list[HttpResponse] = []
        while True:
            own = headers if not seen or origin(url) == origin(seen[0].url) else None
            left = max(0.1, ends - time.monotonic())
            answer = self.get(
                url, headers=own, allow=allow, max_bytes=max_bytes, deadline=left, verify=verify
            )
            seen.append(answer)
            target = redirect(answer)
            visited = {item.url for item in seen}
            if target is None or len(seen) > hops or target in visited:
                return tuple(seen)
            if not self._within(target, allow):
                return tuple(seen)
            url = target

    def _within(self, url: str, allow: Sequence[str]) -> bool:
        try:
            self._scope(allow).check(*origin(url)[1:])
        except CollectError:
            return False
        return True

    def _scope(self, allow: Sequence[str]) -> Scope:
        further: list[Endpoint] = [origin(item)[1:] for item in allow]
        return Scope(self.subject, further)

    def _send(
        self,
        request: requests.Request,
        allow: Sequence[str],
        max_bytes: int,
        deadline: float,
        *,
        verify: bool,
        whole: bool = True,
    ) -> HttpResponse:
        scope = self._scope(allow)
        scope.check(*origin(request.url)[1:])
        message = prepared(request)
        opener = _Opener(scope, self._dialler, self._loop)
        call = Call(opener, self.anchors.context(verify=verify), deadline)
        try:
            return call.perform(message, max_bytes, whole=whole)
        finally:
            call.end()


class _Opener:
    """Opens connections on the event loop, for a request that waits in a thread."""

    def __init__(
        self, scope: Scope, dialler: Dialler, loop: asyncio.AbstractEventLoop | None
    ) -> None:
        self._scope = scope
        self._dialler = dialler
        self._loop = loop

    def open(self, host: str, port: int, seconds: float) -> Line:
        """Connect; raises ``TimeoutError`` when the seconds are over, or ``CollectError``."""
        if self._loop is None:
            return asyncio.run(_within(self._dialler.open(self._scope, host, port), seconds))
        future = on_loop(
            self._loop, lambda: self._dialler.open(self._scope, host, port), self._discard
        )
        try:
            return future.result(seconds)
        except FutureTimeoutError:
            if not future.cancel():  # it came through in that very moment
                self._discard(future.result())
            raise

    def _discard(self, line: Line) -> None:
        line.sock.close()
        self.release(line)

    def release(self, line: Line) -> None:
        """Give the slot back where it is counted."""
        if self._loop is None:
            line.release()
            return
        with contextlib.suppress(RuntimeError):  # the loop is closed: the run is over
            self._loop.call_soon_threadsafe(line.release)


async def _within(step: Coroutine[Any, Any, Line], seconds: float) -> Line:
    async with asyncio.timeout(seconds):
        return await step


def redirect(answer: HttpResponse) -> str | None:
    """Return the absolute http(s) URL a redirect leads to; None if it is none, or leads nowhere."""
    location = answer.header("Location")
    if answer.status not in _REDIRECTS or location is None:
        return None
    try:
        target = urljoin(answer.url, location.strip())
        origin(target)
    except (ValueError, CollectError):
        return None
    return target
