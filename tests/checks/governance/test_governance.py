"""A signed answer is judged as it was given; an old, missing or unexplained one is no answer."""

import dataclasses
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture import attest, codec
from posture.attest import Answer, Attestation, Attestations
from posture.checks.governance import (
    AREA,
    answers,
    collect_attestations,
    endpoint,
    incident,
    restore,
)
from posture.checks.governance.answers import Life
from posture.checks.governance.facts import Attested, SignedAnswer
from posture.model import Company, Moment, Reason, Status, Verdict, fact_name
from tests.checks.pages import page_problems, wording_problems

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
MOMENT = Moment(taken=NOW, valid_at=NOW)
YEAR = Life(days=365)
QUESTION = "governance.edr.deployed"
CHECKS = {
    "governance.edr.deployed": endpoint.deployed,
    "governance.incident.plan": incident.plan,
    "governance.restore.tested": restore.tested,
}


def answer(word: str = "yes", **changes: object) -> SignedAnswer:
    given = SignedAnswer(
        question=QUESTION,
        answer=word,
        detail="14 of 14 machines report",
        evidence_ref="export.csv",
        signed_by="J. Doe",
        role="owner",
        signed_on=date(2026, 11, 1),
        expires_on=None,
    )
    return dataclasses.replace(given, **changes)  # type: ignore[arg-type]


def judge(*given: SignedAnswer, moment: Moment = MOMENT, life: Life = YEAR) -> Verdict:
    return answers.verdict(QUESTION, Attested(answers=given), moment, life)


def test_yes_passes_on_somebodys_word() -> None:
    said = judge(answer())
    assert (said.status, said.says, said.attested, said.fix) == (Status.PASS, "yes", True, None)
    assert said.share is None
    assert said.values == {
        "role": "owner",
        "signed_on": "2026-11-01",
        "detail": "14 of 14 machines report",
    }


def test_no_fails_on_somebodys_word() -> None:
    said = judge(answer("no"))
    assert (said.status, said.says, said.attested, said.fix) == (Status.FAIL, "no", True, "do")


def test_partial_is_worth_a_half() -> None:
    said = judge(answer("partial"))
    assert (said.status, said.share, said.attested) == (Status.PARTIAL, 0.5, True)
    assert said.fix == "do"


def test_not_applicable_needs_a_reason() -> None:
    said = judge(answer("na"))
    assert (said.status, said.attested, said.fix) == (Status.NOT_APPLICABLE, True, None)
    bare = judge(answer("na", detail=""))
    assert (bare.status, bare.says, bare.attested) == (Status.UNKNOWN, "na_unexplained", False)
    assert bare.reason is Reason.NOT_DECLARED


def test_no_answer_is_unknown() -> None:
    for said in (judge(), judge(answer(question="governance.incident.plan"))):
        assert (said.status, said.says, said.fix) == (Status.UNKNOWN, "missing", "attest")
        assert said.reason is Reason.NOT_DECLARED
        assert not said.evidence


@pytest.mark.parametrize(
    ("expires_on", "days", "last"),
    [
        (None, 14, date(2026, 11, 15)),
        (None, 13, date(2026, 11, 14)),
        (date(2026, 11, 15), 1, date(2026, 11, 15)),
        (date(2026, 11, 14), 365, date(2026, 11, 14)),
    ],
)
def test_an_answer_holds_to_its_last_day(expires_on: date | None, days: int, last: date) -> None:
    said = judge(answer(expires_on=expires_on), life=Life(days=days))
    if last >= NOW.date():
        assert said.status is Status.PASS
    else:
        assert (said.status, said.says, said.attested) == (Status.UNKNOWN, "expired", False)
        assert said.values["last"] == str(last)
        assert said.detail == f"the answer expired after {last}"
        assert said.fix == "attest"


def test_validity_moves_with_the_moment_asked_for() -> None:
    later = Moment(taken=NOW, valid_at=NOW + timedelta(days=400))
    assert judge(answer("no"), moment=later).says == "expired"


def test_the_newest_answer_counts() -> None:
    older = answer("no", signed_on=date(2026, 10, 1))
    assert judge(answer(), older).status is Status.PASS
    assert judge(older, answer()).status is Status.PASS


def test_an_answer_from_the_future_does_not_count_yet() -> None:
    tomorrow = answer(signed_on=date(2026, 11, 16))
    assert judge(tomorrow).status is Status.PASS  # east of Greenwich it is tomorrow already
    assert judge(answer(signed_on=date(2026, 11, 17))).says == "missing"
    assert judge(answer("no"), answer(signed_on=date(2026, 11, 17))).status is Status.FAIL


def test_who_signed_is_evidence_and_personal() -> None:
    (shown,) = judge(answer()).evidence
    assert shown.personal
    assert shown.source == "attestation governance.edr.deployed"
    assert shown.record == (
        "yes, signed by J. Doe (owner) on 2026-11-01; 14 of 14 machines report; see export.csv"
    )
    (short,) = judge(answer(detail="", evidence_ref="")).evidence
    assert short.record == "yes, signed by J. Doe (owner) on 2026-11-01"
    assert "Doe" not in str(judge(answer()).values)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    ("word", "status"), [("yes", Status.PASS), ("no", Status.FAIL), (None, Status.UNKNOWN)]
)
def test_every_check_asks_its_own_question(check: str, word: str | None, status: Status) -> None:
    given = [answer("partial", question=other) for other in CHECKS if other != check]
    if word:
        given.append(answer(word, question=check))
    assert CHECKS[check](Attested(answers=tuple(given)), MOMENT, YEAR).status is status


def test_the_checks_are_those_of_the_area() -> None:
    assert {c.__posture__.id: c for c in AREA.checks} == CHECKS  # type: ignore[attr-defined]


def test_the_collector_copies_what_was_signed() -> None:
    signed = Attestation(
        question=QUESTION,
        answer=Answer.PARTIAL,
        detail="13 of 14",
        evidence_ref="x.csv",
        signed_by="J. Doe",
        role="owner",
        signed_on=date(2026, 11, 1),
        expires_on=date(2026, 12, 1),
    )
    company = Company(client_id="x", name="X")
    made = collect_attestations.attestations(company, Attestations((signed,)))
    assert made == Attested(
        answers=(
            answer(
                "partial", detail="13 of 14", evidence_ref="x.csv", expires_on=date(2026, 12, 1)
            ),
        )
    )
    assert codec.decode(codec.encode(made), Attested) == made
    assert collect_attestations.attestations(company, Attestations()).answers == ()


def test_the_engine_finds_the_questions_by_the_facts_name() -> None:
    name = fact_name(Attested)
    assert name is not None
    assert name.name == attest.FACT


def test_every_answer_that_can_be_signed_is_judged() -> None:
    for word in Answer:
        assert judge(answer(word.value)).status is not Status.UNKNOWN


def test_pages() -> None:
    assert page_problems(AREA) == []


@pytest.mark.parametrize("check", CHECKS)
def test_every_text_is_there_and_used(check: str) -> None:
    given = [answer(word.value, question=check) for word in Answer]
    given.append(answer("na", detail="", question=check))
    given.append(answer(question=check, expires_on=date(2026, 11, 2)))
    verdicts = [CHECKS[check](Attested(answers=(each,)), MOMENT, YEAR) for each in given]
    verdicts.append(CHECKS[check](Attested(answers=()), MOMENT, YEAR))
    assert wording_problems(AREA.package, check, verdicts) == []


@given(
    st.lists(
        st.builds(
            answer,
            st.sampled_from([word.value for word in Answer]),
            detail=st.text(max_size=5),
            signed_on=st.dates(date(2025, 1, 1), date(2027, 12, 31)),
            expires_on=st.none() | st.dates(date(2025, 1, 1), date(2027, 12, 31)),
        ),
        max_size=4,
    ),
    st.integers(0, 400),
)
def test_only_a_valid_yes_passes(given: list[SignedAnswer], days: int) -> None:
    said = judge(*given, life=Life(days=days))
    if said.status is Status.PASS:
        signed = [
            each
            for each in given
            if each.answer == "yes"
            and each.signed_on <= NOW.date() + answers.EARLIEST_DATE
            and NOW.date() <= (each.expires_on or each.signed_on + timedelta(days=days))
        ]
        assert signed
    assert (said.reason is None) == (said.status is not Status.UNKNOWN)
