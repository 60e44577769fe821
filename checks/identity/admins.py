"""Judges how many people hold the keys to everything."""

from dataclasses import replace

from posture.model import Evidence, Failed, Reason, Verdict, check, failed, params, passed, unknown

from . import records
from .facts import GLOBAL_ADMINISTRATOR, Directory, Level, Licence, Person, UserClass


@params
class Count:
    """How many global administrators are right."""

    minimum: int
    """Fewer, and one lost phone locks the company out."""
    maximum: int
    """More, and there are needless ways in."""


@check("identity.admins.count")
def count(directory: Directory, licence: Licence | Failed, params: Count) -> Verdict:
    """The number of global administrators is small, and more than one."""
    holders = [who for who in directory.classes if GLOBAL_ADMINISTRATOR in who.roles]
    hidden = [
        group.failure
        for group in directory.groups
        if group.failure and GLOBAL_ADMINISTRATOR in group.roles
    ]
    found = sum(who.count for who in holders)
    verdict = _verdict(found, params, hidden[0].reason if hidden else None, licence)
    return replace(
        verdict,
        values={**verdict.values, "minimum": params.minimum, "maximum": params.maximum},
        evidence=(_record(found), *records.named("global administrators", _people(holders))),
        observed=f"{found} global administrators",
        expected=f"{params.minimum} to {params.maximum}",
    )


def _verdict(
    found: int, params: Count, hidden: Reason | None, licence: Licence | Failed
) -> Verdict:
    if found > params.maximum:
        return failed("many", fix="reduce", count=found)
    if hidden or not found:
        # Every tenant has at least one, so none is something that was not seen.
        return unknown("unread", reason=hidden or Reason.INCONCLUSIVE, count=found)
    if isinstance(licence, Failed) or licence.level is Level.P2:
        # With P2 more people may hold the role on request (PIM), and those are not listed here.
        reason = licence.reason if isinstance(licence, Failed) else Reason.NOT_COLLECTED
        return unknown("on_request", reason=reason, count=found)
    if found < params.minimum:
        return failed("few", fix="add", count=found)
    return passed("ok", count=found)


def _record(found: int) -> Evidence:
    return Evidence(
        source="GET /roleManagement/directory/roleAssignments",
        record=f"{found} enabled people hold roleDefinitionId {GLOBAL_ADMINISTRATOR}",
    )


def _people(holders: list[UserClass]) -> list[Person]:
    return [person for who in holders for person in who.people]
