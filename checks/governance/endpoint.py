"""Protection against malware on computers and servers."""

from posture.model import Moment, Verdict, check

from .answers import Life, verdict
from .facts import Attested


@check("governance.edr.deployed")
def deployed(attested: Attested, moment: Moment, life: Life) -> Verdict:
    """Every computer and server runs watched protection against malware."""
    return verdict("governance.edr.deployed", attested, moment, life)
