"""Measures the frame: start-up, judging, rendering, the demo's time and memory.

Run it with the project's own Python: ``.venv/bin/python bench/frame.py``. It prints the versions it
measured, each figure beside its limit, and exits 1 when one is exceeded.
"""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

ROUNDS = 5
PYTHON = sys.executable
PACKAGES = ("smb-posture", "click", "msgspec", "jinja2", "weasyprint", "dnspython", "cryptography")


def cpu_of(*command: str) -> float:
    """CPU seconds of a finished child."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def wall_of(action: Callable[[], object]) -> float:
    """Wall-clock seconds of a call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def median(action: Callable[[], float]) -> float:
    """Median of several rounds."""
    return statistics.median(action() for _ in range(ROUNDS))


def peak_of(*command: str) -> int:
    """Largest resident set of a child, in bytes, its own children not counted."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{command} ended with {child.returncode}")
    return usage.ru_maxrss * 1024


def in_process(folder: Path) -> dict[str, float]:
    """Seconds to judge, score and draw the demo's evidence."""
    from posture import plugins, snapshot
    from posture.audit import load
    from posture.judge import judge
    from posture.policy import load_policy
    from posture.render import html, pdf
    from posture.score import score

    registry = plugins.load()
    policy = load_policy("smb-baseline", registry)
    rules = policy.rules_of("full")
    data = (folder / "snapshot.json").read_bytes()
    taken = snapshot.load(data, "snapshot.json")
    audit = load((folder / "audit.json").read_bytes(), "audit.json")
    page = html.html(audit)
    return {
        "judge and score of the demo": median(
            lambda: wall_of(lambda: score(judge(taken, registry, dict(rules)).findings, policy))
        ),
        "HTML report": median(lambda: wall_of(lambda: html.html(audit))),
        "PDF report": median(lambda: wall_of(lambda: pdf.pdf(page, folder / "x.pdf"))),
    }


def main() -> int:
    """Measure everything and compare it with the limits."""
    posture = (PYTHON, "-m", "posture")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores")
    print(", ".join(f"{name} {version(name)}" for name in PACKAGES))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "demo"
        demo = (*posture, "demo", "--out", str(folder))
        rows = {
            "posture --help, CPU": (median(lambda: cpu_of(*posture, "--help")), 0.120),
            "posture demo": (median(lambda: wall_of(lambda: cpu_of(*demo))), 20.0),
        }
        peak = peak_of(*demo, "--no-pdf") / (1 << 20)
        findings = len(json.loads((folder / "audit.json").read_bytes())["entries"])
        limits = {"judge and score of the demo": 0.050, "HTML report": 1.0, "PDF report": 5.0}
        measured = in_process(folder)
    rows |= {name: (seconds, limits[name]) for name, seconds in measured.items()}
    for name, (seconds, limit) in rows.items():
        print(f"{name:32} {seconds * 1000:8.1f} ms  (at most {limit * 1000:.0f} ms)")
    print(f"{'demo without PDF, peak memory':32} {peak:8.1f} MiB (at most 110 MiB)")
    print(f"{findings} findings in the demo")
    return int(peak > 110 or any(seconds > limit for seconds, limit in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
