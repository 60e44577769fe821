"""What every verdict on DMARC shows, and what it says when a part of the walk was not seen."""

from collections.abc import Sequence

from posture.model import Evidence, Reason, Verdict, unknown

from .facts import DmarcDiscovery


def records(dmarc: DmarcDiscovery) -> tuple[Evidence, ...]:
    """Show the records that were found, or where none was."""
    found = tuple(
        Evidence(source=f"TXT _dmarc.{answer.domain}", record=text)
        for answer in dmarc.answers
        for text in answer.records
    )
    names = ", ".join(f"_dmarc.{answer.domain}" for answer in dmarc.answers)
    return found or (Evidence(source=f"TXT {names}", record="no DMARC record"),)


def unseen(dmarc: DmarcDiscovery, domains: Sequence[str]) -> Verdict:
    """Say which names did not answer, and why."""
    names = ", ".join(f"_dmarc.{name}" for name in domains)
    reasons = (answer.reason for answer in dmarc.answers if answer.domain in domains)
    reason = next((found for found in reasons if found), Reason.INCONCLUSIVE)
    return unknown("unseen", *records(dmarc), reason=reason, names=names)
