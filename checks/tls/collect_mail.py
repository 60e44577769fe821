"""Looks at the TLS of a mail server, after STARTTLS. No mail is sent and no sender is named."""

from functools import partial

from posture.model import Clock, CollectError, MailServer, Reason, collector
from posture.net import Net, Stream
from posture.net.tls.chain import raw_chain
from posture.net.tls.exchange import Dial, Silence, hear
from posture.net.tls.hello import ClientHello
from posture.net.tls.starttls import Greeting, smtp, smtp_dial
from posture.net.tls.wire import Version

from .collect_certificate import examine
from .collect_versions import probed
from .facts import MailCertificate, MailVersions, StartTls, TlsStart

MAX_TEXT = 500
"""Characters kept of one line of a mail server."""


@collector(traffic="EHLO and STARTTLS to {host}, port {port}", deadline=90)
async def starttls(server: MailServer, net: Net) -> StartTls:
    """Ask what the server offers and, if it is STARTTLS, begin TLS to see that it is meant."""
    return await ask(partial(net.connect, server.host, server.port), server.host)


async def ask(dial: Dial, host: str) -> StartTls:
    """Ask for encryption on a new connection of ``dial``."""
    async with await dial() as stream:
        said = await smtp(stream)
        start, detail = await _begin(stream, said, host)
    return StartTls(
        address=stream.peer,
        banner=said.banner[:MAX_TEXT],
        keywords=tuple(line[:MAX_TEXT] for line in said.keywords),
        offered=said.offered,
        stripped=said.stripped,
        answer=said.answer[:MAX_TEXT],
        accepted=said.accepted,
        start=start,
        detail=detail[:MAX_TEXT],
    )


@collector(traffic="STARTTLS and one TLS handshake with {host}, port {port}", deadline=90)
async def certificate(
    server: MailServer, starttls: StartTls, net: Net, clock: Clock
) -> MailCertificate:
    """Fetch the certificate chain and verify it against the client's store."""
    if not starttls.offered:
        _not_hidden(starttls)
        return MailCertificate(presented=None)
    dial = smtp_dial(partial(net.connect, server.host, server.port))
    async with await dial() as stream:
        raw = await raw_chain(stream, server.host)
    presented = await examine(
        net.run, raw, net.anchors, host=server.host, address=stream.peer, at=clock.now()
    )
    return MailCertificate(presented=presented)


@collector(
    traffic="STARTTLS and the first message of a TLS handshake, once a version, to {host}, "
    "port {port}",
    deadline=120,
)
async def versions(server: MailServer, starttls: StartTls, net: Net) -> MailVersions:
    """Ask for each version of TLS and hang up after the first answer."""
    if not starttls.offered:
        _not_hidden(starttls)
        return MailVersions(probes=())
    dial = smtp_dial(partial(net.connect, server.host, server.port))
    return MailVersions(probes=await probed(dial, server.host))


def _not_hidden(starttls: StartTls) -> None:
    """STARTTLS is not offered only if the server says so, not a firewall that overwrote it."""
    if starttls.stripped:
        raise CollectError(Reason.INCONCLUSIVE, "STARTTLS is hidden by something on the way")


async def _begin(stream: Stream, said: Greeting, host: str) -> tuple[TlsStart, str]:
    if not said.accepted:
        return TlsStart.NOT_TRIED, ""
    answer = await hear(stream, ClientHello(host=host, version=Version.TLS12))
    if not isinstance(answer, Silence):
        return TlsStart.SPOKEN, ""
    return TlsStart.PLAINTEXT if answer.plaintext else TlsStart.SILENT, answer.why
