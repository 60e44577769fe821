"""Holds coverage to what CONTRIBUTING promises.

Reads the JSON report of coverage.py. The modules that decide a verdict must be covered branch by
branch; every other module must reach the floor. Exits 1 and names each file that falls short.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

FLOOR = 90.0

# What decides a verdict or a grade, as a module or as a package.
STRICT = {
    name: re.compile(pattern)
    for name, pattern in {
        "posture/model": r"posture/model(/.+)?\.py",
        "posture/policy": r"posture/policy(/.+)?\.py",
        "posture/judge": r"posture/judge(/.+)?\.py",
        "posture/score": r"posture/score(/.+)?\.py",
        "checks": r"checks/.+\.py",
    }.items()
}


def shortfalls(files: dict[str, Any]) -> list[str]:
    """Return one line for each file below its mark; `files` is that part of coverage's JSON."""
    lines = [
        f"{name}: nothing measured, so the promise about it is empty"
        for name, pattern in STRICT.items()
        if not any(pattern.fullmatch(path) for path in files)
    ]
    for path, report in sorted(files.items()):
        strict = any(pattern.fullmatch(path) for pattern in STRICT.values())
        mark = 100.0 if strict else FLOOR
        if report["summary"]["percent_covered"] < mark:
            lines.append(_shortfall(path, report, mark))
    return lines


def _shortfall(path: str, report: dict[str, Any], mark: float) -> str:
    lines = ", ".join(str(line) for line in report["missing_lines"]) or "none"
    branches = ", ".join(f"{a}->{b}" for a, b in report["missing_branches"]) or "none"
    covered = report["summary"]["percent_covered"]
    return f"{path}: {covered:.1f} % of {mark:.0f} %; lines {lines}; branches {branches}"


def main() -> int:
    """Judge the report named on the command line."""
    measured = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    files = {path.replace("\\", "/"): report for path, report in measured["files"].items()}
    failed = shortfalls(files)
    for line in failed:
        print(line)
    total = measured["totals"]["percent_covered"]
    print(f"coverage: {total:.1f} % in all, {len(failed)} of {len(files)} files below their mark")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
