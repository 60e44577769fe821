"""Which doors of a host are open to whoever stands where the scan stood."""

from collections.abc import Sequence
from dataclasses import replace

from posture.model import (
    Evidence,
    Failed,
    Host,
    Reason,
    Verdict,
    check,
    failed,
    passed,
    unknown,
)

from .facts import PortScan, Products
from .ports import describe, listed, of_kind


@check("network.exposure.rdp")
def rdp(host: Host, scan: PortScan, products: Products | Failed) -> Verdict:
    """No Remote Desktop port is open."""
    return _judge("remote-desktop", host, scan, products)


@check("network.exposure.smb")
def smb(host: Host, scan: PortScan, products: Products | Failed) -> Verdict:
    """No Windows file sharing port is open."""
    return _judge("smb", host, scan, products)


@check("network.exposure.cleartext")
def cleartext(host: Host, scan: PortScan, products: Products | Failed) -> Verdict:
    """No port of a log-in service without encryption is open."""
    return _judge("cleartext-login", host, scan, products)


@check("network.exposure.databases")
def databases(host: Host, scan: PortScan, products: Products | Failed) -> Verdict:
    """No database port is open."""
    return _judge("database", host, scan, products)


@check("network.exposure.admin")
def admin(host: Host, scan: PortScan, products: Products | Failed) -> Verdict:
    """No port of an administration page is open."""
    return _judge("admin-page", host, scan, products)


def _judge(kind: str, host: Host, scan: PortScan, products: Products | Failed) -> Verdict:
    wanted = of_kind(kind)
    verdict = replace(_verdict(wanted, host, scan, products), view=host.view)
    return replace(verdict, expected=f"no open port of {listed(wanted)}")


def _verdict(
    wanted: Sequence[int], host: Host, scan: PortScan, products: Products | Failed
) -> Verdict:
    opened = [port for port in wanted if port in scan.open]
    if opened:
        evidence = (_open(host, port, products) for port in opened)
        verdict = failed(
            "open",
            *evidence,
            fix=host.view,
            ports=listed(opened),
            services="; ".join(describe(port) for port in opened),
            address=host.address,
        )
        return replace(verdict, observed=f"open: {listed(opened)}")
    if not scan.host_alive:
        return unknown("nobody", _scan(host, scan), reason=Reason.TIMEOUT, tried=len(scan.silent))
    untried = sorted(set(wanted) - set(scan.closed) - set(scan.silent))
    if untried:
        return unknown(
            "untried", _scan(host, scan), reason=Reason.NOT_COLLECTED, ports=listed(untried)
        )
    if scan.blocked and (quiet := sorted(set(wanted) & set(scan.silent))):
        return unknown(
            "blocked", _scan(host, scan), reason=Reason.INCONCLUSIVE, ports=listed(quiet)
        )
    verdict = passed("closed", _scan(host, scan), ports=listed(wanted))
    return replace(verdict, observed="none open")


def _open(host: Host, port: int, products: Products | Failed) -> Evidence:
    """An open port, and the product nmap recognised on it if it could look."""
    items = () if isinstance(products, Failed) else products.items
    named = [item.text for item in items if item.port == port]
    record = ": ".join([f"{describe(port)}, accepted a connection", *named])
    return Evidence(source=f"connection to {host.address}", record=record)


def _scan(host: Host, scan: PortScan) -> Evidence:
    counts = f"{len(scan.open)} open, {len(scan.closed)} refused, {len(scan.silent)} silent"
    tried = len(scan.open) + len(scan.closed) + len(scan.silent)
    return Evidence(source=f"connections to {tried} ports of {host.address}", record=counts)
