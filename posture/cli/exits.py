"""The exit codes: what a script may rely on."""

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """What a command's end means."""

    FINE = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERNAL = 4
    LOCKED = 5
    INTERRUPTED = 130


PRECEDENCE = (
    Exit.INTERRUPTED,
    Exit.INTERNAL,
    Exit.USAGE,
    Exit.LOCKED,
    Exit.INCOMPLETE,
    Exit.FINDINGS,
    Exit.FINE,
)

HELP = """\b
Exit codes:
  0    fine
  1    findings at or above --fail-on (default: high)
  2    wrong usage, configuration or authorisation; nothing was scanned
  3    incomplete: something planned could not be seen, or too little was
  4    internal error, or the result could not be written
  5    another run holds the client's lock
  130  stopped by Ctrl-C, or asked to end; what was seen so far is kept
When several apply: 4 before 2, 5, 3, 1, 0.
"""


def worst(codes: Iterable[Exit]) -> Exit:
    """The one code that stands for several."""
    return min(codes, key=PRECEDENCE.index, default=Exit.FINE)
