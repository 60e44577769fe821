"""HTTP for collectors that run in a thread: one request, one total time limit, no surprises.

A server decides nothing here: not where a redirect leads, not how large an answer becomes, not how
long it takes. ``requests`` only puts the message together; ``Session`` is not used because it
reads the body of a redirect whole, and proxies and passwords from the environment.
"""

import asyncio
import contextlib
import json
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from posture.model import CollectError, Reason, Subject
from posture.net.scope import Endpoint, Scope, normal
from posture.net.tcp import Dialler, Line, failure
from posture.net.trust import TrustAnchors, tls_failure

MAX_BYTES = 2 << 20
MAX_HEADER_BYTES = 256 << 10
DEADLINE = 20.0
HOPS = 5
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = {301, 302, 303, 307, 308}
_CHUNK = 64 * 1024
_HEADERS = {
    "User-Agent": "posture (security audit)",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
_CONTROL = dict.fromkeys([*range(32), *range(127, 160)], "\N{REPLACEMENT CHARACTER}") | {9: " "}

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A whole answer. Everything in it was chosen by the server."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    """In the order they came, each occurrence by itself, control characters replaced."""
    body: bytes = b""
    peer: str = ""
    """The address that answered."""

    def header(self, name: str) -> str | None:
        """Return the first header of that name, in any case (RFC 6797 §8.1: the first counts)."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self) -> Any:  # noqa: ANN401 - the shape is the server's choice
        """Read the body; raises ``CollectError(MALFORMED)``."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise CollectError(Reason.MALFORMED, f"{self.url}: the answer is not JSON") from None


class Http:
    """What a collector in a thread is given: only its subject's endpoints can be reached.

    Every request raises ``CollectError``: OUT_OF_SCOPE, TIMEOUT, REFUSED, UNREACHABLE, TOO_LARGE,
    MALFORMED, or ``CertificateError``. A status such as 404 is an answer, not an error.
    """

    def __init__(
        self,
        subject: Subject,
        anchors: TrustAnchors,
        dialler: Dialler | None,
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
            own = headers if not seen or _origin(url) == _origin(seen[0].url) else None
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
            self._scope(allow).check(*_origin(url)[1:])
        except CollectError:
            return False
        return True

    def _scope(self, allow: Sequence[str]) -> Scope:
        further: list[Endpoint] = [_origin(item)[1:] for item in allow]
        return Scope(self.subject, further)

    def _send(
        self,
        request: requests.Request,
        allow: Sequence[str],
        max_bytes: int,
        deadline: float,
        *,
        verify: bool,
    ) -> HttpResponse:
        scope = self._scope(allow)
        scope.check(*_origin(request.url)[1:])
        request.headers = _HEADERS | request.headers
        call = _Call(self, scope, deadline, verify=verify)
        try:
            return call.perform(_prepared(request), max_bytes)
        finally:
            call.end()

    def open(self, scope: Scope, host: str, port: int, seconds: float) -> Line:
        """Have the run's dialler open a connection, from whatever thread this is."""
        if self._dialler is None:  # pragma: no cover - only a fake has none, and it overrides
            raise NotImplementedError
        return self._on_loop(self._dialler.open(scope, host, port), seconds)

    def close(self, line: Line) -> None:
        """Close a connection where its slot is kept."""
        if self._loop and self._loop.is_running():
            with contextlib.suppress(RuntimeError):  # it stopped meanwhile, and the run with it
                self._loop.call_soon_threadsafe(line.release)
                return
        line.release()

    def _on_loop(self, step: Coroutine[Any, Any, Line], seconds: float) -> Line:
        if self._loop is None:
            return asyncio.run(_within_seconds(step, seconds))
        future = asyncio.run_coroutine_threadsafe(step, self._loop)
        try:
            return future.result(seconds)
        except FutureTimeoutError:
            if not future.cancel():
                self.close(future.result())
            raise


async def _within_seconds(step: Coroutine[Any, Any, T], seconds: float) -> T:
    async with asyncio.timeout(seconds):
        return await step


def redirect(answer: HttpResponse) -> str | None:
    """Return the absolute http(s) URL a redirect leads to; None if it is none, or leads nowhere."""
    location = answer.header("Location")
    if answer.status not in _REDIRECTS or location is None:
        return None
    try:
        target = urljoin(answer.url, location.strip())
        _origin(target)
    except (ValueError, CollectError):
        return None
    return target


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port. Raises ``CollectError(MALFORMED)``."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise _bad(url) from None
    if not parts.hostname or "@" in parts.netloc or "%" in parts.netloc:
        raise _bad(url)
    return parts.scheme, normal(parts.hostname), port


def _bad(url: str) -> CollectError:
    return CollectError(Reason.MALFORMED, f"{url[:300]!r} is not an http or https URL")


def _prepared(request: requests.Request) -> requests.PreparedRequest:
    """Encode the request. Its URL must still name the origin that was checked."""
    before = _origin(request.url)
    try:
        made = request.prepare()
    except (requests.RequestException, UnicodeError):
        raise _bad(request.url) from None
    if _origin(made.url or "") != before:
        raise _bad(request.url)
    return made


class _Call:
    """One request and its time limit.

    The timeouts of sockets are per read, so a peer that drips never meets them. Here a timer shuts
    the connection down, whatever the reader is waiting for.
    """

    def __init__(self, http: Http, scope: Scope, deadline: float, *, verify: bool) -> None:
        self._http = http
        self._scope = scope
        self._verify = verify
        self._seconds = deadline
        self._ends = time.monotonic() + deadline
        self._line: Line | None = None
        self._watched: socket.socket | None = None
        self._lock = threading.Lock()
        self._expired = False
        self._timer = threading.Timer(deadline, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def perform(self, request: requests.PreparedRequest, max_bytes: int) -> HttpResponse:
        """Send it and read the whole answer."""
        url = request.url or ""
        try:
            # Not timeout=None: urllib3 would put it on the socket, and the timer be the only guard.
            answer = _Adapter(self).send(request, stream=True, timeout=self._seconds)
            with contextlib.closing(answer):
                return self._whole(answer, url, max_bytes)
        except CollectError:
            if self._expired:
                raise self._late(url) from None
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise self._failure(url, error) from None
        except (HTTPException, OSError, ValueError, zlib.error) as error:
            raise self._failure(url, error) from None

    def _whole(self, answer: requests.Response, url: str, max_bytes: int) -> HttpResponse:
        headers = tuple((_clean(key), _clean(value)) for key, value in answer.raw.headers.items())
        if sum(len(key) + len(value) for key, value in headers) > MAX_HEADER_BYTES:
            raise CollectError(Reason.TOO_LARGE, f"{url}: headers over {MAX_HEADER_BYTES} bytes")
        body = bytearray()
        while len(body) <= max_bytes and (chunk := answer.raw.read(_CHUNK, decode_content=False)):
            body += chunk
        coding = (answer.headers.get("Content-Encoding") or "").strip().lower()
        data = _decoded(bytes(body), coding, max_bytes)
        if max(len(body), len(data)) > max_bytes:
            raise CollectError(Reason.TOO_LARGE, f"{url}: the answer is over {max_bytes} bytes")
        peer = self._line.peer if self._line else ""
        return HttpResponse(url=url, status=answer.status_code, headers=headers, body=data, peer=peer)

    def connect(self, host: str, port: int, *, tls: bool) -> socket.socket:
        """Return a connected socket; the connection object calls this."""
        left = max(0.1, self._ends - time.monotonic())
        try:
            line = self._http.open(self._scope, normal(host), port, left)
        except TimeoutError:
            raise self._late(host) from None
        with self._lock:
            self._line = line
            # Wrapping in TLS takes the descriptor away from the first socket; a duplicate stays.
            self._watched = line.sock.dup()
            if self._expired:
                raise self._late(host)
        line.sock.settimeout(left)
        return self._secured(line.sock, host) if tls else line.sock

    def _secured(self, sock: socket.socket, host: str) -> socket.socket:
        context = self._http.anchors.context(verify=self._verify)
        try:
            return context.wrap_socket(sock, server_hostname=normal(host))
        except ssl.SSLError as error:
            raise tls_failure(error) from None
        except TimeoutError:
            raise self._late(host) from None
        except OSError as error:
            raise failure(error, host) from None

    def _expire(self) -> None:
        with self._lock:
            self._expired = True
            if self._watched:
                with contextlib.suppress(OSError):  # the peer was faster
                    self._watched.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Stop the clock and give everything back."""
        self._timer.cancel()
        with self._lock:
            if self._watched:
                self._watched.close()
                self._watched = None
        if self._line:
            self._line.sock.close()
            self._http.close(self._line)

    def _late(self, url: str) -> CollectError:
        return CollectError(Reason.TIMEOUT, f"{url}: no whole answer in {self._seconds:g} s")

    def _failure(self, url: str, error: BaseException) -> CollectError:
        causes = list(_causes(error))
        late = (TimeoutError, urllib3.exceptions.TimeoutError)
        if self._expired or any(isinstance(cause, late) for cause in causes):
            return self._late(url)
        for cause in causes:
            if isinstance(cause, ssl.SSLError):
                return tls_failure(cause)
            if isinstance(cause, ConnectionError):
                return CollectError(Reason.REFUSED, f"{url}: the server closed the connection")
        why = str(causes[-1])[:200].translate(_CONTROL)
        return CollectError(Reason.MALFORMED, f"{url}: not a valid HTTP answer ({why})")


def _causes(error: BaseException) -> list[BaseException]:
    """An error and those it was made from, in whichever way the libraries keep them."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, BaseException) and item not in found:
            found.append(item)
            waiting += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
    return found


def _clean(text: str) -> str:
    return text.translate(_CONTROL)


def _decoded(data: bytes, coding: str, limit: int) -> bytes:
    """Undo a compression nobody asked for, up to one byte over ``limit``."""
    if coding not in {"gzip", "x-gzip", "deflate"}:
        return data
    return zlib.decompressobj(wbits=47).decompress(data, limit + 1)  # 47: either wrapper


class _Adapter(HTTPAdapter):
    """Gives each request a connection of its own, dialled by its call."""

    def __init__(self, call: _Call) -> None:
        super().__init__(max_retries=0)
        self._call = call

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: Any,  # noqa: ANN401, ARG002 - the signature is the library's
        proxies: Any = None,  # noqa: ANN401, ARG002
        cert: Any = None,  # noqa: ANN401, ARG002
    ) -> HTTPConnectionPool:
        """Return a pool that lives for one request."""
        scheme, host, port = _origin(request.url or "")
        pool = HTTPConnectionPool(host, port, maxsize=1, retries=False)
        kind = _Secure if scheme == "https" else _Plain
        pool.ConnectionCls = partial(kind, call=self._call)  # type: ignore[assignment]
        return pool

    def cert_verify(self, conn: object, url: object, verify: object, cert: object) -> None:
        """Leave trust to the call: the library would add authorities of its own."""


class _Plain(HTTPConnection):
    default_port = 80
    tls = False

    def __init__(self, *args: Any, call: _Call, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._call = call

    def connect(self) -> None:
        """Connect through the run's dialler."""
        self.sock = self._call.connect(self.host, self.port, tls=self.tls)


class _Secure(_Plain):
    default_port = 443
    tls = True
