"""The lab's mail servers: one Postfix that answers on an address for each of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.daemons import Daemon, done, greets
from tests.lab.pki import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.daemons import Loopback
    from tests.lab.pki import Authority

PORT = 20025
OLD = "-o smtpd_tls_protocols=>=TLSv1 -o tls_medium_cipherlist=ALL:@SECLEVEL=0"


@dataclass(frozen=True, kw_only=True)
class Server:
    """A mail server and what is wrong with it."""

    host: str
    last: int
    """Last number of its address."""
    state: State = State.GOOD
    options: str = ""
    """What its smtpd is told beyond main.cf."""


SERVERS = (
    Server(host="mx.good.example", last=30),
    Server(host="mx.syntax.example", last=31, options="-o smtpd_tls_security_level=none"),
    Server(host="mx.two.example", last=32, state=State.SELF_SIGNED, options=OLD),
    Server(host="mx.lookups.example", last=33, state=State.EXPIRED),
    Server(host="mail.direct.two.example", last=29),
)


def connect(place: Loopback) -> Iterator[tuple[str, str]]:
    """Where the scan finds each mail server."""
    for server in SERVERS:
        yield f"{server.host}:25", f"{place.address(server.last)}:{PORT}"


def daemon(folder: Path, place: Loopback, authority: Authority) -> Daemon:
    """Write the configuration directory and say what to run."""
    config = folder / "postfix"
    for name in ("postfix", "postfix/spool", "postfix/data"):
        (folder / name).mkdir()
    shutil.chown(config / "data", "postfix")
    (config / "main.cf").write_text(_MAIN.format(config=config))
    lines = [_service(server, folder, place, authority) for server in SERVERS]
    (config / "master.cf").write_text("\n".join([*lines, *_INTERNAL, ""]))
    done("postfix", "-c", str(config), "check")  # makes the queue directories
    last = place.address(SERVERS[-1].last)
    # `postfix start-fg` would put a shell between us and the process that has to be ended.
    master = done("postconf", "-c", str(config), "-h", "daemon_directory").strip() + "/master"
    return Daemon(
        argv=[master, "-s", "-c", str(config)],
        answers=greets(last, PORT, f"220 {SERVERS[-1].host} ".encode()),
        log=folder / "postfix.log",
    )


_INTERNAL = (
    "tlsmgr unix - - n 1000? 1 tlsmgr",
    "anvil unix - - n - 1 anvil",
    "rewrite unix - - n - - trivial-rewrite",
    "postlog unix-dgram n - n - 1 postlogd",
)


# Other addresses of the loopback network are not "of this host" to Postfix; master.cf names them.
_MAIN = """
compatibility_level = 3.6
queue_directory = {config}/spool
data_directory = {config}/data
maillog_file = /dev/stdout
inet_protocols = ipv4
inet_interfaces = 127.0.0.1
mynetworks =
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
smtpd_peername_lookup = no
smtpd_tls_security_level = may
smtpd_tls_protocols = >=TLSv1.2
"""


def _service(server: Server, folder: Path, place: Loopback, authority: Authority) -> str:
    chain = authority.write(folder, server.host, server.state)
    where = f"{place.address(server.last)}:{PORT}"
    named = f"-o myhostname={server.host} -o smtpd_tls_chain_files={chain}"
    return f"{where} inet n - n - - smtpd {named} {server.options}"
