"""Runs checkdmarc in its own environment: ``peer.py RESOLVER PORT DOMAIN…`` prints its figures."""

import json
import sys
import time
from importlib.metadata import version

import checkdmarc
import dns.nameserver


def main() -> None:
    """Check the domains one after the other, as ``check_domains`` does."""
    where = dns.nameserver.Do53Nameserver(sys.argv[1], int(sys.argv[2]))
    domains = sys.argv[3:]
    start, cpu = time.perf_counter(), time.process_time()
    times = []
    results = []
    for domain in domains:
        began = time.perf_counter()
        result = checkdmarc.check_domains([domain], nameservers=[where])
        times.append(time.perf_counter() - began)
        results.append(result)
    figures = {
        "version": version("checkdmarc"),
        "dnspython": version("dnspython"),
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - start,
        "each": times,
        "found": {
            "valid SPF": sum(result["spf"]["valid"] for result in results),
            "valid DMARC": sum(result["dmarc"]["valid"] for result in results),
            "DNSSEC": sum(result["dnssec"] for result in results),
        },
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
