"""Measures DNS and e-mail on 200 generated domains beside checkdmarc, in one lab and one run.

    python3 -m venv build/peers && build/peers/bin/pip install checkdmarc
    .venv/bin/python bench/email [--domains 200] [--rounds 3] [--dkim] [--profile | --memory]

The lab is NSD and Unbound on loopback (tests/lab/customers.py); nothing else in it answers, so the
last of the tables holds the price of connections that nobody takes. CPU is that of the scanning
process alone; daemons and the delayed path run in their own. Rounds alternate between the two
tools. They are measured over the same topics, and facts compared (coverage.py); then each with all
it does.
"""

import argparse
import cProfile
import json
import platform
import pstats
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(1, str(ROOT))

import coverage  # noqa: E402 - needs the line above

from posture.net import NetConfig, NetRoot  # noqa: E402
from tests.lab.batch import Batch, Scanner  # noqa: E402
from tests.lab.customers import BULK_SIZE, Customers, bulk  # noqa: E402
from tests.lab.daemons import Loopback, Started  # noqa: E402

PEERS = ROOT / "build" / "peers" / "bin" / "python"
RTT_MS = 20
SINGLE = 20
"""Domains scanned one at a time over the slow path."""
PASS = 200
"""Domains of one scan when memory is watched."""

Where = tuple[str, int]


class Run(NamedTuple):
    """What one pass took."""

    cpu: float
    """Seconds of the scanning process."""
    wall: float
    """Seconds."""
    asked: float
    """Questions the resolver was asked."""


def peer(where: Where, domains: list[str], topics: str = "all") -> dict[str, Any]:
    """Run checkdmarc over the domains."""
    script = Path(__file__).with_name("peer.py")
    argv = [str(PEERS), str(script), where[0], str(where[1]), topics, *domains]
    return json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)


@contextmanager
def slow(where: Where) -> Iterator[Where]:
    """A way to the resolver that takes 20 ms there and back."""
    argv = [sys.executable, "-m", "tests.lab.path", where[0], str(where[1]), str(RTT_MS)]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as child:
        yield "127.0.0.1", int(child.stdout.readline())
        child.stdin.close()


def peak() -> float:
    """MiB of the largest resident set so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident() -> float:
    """MiB of the resident set now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / (1 << 20)


def say(name: str, ours: float, theirs: float, unit: str, *, more_is_better: bool = False) -> None:
    """Print one line of the comparison."""
    ratio = ours / theirs if more_is_better else theirs / ours
    print(f"{name:38} {ours:10.2f} {theirs:10.2f} {unit:10} {ratio:6.1f}x")


def at_once(lab: Customers, rounds: int) -> None:
    """CPU and questions, rounds alternating, the resolver warm."""
    ours = {
        "the same topics": Scanner(collectors=coverage.COLLECTORS),
        "all in the DNS but DKIM": Scanner(dkim=False, connect=False),
        "all in the DNS": Scanner(connect=False),
        "all, connections in vain": Scanner(),
    }
    theirs = {"the same topics": coverage.TOPICS, "all": "all"}
    mine: dict[str, list[Run]] = {name: [] for name in ours}
    others: dict[str, list[Run]] = {name: [] for name in theirs}
    made: dict[str, Batch] = {}
    said: dict[str, dict[str, Any]] = {}
    for _ in range(rounds + 1):  # the first one warms the resolver
        for name, scanner in ours.items():
            before = lab.questions()
            made[name] = scanner.batch(lab.resolver, lab.names)
            asked = lab.questions() - before
            mine[name].append(Run(made[name].cpu, made[name].wall, asked))
        for name, topics in theirs.items():
            before = lab.questions()
            said[name] = peer(lab.resolver, lab.names, topics)
            asked = lab.questions() - before
            others[name].append(Run(said[name]["cpu"], said[name]["wall"], asked))
    print(f"checkdmarc {said['all']['version']}, dnspython {said['all']['dnspython']}")
    print(f"the same topics: {coverage.TOPICS}; checkdmarc, all: also SOA MTA-STS TLS-RPT BIMI")
    for name, batch in made.items():
        looked(name, batch)
    coverage.compare(coverage.facts(made["the same topics"]), said["all"]["facts"])
    for name, runs in mine.items():
        other = others.get(name, others["all"])
        against(name, medians(runs[1:], lab.count), medians(other[1:], lab.count))


def against(name: str, mine: Run, other: Run) -> None:
    """Print one table."""
    print(f"{name:38} {'posture':>10} {'checkdmarc':>10}")
    say("CPU per domain", mine.cpu * 1000, other.cpu * 1000, "ms")
    say("domains a second and core", 1 / mine.cpu, 1 / other.cpu, "1/s", more_is_better=True)
    say("domains a second", 1 / mine.wall, 1 / other.wall, "1/s", more_is_better=True)
    say("questions per domain", mine.asked, other.asked, "")


def medians(runs: list[Run], count: int) -> Run:
    """What one of ``count`` domains took in the middle round."""
    return Run(*(statistics.median(column) / count for column in zip(*runs, strict=True)))


def looked(name: str, made: Batch) -> None:
    """What was looked at for these figures."""
    taken = made.snapshot
    print(f"posture, {name}, collects {', '.join(taken.runs[0].collectors)}:")
    print(f"  {len(taken.observations)} observations, {len(made.judged.findings)} findings")
    print(f"  not seen: {len(made.unseen)} {made.unseen[:3]}")


def far_away(lab: Customers, ours: Scanner) -> None:
    """The same over a path of 20 ms."""
    names = lab.names
    with slow(lab.resolver) as where:
        single = [ours.batch(where, [name]).wall for name in names[:SINGLE]]
        batch = ours.batch(where, names)
        theirs = peer(where, names[:SINGLE])
    other = statistics.median(theirs["each"])
    print(f"over a path of {RTT_MS} ms:")
    say("one domain, median", statistics.median(single) * 1000, other * 1000, "ms")
    say("one domain, longest", max(single) * 1000, max(theirs["each"]) * 1000, "ms")
    mine, other = len(names) / batch.wall, SINGLE / theirs["wall"]
    say("a batch, domains per second", mine, other, "1/s", more_is_better=True)
    print(f"not seen: {len(batch.unseen)} {batch.unseen[:3]}")


def over_time(lab: Customers) -> None:
    """Memory while ten thousand domains pass by one resolver, as with ``--domains-from``."""
    names = [bulk(number) for number in range(BULK_SIZE)]
    host, port = lab.resolver
    scanner = Scanner(
        dkim=False, connect=False, root=NetRoot(NetConfig(resolver=f"{host}:{port}", connect={}))
    )
    unseen = 0
    for start in range(0, BULK_SIZE, PASS):
        unseen += len(scanner.batch(lab.resolver, names[start : start + PASS]).unseen)
        if (start + PASS) % 1000 == 0 or start == 0:
            print(f"{start + PASS:6} domains scanned: {resident():6.1f} MiB (peak {peak():.1f})")
    print(f"not seen: {unseen}")


def profile(lab: Customers, ours: Scanner) -> None:
    """Where our CPU goes."""
    ours.batch(lab.resolver, lab.names)
    profiler = cProfile.Profile()
    profiler.runcall(ours.batch, lab.resolver, lab.names)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(35)


def main() -> None:
    """Open the lab and measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--domains", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dkim", action="store_true", help="except for the table: with DKIM")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--memory", action="store_true")
    chosen = parser.parse_args()
    print(f"Python {platform.python_version()}, dnspython {version('dnspython')}")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        place = Loopback()
        running.callback(place.close)
        lab = Customers(
            folder=Path(folder), place=place, count=chosen.domains, bulk=BULK_SIZE * chosen.memory
        )
        for daemon in lab.daemons():
            running.enter_context(Started(daemon)).wait()
        ours = Scanner(dkim=chosen.dkim, connect=False)
        if chosen.profile:
            profile(lab, ours)
        elif chosen.memory:
            over_time(lab)
        else:
            at_once(lab, chosen.rounds)
            far_away(lab, ours)


if __name__ == "__main__":
    main()
