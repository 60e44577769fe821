"""What the governance area can see: the answers that people signed."""

from datetime import date

from posture.model import fact, record


@record
class SignedAnswer:
    """One answer to one question."""

    question: str
    """Id of the check that asks."""
    answer: str
    """``yes``, ``no``, ``partial`` or ``na``."""
    detail: str
    """In the signer's words; empty when nothing was added."""
    evidence_ref: str
    """A file or record that the signer points to; posture has not looked at it."""
    signed_by: str
    """A person's name."""
    role: str
    signed_on: date
    expires_on: date | None
    """Its last day; None when the signer left that to the policy."""


@fact("governance.attestations")
class Attested:
    """Every answer of the client, old ones included."""

    answers: tuple[SignedAnswer, ...]
