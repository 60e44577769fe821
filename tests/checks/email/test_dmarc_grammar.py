import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.email import dmarc, dmarc_advice
from posture.checks.email.dmarc import Applied, Found, parse, settle, walk

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
        "ruf=mailto:c@x.example; adkim=s; fo=1:d:s; pct=50; psd=n; future=thing; t=n;"
    )
    assert record.faults == ()
    assert [record.value(tag) for tag in ("p", "sp", "np", "psd", "t")] == [
        *("reject", "quarantine", "none", "n", "n"),
    ]
    assert (record.value("adkim"), record.value("aspf")) == ("s", "r")
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
        ("v=DMARC1; p=none; SP = ; np=", ("sp", "np")),
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
        ("v=DMARC1; p=reject; sp=", "", False),
        ("v=DMARC1; rua=mailto:a@x.example; sp=reject", "none", True),
        ("v=DMARC1; p=reject; psd=maybe; t=maybe; adkim=x", "reject", True),
        ("v=DMARC1; sp=none; p=reject; future=yes", "reject", True),
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


WALKS = [
    # RFC 9989 §4.10: the names that follow the first; the illustration, then lengths at the limit
    (
        "a.b.c.d.e.f.g.h.i.j.mail.b.com",
        "g.h.i.j.mail.b.com h.i.j.mail.b.com i.j.mail.b.com j.mail.b.com mail.b.com b.com com",
    ),
    ("com", ""),
    ("example.com", "com"),
    ("c.d.e.f.g.b.com", "d.e.f.g.b.com e.f.g.b.com f.g.b.com g.b.com b.com com"),
    ("b.c.d.e.f.g.b.com", "c.d.e.f.g.b.com d.e.f.g.b.com e.f.g.b.com f.g.b.com g.b.com b.com com"),
    (
        "a.b.c.d.e.f.g.b.com",
        "c.d.e.f.g.b.com d.e.f.g.b.com e.f.g.b.com f.g.b.com g.b.com b.com com",
    ),
]


@pytest.mark.parametrize(("domain", "names"), WALKS)
def test_the_names_that_are_asked(domain: str, names: str) -> None:
    assert walk(domain) == (domain, *names.split())


def found(domain: str, **records: list[str] | None) -> Applied:
    """Settle a walk; keywords are names with _ for dots, None for no answer."""
    return settle(*answers(domain, **records))


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
    (
        "psd=y of its own ends the walk",
        "b.com",
        {"b_com": [f"{P}reject; psd=y"], "com": [f"{P}none"]},
        "b.com",
        "reject " * 3,
    ),
    (
        "psd=n in between",
        "a.b.c.com",
        {"b_c_com": [f"{P}reject; psd=n"], "c_com": [f"{P}none"]},
        "b.c.com",
        "reject " * 3,
    ),
    (
        "psd=u says nothing",
        "a.b.c.com",
        {"b_c_com": [f"{P}reject; psd=u"], "c_com": [f"{P}none"]},
        "c.com",
        "none " * 3,
    ),
    (
        "a name in between is passed over",
        "a.b.c.com",
        {"b_c_com": [f"{P}reject"], "c_com": [f"{P}none; sp=quarantine"]},
        "c.com",
        "quarantine " * 3,
    ),
    (
        "psd=y above a name in between",
        "a.b.c.com",
        {"b_c_com": [f"{P}reject"], "com": [f"{P}none; np=reject; psd=y"]},
        "c.com",
        "none none reject",
    ),
    (
        "the policy of a suffix is not for an organisation with its own",
        "a.b.com",
        {"b_com": [f"{P}none"], "com": [f"{P}reject; rua=mailto:a@b.com; psd=y"]},
        "b.com",
        "none " * 3,
    ),
    (
        "tested",
        "b.com",
        {"b_com": [f"{P}reject; sp=quarantine; np=none; t=y"]},
        "b.com",
        "quarantine none none",
    ),
    ("no p", "b.com", {"b_com": ["v=DMARC1; np=reject; rua=mailto:a@b.com"]}, "b.com", "none " * 3),
    (
        "void, above sound",
        "a.b.com",
        {"a_b_com": ["v=DMARC1; p=x; psd=n"], "b_com": [f"{P}reject"]},
        "a.b.com",
        "  ",
    ),
    (
        "own of eight labels does not reach beneath",
        "a.b.c.d.e.f.g.com",
        {"a_b_c_d_e_f_g_com": [f"{P}reject; psd=n"], "g_com": [f"{P}none"]},
        "a.b.c.d.e.f.g.com",
        "reject none none",
    ),
    (
        "own of seven labels reaches beneath",
        "b.c.d.e.f.g.com",
        {"b_c_d_e_f_g_com": [f"{P}reject; psd=n"], "g_com": [f"{P}none"]},
        "b.c.d.e.f.g.com",
        "reject " * 3,
    ),
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


def answers(domain: str, **records: list[str] | None) -> tuple[str, Found]:
    """A domain and the answers of its walk."""
    given_ = {name.replace("_", "."): texts for name, texts in records.items()}
    texts = [(name, given_.get(name, [])) for name in walk(domain)]
    return domain, [(name, None if found is None else tuple(found)) for name, found in texts]


B = {"b_com": [f"{P}none"]}
ALIGNMENT = [
    # RFC 9989 §4.4, table 1, then §4.10.2
    ("same organisation", answers("news.b.com", **B), answers("foo.b.com", **B), True, False),
    ("same name", answers("news.b.com", **B), answers("news.b.com", **B), True, True),
    ("other organisation", answers("news.b.com", **B), answers("foo.b.net"), False, False),
    ("beneath", answers("b.com", **B), answers("x.y.b.com", **B), True, False),
    ("above", answers("x.y.b.com", **B), answers("b.com", **B), True, False),
    (
        "an organisation of its own beneath",
        answers("b.com", **B),
        answers("a.b.com", a_b_com=[f"{P}none; psd=n"], **B),
        False,
        False,
    ),
    ("nothing published", answers("a.b.com"), answers("b.com"), False, False),
    (
        "two of one suffix",
        answers("b.com", com=[f"{P}none; psd=y"]),
        answers("c.com", com=[f"{P}none; psd=y"]),
        False,
        False,
    ),
    (
        "beneath a suffix",
        answers("x.b.com", com=[f"{P}none; psd=y"]),
        answers("y.b.com", com=[f"{P}none; psd=y"]),
        True,
        False,
    ),
    ("the suffix itself", answers("b.com", **B), answers("com"), False, False),
    ("not seen", answers("a.b.com", b_com=None), answers("b.com", com=None), None, False),
    ("same name, not seen", answers("b.com", com=None), answers("b.com", com=None), True, True),
]


@pytest.mark.parametrize(("name", "author", "identifier", "relaxed", "strict"), ALIGNMENT)
def test_alignment(
    name: str,
    author: tuple[str, Found],
    identifier: tuple[str, Found],
    relaxed: bool | None,
    strict: bool,
) -> None:
    assert dmarc.aligned(author, identifier, "r") is relaxed
    assert dmarc.aligned(author, identifier, "s") is strict


def test_the_walk_ends_where_it_is_told_to() -> None:
    assert found("a.b.com").asked == ("a.b.com", "b.com", "com")
    assert found("a.b.com", b_com=[f"{P}none; psd=y"]).asked == ("a.b.com", "b.com")
    assert found("a.b.com", a_b_com=[f"{P}none; psd=n"]).asked == ("a.b.com",)


def test_a_name_that_did_not_answer_is_remembered() -> None:
    assert found("a.b.com", a_b_com=[f"{P}none"], b_com=None).unseen == ("b.com",)
    assert found("a.b.com", a_b_com=[f"{P}none; psd=n"], b_com=None).unseen == ()
