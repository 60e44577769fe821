import pytest

from posture.checks.email import dmarc_advice
from posture.checks.email.dmarc import parse

P = "v=DMARC1; p="


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            f"{P}none; sp=none; rua=mailto:a@x.example; pct=10",
            [
                f"{P}quarantine; sp=quarantine; rua=mailto:a@x.example; np=reject; t=y",
                f"{P}quarantine; sp=quarantine; rua=mailto:a@x.example; np=reject",
                f"{P}reject; sp=reject; rua=mailto:a@x.example; np=reject",
            ],
        ),
        (f"{P}quarantine; t=y", [f"{P}quarantine; np=reject", f"{P}reject; np=reject"]),
        (f"{P}quarantine", [f"{P}reject; np=reject"]),
        (f"{P}reject; t=y", [f"{P}reject; np=reject"]),
        (f"{P}reject", []),
        ("v=DMARC1; rua=mailto:a@x.example", [
            f"{P}quarantine; rua=mailto:a@x.example; np=reject; t=y",
            f"{P}quarantine; rua=mailto:a@x.example; np=reject",
            f"{P}reject; rua=mailto:a@x.example; np=reject",
        ]),
    ],
)  # fmt: skip
def test_the_way_to_reject_has_no_step_back(record: str, expected: list[str]) -> None:
    assert list(dmarc_advice.steps(parse(record))) == expected


def test_a_record_says_where_the_organisation_begins() -> None:
    record = parse(f"{P}reject; np=rejekt; pct=5; psd=y; aspf=s")
    assert dmarc_advice.organized(record, "none", psd="n") == f"{P}reject; aspf=s; psd=n"
    assert dmarc_advice.organized(record, "none", psd="") == f"{P}reject; aspf=s"
    assert dmarc_advice.organized(None, "none", psd="n") == f"{P}none; psd=n"


@pytest.mark.parametrize(
    ("record", "minimum", "expected"),
    [
        ("v=DMARC1; p=none", "quarantine", "v=DMARC1; p=quarantine"),
        (
            "v=DMARC1; rua=mailto:a@x.example; p=reject; sp=none; np=x; pct=20; t=y",
            "quarantine",
            "v=DMARC1; p=reject; rua=mailto:a@x.example; sp=quarantine; np=quarantine",
        ),
        (
            "v=DMARC1; rua=mailto:a@x.example",
            "reject",
            "v=DMARC1; p=reject; rua=mailto:a@x.example",
        ),
    ],
)
def test_a_record_is_raised(record: str, minimum: str, expected: str) -> None:
    assert dmarc_advice.raised(parse(record), minimum) == expected


def test_a_report_address_is_added() -> None:
    record = parse("v=DMARC1; p=none; ri=3600; aspf=s")
    expected = "v=DMARC1; p=none; aspf=s; rua=mailto:dmarc@b.com"
    assert dmarc_advice.reporting(record, "b.com") == expected
