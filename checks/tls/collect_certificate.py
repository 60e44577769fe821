"""Has a certificate chain read and verified in a child process."""

import base64
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from posture.model import CollectError, Reason, record
from posture.net import TrustAnchors
from posture.net.process import Completed
from posture.net.suffix import is_registry
from posture.net.tls import x509_child
from posture.net.tls.chain import RawChain
from posture.net.tls.names import names_host

from .facts import Certificate, Presented, Trust, TrustResult

SECONDS = 10.0
"""Time box of one verification."""

MAX_NAMES = 100
"""Names kept of one certificate; matching looks at all of them."""

MAX_WILD = 1000
"""Wildcards looked up in the list of public suffixes."""

MAX_NAME = 255
"""Characters kept of a name: DNS has none longer."""

MAX_RAW = 16 << 10
"""Octets of a certificate that is kept as it was sent."""

Run = Callable[[Sequence[str]], Awaitable[Completed]]


@record
class _Read:
    certificates: tuple[Certificate, ...]
    unreadable: tuple[int, ...]


@record
class _Verified:
    result: TrustResult
    detail: str
    anchor: str
    path: tuple[str, ...] = ()
    public: bool = False
    url: str = ""


async def examine(
    run: Run, raw: RawChain, anchors: TrustAnchors, *, host: str, address: str, at: datetime
) -> Presented:
    """Read ``raw`` and verify it at ``at`` (aware), using ``run`` to start the child.

    CollectError: MALFORMED when the server's own certificate cannot be read, INCONCLUSIVE when the
    child said nothing.
    """
    lines = await _ask_child(run, raw, anchors, at)
    if not lines:
        raise CollectError(Reason.INCONCLUSIVE, "the certificates could not be examined in time")
    read = msgspec.json.decode(lines[0], type=_Read)
    if not read.certificates or 0 in read.unreadable:
        raise CollectError(Reason.MALFORMED, "the server's certificate cannot be read")
    leaf = read.certificates[0]
    return Presented(
        host=host,
        address=address,
        version=raw.version,
        suite=raw.suite,
        sent=raw.sent,
        chain=tuple(_shortened(found) for found in read.certificates),
        name_matches=names_host(host, leaf.names, leaf.addresses),
        trust=_trust(lines[1:], anchors.name),
        raw=tuple(der for der in raw.certificates if len(der) <= MAX_RAW),
        suffixes=_suffixes(leaf.names),
    )


def _suffixes(names: Sequence[str]) -> tuple[str, ...]:
    wild = [name[2:MAX_NAME].lower() for name in names if name[:2] == "*."]
    return tuple(filter(is_registry, wild[:MAX_WILD]))[:MAX_NAMES]


async def _ask_child(run: Run, raw: RawChain, anchors: TrustAnchors, at: datetime) -> list[bytes]:
    request = {
        "chain": [base64.b64encode(der).decode("ascii") for der in raw.certificates],
        "sent": raw.sent,
        "anchors": anchors.pem.decode("ascii"),
        "at": at.astimezone(UTC).isoformat(),
        "seconds": SECONDS,
    }
    with tempfile.TemporaryDirectory(prefix="posture-") as folder:
        try:
            # -I: neither the environment nor the current folder decides what it imports.
            done = await run([sys.executable, "-I", x509_child.__file__, _file(folder, request)])
        except CollectError as error:
            if error.reason is Reason.TIMEOUT:
                return []
            raise
    return done.stdout.splitlines()


def _file(folder: str, request: dict[str, object]) -> str:
    """A file, because an argument cannot hold a store and a program is given no input."""
    path = Path(folder, "request.json")
    path.write_text(json.dumps(request), encoding="utf-8")
    return str(path)


def _trust(lines: list[bytes], store: str) -> Trust:
    if not lines:
        detail = f"verification was not done in {SECONDS:g} s"
        return Trust(result=TrustResult.UNDECIDED, detail=detail, anchor="", store=store)
    found = msgspec.json.decode(lines[0], type=_Verified)
    return Trust(
        result=found.result,
        detail=found.detail,
        anchor=found.anchor,
        store=store,
        path=found.path,
        public=found.public,
        url=found.url,
    )


def _shortened(found: Certificate) -> Certificate:
    return replace(
        found,
        names=tuple(name[:MAX_NAME] for name in found.names[:MAX_NAMES]),
        addresses=found.addresses[:MAX_NAMES],
    )
