"""What a presented certificate chain is, read and verified in a child process."""

import base64
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from posture.model import CollectError, Reason, record
from posture.net.process import Completed
from posture.net.tls import x509_child
from posture.net.tls.chain import RawChain
from posture.net.tls.names import names_host
from posture.net.trust import TrustAnchors

SECONDS = 10.0
"""Time box of one verification."""

MAX_NAMES = 100
"""Names kept of one certificate; matching looks at all of them."""

MAX_NAME = 255
"""Characters kept of a name: DNS has none longer."""

Run = Callable[[Sequence[str]], Awaitable[Completed]]


class TrustResult(StrEnum):
    """Whether a path leads from the certificate to the store, and if not, what is in the way."""

    TRUSTED = "trusted"
    SELF_SIGNED = "self_signed"
    UNKNOWN_ISSUER = "unknown_issuer"
    """The chain ends in an authority that is not in the store."""
    INCOMPLETE_CHAIN = "incomplete_chain"
    """The server does not send the certificate that links its own to an authority."""
    EXPIRED = "expired"
    """The server's certificate, or one above it, is past its date; all else is in order."""
    NOT_YET_VALID = "not_yet_valid"
    OTHER = "other"
    """A rule of RFC 5280 or of the public authorities is broken; the detail says which."""
    UNDECIDED = "undecided"
    """Verification did not come to an end. Never the same as not trusted."""


@record
class Certificate:
    """One X.509 certificate. Every text in it was chosen by whoever made it."""

    subject: str
    """Distinguished name, RFC 4514."""
    issuer: str
    common_name: str
    """For display: no verifier looks at it."""
    names: tuple[str, ...]
    """DNS names among the subject alternative names, the first 100."""
    addresses: tuple[str, ...]
    """IP addresses among them, the first 100."""
    serial: str
    """Hexadecimal."""
    not_before: datetime
    not_after: datetime
    key: str
    """``RSA``, ``EC secp256r1``, ``Ed25519``, … or the algorithm's OID."""
    key_bits: int
    """0 when the algorithm is not known."""
    signature: str
    """Signature algorithm, e.g. ``sha256WithRSAEncryption``."""
    self_issued: bool
    sha256: str
    """Fingerprint of the whole certificate, hexadecimal."""
    spki_sha256: str
    """Fingerprint of its public key as DANE and pinning use it (RFC 6698 §2.1); may be empty."""


@record
class Trust:
    """The verification of a chain against one store at one time."""

    result: TrustResult
    detail: str
    """The issuer that is missing, the certificate that is out of date, or the verifier's words."""
    anchor: str
    """Subject of the trusted authority the path ends in; empty when there is no path."""
    store: str
    """Name of the store, e.g. ``certifi 2026.10.18``."""


@record
class Presented:
    """What a server presented to one client in one handshake."""

    host: str
    """The name that was asked for (SNI)."""
    address: str
    """The IP address that answered."""
    version: str
    """Negotiated with a current client, e.g. ``TLSv1.3``."""
    suite: str
    sent: int
    """How many certificates the server sent."""
    chain: tuple[Certificate, ...]
    """The first ten that can be read; the server's own first."""
    name_matches: bool
    """The certificate is issued for ``host`` (RFC 9525)."""
    trust: Trust

    @property
    def leaf(self) -> Certificate:
        """The server's own certificate."""
        return self.chain[0]


@record
class _Read:
    certificates: tuple[Certificate, ...]
    unreadable: tuple[int, ...]


@record
class _Verified:
    result: TrustResult
    detail: str
    anchor: str


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
    )


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
    return Trust(result=found.result, detail=found.detail, anchor=found.anchor, store=store)


def _shortened(found: Certificate) -> Certificate:
    return replace(
        found,
        names=tuple(name[:MAX_NAME] for name in found.names[:MAX_NAMES]),
        addresses=found.addresses[:MAX_NAMES],
    )
