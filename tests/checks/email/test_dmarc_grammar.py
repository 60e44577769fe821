import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.email import dmarc, dmarc_advice
from posture.checks.email.dmarc import Applied, parse, settle, walk

P = "v=DMARC1; p="


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=DMARC1; p=none", True),
        ("v=DMARC1", True),
        ("V = DMARC1 ;p=none", True),
        ("v=DMARC1 p=none", False),
        ("v=dmarc1; p=none", False),
        ("v=DMARC10; p=none", False),
        (" v=DMARC1; p=none", False),
        ("p=none; v=DMARC1", False),
        ("v=spf1 -all", False),
    ],
)
def test_what_is_a_dmarc_record(text: str, expected: bool) -> None:
    assert dmarc.is_dmarc(text) is expected


def test_a_record_is_read() -> None:
    record = parse(
        "v=DMARC1; p=Reject; sp=quarantine; np=none; "
        "rua=mailto:a@x.example, mailto:b@y.example!10m;"
        "ruf=mailto:c@x.example; adkim=s; fo=1; pct=50; psd=n; future=thing; t=n;"
    )
    assert record.faults == ()
    assert [record.value(tag) for tag in ("p", "sp", "np", "psd", "t")] == [
        *("reject", "quarantine", "none", "n", "n"),
    ]
    assert (record.value("adkim"), record.value("aspf"), record.value("fo")) == ("s", "r", "1")
    assert record.rua == ("mailto:a@x.example", "mailto:b@y.example")
    assert record.ruf == ("mailto:c@x.example",)
    assert record.pct == 50
    assert record.report_hosts == ("x.example", "y.example")


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("v=DMARC1; p=block", ("p",)),
        ("v=DMARC1; p=none; sp=off; t=maybe", ("sp", "t")),
        ("v=DMARC1; p=none; rubbish; x2=1; =y; rua=", ("rubbish", "x2=1", "=y", "rua=")),
        ("v=DMARC1;; p=none;", ()),
    ],
)
def test_mistakes_are_noted_and_passed_over(text: str, faults: tuple[str, ...]) -> None:
    assert parse(text).faults == faults


@pytest.mark.parametrize(
    ("text", "pct"),
    [("pct=0", 0), ("pct=100", 100), ("pct=101", None), ("pct=x", None), ("pct=007", None)],
)
def test_pct_is_only_noted(text: str, pct: int | None) -> None:
    assert parse(f"v=DMARC1; p=none; {text}").pct == pct


@pytest.mark.parametrize(
    ("text", "level", "applies"),
    [
        ("v=DMARC1; p=reject", "reject", True),
        ("v=DMARC1; p=reject; t=y", "quarantine", True),
        ("v=DMARC1; p=quarantine; t=y", "none", True),
        ("v=DMARC1; p=none; t=y", "none", True),
        ("v=DMARC1; rua=mailto:a@x.example", "none", True),
        ("v=DMARC1; p=rejekt; rua=mailto:a@x.example", "none", True),
        ("v=DMARC1; p=reject; sp=bad; rua=mailto:a@x.example", "none", True),
        ("v=DMARC1; p=reject; np=bad", "", False),
        ("v=DMARC1; p=rejekt", "", False),
        ("v=DMARC1; p=rejekt; rua=nonsense", "", False),
        ("v=DMARC1", "", False),
    ],
)
def test_what_a_policy_comes_to(text: str, level: str, applies: bool) -> None:
    record = parse(text)
    assert record.level("p") == level
    assert record.applies is applies


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("mailto:a@Example.com", "example.com"),
        ("MAILTO:a@example.com.?subject=x", "example.com"),
        ("https://example.com/a@b.example", ""),
        ("mailto:@example.com", ""),
        ("mailto:a@-", ""),
        ("mailto:a", ""),
    ],
)
def test_where_a_report_is_mailed(uri: str, host: str) -> None:
    assert dmarc.mail_host(uri) == host


@given(st.text(max_size=200))
def test_any_text_gives_a_record_or_a_parse_error(text: str) -> None:
    for candidate in (text, f"v=DMARC1;{text}", f"v=DMARC1; p={text}; rua={text}"):
        try:
            record = parse(candidate)
        except dmarc.ParseError:
            assert not dmarc.is_dmarc(candidate)
            continue
        assert record.level("sp", "p") in {"", *dmarc.LEVELS}
        assert dmarc.is_dmarc(dmarc_advice.raised(record, "reject"))
        assert parse(dmarc_advice.raised(record, "quarantine")).level("p") != "none"


@given(st.lists(st.sampled_from(["a", "b", "mail"]), min_size=1, max_size=14))
def test_a_walk_asks_at_most_eight_names(labels: list[str]) -> None:
    domain = ".".join(labels)
    names = walk(domain)
    assert names[0] == domain
    assert len(names) <= 8
    assert all(domain.endswith(name) for name in names)
    assert "." not in names[-1]


def test_a_long_name_is_cut_to_seven_labels() -> None:
    assert walk("a.b.c.d.e.f.g.mail.example.com")[:3] == (
        "a.b.c.d.e.f.g.mail.example.com",
        "d.e.f.g.mail.example.com",
        "e.f.g.mail.example.com",
    )
    assert len(walk("b.c.d.e.f.mail.example.com")) == 8


def found(domain: str, **records: list[str] | None) -> Applied:
    """Settle a walk; keywords are names with _ for dots, None for no answer."""
    given_ = {name.replace("_", "."): texts for name, texts in records.items()}
    answers = [(name, given_.get(name, [])) for name in walk(domain)]
    return settle(domain, [(n, None if t is None else tuple(t)) for n, t in answers])


POLICY = [
    # own record; then what it says for the domain, its subdomains, names that do not exist
    ("own", "b.com", {"b_com": [f"{P}reject"]}, "b.com", "reject reject reject"),
    ("sp", "b.com", {"b_com": [f"{P}reject; sp=none"]}, "b.com", "reject none none"),
    ("np", "b.com", {"b_com": [f"{P}none; np=reject"]}, "b.com", "none none reject"),
    ("inherit", "a.b.com", {"b_com": [f"{P}reject; sp=none"]}, "b.com", "none none none"),
    ("inherit p", "a.b.com", {"b_com": [f"{P}quarantine"]}, "b.com", "quarantine " * 3),
    (
        "own, subdomains by the organisation",
        "a.b.com",
        {"a_b_com": [f"{P}reject; sp=reject"], "b_com": [f"{P}none"]},
        "b.com",
        "reject none none",
    ),
    (
        "psd=n makes an organisation",
        "a.b.com",
        {"a_b_com": [f"{P}reject; psd=n"], "b_com": [f"{P}none"]},
        "a.b.com",
        "reject reject reject",
    ),
    ("psd=y above", "a.b.com", {"com": [f"{P}reject; sp=none; psd=y"]}, "b.com", "none none none"),
    (
        "psd=y above, organisation has its own",
        "a.b.com",
        {"b_com": [f"{P}quarantine"], "com": [f"{P}reject; psd=y"]},
        "b.com",
        "quarantine " * 3,
    ),
    (
        "own under a suffix, organisation without",
        "a.b.com",
        {"a_b_com": [f"{P}reject"], "com": [f"{P}none; psd=y"]},
        "b.com",
        "reject none none",
    ),
    ("psd=y of its own", "b.com", {"b_com": [f"{P}reject; psd=y"]}, "b.com", "reject " * 3),
    ("suffix without psd", "b.com", {"com": [f"{P}reject"]}, "com", "reject reject reject"),
    ("two are none", "b.com", {"b_com": [f"{P}reject", f"{P}none"]}, "b.com", "  "),
    (
        "two are passed over",
        "a.b.com",
        {"a_b_com": [f"{P}none", f"{P}none"], "b_com": [f"{P}reject"]},
        "b.com",
        "reject " * 3,
    ),
    ("nothing", "a.b.com", {}, "a.b.com", "  "),
    ("void", "b.com", {"b_com": ["v=DMARC1; p=x"]}, "b.com", "  "),
]


@pytest.mark.parametrize(("name", "domain", "records", "organization", "levels"), POLICY)
def test_the_policy_in_force(
    name: str, domain: str, records: dict[str, list[str]], organization: str, levels: str
) -> None:
    applied = found(domain, **records)
    assert applied.organization == organization
    expected = levels.strip().split() or ["", "", ""]
    assert [applied.domain, applied.subdomains, applied.nonexistent] == expected


def test_a_name_that_did_not_answer_is_remembered() -> None:
    assert found("a.b.com", a_b_com=[f"{P}none"], b_com=None).unseen == ("b.com",)
    assert found("a.b.com", a_b_com=[f"{P}none; psd=n"], b_com=None).unseen == ()


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
