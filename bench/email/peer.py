"""Runs checkdmarc in its own environment: ``peer.py RESOLVER PORT TOPICS DOMAIN…`` prints figures.

``TOPICS`` are those of ``coverage.py`` with commas between, or ``all`` for ``check_domains``. Tests
of STARTTLS are off, as they are by default.
"""

import json
import sys
import time
from importlib.metadata import version
from typing import Any

import checkdmarc
import dns.nameserver
from checkdmarc.dmarc import check_dmarc
from checkdmarc.dnssec import check_dnssec
from checkdmarc.smtp import check_mx
from checkdmarc.spf import check_spf

TOPICS = {
    "dnssec": check_dnssec,
    "ns": checkdmarc.check_ns,
    "mx": check_mx,
    "spf": check_spf,
    "dmarc": check_dmarc,
}


def facts(found: dict[str, Any]) -> dict[str, Any]:
    """Return of one domain what ``coverage.py`` compares."""
    hosts = found["mx"].get("hosts", [])
    spf, dmarc = found["spf"], found["dmarc"]
    return {
        "DNSSEC holds": found["dnssec"],
        "name servers": sorted(found["ns"]["hostnames"]),
        "MX": sorted([host["preference"], host["hostname"]] for host in hosts),
        "MX addresses": sorted({address for host in hosts for address in host["addresses"]}),
        "SPF record": spf["record"],
        "SPF valid": spf["valid"],
        "SPF lookups": spf.get("dns_lookups") if spf["valid"] else None,
        "DMARC record": dmarc["record"],
        "DMARC at": dmarc["location"],
        "DMARC p": dmarc["tags"]["p"]["value"] if dmarc["valid"] else None,
    }


def main() -> None:
    """Check the domains one after the other, as ``check_domains`` does."""
    where = dns.nameserver.Do53Nameserver(sys.argv[1], int(sys.argv[2]))
    topics = [] if sys.argv[3] == "all" else sys.argv[3].split(",")
    times = []
    results = {}
    start, cpu = time.perf_counter(), time.process_time()
    for domain in sys.argv[4:]:
        began = time.perf_counter()
        if topics:
            found = {topic: TOPICS[topic](domain, nameservers=[where]) for topic in topics}
        else:
            found = checkdmarc.check_domains([domain], nameservers=[where])
        times.append(time.perf_counter() - began)
        results[domain] = found
    figures = {
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - start,
        "each": times,
        "version": version("checkdmarc"),
        "dnspython": version("dnspython"),
        "facts": {domain: facts(found) for domain, found in results.items()},
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
