"""What only people can say, as data: attestations.toml, each answer signed by a named person.

An attestation is evidence like any other: it enters the snapshot as a fact, has an age, and a check
judges it. An answer that has expired is not an answer.
"""

import os.path
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path

from posture.model import fact_name
from posture.plugins import Registry
from posture.tomlfile import Builder, Rules, did_you_mean, quote, read

FILE = "attestations.toml"
FACT = "governance.attestations"
"""Name of the fact the answers become; a check that needs it asks a question."""
LONGEST = timedelta(days=365)
_LONGEST_TEXT = 1000


class Answer(StrEnum):
    """What was answered."""

    YES = "yes"
    NO = "no"
    PARTIAL = "partial"
    NOT_APPLICABLE = "na"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """One signed answer."""

    question: str
    """Id of the check it answers."""
    answer: Answer
    detail: str = ""
    evidence_ref: str = ""
    """A file or a record that shows it, for whoever wants to see."""
    signed_by: str
    role: str
    signed_on: date
    expires_on: date | None = None
    """Its last day; None is the usual life of this question, which the policy sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationFile:
    """Everything an attestations.toml may hold."""

    attestations: tuple[Attestation, ...] = ()


@dataclass(frozen=True, slots=True)
class Attestations:
    """The tool that hands a client's answers to a collector."""

    answers: tuple[Attestation, ...] = ()


def questions(registry: Registry) -> tuple[str, ...]:
    """Ids of the installed checks that are answered by a person."""
    return tuple(
        check.id
        for check in registry.checks.values()
        if any((name := fact_name(need.fact)) and name.name == FACT for need in check.needs)
    )


def load_attestations(path: Path | None, registry: Registry) -> Attestations:
    """Read a client's answers; no file, no answers. Raises ConfigErrors with every mistake."""
    if path is None or not os.path.lexists(path):
        return Attestations()
    builder = Builder(read(path), _rules(questions(registry)))
    table = builder.build(AttestationFile, builder.document.data)
    builder.finish()
    return Attestations(table.attestations)


def _rules(asked: Collection[str]) -> Rules:
    seen: set[tuple[str, date]] = set()

    def known(question: str) -> str:
        if question not in asked:
            near = did_you_mean(question, asked)
            raise ValueError(f"{quote(question)} is not asked by any check{near}")
        return question

    def whole(given: Attestation) -> Attestation:
        if (given.question, given.signed_on) in seen:
            raise ValueError("this question is answered twice on the same day")
        seen.add((given.question, given.signed_on))
        last = given.expires_on or given.signed_on
        if not given.signed_on <= last <= given.signed_on + LONGEST:
            raise ValueError(f"must expire at most {LONGEST.days} days after it was signed")
        return given

    return {
        Attestation: {
            "question": known,
            "signed_by": _name,
            "role": _name,
            "detail": _text,
            "evidence_ref": _text,
            "": whole,
        }
    }


def _name(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > 200:
        raise ValueError("must be one line of text, not empty")
    return text.strip()


def _text(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"is longer than {_LONGEST_TEXT} characters")
    return text.strip()
