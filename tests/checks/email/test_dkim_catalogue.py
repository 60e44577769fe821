import re
from datetime import date

import pytest

from posture.checks.email.dkim_catalogue import (
    Catalogue,
    CatalogueError,
    Provider,
    catalogue,
    expand,
    read,
)

TODAY = date(2026, 2, 3)
ROW = """
[[providers]]
name = "A"
selectors = ["a1"]
targets = ["a.example"]
confidence = "high"
checked_on = 2026-11-21
source = "set-up steps"
"""
WHOLE = f'common = ["a1"]\n{ROW}'


def test_the_catalogue_is_as_large_as_promised() -> None:
    known = catalogue()
    words = {word for row in known.providers for word in (*row.selectors, *row.patterns)}
    assert len(known.providers) >= 60
    assert len(words) >= 120
    assert len(known.common) == len(set(known.common))


def test_every_row_says_where_it_is_from() -> None:
    for row in catalogue().providers:
        assert row.checked_on == date(2026, 11, 21)
        assert 5 <= len(row.source) <= 120
        assert row.confidence in {"high", "medium"}


def test_whom_no_target_proves_is_not_named() -> None:
    known = catalogue()
    assert known.owner(("selector1-a-b._domainkey.a.onmicrosoft.com",)) == "Microsoft 365"
    assert known.owner(("k2.a.example", "dkim2.mcsv.net")) == "Mailchimp"
    assert known.owner(("notmcsv.net",)) == ""
    assert known.owner(()) == ""


def test_services_in_use_are_known_by_their_mail_servers_and_includes() -> None:
    def names(mx: str, spf: str = "") -> list[str]:
        return [row.name for row in catalogue().hinted("own.example", [mx], [spf])]

    assert names("own-example.mail.protection.outlook.com.") == ["Microsoft 365"]
    assert names("", "Servers.mcsv.net") == ["Mailchimp"]
    assert names("mail.own.example") == ["Own server", "Own server, rarer words"]
    assert names("mail.disown.example") == []


def test_services_are_known_by_server_and_by_include() -> None:
    known = catalogue()
    taker = known.takes("A-B.mail.protection.outlook.com.")
    assert taker is not None
    assert (taker.name, taker.filters) == ("Microsoft 365", False)
    assert known.takes("mail.own.example") is None
    assert [row.name for row in known.sends("eu._netblocks.mimecast.com")] == ["Mimecast"]
    assert known.sends("own.example") == ()


def test_whose_key_names_are_fixed_is_a_host_of_mailboxes() -> None:
    fixed = [row for row in catalogue().providers if row.always]
    assert len(fixed) >= 5
    assert all(row.mx and row.spf and not row.filters for row in fixed)
    assert all("{selector}" in row.alias for row in fixed if row.alias)


def test_includes_that_nobody_reads_are_known_with_whoever_says_so() -> None:
    found = catalogue().unaligned("servers.mcsv.net")
    assert found is not None
    assert found.name == "Mailchimp"
    assert catalogue().unaligned("sendgrid.net") is None
    for row in catalogue().providers:
        assert not row.unaligned or row.unaligned.endswith("; 2026-11-22")


def test_services_in_use_go_first_and_the_rest_is_cut_off() -> None:
    rows = catalogue().hinted("own.example", ["mx.own.example"], ["spf.migadu.com"])
    names = catalogue().names(rows, TODAY, 29)
    assert names[:3] == ("key1", "key2", "key3")
    assert len(names) == len(set(names)) == 29
    assert {"default", "google", "selector2"} < set(names)
    assert "myselector" not in names
    assert "myselector" in catalogue().names(rows, TODAY, 99)
    assert catalogue().names((), TODAY, 99) == catalogue().common


@pytest.mark.parametrize(
    ("pattern", "filled"),
    [
        ("{year}", ["2026", "2025", "2024", "2023"]),
        ("dkim{year}", ["dkim2026", "dkim2025", "dkim2024", "dkim2023"]),
        ("{year}{month}", ["202602", "202601", "202512", "202511", "202510", "202509"]),
        ("{year}{month}{day}", []),
        ("s{digits}", []),
        ("{month}", []),
        ("plain", []),
    ],
)
def test_patterns_are_bounded(pattern: str, filled: list[str]) -> None:
    assert list(expand(pattern, TODAY)) == filled


def test_no_pattern_of_ours_grows() -> None:
    patterns = [pattern for row in catalogue().providers for pattern in row.patterns]
    assert max(len(expand(pattern, TODAY)) for pattern in patterns) <= 6


def test_a_catalogue_is_read() -> None:
    assert read(WHOLE) == Catalogue(
        common=("a1",),
        providers=(
            Provider(
                name="A",
                selectors=("a1",),
                targets=("a.example",),
                confidence="high",
                checked_on=date(2026, 11, 21),
                source="set-up steps",
            ),
        ),
    )


def changed(old: str, new: str) -> str:
    assert old in WHOLE
    return WHOLE.replace(old, new)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("common = ", "Invalid value"),
        (f"more = 1\n{WHOLE}", "the keys common and providers"),
        ('common = ["a1"]', "the keys common and providers"),
        (WHOLE + ROW, "providers: ['A'] stand there twice"),
        (WHOLE + ROW.replace('"A"', '"B"'), "targets: ['a.example'] stand there twice"),
        (changed('common = ["a1"]', 'common = ["b"]'), "common: ['b'] are in no row"),
        (changed('common = ["a1"]', 'common = "a1"'), "common: not a list"),
        (changed('common = ["a1"]', 'common = ["a1", "a1"]'), "common: ['a1'] stand there twice"),
        (changed('name = "A"', 'name = ""'), "a row without a name"),
        (changed('name = "A"', "name = 1"), "a row without a name"),
        (changed("targets", "tragets"), "A: ['tragets'] are no keys of a row"),
        (changed('"a1"]\nt', '"A1"]\nt'), "A: selectors: 'A1' has not the form"),
        (changed('"a1"]\nt', "1]\nt"), "A: selectors: 1 has not the form"),
        (changed('"a.example"', '"a"'), "A: targets: 'a' has not the form"),
        (
            changed('selectors = ["a1"]', 'patterns = ["{week}"]'),
            "A: patterns: '{week}' has not the form",
        ),
        (changed('selectors = ["a1"]\n', ""), "A: neither selectors nor patterns"),
        (changed("2026-11-21", '"2026-11-21"'), "A: checked_on is a date and source a text"),
        (changed("2026-11-21", "2026-11-21T00:00:00"), "A: checked_on is a date"),
        (changed('"set-up steps"', '""'), "A: checked_on is a date and source a text"),
        (f'{WHOLE}always = ["b"]', "A: always names some of the selectors"),
        (f'{WHOLE}alias = "{{selector}}.a.example"', "A: alias leads to the target"),
        (f'{WHOLE}always = ["a1"]\nalias = "a.example"', "A: alias leads to the target"),
        (f'{WHOLE}always = ["a1"]\nalias = 1', "A: alias leads to the target"),
        (f"{WHOLE}unaligned = 1", "A: unaligned is a text"),
        (f'{WHOLE}unaligned = "its own"', "A: unaligned is a text, and speaks of an include"),
        (changed('"high"', '"certain"'), "A: confidence is one of high, medium"),
    ],
)
def test_mistakes_are_named(text: str, complaint: str) -> None:
    with pytest.raises(CatalogueError, match=re.escape(complaint)):
        read(text)
