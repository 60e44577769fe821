"""An attestation is a signed answer to a question somebody asks, or it is refused."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture import plugins
from posture.attest import Answer, Attestation, Attestations, load_attestations, questions
from posture.plugins import Registry
from posture.tomlfile import ConfigErrors

ONE = """
[[attestations]]
question = "governance.edr.deployed"
answer = "yes"
detail = "14 of 14 machines"
evidence_ref = "export.csv"
signed_by = "J. Doe"
role = "owner"
signed_on = 2026-11-01
expires_on = 2027-10-31
"""
Write = Callable[[str], Path]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return plugins.load(third_party=False)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(text: str) -> Path:
        path = tmp_path / "attestations.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return put


def test_no_file_is_no_answer(tmp_path: Path, registry: Registry) -> None:
    assert load_attestations(tmp_path / "attestations.toml", registry) == Attestations()
    assert load_attestations(None, registry) == Attestations()


def test_a_file_that_cannot_be_read_is_not_no_file(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "attestations.toml").mkdir()
    with pytest.raises(ConfigErrors, match="is not a file"):
        load_attestations(tmp_path / "attestations.toml", registry)


def test_an_answer_is_read(write: Write, registry: Registry) -> None:
    assert load_attestations(write(ONE), registry).answers == (
        Attestation(
            question="governance.edr.deployed",
            answer=Answer.YES,
            detail="14 of 14 machines",
            evidence_ref="export.csv",
            signed_by="J. Doe",
            role="owner",
            signed_on=date(2026, 11, 1),
            expires_on=date(2027, 10, 31),
        ),
    )


def test_the_policy_sets_an_end_that_the_signer_did_not(write: Write, registry: Registry) -> None:
    (only,) = load_attestations(write(ONE.replace("expires_on = 2027-10-31", "")), registry).answers
    assert only.expires_on is None


def test_old_answers_may_stay_in_the_file(write: Write, registry: Registry) -> None:
    older = ONE.replace("2026-11-01", "2025-11-01").replace("2027-10-31", "2026-10-31")
    assert len(load_attestations(write(older + ONE), registry).answers) == 2
    with pytest.raises(ConfigErrors, match="is answered twice on the same day"):
        load_attestations(write(ONE + ONE), registry)


def test_questions_are_the_checks_that_ask_people(registry: Registry) -> None:
    assert set(questions(registry)) == {
        check for check in registry.checks if check.startswith("governance.")
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("governance.edr.deployed", "governance.edr.deploid", 'mean "governance.edr.deployed"?'),
        ("governance.edr.deployed", "email.mx.sane", "is not asked by any check"),
        ('"yes"', '"ja"', "is not one of yes, no, partial, na"),
        ('"yes"', "true", "is not one of yes, no, partial, na"),
        ("J. Doe", " ", "must be one line of text, not empty"),
        ("owner", "a\\u0007b", "must be one line of text, not empty"),
        ("owner", "x" * 201, "must be one line of text, not empty"),
        ("14 of 14 machines", "x" * 1001, "longer than 1000"),
        ("2027-10-31", "2027-11-02", "at most 365 days after it was signed"),
        ("2027-10-31", "2026-10-31", "at most 365 days after it was signed"),
        ("signed_on = 2026-11-01", "", 'the key "signed_on" is missing'),
        ("signed_by", "signed_bye", 'did you mean "signed_by"?'),
    ],
)
def test_one_mistake(write: Write, registry: Registry, old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        load_attestations(write(ONE.replace(old, new)), registry)
    assert any(said in str(error) for error in caught.value.errors), str(caught.value)


@given(st.binary(max_size=150))
def test_any_file_is_answers_or_config_errors(
    registry: Registry, tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any", numbered=True) / "attestations.toml"
    path.write_bytes(ONE.encode() + data)
    try:
        load_attestations(path, registry)
    except ConfigErrors as caught:
        told = caught.errors
    else:
        return
    assert told
