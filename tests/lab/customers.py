"""A town of customers: domains as small businesses have them, beside their providers.

Made by rule, hence the same each time: the domain's number says what kind it is, which provider
takes its mail and whether it is signed. NSD serves every zone, Unbound validates and resolves.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import dns.dnssec
import dns.name
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm

from tests.lab.daemons import Daemon, Loopback, program
from tests.lab.zones import PORT, knows

if TYPE_CHECKING:
    from collections.abc import Iterable

CUSTOMERS = 200
PROVIDERS = 13
NETBLOCKS = 3
"""Records that a provider's SPF record includes."""
BULK = "bulk.example"
"""One plain zone that holds any number of further domains."""
BULK_SIZE = 10_000
KINDS = ("good",) * 6 + ("ok",) * 5 + ("weak",) * 4 + ("broken",) * 2 + ("parked",) * 2 + ("bad",)


def customer(number: int) -> str:
    return f"c{number:03}.example"


def provider(number: int) -> str:
    return f"p{number % PROVIDERS:02}.example"


def kind(number: int) -> str:
    return KINDS[number % len(KINDS)]


def is_signed(number: int) -> bool:
    """Two customers of five."""
    return number % 5 in {0, 3}


def bulk(number: int) -> str:
    return f"n{number:05}.{BULK}"


def _mail(number: int) -> list[str]:
    """What everybody publishes who receives mail at a provider."""
    host = provider(number)
    return [
        f"@ MX 10 mx1.{host}.",
        f"@ MX 20 mx2.{host}.",
        f"@ A 203.0.113.{number % 200 + 1}",
        "www CNAME @",
        f's1._domainkey TXT "v=DKIM1; k=rsa; p={"MIGfMA0GCSqGSIb3DQEBAQUAA4GN" * 5}"',
        f"selector1._domainkey CNAME s1._domainkey.{host}.",
        f'@ TXT "vendor-verification={number:032}"',
    ]


def _many(number: int) -> list[str]:
    """An SPF record with twelve includes, two more than receivers follow."""
    names = " ".join(f"include:_spf.{provider(number + step)}" for step in range(12))
    return [f'@ TXT "v=spf1 {names[:200]}" "{names[200:]} ~all"']


def records(number: int) -> list[str]:
    """Return the zone file's lines for one customer, without SOA and NS."""
    host, other = provider(number), provider(number + 5)
    reports = f"rua=mailto:d@{host}"
    own = _mail(number)
    match kind(number):
        case "good":
            spf = f"v=spf1 include:_spf.{host} -all"
            more = (f'_dmarc TXT "v=DMARC1; p=reject; {reports}"', '@ CAA 0 issue "ca.example"')
            own += [f'@ TXT "{spf}"', *more, f'_smtp._tls TXT "v=TLSRPTv1; {reports}"']
        case "ok":
            spf = f"v=spf1 mx include:_spf.{host} include:_spf.{other} ~all"
            own += [f'@ TXT "{spf}"', f'_dmarc TXT "v=DMARC1; p=quarantine; {reports}"']
        case "weak":
            spf = f"v=spf1 a mx include:_spf.{host} ?all"
            own += [f'@ TXT "{spf}"', '_dmarc TXT "v=DMARC1; p=none"']
        case "broken":
            own += [*_many(number), '_dmarc TXT "v=DMARC1; p=none"']
        case "parked":
            own = ["@ MX 0 .", '@ TXT "v=spf1 -all"', '_dmarc TXT "v=DMARC1; p=reject"']
        case _:
            voids = " ".join(f"include:void{step}.{host}" for step in range(3))
            own += [f'@ TXT "v=spf1 {voids} +all"', '@ TXT "v=spf1 mx -all"']
    return own


def provider_records(number: int) -> list[str]:
    """Return what a provider publishes: two mail servers, netblocks, consent to reports."""
    blocks = " ".join(f"include:_block{step}.{provider(number)}" for step in range(NETBLOCKS))
    own = [
        f"mx1 A 203.0.113.{200 + number}",
        f"mx1 AAAA 2001:db8::{number + 1}",
        f"mx2 A 203.0.113.{220 + number}",
        f'_spf TXT "v=spf1 {blocks} ~all"',
        '*._report._dmarc TXT "v=DMARC1"',
        f's1._domainkey TXT "v=DKIM1; k=rsa; p={"MIGfMA0GCSqGSIb3DQEBAQUAA4GN" * 5}"',
    ]
    own += (
        f'_block{step} TXT "v=spf1 ip4:198.51.{step}.0/24 ip6:2001:db8:{number:x}::/48 ~all"'
        for step in range(NETBLOCKS)
    )
    return own


def bulk_records(count: int) -> list[str]:
    """Return the records of ``count`` further domains, each with a provider's mail."""
    own: list[str] = []
    for number in range(count):
        name, host = f"n{number:05}", provider(number)
        own += [
            f"{name} A 203.0.113.1",
            f"{name} MX 10 mx1.{host}.",
            f'{name} TXT "v=spf1 include:_spf.{host} -all"',
            f'_dmarc.{name} TXT "v=DMARC1; p=reject; rua=mailto:d@{host}"',
        ]
    return own


@dataclass(kw_only=True)
class Customers:
    """The zone files, and the two daemons that serve them."""

    folder: Path
    place: Loopback
    count: int = CUSTOMERS
    bulk: int = 0
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self._authority, self._address = self.place.address(2), self.place.address(3)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._zones: list[str] = []

    @property
    def resolver(self) -> tuple[str, int]:
        """Where Unbound answers."""
        return self._address, PORT

    @property
    def names(self) -> list[str]:
        return [customer(number) for number in range(self.count)]

    def daemons(self) -> list[Daemon]:
        """Write everything and say what to run."""
        self._write_zones()
        nsd, unbound = self.folder / "nsd.conf", self.folder / "unbound.conf"
        nsd.write_text(self._nsd())
        unbound.write_text(self._unbound())
        authority, resolver = self._authority, self._address
        return [
            Daemon(
                argv=["nsd", "-d", "-c", str(nsd)],
                answers=knows(authority, f"mx1.{provider(0)}"),
                log=self.folder / "nsd.log",
            ),
            Daemon(
                argv=["unbound", "-d", "-p", "-c", str(unbound)],
                answers=knows(resolver, f"mx1.{provider(0)}"),
                log=self.folder / "unbound.log",
            ),
        ]

    def questions(self) -> int:
        """How many questions Unbound was asked since it started."""
        config = str(self.folder / "unbound.conf")
        argv = [program("unbound-control") or "", "-c", config, "stats_noreset"]
        said = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=30).stdout
        found = (line.partition("=") for line in said.splitlines())
        return next(int(value) for key, _, value in found if key == "total.num.queries")

    def _write_zones(self) -> None:
        """Children first: their parents vouch for their keys."""
        vouched: list[str] = []
        for number in range(self.count):
            name = customer(number)
            vouched += self._zone(name, records(number), signed=is_signed(number))
        for number in range(PROVIDERS):
            vouched += self._zone(provider(number), provider_records(number), signed=number < 8)
        if self.bulk:
            vouched += self._zone(BULK, bulk_records(self.bulk), signed=False)
        hosts = [f"{name} A {self._authority}" for name in ("ns1", "ns2")]
        cuts = [f"{zone}. NS {name}" for zone in self._zones for name in ("ns1", "ns2")]
        above = self._zone("example", [*cuts, *vouched, *hosts], signed=True)
        glue = [f"{name}.example. A {self._authority}" for name in ("ns1", "ns2")]
        cuts = [f"example. NS {name}.example." for name in ("ns1", "ns2")]
        self._zone(".", [*cuts, *glue, *above], signed=True)

    def _zone(self, name: str, own: Iterable[str], *, signed: bool) -> list[str]:
        """Write a zone and return the DS record that its parent needs."""
        origin = dns.name.from_text(name)
        head = "@ SOA ns1.example. hostmaster.example. 1 7200 900 1209600 300"
        text = "\n".join(["$TTL 3600", head, "@ NS ns1.example.", "@ NS ns2.example.", *own, ""])
        self._zones.append(name)
        path = self.folder / _file(name)
        if not signed:
            path.write_text(f"$ORIGIN {origin}\n{text}")
            return []
        zone = dns.zone.from_text(text, origin=origin, relativize=False)
        key = dns.dnssec.make_dnskey(self._key.public_key(), Algorithm.ECDSAP256SHA256, flags=257)
        start, end = self.now - timedelta(days=1), self.now + timedelta(days=30)
        dns.dnssec.sign_zone(zone, keys=[(self._key, key)], inception=start, expiration=end)
        path.write_text(zone.to_text(relativize=False))
        if name == ".":
            (self.folder / "anchor").write_text(f". DNSKEY {key}")
        return [f"{origin} DS {dns.dnssec.make_ds(origin, key, 'SHA256')}"]

    def _nsd(self) -> str:
        zones = "".join(
            f'zone:\n  name: "{zone}"\n  zonefile: "{_file(zone)}"\n' for zone in self._zones
        )
        return f"""
server:
  ip-address: {self._authority}@{PORT}
  username: ""
  chroot: ""
  zonesdir: "{self.folder}"
  pidfile: ""
  database: ""
  xfrdfile: ""
  zonelistfile: "{self.folder}/zone.list"
  server-count: 1
remote-control:
  control-enable: no
{zones}"""

    def _unbound(self) -> str:
        # Glue has no port, so each zone is told where its server is.
        stubs = "".join(
            f'stub-zone:\n  name: "{zone}"\n  stub-addr: {self._authority}@{PORT}\n'
            for zone in self._zones
        )
        return f"""
server:
  interface: {self._address}@{PORT}
  access-control: 127.0.0.0/8 allow
  do-ip6: no
  do-not-query-localhost: no
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  directory: "{self.folder}"
  trust-anchor-file: "{self.folder}/anchor"
  module-config: "validator iterator"
  so-rcvbuf: 1m
remote-control:
  control-enable: yes
  control-use-cert: no
  control-interface: "{self.folder}/control"
{stubs}"""


def _file(zone: str) -> str:
    return "zone.root" if zone == "." else f"zone.{zone}"
