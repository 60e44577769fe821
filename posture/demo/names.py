"""What the demo office publishes in the DNS."""

import base64
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from posture.demo.dns import TTL, Fate, Zones
from posture.demo.faults import Fault
from posture.demo.keys import RSA_1024, RSA_2048
from posture.demo.pki import ISSUER

MAIN = "smile-dental.example"
ORTHO = "smile-orthodontics.example"
LAB = "smile-lab.example"
KIDS = "smile-kids.example"
RECALL = "smile-recall.example"
INVOICES = "smile-invoices.example"
PARKED = "smiledental.example"
IMITATION = "smile-alb.example"

SENDING = (MAIN, ORTHO, LAB, KIDS, RECALL, INVOICES)
MAIL_SERVERS = {
    MAIN: f"mx1.{MAIN}",
    ORTHO: f"mx.{ORTHO}",
    LAB: f"mx.{LAB}",
    KIDS: f"mx.{KIDS}",
    RECALL: f"mx2.{MAIN}",
    INVOICES: f"mx1.{MAIN}",
}
GONE = f"old-mail.{INVOICES}"
NEWSLETTERS = "newsletter.demo.example"
REPORTS = f"mailto:dmarc@{MAIN}"
_ADDRESS = "203.0.113.{}"
_REVERSE = "113.0.203.in-addr.arpa"
CLOSED_HOST = "closed-hosting.example"
TWO_ADDRESSES = {f"www.{ORTHO}": ("203.0.113.40", "2001:db8:113::40")}
"""Web sites with an address of each kind."""
NAME_SERVERS = {
    "ns1.dns.demo.example": "198.51.100.53",
    "ns2.dns.demo.example": "203.0.113.53",
    "ns3.dns.demo.example": "203.0.113.54",
    "ns4.dns.demo.example": "203.0.113.55",
}
NEAR = "198.51.100.54"
"""Where the third one is when it stands beside the first."""
ZONES = ("example", *SENDING, PARKED)
SOA = "ns1.dns.demo.example. hostmaster.demo.example. 2026030401 7200 900 1209600 300"
OLD_SOA = SOA.replace("2026030401", "2026010101")


def published(faults: AbstractSet[Fault], sites: tuple[str, ...], now: datetime) -> Zones:
    """Everything there is to ask; ``sites`` are the hosts that serve the web."""
    zones = Zones()
    for number, host in enumerate(dict.fromkeys([*sites, *MAIL_SERVERS.values()]), 10):
        old, *new = TWO_ADDRESSES.get(host, (_ADDRESS.format(number),))
        zones.add(host, "A", old)
        if new:
            zones.add(host, "AAAA", *new)
        if host in MAIL_SERVERS.values() and (
            host != MAIL_SERVERS[ORTHO] or Fault.REVERSE_MISSING not in faults
        ):
            zones.add(f"{number}.{_REVERSE}", "PTR", f"{host}.")
    for domain in SENDING:
        _mail(zones, domain, faults)
    for domain in (*SENDING, PARKED):
        zones.text(f"{domain}._report._dmarc.{MAIN}", "v=DMARC1")
    _parked(zones, faults)
    _authorities(zones, faults, sites)
    zones.text(f"_spf.{NEWSLETTERS}", "v=spf1 ip4:203.0.113.200 -all")
    _delegations(zones, faults)
    _signatures(zones, faults, now)
    if Fault.LOOK_ALIKE in faults:
        zones.add(IMITATION, "NS", "ns.parking.demo.example.")
        zones.add(IMITATION, "MX", f"10 mail.{IMITATION}.")
    if Fault.REFERENCE_GONE in faults:
        zones.add(f"autodiscover.{KIDS}", "CNAME", f"mail.{CLOSED_HOST}.")
    return zones


def _delegations(zones: Zones, faults: AbstractSet[Fault]) -> None:
    """Every zone is signed, and served from two networks."""
    zones.signed.add("example")
    third = served_by(INVOICES)[-1]
    for name, address in NAME_SERVERS.items():
        near = name == third and Fault.SERVERS_NEAR in faults
        zones.add(name, "A", NEAR if near else address)
    for number, zone in enumerate(ZONES, 1000):
        zones.add(zone, "DS", f"{number} 13 2 {number:064x}")
        zones.add(zone, "SOA", SOA)
        zones.add(zone, "NS", *(f"{host}." for host in served_by(zone)))


def _signatures(zones: Zones, faults: AbstractSet[Fault], now: datetime) -> None:
    """Nobody here validates: keys and signatures are of the right shape, and made of nothing."""
    for number, zone in enumerate(ZONES, 1000):
        short = zone == KIDS and Fault.SIGNED_SHORT in faults
        algorithm, key = (8, b"\x03\x01\x00\x01" + b"\xc5" * 128) if short else (13, b"\xc5" * 64)
        zones.add(zone, "DNSKEY", f"257 3 {algorithm} {base64.b64encode(key).decode()}")
        late = zone == ORTHO and Fault.SIGNATURES_ENDING in faults
        end = now + timedelta(days=1 if late else 14)
        life = f"{end:%Y%m%d%H%M%S} {end - timedelta(days=28):%Y%m%d%H%M%S}"
        labels = zone.count(".") + 1
        signed = f"SOA {algorithm} {labels} {TTL} {life} {number} {zone}. {'xcXF' * 21}xQ=="
        zones.add(zone, "RRSIG SOA", signed)


def served_by(zone: str) -> tuple[str, str]:
    """Return the two name servers of a zone; two zones have a second one of their own."""
    first, second, third, fourth = NAME_SERVERS
    return first, {INVOICES: third, PARKED: fourth}.get(zone, second)


def _mail(zones: Zones, domain: str, faults: AbstractSet[Fault]) -> None:
    zones.add(domain, "MX", f"10 {MAIL_SERVERS[domain]}.")
    if domain == INVOICES and Fault.MX_DANGLING in faults:
        zones.add(domain, "MX", f"20 {GONE}.")
    spf = _spf(domain, faults)
    if spf:
        zones.text(domain, *spf)
    if Fault.SPF_LOOKUPS in faults and domain == MAIN:
        _crowded(zones)
    zones.text(f"_dmarc.{domain}", _dmarc(domain, faults))
    if domain != ORTHO or Fault.DKIM_MISSING not in faults:
        _keys(zones, domain, faults)


def _spf(domain: str, faults: AbstractSet[Fault]) -> list[str]:
    good = f"v=spf1 mx include:_spf.{NEWSLETTERS} -all"
    wrong = {
        (RECALL, Fault.SPF_MISSING): [],
        (LAB, Fault.SPF_TWO): [good, "v=spf1 a:mail.demo.example -all"],
        (KIDS, Fault.SPF_INVALID): [good.replace("include:", "inlcude:")],
        (MAIN, Fault.SPF_LOOKUPS): [f"v=spf1 mx include:_all.{NEWSLETTERS} -all"],
        (INVOICES, Fault.SPF_PASS_ALL): [good.replace("-all", "+all")],
    }
    found = [text for (name, fault), text in wrong.items() if name == domain and fault in faults]
    return found[0] if found else [good]


def _crowded(zones: Zones) -> None:
    """Twelve services, each with a record of its own: more than the ten lookups of RFC 7208."""
    services = [f"_spf{number}.{NEWSLETTERS}" for number in range(12)]
    includes = " ".join(f"include:{service}" for service in services)
    zones.text(f"_all.{NEWSLETTERS}", f"v=spf1 {includes} ~all")
    for service in services:
        zones.text(service, "v=spf1 ip4:203.0.113.201 ~all")


def _dmarc(domain: str, faults: AbstractSet[Fault]) -> str:
    strict = f"v=DMARC1; p=reject; rua={REPORTS}"
    wrong = {
        (MAIN, Fault.DMARC_WATCHING): f"v=DMARC1; p=none; rua={REPORTS}",
        (KIDS, Fault.DMARC_SUBDOMAINS): f"v=DMARC1; p=reject; sp=none; rua={REPORTS}",
        (ORTHO, Fault.DMARC_NO_REPORTS): "v=DMARC1; p=reject",
    }
    found = [text for (name, fault), text in wrong.items() if name == domain and fault in faults]
    return found[0] if found else strict


def _keys(zones: Zones, domain: str, faults: AbstractSet[Fault]) -> None:
    """Publish the key of the office's own servers, and lead to that of the newsletter service."""
    weak = domain == KIDS and Fault.DKIM_SHORT in faults
    testing = " t=y;" if domain == INVOICES and Fault.DKIM_TESTING in faults else ""
    key = RSA_1024 if weak else RSA_2048
    zones.text(f"default._domainkey.{domain}", f"v=DKIM1; k=rsa;{testing} p={key}")
    target = f"s1.{domain.replace('.', '-')}.dkim.{NEWSLETTERS}"
    zones.add(f"s1._domainkey.{domain}", "CNAME", f"{target}.")
    zones.text(target, f"v=DKIM1; k=rsa; p={RSA_2048}")


def _parked(zones: Zones, faults: AbstractSet[Fault]) -> None:
    zones.add(PARKED, "MX", "0 .")
    zones.text(PARKED, "v=spf1 ~all" if Fault.PARKED_SOFT in faults else "v=spf1 -all")
    zones.text(f"_dmarc.{PARKED}", f"v=DMARC1; p=reject; rua={REPORTS}")


def _authorities(zones: Zones, faults: AbstractSet[Fault], sites: tuple[str, ...]) -> None:
    for site in sites:
        if site != MAIN:
            other = site == f"portal.{MAIN}" and Fault.CAA_EXCLUDES in faults
            zones.add(site, "CAA", f'0 issue "{"letsencrypt.org" if other else ISSUER}"')
    for domain in (*SENDING, PARKED):
        if domain == LAB and Fault.CAA_SERVFAIL in faults:
            zones.fail(domain, "CAA", Fate.SERVFAIL)
        elif domain != MAIN or Fault.CAA_MISSING not in faults:
            zones.add(domain, "CAA", f'0 issue "{ISSUER}"')
