"""The protocols that begin in clear and go on in TLS, by name and by port.

What a server says about TLS is a value, never an exception: only a stall and our own trouble raise.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from posture.model import CollectError, Reason
from posture.net.tcp import Stream
from posture.net.tls import starttls_lines, starttls_packets, starttls_xmpp
from posture.net.tls.exchange import Dial
from posture.net.tls.starttls import smtp
from posture.net.tls.starttls_outcome import MAX_SAID, Begun, ClosedError, Outcome
from posture.net.tls.wire import ParseError

Talk = Callable[[Stream, str], Awaitable[Begun]]
"""Speaks to a server, given the name it is reached by, until TLS may begin or will not."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """One of them."""

    name: str
    port: int
    talk: Talk


async def _smtp(stream: Stream, _host: str) -> Begun:
    """RFC 3207; see :mod:`posture.net.tls.starttls`."""
    try:
        said = await smtp(stream)
    except ClosedError:
        raise
    except CollectError as error:
        if error.reason in {Reason.RATE_LIMITED, Reason.INCONCLUSIVE}:  # 421 and any other 4xx
            return Begun(outcome=Outcome.BUSY, said=error.detail)
        raise
    if said.accepted:
        outcome = Outcome.READY
    elif said.offered:
        outcome = Outcome.REFUSED
    else:
        outcome = Outcome.STRIPPED if said.stripped else Outcome.NOT_OFFERED
    return Begun(outcome=outcome, said=said.answer or said.banner, offered=said.keywords)


PROTOCOLS: Mapping[str, Protocol] = {
    each.name: each
    for each in (
        Protocol("smtp", 25, _smtp),
        Protocol("imap", 143, starttls_lines.imap),
        Protocol("pop3", 110, starttls_lines.pop3),
        Protocol("ldap", 389, starttls_packets.ldap),
        Protocol("ftp", 21, starttls_lines.ftp),
        Protocol("postgres", 5432, starttls_packets.postgres),
        Protocol("mysql", 3306, starttls_packets.mysql),
        Protocol("rdp", 3389, starttls_packets.rdp),
        Protocol("sieve", 4190, starttls_lines.sieve),
        Protocol("xmpp", 5222, starttls_xmpp.client),
        Protocol("xmpp-server", 5269, starttls_xmpp.server),
        Protocol("nntp", 119, starttls_lines.nntp),
    )
}
BY_PORT: Mapping[int, str] = {
    **{protocol.port: name for name, protocol in PROTOCOLS.items()},
    587: "smtp",
    3268: "ldap",
}
"""What is spoken where nobody says."""

_OUTCOMES = {
    Reason.RATE_LIMITED: Outcome.BUSY,
    Reason.DENIED: Outcome.UNWILLING,
    Reason.MALFORMED: Outcome.MALFORMED,
    Reason.TOO_LARGE: Outcome.MALFORMED,
    Reason.REFUSED: Outcome.CLOSED,
}
_REASONS = {
    Outcome.BUSY: Reason.RATE_LIMITED,
    Outcome.UNWILLING: Reason.DENIED,
    Outcome.MALFORMED: Reason.MALFORMED,
}


async def begin(protocol: Protocol, stream: Stream, host: str) -> Begun:
    """Go as far on ``stream`` as TLS may begin.

    CollectError only for TIMEOUT and what is wrong with this computer.
    """
    try:
        begun = await protocol.talk(stream, host)
    except ParseError as error:
        begun = Begun(outcome=Outcome.MALFORMED, said=str(error))
    except ClosedError as error:
        begun = Begun(outcome=Outcome.CLOSED, said=error.detail)
    except CollectError as error:
        if error.reason not in _OUTCOMES:
            raise
        begun = Begun(outcome=_OUTCOMES[error.reason], said=error.detail)
    ahead = begun.ahead + stream.ahead
    if begun.outcome is Outcome.READY and ahead:
        begun = replace(begun, outcome=Outcome.INJECTED, ahead=ahead[:MAX_SAID])
    return replace(
        begun,
        said=begun.said[:MAX_SAID],
        offered=tuple(word[:MAX_SAID] for word in begun.offered),
    )


def past(protocol: Protocol, dial: Dial, host: str) -> Dial:
    """Return what opens connections of ``dial`` and goes on to where TLS begins.

    It raises CollectError RATE_LIMITED where the server asks to be left alone.
    """

    async def ready() -> Stream:
        stream = await dial()
        try:
            _expect_ready(protocol, await begin(protocol, stream, host))
        except BaseException:
            await stream.close()
            raise
        return stream

    return ready


def _expect_ready(protocol: Protocol, begun: Begun) -> None:
    if begun.outcome is not Outcome.READY:
        reason = _REASONS.get(begun.outcome, Reason.INCONCLUSIVE)
        raise CollectError(reason, f"{protocol.name} {begun.outcome}: {begun.said}")
