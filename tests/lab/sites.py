"""The lab's web sites, by nginx. Each has an address: what TLS allows is settled before a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab import leaks
from tests.lab.daemons import Daemon, accepts
from tests.lab.pki import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.daemons import Loopback
    from tests.lab.pki import Authority

HTTPS, HTTP = 20443, 20080
ACCESS = "access.log"
MODERN = "ssl_protocols TLSv1.2 TLSv1.3;"
NEWEST = "ssl_protocols TLSv1.3;"
# Debian's OpenSSL refuses TLS 1.0 and 1.1 until its security level is taken away.
LEGACY = 'ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers "ALL:@SECLEVEL=0";'


@dataclass(frozen=True, kw_only=True)
class Site:
    """A web site and what is wrong with it."""

    host: str
    last: int
    """Last number of its address."""
    state: State = State.GOOD
    tls: str = MODERN
    hsts: str = "max-age=63072000; includeSubDomains"
    redirects: bool = True


SITES = (
    Site(host="www.good.example", last=20),
    Site(host="www.syntax.example", last=21, state=State.EXPIRED, hsts="max-age=300"),
    Site(host="www.two.example", last=22, state=State.WRONG_NAME, hsts=""),
    Site(host="www.lookups.example", last=23, state=State.RSA, tls=LEGACY, redirects=False),
    Site(host="shop.good.example", last=24, state=State.INCOMPLETE, tls=NEWEST),
    Site(host="intranet.good.example", last=25, state=State.SELF_SIGNED),
    Site(host="direct.two.example", last=28),
)


def connect(place: Loopback) -> Iterator[tuple[str, str]]:
    """Where the scan finds the ports of each site."""
    for site in SITES:
        yield f"{site.host}:443", f"{place.address(site.last)}:{HTTPS}"
        yield f"{site.host}:80", f"{place.address(site.last)}:{HTTP}"


def daemon(folder: Path, place: Loopback, authority: Authority) -> Daemon:
    """Write the configuration and say what to run."""
    servers = "".join(_server(site, folder, place, authority) for site in SITES)
    servers += leaks.servers(folder, place, authority)
    temporary = "".join(
        f"  {kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    path.write_text(f"""
daemon off;
user root;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{ }}
http {{
  log_format brief '$request_method $host$request_uri';
  access_log {folder}/{ACCESS} brief;
  default_type text/html;
{temporary}{servers}}}
""")
    argv = ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(path)]
    ready = accepts(place.address(SITES[-1].last), HTTPS)
    return Daemon(argv=argv, answers=ready, log=folder / "nginx.log")


def _server(site: Site, folder: Path, place: Loopback, authority: Authority) -> str:
    address = place.address(site.last)
    chain = authority.write(folder, site.host, site.state)
    page = 'return 200 "<!doctype html><title>Welcome</title>";'
    plain = f"return 301 https://{site.host}$request_uri;" if site.redirects else page
    hsts = f'add_header Strict-Transport-Security "{site.hsts}" always;' if site.hsts else ""
    return f"""
  server {{
    listen {address}:{HTTPS} ssl;
    server_name {site.host};
    ssl_certificate {chain};
    ssl_certificate_key {chain};
    {site.tls}
    {hsts}
    location / {{ {page} }}
  }}
  server {{
    listen {address}:{HTTP};
    server_name {site.host};
    location / {{ {plain} }}
  }}
"""
