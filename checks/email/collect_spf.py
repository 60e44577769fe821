"""Follows a domain's SPF record through everything it refers to."""

from posture.model import CollectError, Domain, Failed, Reason, collector
from posture.net import Net
from posture.net.dns import Answer
from posture.net.vantage import without_invention

from ..dns.facts import DomainTexts
from . import spf as grammar
from .facts import SpfDiscovery
from .spf_tree import Expansion, Question, expand, kept

LOOKUPS, VOIDS = 10, 2
"""What receivers allow (RFC 7208 §4.6.4)."""
QUERY_LIMIT = 60
"""Questions asked for one domain; a record that needs more is far beyond what receivers allow."""


@collector(
    traffic="TXT, A, AAAA and MX of the names in the SPF record of {name}, at most 60 questions; "
    "A of a made-up name"
)
async def spf(domain: Domain, texts: DomainTexts, net: Net) -> SpfDiscovery:
    """Find the SPF record of a domain and expand it without evaluating it."""
    found = [record for record in texts.records if grammar.is_spf(record.text)]
    if not all(record.whole for record in found):
        raise CollectError(Reason.TOO_LARGE, f"an SPF record of {domain.name} is too long")
    records = tuple(record.text for record in found)
    made = Expansion()
    if len(records) == 1 and not grammar.faults(records[0]):
        await without_invention(net.dns)
        made = await _expanded(domain.name, records[0], net)
    return SpfDiscovery(
        domain=domain.name,
        records=records,
        lookups=tuple(made.lookups),
        referred=kept(made.referred),
        truncated=made.truncated,
    )


async def _expanded(domain: str, record: str, net: Net) -> Expansion:
    """Ask level by level, so that the limit falls on the same questions whatever comes first."""
    answers: dict[Question, tuple[str, ...] | Failed] = {}
    servers = False
    while (made := expand(domain, record, answers, servers=servers)).wanted or (
        not servers and _is_too_long(made)
    ):
        servers = servers or not made.wanted
        room = QUERY_LIMIT - len(answers)
        asked, beyond = made.wanted[: max(room, 0)], made.wanted[max(room, 0) :]
        net.dns.begin(*asked)
        seen = [await ask(net, question) for question in asked]
        answers |= dict(zip(asked, seen, strict=True))
        limit = Failed(reason=Reason.INCONCLUSIVE, detail=f"more than {QUERY_LIMIT} questions")
        answers |= dict.fromkeys(beyond, limit)
    return made


def _is_too_long(made: Expansion) -> bool:
    """Whether a shorter record is needed: only then the addresses of all servers matter."""
    return len(made.lookups) > LOOKUPS or sum(seen.void for seen in made.lookups) > VOIDS


async def ask(net: Net, question: Question) -> tuple[str, ...] | Failed:
    """Return the records, none when that is proven, or why there was no answer."""
    try:
        answer = await net.dns.query(*question)
    except CollectError as error:
        return error.failed
    return answer.records if isinstance(answer, Answer) else ()
