"""Measures the TLS survey beside sslyze, nmap and testssl, on the same servers, over 50 ms.

    sh tools/tls_peers.sh
    .venv/bin/python bench/tls [--rounds 3] [--without testssl]

Needs root: the way to the servers is a pair of TUN devices (line.py), the far one in a network
namespace in which the scanners run and their connections are counted. It exits 1 when a fact of
sslyze's is missing from ours or differs without a reason in facts.py, or a limit on connections is
passed; seconds and ratios are printed, not judged, but for the owner of the machine to read.
"""

import argparse
import json
import os
import platform
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(1, str(ROOT))

import facts  # noqa: E402 - needs the line above

from tests.lab.daemons import Started  # noqa: E402
from tests.net_tls.lab.keys import HOST, Keys  # noqa: E402
from tests.net_tls.lab.real import PORT, Site  # noqa: E402
from tests.net_tls.lab.servers import SERVERS  # noqa: E402

RTT_MS = 50
HOSTS, AT_ONCE = 100, 20
PEERS = ROOT / "build" / "peers-tls"
DEBIAN = PEERS / "debian"
MODERN = "nginx, Mozilla intermediate, two certificates"
LIMITS = {MODERN: 45, "nginx, everything": 170}
"""Connections of a survey."""
MEASURED = (*LIMITS, "Node 0.10.28, OpenSSL 1.0.1g")
LIBRARIES = ":".join(
    str(DEBIAN / path)
    for path in (
        "lib/x86_64-linux-gnu",
        "usr/lib/x86_64-linux-gnu",
        "usr/lib/x86_64-linux-gnu/blas",
    )
)
PEER_ENVIRONMENT = {
    **os.environ,
    "PATH": f"{os.environ['PATH']}:{DEBIAN / 'usr/bin'}",
    "LD_LIBRARY_PATH": LIBRARIES,
    "NMAPDIR": str(DEBIAN / "usr/share/nmap"),
    "TESTSSL_INSTALL_DIR": str(DEBIAN / "etc/testssl"),
}


class Run(NamedTuple):
    """What one scan took."""

    seconds: float
    """Of the process, interpreter and all."""
    connections: int
    output: str


@dataclass
class Line:
    """The way to the servers."""

    near: str
    far: str
    space: str
    prefix: str
    used: list[str] = field(default_factory=list)

    def address(self) -> str:
        """Add an address to the servers' end."""
        address = f"{self.prefix}.{100 + len(self.used)}"
        run("ip", "addr", "add", f"{address}/32", "dev", self.near)
        self.used.append(address)
        return address

    def inside(self, *argv: str) -> list[str]:
        return ["ip", "netns", "exec", self.space, *argv]

    def opened(self) -> int:
        """How many connections the scanners' end has opened so far."""
        text = run(*self.inside("cat", "/proc/net/snmp"))
        keys, values = (line.split() for line in text.splitlines() if line.startswith("Tcp:"))
        return int(dict(zip(keys, values, strict=True))["ActiveOpens"])

    def scan(self, *argv: str, peer: bool = False) -> Run:
        """Run a scanner at the far end."""
        before, start = self.opened(), time.perf_counter()
        done = subprocess.run(
            self.inside(*argv),
            env=PEER_ENVIRONMENT if peer else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - start
        if done.returncode and not peer:
            raise SystemExit(f"{argv} ended with {done.returncode}: {done.stderr}")
        return Run(seconds, self.opened() - before, done.stdout)


def run(*argv: str) -> str:
    """Run a program to its end and return its output."""
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


@contextmanager
def line() -> Iterator[Line]:
    """Lay a line; what lies at its far end is reached by programs run there only."""
    number = os.getpid()
    prefix = f"10.213.{secrets.randbelow(256)}"
    made = Line(near=f"pb{number}n", far=f"pb{number}f", space=f"pb{number}", prefix=prefix)
    argv = [sys.executable, str(Path(__file__).with_name("line.py"))]
    argv += [made.near, made.far, str(RTT_MS / 2)]
    run("ip", "netns", "add", made.space)
    try:
        pipe = subprocess.PIPE
        with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as child:
            child.stdout.readline()
            run("ip", "link", "set", made.far, "netns", made.space)
            run("ip", "addr", "add", f"{prefix}.1/24", "dev", made.near)
            run("ip", "link", "set", made.near, "txqueuelen", "10000", "up")
            run(*made.inside("ip", "addr", "add", f"{prefix}.2/24", "dev", made.far))
            run(*made.inside("ip", "link", "set", made.far, "txqueuelen", "10000", "up"))
            run(*made.inside("ip", "link", "set", "lo", "up"))
            yield made
            child.stdin.close()
    finally:
        run("ip", "netns", "delete", made.space)


def ours(way: Line, address: str, times: int = 1) -> Run:
    """Survey with posture."""
    script = str(Path(__file__).with_name("scan.py"))
    numbers = (str(times), str(AT_ONCE))
    return way.scan(sys.executable, script, address, str(PORT), HOST, "", *numbers)


def sslyze(way: Line, address: str, folder: Path) -> tuple[Run, dict[str, Any]]:
    """Scan with sslyze; return what it took and its JSON on the server."""
    out = folder / "sslyze.json"
    options = ("--mozilla_config", "disable", "--sni", HOST, "--quiet", "--json_out", str(out))
    python = str(PEERS / "bin" / "python")
    where = f"{address}:{PORT}"
    took = way.scan(python, "-m", "sslyze", *facts.COMMANDS, *options, where, peer=True)
    return took, json.loads(out.read_bytes())["server_scan_results"][0]


def others(way: Line, address: str, without: Sequence[str]) -> Iterator[tuple[str, Run]]:
    """Scan with the tools whose facts are not compared."""
    where = ("-p", str(PORT), address)
    if "nmap" not in without:
        options = ("-Pn", "-n", "-sT", "--script", "+ssl-enum-ciphers,ssl-cert")
        yield "nmap", way.scan(str(DEBIAN / "usr/bin/nmap"), *options, *where, peer=True)
    if "testssl" not in without:
        options = ("--warnings", "batch", "--openssl", "/usr/bin/openssl", "--color", "0", "--ip")
        program = str(DEBIAN / "usr/bin/testssl")
        what = ("one", "-p", "-E", "-f", "-S", f"{address}:{PORT}")
        took = way.scan(program, *options, *what, peer=True)
        if "Done" not in took.output:  # its exit code counts findings, too
            raise SystemExit(f"testssl broke off: {took.output[-500:]}")
        yield "testssl -p -E -f -S", took


def measure(way: Line, name: str, address: str, rounds: int, without: Sequence[str]) -> bool:
    """Print one server's table; return whether something is wrong."""
    print(f"\n{name}, {RTT_MS} ms")
    mine, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            mine.append(ours(way, address))
            took, found = sslyze(way, address, Path(folder))
            theirs.append(took)
    seen = json.loads(mine[-1].output)
    row("posture", mine)
    row("sslyze", theirs, mine)
    for tool, took in others(way, address, without):
        row(tool, [took], mine)
    inside = statistics.median(json.loads(one.output)["seconds"] for one in mine)
    print(
        f"  posture in process {inside:.2f} s, {seen['rounds']} rounds, degraded {seen['degraded']}"
    )
    wrong = seen["degraded"] or mine[-1].connections > LIMITS.get(name, sys.maxsize)
    for fact, bad, how in facts.compare(seen, found):
        print(f"  {'WRONG' if bad else 'reasoned'}: {fact}: {how}")
        wrong |= bad
    return wrong


def row(tool: str, runs: Sequence[Run], against: Sequence[Run] = ()) -> None:
    """Print one tool's medians, and how many times ours they are."""
    seconds = statistics.median(one.seconds for one in runs)
    opened = statistics.median(one.connections for one in runs)
    ratio = ""
    if against:
        mine = statistics.median(one.seconds for one in against)
        fewer = statistics.median(one.connections for one in against)
        ratio = f"{seconds / mine:6.1f}x {opened / fewer:6.1f}x"
    print(f"  {tool:22} {seconds:8.2f} s {opened:6.0f} connections {ratio}")


def fleet(way: Line, address: str) -> bool:
    """Survey many hosts in one process."""
    seen = json.loads(ours(way, address, HOSTS).output)
    print(f"\n{HOSTS} hosts, {AT_ONCE} at a time, {RTT_MS} ms, one process")
    print(f"  {seen['seconds']:.1f} s, {seen['growth']:.1f} MiB more, {seen['unlike']} not alike")
    return bool(seen["unlike"])


def versions() -> None:
    """Print what is measured."""
    told = run(str(PEERS / "bin" / "pip"), "list", "--format", "freeze")
    peers = [one for one in told.splitlines() if one.startswith(("sslyze=", "nassl="))]
    packages = DEBIAN / "versions"
    listed = packages.read_text(encoding="utf-8").split("\n") if packages.exists() else []
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()}")
    print(", ".join([*peers, *filter(None, listed), run("openssl", "version").strip()]))
    print(f"sslyze {' '.join(facts.COMMANDS)}")
    for name, reason in facts.NOT_COMPARED.items():
        print(f"not compared: {name}: {reason}")


def main() -> int:
    """Lay the line, start the servers, measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without", action="append", default=[], choices=["nmap", "testssl"])
    chosen = parser.parse_args()
    versions()
    wrong = False
    with line() as way, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        keys = Keys.made(folder)
        for server in (one for one in SERVERS if one.name in MEASURED):
            if obstacle := server.obstacle():
                print(f"\n{server.name}: {obstacle}")
                continue
            own = folder / str(len(way.used))
            own.mkdir()
            site = Site(folder=own, address=way.address(), keys=keys)
            with Started(server.daemon(site)) as started:
                started.wait()
                wrong |= measure(way, server.name, site.address, chosen.rounds, chosen.without)
                if server.name == MODERN:
                    wrong |= fleet(way, site.address)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
