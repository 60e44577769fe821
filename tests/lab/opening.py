"""Opens the lab: every daemon, the backups, and the client files that lead a scan to them."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from tests.lab import backups, machines, mail, sites
from tests.lab.daemons import Loopback, Started
from tests.lab.pki import Authority
from tests.lab.zones import OFFICE_ZONE, Names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.daemons import Daemon


@dataclass(frozen=True, kw_only=True)
class Lab:
    """A running lab."""

    folder: Path
    place: Loopback
    names: Names
    now: datetime
    """What certificates and backups are dated around."""
    processes: tuple[int, ...]
    """Their ids, for who wants to see that they are gone."""

    @property
    def client(self) -> Path:
        """Everything, at the ports that the world knows, through ``[network.connect]``."""
        return self.folder / "client.toml"

    @property
    def direct(self) -> Path:
        """A declared loopback network that is dialled as it is."""
        return self.folder / "direct.toml"

    @property
    def active(self) -> Path:
        """The name servers of two domains, seen from outside, with consent to active tests."""
        return self.folder / "active.toml"

    @property
    def backups(self) -> Path:
        """Where the backups are."""
        return self.folder / "backups"

    def log(self, name: str) -> str:
        """What a daemon wrote so far."""
        return (self.folder / name).read_text(errors="replace")


@contextmanager
def opened() -> Iterator[Lab]:
    """Run the lab until the end."""
    with ExitStack() as stack:
        # A scan keeps what it writes to itself, and leaves the process so; daemons have users.
        stack.callback(os.umask, os.umask(0o022))
        place = stack.enter_context(closing(Loopback()))
        # Not in pytest's folder, which Postfix could not enter once it has given up root.
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="posture-lab-")))
        folder.chmod(0o711)
        now = datetime.now(UTC)
        names = Names(folder, place, now)
        started = [
            stack.enter_context(Started(daemon)) for daemon in _daemons(folder, place, names, now)
        ]
        backups.write(folder / "backups", now)
        for one in started:
            one.wait()
        processes = tuple(one.process.pid for one in started)
        lab = Lab(folder=folder, place=place, names=names, now=now, processes=processes)
        lab.client.write_text(_client(lab))
        lab.direct.write_text(_direct(lab))
        lab.active.write_text(_active(lab))
        yield lab


def _daemons(folder: Path, place: Loopback, names: Names, now: datetime) -> list[Daemon]:
    authority = Authority(now)
    (folder / "ca.pem").write_bytes(authority.root.public_bytes(Encoding.PEM))
    return [
        *names.daemons(),
        *machines.daemons(folder, place),
        sites.daemon(folder, place, authority),
        mail.daemon(folder, place, authority),
    ]


def _client(lab: Lab) -> str:
    place = lab.place
    routes = dict((*sites.connect(place), *mail.connect(place), *machines.connect(place)))
    routes |= dict(lab.names.connect())
    routes |= {f"down.good.example:{port}": place.refusal for port in (80, 443)}
    lines = [f"{json.dumps(key)} = {json.dumps(to)}" for key, to in routes.items()]
    resolver = f'resolver = "{lab.names.resolver}"'
    return "\n".join([_HEAD, resolver, "[network.connect]", *lines, _WHAT])


_HEAD = """
[company]
id = "lab"
name = "Lab Bakery"

[authorisation]
by = "the lab's owner"
covers = ["domains", "hosts", "backups"]
valid_until = 2099-12-31

[none]
tenant = "the lab has no identity provider"

[network]
ca_file = "ca.pem"
vantage = "inside"
"""
_WHAT = f"""
[[domains]]
name = "good.example"
sends_mail = true
[[domains]]
name = "syntax.example"
sends_mail = true
[[domains]]
name = "two.example"
sends_mail = true
[[domains]]
name = "lookups.example"
sends_mail = true
[[domains]]
name = "parked.example"
sends_mail = false
[[domains]]
name = "bogus.example"
sends_mail = true
[[domains]]
name = "lame.example"
sends_mail = true

[[domains]]
name = "hollow.example"
sends_mail = true

[[sites]]
host = "shop.good.example"
[[sites]]
host = "intranet.good.example"
[[sites]]
host = "down.good.example"

[[networks]]
cidr = "{machines.NETWORK}"
view = "internal"
owned = true
[[hosts]]
address = "203.0.113.9"
view = "external"

[[backups]]
name = "fresh"
source = "restic"
location = "backups/fresh"
password = {{ file = "backups/password" }}
[[backups]]
name = "old"
source = "restic"
location = "backups/old"
password = {{ file = "backups/password" }}
[[backups]]
name = "ahead"
source = "restic"
location = "backups/ahead"
password = {{ file = "backups/password" }}
[[backups]]
name = "locked"
source = "restic"
location = "backups/fresh"
password = {{ file = "backups/wrong-password" }}
[[backups]]
name = "gone"
source = "restic"
location = "backups/nowhere"
password = {{ file = "backups/password" }}
[[backups]]
name = "archives"
source = "files"
location = "backups/archives/*.tar.gz"
[[backups]]
name = "cut"
source = "files"
location = "backups/cut/*.tar.gz"
"""


def _active(lab: Lab) -> str:
    routes = "\n".join(f"{json.dumps(key)} = {json.dumps(to)}" for key, to in lab.names.connect())
    head = _HEAD.replace('"inside"', '"outside"').replace(
        "valid_until", "active_tests = true\nvalid_until"
    )
    return f"""{head}
resolver = "{lab.names.resolver}"
[network.connect]
{routes}

[[domains]]
name = "good.example"
owned = true
[[domains]]
name = "{OFFICE_ZONE}"
owned = true
[[domains]]
name = "lookups.example"
"""


def _direct(lab: Lab) -> str:
    place = lab.place
    return f"""{_HEAD}
resolver = "{lab.names.resolver}"

[[networks]]
cidr = "{place.address(28)}/31"
view = "internal"
owned = true
[[hosts]]
address = "{machines.database(place)}"
view = "internal"
owned = true
name = "till"

[[sites]]
host = "direct.two.example"
port = {sites.HTTPS}
[[mail]]
host = "mail.direct.two.example"
port = {mail.PORT}
"""
