"""Whether strangers receive mail at names that are taken for the company's."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from posture.model import (
    Evidence,
    Seen,
    Value,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    unknown,
)

from .facts import LookAlike, LookAlikes

SHOWN = 20
"""Names shown as evidence."""


@check("dns.look_alikes.unused")
def unused(seen: Sequence[Seen[LookAlikes]]) -> Verdict:
    """No stranger receives mail at a name that is easily taken for one of the company's."""
    facts = [one.fact for one in seen]
    foreign = list(_foreign(facts))
    asked = sum(fact.asked for fact in facts)
    reasons = [fact.reason for fact in facts if fact.reason]
    names = ", ".join(one.name for one in foreign[:SHOWN])
    values: dict[str, Value] = {"asked": asked, "count": len(foreign), "names": names}
    if not asked:
        verdict = not_applicable("nothing", **values)
    elif foreign:
        verdict = failed("found", *map(_evidence, foreign[:SHOWN]), fix="watch", **values)
    elif reasons:
        left = sum(fact.unseen for fact in facts)
        verdict = unknown("unseen", reason=reasons[0], unseen=left, **values)
    else:
        verdict = passed("ok", **values)
    return replace(verdict, observed=names or "none", expected="none")


def _foreign(facts: Sequence[LookAlikes]) -> Iterator[LookAlike]:
    """Names that take mail, without those declared, and those served as the company's own are."""
    declared = {fact.domain for fact in facts}
    servers = {fact.name_servers for fact in facts if fact.name_servers}
    found = {one.name: one for fact in facts for one in fact.found if one.receives_mail}
    for name, one in found.items():
        if name not in declared and one.name_servers not in servers:
            yield one


def _evidence(one: LookAlike) -> Evidence:
    servers = ", ".join(one.name_servers)
    return Evidence(source=f"NS, MX {one.name}", record=f"{one.likeness}; served by {servers}")
