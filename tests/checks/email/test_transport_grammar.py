"""The grammars of MTA-STS, TLS-RPT, TLSA and BIMI: a value or a ParseError, and the right one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.checks.email import bimi, sts, tls_rpt, tlsa

POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmax_age: 604800\r\n"


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("v=STSv1; id=20160831085700Z;", "20160831085700Z"),
        ("v=STSv1;id=1", "1"),
        ("v=STSv1 \t;\tid=a ; later=x:y", "a"),
        ("v=STSv1; later=1; id=" + "z" * 32, "z" * 32),
    ],
)
def test_a_record_has_an_id(text: str, identifier: str) -> None:
    assert sts.is_meant(text)
    assert sts.parse_record(text) == identifier


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "begin"),
        ("v=STSv1", "begin"),
        ("v=STSv1 id=1", "begin"),
        ("V=STSv1; id=1", "begin"),
        (" v=STSv1; id=1", "begin"),
        ("v=STSv2; id=1", "begin"),
        ("v=STSv1;", "one id"),
        ("v=STSv1; id=", "one id"),
        ("v=STSv1; id=2026-01-01", "one id"),
        ("v=STSv1; id=" + "z" * 33, "one id"),
        ("v=STSv1; id=1; id=2", "one id"),
        ("v=STSv1; ID=1", "one id"),
        ("v=STSv1; id=1; nonsense", "'nonsense'"),
        ("v=STSv1; id=1;; later=1", "''"),
    ],
)
def test_what_no_sender_takes_for_a_record(text: str, why: str) -> None:
    with pytest.raises(sts.ParseError, match=why):
        sts.parse_record(text)


def test_a_policy_is_read() -> None:
    found = sts.parse_policy(POLICY)
    assert (found.mode, found.max_age, found.patterns) == ("enforce", 604800, ("mx1.example.com",))


@pytest.mark.parametrize(
    ("text", "mode", "age", "patterns"),
    [
        (POLICY.replace("\r\n", "\n").strip(), "enforce", 604800, ("mx1.example.com",)),
        (POLICY.replace(": ", ":"), "enforce", 604800, ("mx1.example.com",)),
        (POLICY.replace("\r\n", " \t\r\n"), "enforce", 604800, ("mx1.example.com",)),
        (POLICY.replace("\r\n", "\r\n\r\n"), "enforce", 604800, ("mx1.example.com",)),
        (POLICY + "mx: *.B.example.\nmx: mx1.example.com", "enforce", 604800,
         ("mx1.example.com", "*.b.example")),
        (POLICY + "mode: none\nlater: what: ever", "enforce", 604800, ("mx1.example.com",)),
        ("version: STSv1\nmode: none\nmax_age: 0", "none", 0, ()),
        ("max_age: 31557600\nmx: a.example\nmode: testing\nversion: STSv1", "testing", 31557600,
         ("a.example",)),
    ],
)  # fmt: skip
def test_policies_may_be_written_in_many_ways(
    text: str, mode: str, age: int, patterns: tuple[str, ...]
) -> None:
    found = sts.parse_policy(text)
    assert (found.mode, found.max_age, found.patterns) == (mode, age, patterns)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "version"),
        ("<!doctype html>", "key: value"),
        ("\ufeff" + POLICY, "key: value"),
        (" " + POLICY, "key: value"),
        (POLICY.replace("version", "Version"), "version"),
        (POLICY.replace("STSv1", "STSv2"), "version"),
        (POLICY.replace("enforce", "enforced"), "mode"),
        (POLICY.replace("mode: enforce", "mode:"), "mode"),
        (POLICY.replace("604800", "1 week"), "max_age"),
        (POLICY.replace("604800", "31557601"), "max_age"),
        (POLICY.replace("604800", "-1"), "max_age"),
        (POLICY.replace("max_age", "max-age"), "max_age"),
        (POLICY.replace("mx: mx1.example.com\r\n", ""), "no mx"),
        (POLICY.replace("mx1.", "mx1.*."), "host name"),
        (POLICY.replace("mx1.example.com", "*"), "host name"),
        (POLICY.replace("mx1.example.com", ""), "host name"),
    ],
)
def test_what_no_sender_takes_for_a_policy(text: str, why: str) -> None:
    with pytest.raises(sts.ParseError, match=why):
        sts.parse_policy(text)


@pytest.mark.parametrize(
    ("pattern", "host", "named"),
    [
        ("mx.example.com", "mx.example.com", True),
        ("mx.example.com", "a.mx.example.com", False),
        ("*.example.com", "mx.example.com", True),
        ("*.example.com", "a.mx.example.com", False),
        ("*.example.com", "example.com", False),
        ("*.com", "example.com", True),
    ],
)
def test_a_wildcard_stands_for_one_label(pattern: str, host: str, named: bool) -> None:
    assert sts.Policy(mode="enforce", max_age=1, patterns=(pattern,)).names(host) is named


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("v=TLSRPTv1; rua=mailto:a@b.example", ("mailto:a@b.example",)),
        ("v=TLSRPTv1;rua=mailto:a@b.example , https://c.example/x;", ("mailto:a@b.example",
                                                                      "https://c.example/x")),
        ("v=TLSRPTv1 ; later=1; rua=ftp://x,MAILTO:a@b", ("MAILTO:a@b",)),
    ],
)  # fmt: skip
def test_where_reports_go(text: str, targets: tuple[str, ...]) -> None:
    assert tls_rpt.is_meant(text)
    assert tls_rpt.parse(text) == targets


@pytest.mark.parametrize(
    "text",
    ["", "v=TLSRPTv1", "v=tlsrptv1; rua=mailto:a@b", "v=TLSRPTv1;", "v=TLSRPTv1; rua=",
     "v=TLSRPTv1; rua=a@b", "v=TLSRPTv1; rua=mailto:a", "v=TLSRPTv1; rua=http://a.example"],
)  # fmt: skip
def test_what_asks_for_no_reports(text: str) -> None:
    with pytest.raises(tls_rpt.ParseError):
        tls_rpt.parse(text)


DIGEST = "ab" * 32


@pytest.mark.parametrize(
    ("text", "usable"),
    [
        (f"3 1 1 {DIGEST}", True),
        (f"2 0 1 {DIGEST.upper()}", True),
        (f"3 1 2 {DIGEST}{DIGEST}", True),
        ("3 0 0 3082", True),
        (f"3 1 1 {DIGEST[:32]} {DIGEST[32:]}", True),
        (f"0 1 1 {DIGEST}", False),
        (f"1 1 1 {DIGEST}", False),
        (f"255 1 1 {DIGEST}", False),
        (f"3 2 1 {DIGEST}", False),
        (f"3 1 3 {DIGEST}", False),
        (f"3 1 1 {DIGEST}ab", False),
        (f"3 1 2 {DIGEST}", False),
        ("3 0 0 ", False),
    ],
)
def test_which_tlsa_records_senders_follow(text: str, usable: bool) -> None:
    assert tlsa.parse(text).usable is usable


@pytest.mark.parametrize("text", ["", "3 1 1", "3 1 1 abc", "3 1 1 xy", "256 1 1 ab", "a 1 1 ab"])
def test_what_is_no_tlsa_record(text: str) -> None:
    with pytest.raises(tlsa.ParseError):
        tlsa.parse(text)


@pytest.mark.parametrize(
    ("text", "logo"),
    [
        ("v=BIMI1; l=https://a.example/x.svg; a=", "https://a.example/x.svg"),
        ("V = bimi1;L=x", "x"),
        ("v=BIMI1; l=; a=;", ""),
        ("v=BIMI1", ""),
    ],
)
def test_which_logo_is_named(text: str, logo: str) -> None:
    assert bimi.parse(text) == logo


@pytest.mark.parametrize("text", ["", "v=BIMI2; l=x", "v=BIMI1 l=x"])
def test_what_names_no_logo(text: str) -> None:
    with pytest.raises(bimi.ParseError):
        bimi.parse(text)


PIECES = st.lists(
    st.sampled_from(
        ["v=STSv1", "v=TLSRPTv1", "v=BIMI1", ";", " ", "\t", "id=", "a1", "rua=", "mailto:a@b", ",",
         "l=", "version:", "STSv1", "mode:", "none", "testing", "mx:", "*.", "a.example", "\r\n",
         "\n", "max_age:", "86400", "3", "1", DIGEST, "\0", "é", "=", ":"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(st.text(max_size=200) | PIECES)
def test_any_text_gives_a_value_or_a_parse_error(text: str) -> None:
    for parse, error in (
        (sts.parse_record, sts.ParseError),
        (sts.parse_policy, sts.ParseError),
        (tls_rpt.parse, tls_rpt.ParseError),
        (tlsa.parse, tlsa.ParseError),
        (bimi.parse, bimi.ParseError),
    ):
        try:
            found = parse(text)
        except error:
            continue
        assert isinstance(found, str | tuple | sts.Policy | tlsa.Tlsa)
        if isinstance(found, sts.Policy):
            assert found.mode in sts.MODES
            assert 0 <= found.max_age <= sts.MAX_AGE


@given(st.lists(st.sampled_from(["", "0", "x", "xé"]), max_size=3).map(".".join))
def test_any_host_can_be_looked_for(host: str) -> None:
    assert not sts.Policy(mode="none", max_age=0, patterns=()).names(host)
