"""Measures ``posture scan --domains-from`` over 1,000 generated domains, in one command.

    .venv/bin/python bench/email/listed.py [--domains 1000]

The lab is NSD and Unbound on loopback (tests/lab/customers.py): up to 200 customers with the
mistakes of real ones, the rest plain. The command runs in a process of its own; its standard output
is a pipe, and the time of each line is that of its arrival.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(1, str(ROOT))

from tests.lab.customers import CUSTOMERS, Customers, bulk  # noqa: E402 - needs the line above
from tests.lab.daemons import Loopback, Started  # noqa: E402


def measured(argv: list[str]) -> None:
    """Run the command and print what it took."""
    start = time.perf_counter()
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as running:
        arrivals = [time.perf_counter() - start for _ in running.stdout]
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    count, cpu = len(arrivals), used.ru_utime + used.ru_stime
    print(f"{count} lines in {wall:.1f} s, exit code {running.returncode}")
    print(f"  the first after {arrivals[0]:.2f} s, half of them after {arrivals[count // 2]:.2f} s")
    print(f"  {count / wall:.1f} domains a second; {cpu / count * 1000:.1f} ms of CPU for each")
    print(f"  {used.ru_maxrss / 1024:.0f} MiB at most")


def main() -> int:
    """Open the lab, measure a tenth of the list and then all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domains", type=int, default=1000)
    count = parser.parse_args().domains
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        place = Loopback()
        running.callback(place.close)
        few = min(count, CUSTOMERS)
        lab = Customers(folder=folder, place=place, count=few, bulk=count - few)
        for daemon in lab.daemons():
            running.enter_context(Started(daemon)).wait()
        names = [*lab.names, *(bulk(number) for number in range(count - few))]
        argv = [sys.executable, "-m", "posture", "scan", "--authorised-by", "bench"]
        argv += ["--resolver", "{}:{}".format(*lab.resolver), "--domains-from"]
        for some in (names[: count // 10], names):
            path = folder / f"{len(some)}.txt"
            path.write_text("\n".join(some), encoding="utf-8")
            measured([*argv, str(path)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
