"""Lets an installed nmap name the products behind open ports. Never bundled, never required."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from posture.model import CollectError, Host, Reason, collector
from posture.net import Net

from .collect_sweep import checked_address
from .facts import PortScan, Products
from .nmap import ParseError, command, parse
from .ports import CONNECT_ONLY

SECONDS = 110.0
MAX_XML = 4 << 20


@collector(
    traffic="{address}: nmap's version probes to its open ports, never to a printer or controller",
    needs=("nmap, optional: product names in the evidence",),
    deadline=120,
)
async def products(host: Host, ports: PortScan, net: Net) -> Products:
    """See what nmap recognises on the open ports; a printer or controller is left alone.

    Raises CollectError: TOOL_MISSING, INCONCLUSIVE when nmap fails, MALFORMED, TIMEOUT, and
    OUT_OF_SCOPE when connections are redirected: nmap would not follow.
    """
    address = checked_address(host.address)
    if not net.direct:
        raise CollectError(Reason.OUT_OF_SCOPE, "connections are redirected by [network] connect")
    left_alone = not CONNECT_ONLY.isdisjoint(ports.open)
    if left_alone or not ports.open:
        return Products(items=(), left_alone=left_alone)
    with target_file(str(address)) as path:
        argv = command(ports.open, path, ipv6=address.version == 6)
        done = await net.run(argv, deadline=SECONDS, max_output=MAX_XML)
    if done.returncode:
        words = done.stderr[-500:].decode("utf-8", "replace").strip()
        raise CollectError(Reason.INCONCLUSIVE, f"nmap ended with {done.returncode}: {words}")
    try:
        items = parse(done.stdout, str(address), ports.open)
    except ParseError as error:
        raise CollectError(Reason.MALFORMED, str(error)) from error
    return Products(items=items, left_alone=False)


@contextmanager
def target_file(address: str) -> Iterator[str]:
    """A file that only we can read and that holds the one target, gone afterwards."""
    descriptor, path = tempfile.mkstemp(prefix="posture-target-", suffix=".txt")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(f"{address}\n")
        yield path
    finally:
        Path(path).unlink()
