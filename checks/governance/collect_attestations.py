"""Brings the client's signed answers into the evidence."""

from posture.attest import Attestations
from posture.model import Company, collector

from .facts import Attested, SignedAnswer


@collector(traffic="none: reads attestations.toml beside the client file")
def attestations(company: Company, attestations: Attestations) -> Attested:  # noqa: ARG001 - the subject says whose answers they are
    """Copy the answers as they were signed."""
    return Attested(
        answers=tuple(
            SignedAnswer(
                question=each.question,
                answer=each.answer.value,
                detail=each.detail,
                evidence_ref=each.evidence_ref,
                signed_by=each.signed_by,
                role=each.role,
                signed_on=each.signed_on,
                expires_on=each.expires_on,
            )
            for each in attestations.answers
        )
    )
