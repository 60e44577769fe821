"""Nothing is audited that was not allowed, and not before or after it was."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from posture.client import Authorisation, AuthorisationError, Client, authorised, load_client
from posture.client_file import Cover
from posture.model import (
    BackupSet,
    Company,
    Domain,
    Host,
    MailServer,
    Network,
    System,
    Tenant,
    View,
    WebSite,
)
from posture.tomlfile import ConfigErrors
from tests.test_client import HEAD, Printer, Write, errors


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(text: str) -> Path:
        path = tmp_path / "client.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return put


def client(**changes: object) -> Client:
    given = {"by": "J. Doe", "covers": frozenset(Cover), **changes}
    return Client(
        company=Company(client_id="x", name="X"),
        authorisation=Authorisation(**given),  # type: ignore[arg-type]
        subjects=(
            System(name="till"),
            Domain(name="example.com"),
            WebSite(host="example.com"),
            MailServer(host="mx.example.com"),
            Host(address="192.0.2.1", view=View.EXTERNAL),
            Network(cidr="192.0.2.0/24", view=View.EXTERNAL),
            Tenant(name="t", provider="entra"),
            BackupSet(name="b", source="files", location="/x"),
            Printer(address="192.0.2.9"),
        ),
    )


NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)


def test_what_is_covered_may_be_audited() -> None:
    authorised(client(), NOW)
    authorised(client(valid_from=NOW, valid_until=datetime(2026, 11, 16, tzinfo=UTC)), NOW)


@pytest.mark.parametrize(
    ("cover", "said"),
    [
        (Cover.DOMAINS, "example.com and 2 more may not be audited"),
        (Cover.HOSTS, "192.0.2.1 and 1 more may not be audited"),
        (Cover.TENANTS, "t may not be audited"),
        (Cover.BACKUPS, "b may not be audited"),
        (Cover.PLUGINS, "192.0.2.9 may not be audited"),
    ],
)
def test_what_is_not_covered_may_not(cover: Cover, said: str) -> None:
    with pytest.raises(AuthorisationError, match=said) as caught:
        authorised(client(covers=frozenset(Cover) - {cover}), NOW)
    assert caught.value.why == f'the authorisation by J. Doe does not cover "{cover}"'
    assert f'Add "{cover}" to covers in a client file' in caught.value.next_step


def test_the_window_is_kept(write: Write) -> None:
    with pytest.raises(AuthorisationError, match=r"may not start yet: J\. Doe authorised it from"):
        authorised(client(valid_from=datetime(2026, 11, 16, tzinfo=UTC)), NOW)
    with pytest.raises(AuthorisationError, match=r"has expired: .* until 2026-11-15 12:00 UTC"):
        authorised(client(valid_until=NOW), NOW)
    path = write(HEAD + "valid_until = 2026-11-14")
    with pytest.raises(AuthorisationError, match=re.escape(f"then set valid_until in {path}")):
        authorised(load_client(path), NOW)


def test_a_domain_alone_allows_what_a_browser_does() -> None:
    made = Client.for_domain("Example.com", " J. Doe ")
    assert made.declared() == (
        Company(client_id="example.com", name="example.com"),
        Domain(name="example.com"),
    )
    assert made.authorisation == Authorisation(by="J. Doe", covers=frozenset({Cover.DOMAINS}))
    assert (made.profile, made.directory, made.consents) == ("domain", None, frozenset())
    authorised(made, NOW)


def test_a_wrong_domain_or_nobody_is_refused() -> None:
    with pytest.raises(ConfigErrors) as caught:
        Client.for_domain("https://example.com", " ")
    assert [str(error) for error in caught.value.errors] == [
        "--authorised-by: is empty",
        '--domain: "https://example.com" is not a host name (did you mean "example.com"?)',
    ]


def test_an_authorisation_must_cover_something(write: Write) -> None:
    text = HEAD.replace('["domains", "hosts", "tenants", "backups", "plugins"]', "[]")
    assert "covers: is empty: name what may be audited" in errors(write(text))[0]


def test_an_authorisation_ends_after_it_began(write: Write) -> None:
    text = HEAD + "valid_from = 2026-12-01\nvalid_until = 2026-11-30"
    assert "valid_until lies before valid_from" in errors(write(text))[0]
    one_day = load_client(write(HEAD + "valid_from = 2026-12-01\nvalid_until = 2026-12-01"))
    assert one_day.authorisation.valid_until == datetime(2026, 12, 2, tzinfo=UTC)


INSIDE = [
    Network(cidr="203.0.113.0/29", view=View.INTERNAL, owned=True),
    Host(address="203.0.113.1", view=View.INTERNAL, owned=True),
    # Whatever is said of where they lie, these addresses are behind somebody's firewall.
    Host(address="192.168.1.10", view=View.EXTERNAL, owned=True),
    Host(address="100.64.0.1", view=View.EXTERNAL, owned=True),
    Network(cidr="fd00::/120", view=View.EXTERNAL, owned=True),
]


@pytest.mark.parametrize("subject", INSIDE)
def test_behind_the_firewall_needs_an_end_and_an_owner(subject: Network | Host) -> None:
    bounded = client(valid_until=datetime(2026, 11, 16, tzinfo=UTC))
    authorised(replace(bounded, subjects=(subject,)), NOW)
    with pytest.raises(AuthorisationError, match="may not be scanned without an end"):
        authorised(replace(client(), subjects=(subject,)), NOW)
    with pytest.raises(AuthorisationError, match="nobody said that it is the client's own") as said:
        authorised(replace(bounded, subjects=(replace(subject, owned=False),)), NOW)
    assert "Set owned = true" in said.value.next_step


def test_active_tests_need_an_end() -> None:
    with pytest.raises(AuthorisationError, match="active tests may not be scanned without an end"):
        authorised(client(active_tests=True), NOW)
    authorised(client(active_tests=True, valid_until=datetime(2026, 11, 16, tzinfo=UTC)), NOW)
