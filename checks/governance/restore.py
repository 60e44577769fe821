"""Whether a backup has been proven to come back."""

from posture.model import Moment, Verdict, check

from .answers import Life, verdict
from .facts import Attested


@check("governance.restore.tested")
def tested(attested: Attested, moment: Moment, life: Life) -> Verdict:
    """A restore from backup was tested lately and worked."""
    return verdict("governance.restore.tested", attested, moment, life)
