"""client.toml: everything declared is read, every mistake is told, nothing outside is allowed."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.client import Authorisation, Client, NetworkSettings, load_client
from posture.client_file import Cover
from posture.model import (
    ACTIVE,
    Area,
    BackupSet,
    Company,
    Domain,
    Host,
    MailServer,
    Network,
    SecretRef,
    Subject,
    System,
    Tenant,
    View,
    subject,
)
from posture.plugins import Registry, build
from posture.tomlfile import ConfigErrors

HEAD = """
[company]
id = "smile-dental"
name = "Smile Dental Ltd"
[authorisation]
by = "J. Doe"
covers = ["domains", "hosts", "tenants", "backups", "plugins"]
"""
Write = Callable[[str], Path]


@subject("printer")
class Printer(Subject):
    address: str
    pages: int = 0

    def __post_init__(self) -> None:
        if self.pages < 0:
            raise ValueError("a printer has printed no fewer than no pages")

    @property
    def key(self) -> str:
        return self.address


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(text: str) -> Path:
        path = tmp_path / "client.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return put


@pytest.fixture
def printers() -> Registry:
    area = Area(name="print", title="Printers", package="tests", subjects=(Printer,))
    empty = Area(name="empty", title="Nothing", package="tests")
    return build([(area, "printers 1"), (empty, "empty 1")])


def errors(path: Path, registry: Registry | None = None) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        load_client(path, registry)
    return [str(error).removeprefix(f"{path}:") for error in caught.value.errors]


EVERYTHING = """
[company]
id = "smile-dental"
name = "Smile Dental Ltd"
[authorisation]
by = "J. Doe"
role = "owner"
covers = ["domains", "hosts", "tenants", "backups"]
active_tests = true
valid_from = 2026-11-01
valid_until = 2026-12-31
[network]
resolver = "127.0.0.1:5300"
ca_file = "ca.pem"
vantage = "inside"
[network.connect]
"WWW.example.com:443" = "127.0.0.1:8443"
"[2001:db8::1]:22" = "[::1]:2222"
"mx.example.com:*" = "127.0.0.1:2525"
[policy]
file = "own.toml"
profile = "onsite"
[none]
website = "the web page is a social media profile"
[[systems]]
name = "practice software"
product = "DentPro"
critical = true
[[backups]]
name = "files"
source = "files"
location = "backup/*.zst"
rpo_hours = 12
password = { file = "restic.key" }
[[backups]]
name = "cloud"
source = "restic"
location = "rest:https://backup.example.com/"
[[backups]]
name = "repo"
source = "restic"
location = "/srv/repo"
[[tenants]]
provider = "entra"
name = "Smile"
tenant_id = "11111111-2222-3333-4444-555555555555"
client_id = "11111111-2222-3333-4444-555555555555"
secret = { env = "ENTRA" }
base_url = "https://graph.example.com/"
break_glass = ["emergency@example.com"]
[[hosts]]
address = "203.0.113.10"
view = "external"
owned = true
[[networks]]
cidr = "192.168.1.0/24"
view = "internal"
[[mail]]
host = "mx.example.com"
[[domains]]
name = "Example.COM"
sends_mail = true
"""


def test_everything_that_can_be_declared(write: Write, tmp_path: Path) -> None:
    path = write(EVERYTHING)
    client = load_client(path)
    assert client.declared() == (
        Company(client_id="smile-dental", name="Smile Dental Ltd"),
        Domain(name="example.com", sends_mail=True),
        MailServer(host="mx.example.com"),
        Network(cidr="192.168.1.0/24", view=View.INTERNAL),
        Host(address="203.0.113.10", view=View.EXTERNAL, owned=True),
        Tenant(
            name="Smile",
            provider="entra",
            tenant_id="11111111-2222-3333-4444-555555555555",
            client_id="11111111-2222-3333-4444-555555555555",
            secret=SecretRef(env="ENTRA"),
            base_url="https://graph.example.com",
            break_glass=("emergency@example.com",),
        ),
        BackupSet(
            name="files",
            source="files",
            location=str(tmp_path / "backup/*.zst"),
            rpo_hours=12.0,
            password=SecretRef(file=str(tmp_path / "restic.key")),
        ),
        BackupSet(name="cloud", source="restic", location="rest:https://backup.example.com/"),
        BackupSet(name="repo", source="restic", location="/srv/repo"),
        System(name="practice software", product="DentPro", critical=True),
    )


def test_everything_else_that_can_be_said(write: Write, tmp_path: Path) -> None:
    path = write(EVERYTHING)
    client = load_client(path)
    assert client.authorisation == Authorisation(
        by="J. Doe",
        role="owner",
        covers=frozenset({Cover.DOMAINS, Cover.HOSTS, Cover.TENANTS, Cover.BACKUPS}),
        valid_from=datetime(2026, 11, 1, tzinfo=UTC),
        valid_until=datetime(2027, 1, 1, tzinfo=UTC),
        active_tests=True,
    )
    assert client.network == NetworkSettings(
        resolver="127.0.0.1:5300",
        ca_file=tmp_path / "ca.pem",
        vantage=View.INTERNAL,
        connect={
            "www.example.com:443": "127.0.0.1:8443",
            "[2001:db8::1]:22": "[::1]:2222",
            "mx.example.com:*": "127.0.0.1:2525",
        },
    )
    assert client.absent == {"website": "the web page is a social media profile"}
    assert (client.policy, client.profile) == (str(tmp_path / "own.toml"), "onsite")
    assert (client.path, client.directory) == (path, tmp_path)
    assert client.consents == {ACTIVE}


def test_what_is_not_said_has_careful_defaults(write: Write) -> None:
    client = load_client(write(HEAD))
    assert client.network == NetworkSettings()
    assert client.network.connect is None
    assert (client.policy, client.profile) == ("smb-baseline", None)
    assert client.consents == frozenset()
    assert client.authorisation.valid_until is None
    assert load_client(write(HEAD + '[network]\nresolver = "::1"')).network.resolver == "[::1]:53"
    assert load_client(write(HEAD + '[network]\nca_file = ""')).network.ca_file is None


def test_all_mistakes_at_once(write: Write) -> None:
    path = write(
        """[company]
id = "Smile Dental"
name = "Smile"
[authorisation]
by = ""
covers = ["domain"]
valid_from = 2026-12-01
valid_until = 2026-11-01
[[domain]]
name = "example.com"
[[domains]]
name = "https://example.com/"
[[networks]]
cidr = "10.0.0.0/8"
view = "extern"
[[hosts]]
address = "1.2.3.4 -oN f"
view = "external"
"""
    )
    found = errors(path)
    assert [line.partition(":")[0] for line in found] == [*"2569", "12", "14", "15", "17"]
    assert 'company.id: "Smile Dental" is not an id' in found[0]
    assert "authorisation.by: is empty" in found[1]
    assert 'covers[0]: "domain" is not one of' in found[2]
    assert '(did you mean "domains"?)' in found[2]
    assert 'domain: is not a known key (did you mean "domains"?)' in found[3]
    assert 'did you mean "example.com"?' in found[4]
    assert "too wide" in found[5]
    assert 'did you mean "external"?' in found[6]
    assert "networks[0].view" in found[6]
    assert "hosts[0].address" in found[7]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[domains]]\nname = 'example.com\\n'\n[[hosts]]\naddress = 'x", "is not TOML"),
        ("[[domains]]\nname = 'a.example'\n[[domains]]\nname = 'A.example'", "declared twice"),
        ("[[sites]]\nhost = 'a.example'\n[[sites]]\nhost = 'a.example'\nport = 443", "twice"),
        ("[[sites]]\nhost = 'a.example'\nport = 0", "is not a port"),
        ("[[sites]]\nhost = '192.0.2.1'", r"declare it under [[hosts]]"),
        ("[[mail]]\nhost = '$(id)'", "holds characters that no name or address has"),
        ("[network]\nresolver = 'dns.example'", "is not an IP address"),
        ("[network]\nvantage = 'home'", "is not one of inside, outside"),
        ("[network.connect]\n'a.example' = '127.0.0.1:1'", "is not a host and a port"),
        ("[network.connect]\n'a.example:1' = 'b.example:1'", "is not an IP address"),
        ("[network.connect]\n'a.example:*' = '127.0.0.1:*'", "is not an address and a port"),
        ("[network.connect]\n'*:*' = '127.0.0.1:1'", "holds characters that no name or address"),
        ("[[tenants]]\nprovider = 'entr'\nname = 'x'", 'did you mean "entra"?'),
        ("[[tenants]]\nprovider = 'entra'\nname = 'x'\ntenant_id = '../x'", "not an id of the"),
        ("[[tenants]]\nprovider = 'entra'\nname = 'x'\nbase_url = 'http://a.example'", "clear"),
        (
            (
                "[[tenants]]\nprovider = 'entra'\nname = 'x'\nsecret = { env = 'A' }\n"
                "certificate = { file = 'b' }"
            ),
            "both a secret and a certificate",
        ),
        (
            "[[tenants]]\nprovider = 'entra'\nname = 'x'\nsecret = { env = 'A', file = 'b' }",
            "exactly one of env, file, keyring, command",
        ),
        ("[[tenants]]\nprovider = 'entra'\nname = 'x'\nsecret = 'hunter2'", "must be a table"),
        ("[[tenants]]\nprovider = 'entra'\nname = 'x'\nsecret = {}", "exactly one of"),
        (
            "[[tenants]]\nprovider = 'entra'\nname = 'x'\nsecret = { env = 'hunter2!' }",
            "env is not the name of an environment variable",
        ),
        (
            "[[tenants]]\nprovider = 'entra'\nname = 'x'\nbase_url = 'https://u:hunter2@a.example'",
            "base_url: holds a user name or a password",
        ),
        ("[[backups]]\nname = 'x'\nsource = 'borg'\nlocation = 'y'", "is not one of files, restic"),
        ("[[backups]]\nname = 'x'\nsource = 'files'\nlocation = ''", "is empty"),
        ("[network]\nca_file = 'a\u202eb'", "control character"),
        ("[[backups]]\nname = 'x'\nsource = 'files'\nlocation = 'y'\nrpo_hours = 0", "more than 0"),
        (
            "[[backups]]\nname = 'x'\nsource = 'restic'\nlocation = 'rest:https://u:p@h/'",
            "holds a password",
        ),
        ('[[systems]]\nname = "a\\nb"', "line break or a control character"),
        (f"[[systems]]\nname = '{'x' * 201}'", "longer than 200"),
        ("[none]\ntenant = 'no'", "say in a sentence why there is none"),
        ("[none]\ntenat = 'there is no such thing'", 'did you mean "tenant"?'),
        (
            "[none]\ndomain = 'there is no such thing'\n[[domains]]\nname = 'a.example'",
            "but there is a [[domains]] in this file",
        ),
        ("none = 3", "must be a table"),
        ("[plugin]\nprint = 3", "must be a list"),
        ("plugin = 3", "must be a table"),
        ("[[plugin.print]]\nkind = 'printer'", 'there is no plugin "print" installed'),
    ],
)
def test_one_mistake(write: Write, text: str, said: str) -> None:
    text = f"{text}\n{HEAD}" if text.startswith(("none", "plugin")) else HEAD + text
    found = errors(write(text))
    assert len(found) == 1, found
    assert said in found[0]
    assert "hunter2" not in found[0]


def test_all_kinds_of_secret_reference(write: Write, tmp_path: Path) -> None:
    text = HEAD + "".join(
        f"[[backups]]\nname = '{name}'\nsource = 'restic'\nlocation = '~/x'\npassword = {ref}\n"
        for name, ref in {
            "a": "{ env = 'X' }",
            "b": "{ file = '/k' }",
            "c": "{ keyring = 'posture/restic' }",
            "d": "{ command = ['pass', 'show', 'x'] }",
        }.items()
    )
    sets = [each for each in load_client(write(text)).subjects if isinstance(each, BackupSet)]
    assert [each.password for each in sets] == [
        SecretRef(env="X"),
        SecretRef(file="/k"),
        SecretRef(keyring="posture/restic"),
        SecretRef(command=("pass", "show", "x")),
    ]
    assert all(each.location == str(Path.home() / "x") for each in sets)


def test_subjects_of_plugins(write: Write, printers: Registry) -> None:
    path = write(
        HEAD + "[[plugin.print]]\nkind = 'printer'\naddress = '192.0.2.9'\npages = 7\n"
        "[none]\ndomain = 'prints only, has no domain'"
    )
    client = load_client(path, printers)
    assert client.declared()[1:] == (Printer(address="192.0.2.9", pages=7),)
    path = write(HEAD + "[none]\nprinter = 'nothing is printed here'")
    assert load_client(path, printers).absent == {"printer": "nothing is printed here"}


def test_mistakes_in_subjects_of_plugins(write: Write, printers: Registry) -> None:
    path = write(
        HEAD
        + """[[plugin.print]]
kind = "printer"
address = "x"
[[plugin.print]]
kind = "printer"
address = "x"
[[plugin.print]]
kind = "printr"
[[plugin.print]]
kind = "printer"
adress = "y"
[[plugin.print]]
kind = "printer"
address = "z"
pages = -1
[[plugin.empty]]
[[plugin.prin]]
"""
    )
    said = [line.partition(": ")[2] for line in errors(path, printers)]
    assert said == [
        'plugin.print[1]: "printer:x" is declared twice',
        "plugin.print[2].kind: must be one of printer",
        'plugin.print[3]: the key "address" is missing',
        'plugin.print[3].adress: is not a known key (did you mean "address"?)',
        "plugin.print[4]: a printer has printed no fewer than no pages",
        "plugin.empty[0].kind: must be one of none",
        'plugin.prin: there is no plugin "prin" installed (did you mean "print"?)',
    ]
    assert "must be a table" in errors(write(HEAD + "[plugin]\nprint = [1]"), printers)[0]


@given(st.binary(max_size=120))
def test_any_file_is_a_client_or_config_errors(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any", numbered=True) / "client.toml"
    path.write_bytes(HEAD.encode() + data)
    try:
        assert isinstance(load_client(path), Client)
    except ConfigErrors as caught:
        told = caught.errors
    else:
        return
    assert told
