"""How the demo office wants its mail encrypted: MTA-STS, reports on failures, DANE."""

from collections.abc import Set as AbstractSet

from posture.demo.dns import Zones
from posture.demo.faults import Fault
from posture.demo.names import INVOICES, MAIL_SERVERS, MAIN, ORTHO, SENDING

_ADDRESS = "203.0.113.100"
_FORMER_KEY = f"{1:064x}"


def publish(zones: Zones, faults: AbstractSet[Fault], key: str) -> None:
    """Add the records to ``zones``; ``key`` is the digest of the mail servers' key."""
    for domain in SENDING:
        zones.add(policy_host(domain), "A", _ADDRESS)
        zones.text(f"_mta-sts.{domain}", "v=STSv1; id=20261001T000000;")
        zones.text(f"_smtp._tls.{domain}", f"v=TLSRPTv1; rua=mailto:tls-reports@{MAIN}")
    shown = _FORMER_KEY if Fault.DANE_STALE in faults else key
    zones.add(f"_25._tcp.{MAIL_SERVERS[MAIN]}", "TLSA", f"3 1 1 {shown}")


def policy_host(domain: str) -> str:
    """Name the host that serves a domain's policy (RFC 8461 §3.3)."""
    return f"mta-sts.{domain}"


def policy(domain: str, faults: AbstractSet[Fault]) -> str:
    """Write the policy that a domain serves."""
    moved = domain == ORTHO and Fault.STS_MX_MISSING in faults
    servers = [f"former.{ORTHO}" if moved else MAIL_SERVERS[domain]]
    if domain == INVOICES:
        servers.append(f"*.{INVOICES}")
    lines = ("version: STSv1", "mode: enforce", *(f"mx: {name}" for name in servers))
    return "\r\n".join((*lines, "max_age: 2419200", ""))
