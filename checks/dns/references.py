"""Whether the names that the domain relies on are in somebody's hands."""

from collections.abc import Iterable
from dataclasses import replace

from posture.model import Evidence, Reason, Verdict, check, failed, passed, unknown

from .facts import Existence, Place, Reference, References, Root

SHOWN = 20
"""References shown as evidence."""


@check("dns.references.registered")
def registered(references: References) -> Verdict:
    """Every outside name that the domain relies on exists."""
    missing = {root.name: root for root in references.roots if root.existence is Existence.MISSING}
    open_ones = [root for root in references.roots if root.existence is Existence.UNSEEN]
    if missing:
        verdict = _missing(references, missing)
    elif open_ones:
        verdict = _unseen(open_ones[0].reason, (f"NS {root.name}" for root in open_ones))
    elif references.unseen:
        verdict = _unseen(references.reason, references.unseen)
    else:
        verdict = _sound(references)
    values = {"domain": references.domain, **verdict.values}
    return replace(verdict, values=values, expected="every name exists")


def _missing(references: References, missing: dict[str, Root]) -> Verdict:
    found = [one for one in references.references if one.root in missing]
    own = [one for one in found if _is_own(one, references.domain)]
    denials = (
        Evidence(source=f"NS and SOA {root.name}", record=f"NXDOMAIN, says {root.denied_by}")
        for root in missing.values()
    )
    names = ", ".join(missing)
    fix = "remove" if own else "nested"
    lines = "\n".join(f"    {_written(one)}" for one in own or found)
    gone = "\n".join(_written(one) for one in own if one.place in _WHOLE)
    values = {"names": names, "records": lines, "gone": gone}
    verdict = failed("missing", *_quoted(found), *denials, fix=fix, **values)
    return replace(verdict, observed=f"NXDOMAIN {names}")


_WHOLE = {Place.MX, Place.CNAME}
"""Records that go as they are; of the others a part goes, or the registrar has a say."""


def _written(one: Reference) -> str:
    """Write a reference as a line of a zone file, or say where a part of a record stands."""
    return f"{one.holder}. {one.record}." if one.place in _WHOLE else f"{one.holder}: {one.record}"


def _unseen(reason: Reason | None, what: Iterable[str]) -> Verdict:
    questions = ", ".join(what)
    return unknown("unseen", reason=reason or Reason.INCONCLUSIVE, questions=questions)


def _sound(references: References) -> Verdict:
    if not references.references:
        return passed("alone")
    names = ", ".join(root.name for root in references.roots)
    verdict = passed("ok", *_quoted(references.references), count=len(references.roots))
    return replace(verdict, observed=names)


def _quoted(found: Iterable[Reference]) -> list[Evidence]:
    return [
        Evidence(source=f"{one.place} {one.holder}", record=one.record)
        for one in list(found)[:SHOWN]
    ]


def _is_own(reference: Reference, domain: str) -> bool:
    return reference.holder == domain or reference.holder.endswith(f".{domain}")
