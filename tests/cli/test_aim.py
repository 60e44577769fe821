"""Options of a probe that say by which name, which way and for which time a target is looked at."""

import json
from datetime import UTC, datetime

import click
import pytest

from posture.cli.aim import aim, only_surveyed
from posture.model import Domain, MailServer, WebSite
from tests.cli.conftest import Run

LOOPBACK = WebSite(host="127.0.0.1", port=8443)


def test_a_name_is_asked_for_where_an_address_answers() -> None:
    aimed = aim(LOOPBACK, {"sni": "www.example.com"}, None)
    assert aimed.subject == WebSite(host="www.example.com", port=8443)
    assert aimed.connect == {"www.example.com:8443": "127.0.0.1:8443"}
    aimed = aim(WebSite(host="2001:db8::1"), {"sni": "www.example.com"}, {"a:1": "127.0.0.1:1"})
    assert aimed.connect == {"a:1": "127.0.0.1:1", "www.example.com:443": "[2001:db8::1]:443"}


def test_this_computer_may_be_looked_at() -> None:
    assert aim(LOOPBACK, {}, None).connect == {"127.0.0.1:8443": "127.0.0.1:8443"}
    local = aim(WebSite(host="localhost", port=8443), {}, None)
    assert local.connect == {"localhost:8443": "127.0.0.1:8443"}
    assert aim(WebSite(host="::1"), {}, None).connect == {"[::1]:443": "[::1]:443"}
    assert aim(WebSite(host="192.0.2.1"), {}, None).connect is None
    assert aim(WebSite(host="www.example.com"), {}, None).connect is None
    assert aim(Domain(name="a.example"), {}, {}).connect == {}


def test_a_mail_port_is_what_starttls_makes_it() -> None:
    aimed = aim(WebSite(host="mx.example.com", port=2525), {"starttls": "smtp"}, None)
    assert aimed.subject == MailServer(host="mx.example.com", port=2525)


def test_another_protocol_before_tls_is_for_the_survey_alone() -> None:
    imap = WebSite(host="mail.example.com", port=143)
    assert aim(imap, {"starttls": "imap"}, None).subject == imap
    assert only_surveyed(imap, {})
    assert not only_surveyed(imap, {"starttls": "none"})
    assert only_surveyed(LOOPBACK, {"starttls": "xmpp-server"})
    assert not only_surveyed(LOOPBACK, {})
    assert not only_surveyed(MailServer(host="mx.example.com"), {"starttls": "smtp"})
    direct = aim(MailServer(host="mx.example.com", port=465), {"starttls": "none"}, None)
    assert direct.subject == WebSite(host="mx.example.com", port=465)


def test_a_time_may_be_given() -> None:
    expected = datetime(2027, 1, 1, tzinfo=UTC)
    for text in ("2027-01-01", "2027-01-01T01:00+01:00"):
        assert aim(LOOPBACK, {"at": text}, None).clock.now() == expected


@pytest.mark.parametrize(
    ("subject", "options", "says"),
    [
        (LOOPBACK, {"starttls": "gopher"}, "knows smtp, imap, pop3"),
        (LOOPBACK, {"at": "soon"}, "no time"),
        (LOOPBACK, {"sni": "not a name"}, "no name or address has"),
        (WebSite(host="www.example.com"), {"sni": "a.example"}, "goes with an address"),
    ],
)
def test_what_options_cannot_mean_is_said(
    subject: WebSite, options: dict[str, str], says: str
) -> None:
    with pytest.raises(click.UsageError, match=says):
        aim(subject, options, None)


def test_a_survey_stands_beside_the_findings(run: Run) -> None:
    code, out, _ = run("probe", "tls", "127.0.0.1:1", "--sni", "www.example.com", "--json")
    document = json.loads(out)
    assert {finding["status"] for finding in document["findings"]} == {"unknown"}
    assert document["failed"].startswith("refused: 127.0.0.1 port 1")
    assert run("probe", "tls", "127.0.0.1:1", "--sin", "x")[0] == 2
    assert "could not be looked at: refused" in run("probe", "tls", "127.0.0.1:1")[1]
    assert code == 3
    code, out, _ = run("probe", "tls", "127.0.0.1:1", "--starttls", "ldap", "--json")
    assert (code, list(json.loads(out))) == (3, ["failed"])
