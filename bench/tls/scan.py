"""Surveys a server as ``posture probe tls`` does, in a process of its own.

``scan.py ADDRESS PORT NAME STARTTLS TIMES AT_ONCE`` prints what was found and what it took. The
same server is surveyed TIMES over, as if it were so many; STARTTLS may be empty.
"""

import asyncio
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))

import msgspec

from posture.net.tls import iana
from posture.net.tls.interview import survey
from posture.net.tls.starttls_protocols import PROTOCOLS, past
from posture.net.tls.survey import Survey
from tests.net_tls.servers import dial


def resident() -> float:
    """MiB of the resident set now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) / 256


def digest(der: bytes) -> str:
    """SHA-256 of a certificate."""
    return hashlib.sha256(der).hexdigest()


def told(seen: Survey) -> dict[str, Any]:
    """Return a survey by the names that other tools use."""
    return {
        "suites": {
            version: sorted(map(iana.suite_name, found.suites))
            for version, found in seen.versions.items()
        },
        "groups": sorted({iana.group_name(g) for s in seen.groups.values() for g in s.accepted}),
        "chains": [
            [hashlib.sha256(der).hexdigest() for der in c.certificates] for c in seen.chains
        ],
        "facts": msgspec.to_builtins(seen.facts),
        "connections": seen.connections,
        "rounds": seen.rounds,
        "degraded": seen.degraded,
    }


async def main() -> dict[str, Any]:
    """Survey as often as asked."""
    address, port, name, starttls, times, at_once = sys.argv[1:]
    opens = dial(int(port), address)
    if starttls:
        opens = past(PROTOCOLS[starttls], opens, name)
    gate = asyncio.Semaphore(int(at_once))

    async def one() -> Survey:
        async with gate:
            return await survey(opens, name=name, alpn=("h2", "http/1.1"))

    before, start = resident(), time.perf_counter()
    found = await asyncio.gather(*(one() for _ in range(int(times))))
    seconds = time.perf_counter() - start
    growth = resident() - before
    unlike = sum(told(one)["suites"] != told(found[0])["suites"] for one in found)
    return {**told(found[0]), "seconds": seconds, "growth": growth, "unlike": unlike}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())))
