"""``posture probe dmarc``: every step of the search for one name's DMARC policy."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from posture.model import CollectError, Domain, Probe, Probed
from posture.net import Net
from posture.net.dns import Absent
from posture.net.vantage import seen_from_outside

from . import dmarc_advice, suffix_list
from .collect_dmarc import walked
from .dmarc import Applied, DmarcRecord, settle
from .facts import DmarcDiscovery
from .names import is_host_name, is_literal, normal

DOMAIN, BENEATH, MISSING = ("p",), ("sp", "p"), ("np", "sp", "p")
"""Which tags speak for the record's own name, for names beneath it, for those that do not exist."""


async def look(subject: Domain, net: Net, options: Mapping[str, str]) -> Probed:
    """Walk the tree for a name and say what each kind of receiver concludes."""
    del options
    await seen_from_outside(net.dns, subject.name)
    found = await walked(subject, net)
    applied = settle(found.domain, found.walk)
    document = _document(found, applied, exists=await _exists(subject.name, net))
    return Probed(document=document, lines=_lines(found, applied, document))


def name(text: str) -> Domain:
    """Read the name to look at: any that a query can be made of."""
    domain = normal(text)
    if not is_host_name(domain) or is_literal(domain):
        raise ValueError(f"{text[:80]!r} is not a domain name; write other scripts in xn-- form")
    return Domain(name=domain)


async def _exists(domain: str, net: Net) -> bool | None:
    """Whether the name exists (RFC 9989 §3.2.13); None when that was not seen."""
    try:
        answer = await net.dns.query(domain, "A")
    except CollectError:
        return None
    return not (isinstance(answer, Absent) and answer.nxdomain)


def _document(found: DmarcDiscovery, applied: Applied, *, exists: bool | None) -> dict[str, Any]:
    order = DOMAIN if applied.own else MISSING if exists is False else BENEATH
    inherited = applied.inherited
    listed = suffix_list.read(found.domain, found.walk)
    return {
        "name": found.domain,
        "exists": exists,
        "record_domain": applied.found_at or None,
        "organizational_domain": None if _uncertain(applied) else applied.organization,
        "policy": _policy(applied.record, *order),
        "subdomain_policy": _policy(inherited, *BENEATH),
        "nonexistent_policy": _policy(inherited, *MISSING),
        "testing": bool(applied.record and applied.record.testing),
        "effective": {
            "policy": _level(applied.record, *order),
            "subdomain_policy": _level(inherited, *BENEATH),
            "nonexistent_policy": _level(inherited, *MISSING),
        },
        "queries": len(applied.asked),
        "walk": [
            {
                "name": f"_dmarc.{answer.domain}",
                "records": list(answer.records),
                "failed": answer.reason,
            }
            for answer in found.answers
            if answer.domain in applied.asked
        ],
        "unseen": list(applied.unseen),
        "several": list(applied.several),
        "report_consents": [asdict(consent) for consent in found.consents],
        "psl": asdict(listed) if listed else None,
        "plan": list(_plan(found, applied)),
    }


def _uncertain(applied: Applied) -> bool:
    return any(domain in applied.unseen for domain in applied.asked)


def _policy(record: DmarcRecord | None, *order: str) -> str | None:
    return (record.published(*order) or None) if record else None


def _level(record: DmarcRecord | None, *order: str) -> str | None:
    return (record.level(*order) or None) if record else None


def _plan(found: DmarcDiscovery, applied: Applied) -> tuple[str, ...]:
    """The records to publish one after the other; nothing while part of the walk is not known."""
    if applied.unseen and not applied.own:
        return ()
    if applied.record and applied.own and applied.record.applies:
        return dmarc_advice.steps(applied.record)
    return () if applied.domain else (dmarc_advice.first(found.domain, sends_mail=True),)


def _lines(found: DmarcDiscovery, applied: Applied, seen: Mapping[str, Any]) -> tuple[str, ...]:
    lines = [f"tree walk of {found.domain} (RFC 9989): {len(applied.asked)} queries"]
    for step in seen["walk"]:
        answer = " | ".join(step["records"]) or step["failed"] or "no DMARC record"
        lines.append(f"  {step['name']}: {answer}")
    lines += [
        f"organisation: {seen['organizational_domain'] or 'not known'}",
        f"record in force: {_at(applied.found_at)}",
        f"policy: {_word(seen['policy'])}",
        f"policy for names beneath: {_word(seen['subdomain_policy'])}",
        f"policy for names that do not exist: {_word(seen['nonexistent_policy'])}",
    ]
    if seen["testing"]:
        lines.append("t=y: receivers that know RFC 9989 apply one step less")
    lines += [f"more than one record, all discarded: _dmarc.{domain}" for domain in applied.several]
    lines += [
        f"consent of {consent.host}: {'given' if consent.granted else consent.reason or 'none'}"
        for consent in found.consents
    ]
    return (*lines, *_older(seen["psl"]), *(f"publish next: {step}" for step in seen["plan"][:1]))


def _older(reading: Mapping[str, Any] | None) -> list[str]:
    head = "receivers that use the public suffix list (RFC 7489):"
    if reading is None:
        return [f"{head} not known"]
    return [
        head,
        f"  organisation: {reading['organization']}",
        f"  record in force: {_at(reading['found_at'])}",
        f"  policy: {_word(reading['domain'])}",
        f"  policy for names beneath: {_word(reading['subdomains'])}",
    ]


def _at(domain: str) -> str:
    return f"_dmarc.{domain}" if domain else "none"


def _word(policy: str | None) -> str:
    return policy or "no DMARC"


PROBE = Probe(
    name="dmarc",
    help="The tree walk for a name, the policies it leads to, and what older receivers conclude.",
    subject=name,
    look=look,
)
