"""What happens on the day something goes wrong."""

from posture.model import Moment, Verdict, check

from .answers import Life, verdict
from .facts import Attested


@check("governance.incident.plan")
def plan(attested: Attested, moment: Moment, life: Life) -> Verdict:
    """A written incident plan with names and phone numbers is kept offline and was rehearsed."""
    return verdict("governance.incident.plan", attested, moment, life)
