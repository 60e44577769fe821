"""What the lab's domains publish: authoritative servers by NSD, asked through Unbound.

Every zone is served by one NSD. The root and ``example`` are signed, so that Unbound proves for
each domain beneath whether it has to be signed; two have to, and the signatures of one are over.
A second Unbound is what people run who have one machine for everything: it holds one zone, is
named for another that it does not have, and resolves for anybody who asks.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import dns.dnssec
import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm

from posture.demo.keys import RSA_1024, RSA_2048
from tests.lab.daemons import Daemon

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from dns.rdtypes.ANY.DNSKEY import DNSKEY

    from tests.lab.daemons import Loopback, Question

PORT = 20053
SIGNED = ("good.example", "bogus.example")
LAME = "lame.example"
"""Its server has lost the zone and says so."""
HOLLOW = "hollow.example"
"""Its server never heard of the zone and refers to itself, which Unbound passes on as nothing."""
OUTSIDE = "com"
"""The rest of the world; nobody asks about it but to see who looks it up for them."""
OFFICE_ZONE = "two.example"
"""What the machine for everything holds."""
_COPIES = {OFFICE_ZONE: "  provide-xfr: 127.0.0.0/8 NOKEY\n"}
"""Zones that NSD gives to anybody who asks."""
REPORTS = "rua=mailto:dmarc@good.example"

# Each vendor that verifies a domain leaves a text behind; together they outgrow a datagram.
VERIFICATIONS = [
    f'@ TXT "vendor-{number}-verification={"0123456789" * 12}"' for number in range(12)
]
SERVICES = [f"s{number}" for number in range(11)]
INCLUDES = " ".join(f"include:{name}.lookups.example" for name in SERVICES)

RECORDS: Mapping[str, Iterable[str]] = {
    "good.example": (
        "@ NS ns2.example.",
        "@ MX 10 mx",
        '@ TXT "v=spf1 mx include:_spf.good.example -all"',
        '_spf TXT "v=spf1 ip4:203.0.113.200 -all"',
        f'_dmarc TXT "v=DMARC1; p=reject; {REPORTS}"',
        '@ CAA 0 issue "ca.example"',
        f'selector1._domainkey TXT "v=DKIM1; k=rsa; p={RSA_2048[:200]}" "{RSA_2048[200:]}"',
        *VERIFICATIONS,
        # Reports on parked.example are welcome, those on syntax.example are not.
        'parked.example._report._dmarc TXT "v=DMARC1"',
        "mx A 203.0.113.30",
        "web A 203.0.113.20",
        "www CNAME web",
        "shop A 203.0.113.24",
        "intranet A 203.0.113.25",
        "down A 203.0.113.26",
    ),
    "syntax.example": (
        "@ MX 10 mx",
        '@ TXT "v=spf1 ip4:203.0.113.300 -all"',
        f'_dmarc TXT "v=DMARC1; p=none; {REPORTS}"',
        # Nobody guesses this selector, so whether mail is signed is not known.
        f'bakery-2019._domainkey TXT "v=DKIM1; k=rsa; p={RSA_1024}"',
        "mx A 203.0.113.31",
        "www A 203.0.113.21",
    ),
    OFFICE_ZONE: (
        "@ NS ns3.example.",
        "@ MX 10 mx",
        '@ TXT "v=spf1 mx -all"',
        '@ TXT "v=spf1 a -all"',
        '_dmarc TXT "v=DMARC1; p=quarantine"',
        '@ CAA 0 issue ";"',
        f'default._domainkey TXT "v=DKIM1; t=y; p={RSA_1024}"',
        "mx A 203.0.113.32",
        "autodiscover CNAME cloud.vanished.example.",
        "www A 203.0.113.22",
    ),
    "lookups.example": (
        "@ NS ns3.example.",
        "@ MX 10 mx",
        f'@ TXT "v=spf1 {INCLUDES[:200]}" "{INCLUDES[200:]} -all"',
        *(f'{name} TXT "v=spf1 ip4:203.0.113.201 ~all"' for name in SERVICES),
        '@ CAA 0 issue "ca.example"',
        "mx A 203.0.113.33",
        "www A 203.0.113.23",
        'www CAA 0 issue "letsencrypt.org"',
    ),
    "parked.example": (
        "@ MX 0 .",
        '@ TXT "v=spf1 -all"',
        f'_dmarc TXT "v=DMARC1; p=reject; {REPORTS}"',
    ),
    "bogus.example": (
        "@ MX 10 mx",
        '@ TXT "v=spf1 mx -all"',
        '_dmarc TXT "v=DMARC1; p=reject"',
        '@ CAA 0 issue "ca.example"',
        "mx A 203.0.113.34",
        "www A 203.0.113.27",
    ),
}


class Names:
    """The zone files, and the two daemons that serve them."""

    def __init__(self, folder: Path, place: Loopback, now: datetime) -> None:
        self._folder, self._place, self._now = folder, place, now
        self._authority, self._resolver = place.address(2), place.address(3)
        self._office = place.address(4)
        self.resolver = f"{self._resolver}:{PORT}"

    def connect(self) -> Iterator[tuple[str, str]]:
        """Where the scan finds each name server."""
        for host, address in (
            ("ns", self._authority),
            ("ns2", self._authority),
            ("ns3", self._office),
        ):
            yield f"{host}.example:53", f"{address}:{PORT}"

    def daemons(self) -> list[Daemon]:
        """Write everything and say what to run."""
        self._write_zones()
        nsd, unbound = self._folder / "nsd.conf", self._folder / "unbound.conf"
        office = self._folder / "office.conf"
        nsd.write_text(self._nsd())
        unbound.write_text(self._unbound(self._resolver))
        held = f'auth-zone:\n  name: "{OFFICE_ZONE}"\n  zonefile: "{_file(OFFICE_ZONE)}"\n'
        office.write_text(self._unbound(self._office) + held)
        return [
            Daemon(
                argv=["nsd", "-d", "-c", str(nsd)],
                answers=knows(self._authority, "www.two.example"),
                log=self._folder / "nsd.log",
            ),
            Daemon(
                argv=["unbound", "-d", "-p", "-c", str(unbound)],
                answers=knows(self._resolver, "www.two.example"),
                log=self._folder / "unbound.log",
            ),
            Daemon(
                argv=["unbound", "-d", "-p", "-c", str(office)],
                answers=knows(self._office, f"www.{OFFICE_ZONE}"),
                log=self._folder / "office.log",
            ),
        ]

    def ask(self, name: str, rdtype: str, flags: int) -> dns.message.Message:
        """Ask the resolver once, over UDP, without a second try."""
        query = dns.message.make_query(name, rdtype, flags=flags, use_edns=0, payload=1232)
        return dns.query.udp(query, self._resolver, timeout=10, port=PORT)

    def _write_zones(self) -> None:
        """Children first: their parents vouch for their keys."""
        delegations = [
            f"{zone.removesuffix('.example')} NS ns" for zone in (*RECORDS, LAME, HOLLOW)
        ]
        here = (
            f"direct A {self._place.address(28)}",
            f"mail.direct A {self._place.address(29)}",
            'direct CAA 0 issue "ca.example"',
        )
        vouched: list[str] = []
        for zone, records in RECORDS.items():
            own = (*records, *(here if zone == "two.example" else ()))
            vouched += self._zone(zone, own, signed=zone in SIGNED)
        hosts = ("ns A 203.0.113.2", "ns2 A 198.51.100.2", "ns3 A 203.0.113.3")
        own = (*delegations, *vouched, *hosts)
        above = self._zone("example", own, signed=True)
        self._zone(OUTSIDE, ("example A 203.0.113.80",), signed=False)
        tops = (f"{top} NS ns.example." for top in ("example", OUTSIDE))
        self._zone(".", (*tops, f"ns.example. A {self._authority}", *above))

    def _zone(self, name: str, records: Iterable[str], *, signed: bool = True) -> list[str]:
        """Write a zone and return the DS records that its parent needs."""
        head = ("@ SOA ns.example. hostmaster.good.example. 1 7200 900 1209600 300",)
        text = "\n".join(["$TTL 300", *head, "@ NS ns.example.", *records, ""])
        origin = dns.name.from_text(name)
        zone = dns.zone.from_text(text, origin=origin, relativize=False)
        keys = self._sign(zone) if signed else ()
        (self._folder / _file(name)).write_text(zone.to_text(relativize=False))
        if name == ".":
            anchor = "\n".join(f". DNSKEY {key}" for key in keys)
            (self._folder / "anchor").write_text(anchor)
        return [f"{origin} DS {dns.dnssec.make_ds(origin, key, 'SHA256')}" for key in keys]

    def _sign(self, zone: dns.zone.Zone) -> tuple[DNSKEY]:
        private = ec.generate_private_key(ec.SECP256R1())
        key = dns.dnssec.make_dnskey(private.public_key(), Algorithm.ECDSAP256SHA256, flags=257)
        over = zone.origin == dns.name.from_text("bogus.example")
        end = self._now + timedelta(days=-30 if over else 14)
        start = end - timedelta(days=28)
        dns.dnssec.sign_zone(zone, keys=[(private, key)], inception=start, expiration=end)
        return (key,)

    def _nsd(self) -> str:
        zones = "".join(
            f'zone:\n  name: "{zone}"\n  zonefile: "{_file(zone)}"\n{_COPIES.get(zone, "")}'
            for zone in (".", OUTSIDE, "example", *RECORDS, LAME)
        )
        return f"""
server:
  ip-address: {self._authority}@{PORT}
  username: ""
  chroot: ""
  zonesdir: "{self._folder}"
  pidfile: ""
  database: ""
  xfrdfile: ""
  zonelistfile: "{self._folder}/zone.list"
  server-count: 1
remote-control:
  control-enable: no
{zones}"""

    def _unbound(self, address: str) -> str:
        # Glue has no port, so each zone is told where its server is.
        stubs = "".join(
            f'stub-zone:\n  name: "{zone}"\n  stub-addr: {self._authority}@{PORT}\n'
            for zone in (".", OUTSIDE, "example", *RECORDS, LAME, HOLLOW)
        )
        return f"""
server:
  interface: {address}@{PORT}
  access-control: 127.0.0.0/8 allow
  do-ip6: no
  do-not-query-localhost: no
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  directory: "{self._folder}"
  trust-anchor-file: "{self._folder}/anchor"
  module-config: "validator iterator"
  local-data-ptr: "203.0.113.30 mx.good.example"
remote-control:
  control-enable: no
{stubs}"""


def _file(zone: str) -> str:
    return "zone.root" if zone == "." else f"zone.{zone}"


def knows(server: str, name: str) -> Question:
    """Ask whether a server gives the address of a name."""

    def ask() -> bool:
        query = dns.message.make_query(name, dns.rdatatype.A)
        try:
            found = dns.query.tcp(query, server, timeout=5, port=PORT)
        except (dns.exception.DNSException, EOFError):
            return False
        return found.rcode() == dns.rcode.NOERROR and bool(found.answer)

    return ask
