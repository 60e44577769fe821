"""One HTTP exchange: a message out, a whole answer in, before its time is up.

``requests`` only puts the message together and reads the answer's frame. Its ``Session`` is not
used: that reads the body of a redirect whole, and takes proxies and passwords from the environment.
"""

import contextlib
import json
import socket
import ssl
import threading
import time
import zlib
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any, BinaryIO, Protocol, cast
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from posture.model import CollectError, Reason
from posture.net.scope import normal
from posture.net.tcp import Line, failure
from posture.net.trust import tls_failure

MAX_HEADER_BYTES = 256 << 10
_PORTS = {"http": 80, "https": 443}
_CHUNK = 64 * 1024
_HEADERS = {
    "User-Agent": "posture (security audit)",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
_CONTROL = dict.fromkeys([*range(32), *range(127, 160)], "\N{REPLACEMENT CHARACTER}") | {9: " "}


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

    def json(self) -> Any:
        """Read the body; raises ``CollectError(MALFORMED)``."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise CollectError(Reason.MALFORMED, f"{self.url}: the answer is not JSON") from None


class Opener(Protocol):
    """What gets a connection for an exchange."""

    def open(self, host: str, port: int, seconds: float) -> Line:
        """Connect; raises ``TimeoutError`` when the seconds are over, or ``CollectError``."""
        ...  # pragma: no cover - protocol

    def release(self, line: Line) -> None:
        """Give the slot of a closed connection back."""
        ...  # pragma: no cover - protocol


def origin(url: str) -> tuple[str, str, int]:
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


def prepared(request: requests.Request) -> requests.PreparedRequest:
    """Encode the request. Its URL must still name the origin that was checked."""
    before = origin(request.url)
    request.headers = _HEADERS | dict(request.headers)
    try:
        made = request.prepare()
    except (requests.RequestException, UnicodeError):
        raise _bad(request.url) from None
    if origin(made.url or "") != before:
        raise _bad(request.url)
    return made


class Call:
    """One request and its time limit.

    The timeouts of sockets are per read, so a peer that drips never meets them. Here a timer shuts
    the connection down, whatever the reader is waiting for.
    """

    def __init__(self, opener: Opener, context: ssl.SSLContext, deadline: float) -> None:
        """Start the clock, with ``deadline`` seconds to go."""
        self._opener = opener
        self._context = context
        self._seconds = deadline
        self._ends = time.monotonic() + deadline
        self._line: Line | None = None
        self._watched: socket.socket | None = None
        self._lock = threading.Lock()
        self._expired = False
        self._timer = threading.Timer(deadline, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def perform(
        self, request: requests.PreparedRequest, max_bytes: int, *, whole: bool = True
    ) -> HttpResponse:
        """Send it and read the answer, of which only the beginning is wanted without ``whole``."""
        url = request.url or ""
        try:
            # Not timeout=None: urllib3 would put it on the socket, and the timer be the only guard.
            answer = _Adapter(self).send(request, stream=True, timeout=self._seconds)
            with contextlib.closing(answer):
                found = self._read(answer, url, max_bytes, whole=whole)
            if self._expired:  # what was cut off by us can look like an end
                raise self._late(url)
            return found  # noqa: TRY300 - else would not hold the check above
        except CollectError:
            if self._expired:
                raise self._late(url) from None
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise self._failure(url, error) from None
        except (HTTPException, OSError, ValueError, zlib.error) as error:
            raise self._failure(url, error) from None

    def _read(
        self, answer: requests.Response, url: str, max_bytes: int, *, whole: bool
    ) -> HttpResponse:
        headers = tuple((_clean(key), _clean(value)) for key, value in answer.raw.headers.items())
        if sum(len(key) + len(value) for key, value in headers) > MAX_HEADER_BYTES:
            raise CollectError(Reason.TOO_LARGE, f"{url}: headers over {MAX_HEADER_BYTES} bytes")
        body = bytearray()
        most = max_bytes + whole  # one more shows that there is more
        while (left := most - len(body)) > 0 and (
            chunk := answer.raw.read(min(left, _CHUNK), decode_content=False)
        ):
            body += chunk
        coding = (answer.headers.get("Content-Encoding") or "").strip().lower()
        data = _decoded(bytes(body), coding, max_bytes, whole=whole)
        if whole and max(len(body), len(data)) > max_bytes:
            raise CollectError(Reason.TOO_LARGE, f"{url}: the answer is over {max_bytes} bytes")
        peer = self._line.peer if self._line else ""
        return HttpResponse(
            url=url, status=answer.status_code, headers=headers, body=data[:max_bytes], peer=peer
        )

    def connect(self, host: str, port: int, *, tls: bool) -> socket.socket:
        """Return a connected socket; the connection object calls this."""
        left = max(0.1, self._ends - time.monotonic())
        try:
            line = self._opener.open(normal(host), port, left)
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
        try:
            return self._context.wrap_socket(sock, server_hostname=normal(host))
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
            self._opener.release(self._line)

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


def _decoded(data: bytes, coding: str, limit: int, *, whole: bool) -> bytes:
    """Undo a compression nobody asked for, up to one byte over ``limit``."""
    if coding not in {"gzip", "x-gzip", "deflate"}:
        return data
    unpacker = zlib.decompressobj(wbits=47)  # either wrapper
    found = unpacker.decompress(data, limit + 1)
    if whole and data and not unpacker.eof and len(found) <= limit:
        raise zlib.error("the compressed body is cut off")
    return found


class _Adapter(HTTPAdapter):
    """Gives each request a connection of its own, dialled by its call."""

    def __init__(self, call: Call) -> None:
        super().__init__(max_retries=0)
        self._call = call

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: Any,  # noqa: ARG002 - the signature is the library's
        proxies: Any = None,  # noqa: ARG002
        cert: Any = None,  # noqa: ARG002
    ) -> HTTPConnectionPool:
        """Return a pool that lives for one request."""
        scheme, host, port = origin(request.url or "")
        pool = HTTPConnectionPool(host, port, maxsize=1, retries=False)
        kind = _Secure if scheme == "https" else _Plain
        pool.ConnectionCls = partial(kind, call=self._call)  # type: ignore[assignment]
        return pool

    def cert_verify(self, conn: object, url: object, verify: object, cert: object) -> None:
        """Leave trust to the call: the library would add authorities of its own."""


class _Lines:
    """A file whose end among its lines is an error: half the headers are not the headers."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._begun = False

    def readline(self, limit: int = -1) -> bytes:
        line = self._file.readline(limit)
        if not line and self._begun:
            raise IncompleteRead(b"")
        if b"\r" in line.rstrip(b"\r\n"):  # RFC 9112 §2.2: the library would begin a new line
            raise HTTPException("a bare CR among the headers")
        self._begun = True
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _WholeHead(HTTPResponse):
    """The library takes a connection that breaks among the headers for their end."""

    def begin(self) -> None:
        file = self.fp
        self.fp = cast("Any", _Lines(file))
        super().begin()
        self.fp = file


class _Plain(HTTPConnection):
    response_class = _WholeHead
    tls = False

    def __init__(self, *args: Any, call: Call, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._call = call

    def connect(self) -> None:
        """Connect through the run's dialler."""
        self.sock = self._call.connect(self.host, self.port, tls=self.tls)


class _Secure(_Plain):
    default_port = 443  # type: ignore[misc] # or the Host header would carry the port
    tls = True
