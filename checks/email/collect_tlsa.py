"""Looks for the DANE records of mail servers, no further than a sender would."""

import asyncio
from dataclasses import replace

from posture.model import CollectError, MailServer, Reason, collector
from posture.net import Net
from posture.net.dns import Absent, Answer
from posture.net.vantage import as_the_world_sees_it

from .transport_facts import MailTlsa, TlsaAnswer

RECORD_LIMIT = 32
TEXT_LIMIT = 8192
"""Characters of one record; a whole certificate may stand in it."""


@collector(
    traffic="A and AAAA {host}, DS of its top level; "
    "if its zone is signed: TLSA _{port}._tcp.{host}"
)
async def tlsa(server: MailServer, net: Net) -> MailTlsa:
    """Find the records that say which certificate the server shows."""
    await as_the_world_sees_it(net.dns, server.host)
    return await tlsa_of(net, server.host, server.port)


async def tlsa_of(net: Net, host: str, port: int) -> MailTlsa:
    """Ask as RFC 7672 §2.2.2 does: first the addresses, and TLSA only where they are signed.

    One exception: if the resolver validates nothing, TLSA is asked to see that there is none.
    """
    four, six = await asyncio.gather(_family(net, host, "A"), _family(net, host, "AAAA"))
    seen = [answer for answer in (four, six) if not isinstance(answer, CollectError)]
    found = [answer for answer in seen if isinstance(answer, Answer)]
    if not found and len(seen) < 2:
        raise next(failure for failure in (four, six) if isinstance(failure, CollectError))
    signed = bool(found) and all(answer.authenticated for answer in found)
    looked = MailTlsa(host=host, port=port, signed=signed, validating=signed, answer=None)
    if not signed:
        top = await net.dns.query(host.rpartition(".")[2], "DS")
        looked = replace(looked, validating=top.authenticated)
        if top.authenticated:
            return looked
    # Behind an alias the records stand at its end, or else at the name in the MX record.
    ends = dict.fromkeys([*(answer.chain[-1] for answer in found if answer.chain), host])
    for name in ends:
        looked = replace(looked, answer=await _answer(net, f"_{port}._tcp.{name}"))
        if looked.records:
            break
    return looked


async def _answer(net: Net, name: str) -> TlsaAnswer:
    answer = await net.dns.query(name, "TLSA")
    records = answer.records if isinstance(answer, Answer) else ()
    if len(records) > RECORD_LIMIT or any(len(text) > TEXT_LIMIT for text in records):
        raise CollectError(Reason.TOO_LARGE, f"TLSA {name}: too many records, or too long ones")
    return TlsaAnswer(name=name, records=records, authenticated=answer.authenticated)


async def _family(net: Net, host: str, rdtype: str) -> Answer | Absent | CollectError:
    try:
        return await net.dns.query(host, rdtype)
    except CollectError as error:
        return error
