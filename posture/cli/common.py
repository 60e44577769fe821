"""What several commands share: reading their inputs, and writing what they made."""

import asyncio
import gc
import os
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from posture import audit as audits
from posture import codec, platforms, plugins, snapshot
from posture.audit import Audit
from posture.cli import log
from posture.cli.exits import Exit, worst
from posture.model import Failed, Reason, Severity
from posture.plugins import Registry
from posture.sanitise import for_terminal
from posture.score import is_open
from posture.snapshot import Snapshot
from posture.targets import address_and_port

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

FAIL_ON = [*(severity.value for severity in Severity), "none"]
LONGEST = 7 * 86400.0
"""Seconds that a scan may be given: a week."""
SOME_OBJECTS = 50_000
"""Made before garbage is looked for: nearly all that a scan makes it keeps, or lets go at once."""
NOTHING_FAILED = {
    Reason.NOT_DECLARED,
    Reason.NO_CONSENT,
    Reason.WRONG_VANTAGE,
    Reason.NO_SUCH_NAME,
    Reason.UNLICENSED,
}
"""Reasons that a finding is open without anything having gone wrong."""


def registry() -> Registry:
    """Load the installed areas."""
    return plugins.load()


def read_snapshot(path: Path) -> Snapshot:
    """Read a stored snapshot; raises DocumentError or OSError."""
    return snapshot.load(codec.read_file(path), str(path))


def read_audit(path: Path) -> Audit:
    """Read a stored audit; raises DocumentError or OSError."""
    return audits.load(codec.read_file(path), str(path))


def resolver(text: str | None) -> str:
    """Read ``--resolver``; empty when it was not given."""
    if text is None:
        return ""
    try:
        host, port = address_and_port(text, 53)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--resolver") from error
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def say(text: str = "") -> None:
    """Print a remark to stderr; stdout is for data."""
    click.echo(for_terminal(text), err=True)


def data(text: str) -> None:
    """Print a line of data to stdout."""
    click.echo(for_terminal(text))


def judged_by(function: F) -> F:
    """Add the options that choose exit code 1 and 3."""
    function = click.option(
        "--fail-on",
        type=click.Choice(FAIL_ON),
        default=Severity.HIGH.value,
        show_default=True,
        help="Exit with 1 when something of this severity, or worse, is not in order.",
    )(function)
    return click.option(
        "--min-coverage",
        type=float,
        callback=_share,
        default=0.0,
        show_default=True,
        help="Exit with 3 when less than this share could be seen.",
    )(function)


def _share(_: click.Context, __: click.Parameter, value: float) -> float:
    if not 0 <= value <= 1:  # so that what is not a number is refused as well
        raise click.BadParameter("must be between 0 and 1")
    return value


def seconds(_: click.Context, __: click.Parameter, value: float) -> float:
    """Check a time limit given as an option."""
    if not 0 < value <= LONGEST:
        raise click.BadParameter("must be more than 0 seconds and at most a week")
    return value


def exit_code(audit: Audit, fail_on: str, min_coverage: float) -> Exit:
    """What a script is told about an audit: the floor decides."""
    codes = [Exit.FINE]
    if fail_on != "none" and any(
        is_open(entry.finding)
        and not entry.finding.waived
        and entry.finding.severity.rank >= Severity(fail_on).rank
        for entry in audit.entries
    ):
        codes.append(Exit.FINDINGS)
    if not audit.complete or _something_failed(audit) or _coverage(audit) < min_coverage:
        codes.append(Exit.INCOMPLETE)
    return worst(codes)


def _something_failed(audit: Audit) -> bool:
    return any(
        entry.finding.status.undecided and entry.finding.reason not in NOTHING_FAILED
        for entry in audit.entries
    )


def _coverage(audit: Audit) -> float:
    """Share of the rules' weight with a result, of those somebody declared something for."""
    undeclared = {e.finding.check for e in audit.entries if e.finding.reason is Reason.NOT_DECLARED}
    rules = [r for r in audit.score.rules if r.check not in undeclared]
    total = sum(rule.weight for rule in rules)
    return sum(r.weight * r.coverage for r in rules) / total if total else 1.0


def interrupted(taken: Snapshot) -> Exit:
    """What Ctrl-C left behind has a code of its own."""
    stopped = any(run.interrupted == Reason.INTERRUPTED for run in taken.runs)
    return Exit.INTERRUPTED if stopped else Exit.FINE


def begin(*, verbose: bool = False) -> None:
    """Prepare a command that looks at something and writes what it saw."""
    platforms.private_umask()
    platforms.interrupt_when_asked_to_end()
    if verbose:
        log.to_stderr(verbose=True)


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine. Ctrl-C cancels it, once, so that it can keep what it has.

    The task itself returns nothing: giving SIGINT back, asyncio would write its result out twice,
    which for an evidence file takes a tenth of the scan.
    """
    made: list[T] = []

    async def guarded() -> None:
        task = asyncio.current_task()

        def stop() -> None:
            if task is not None and not task.cancelling():
                task.cancel()

        platforms.on_end(asyncio.get_running_loop(), stop)
        made.append(await work)

    often = gc.get_threshold()
    gc.set_threshold(SOME_OBJECTS, *often[1:])
    try:
        asyncio.run(guarded())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        gc.set_threshold(*often)
        platforms.interrupt_when_asked_to_end()  # the loop took that over and forgot it
    return made[0]


class Lines:
    """Progress for a log: one line per area, when the scan is over."""

    def __init__(self) -> None:
        """Start counting."""
        self.seen: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()

    def planned(self, area: str) -> None:
        """Note that there is something to see."""
        self.seen[area] += 0

    def observed(self, area: str, failed: Failed | None) -> None:
        """Count one observation."""
        self.seen[area] += 1
        self.lost[area] += failed is not None

    def finish(self) -> None:
        """Print the counts."""
        for area, count in sorted(self.seen.items()):
            lost = f", {self.lost[area]} could not be seen" if self.lost[area] else ""
            say(f"{area}: {count} looked at{lost}")


class Bar:
    """Progress for a person at a terminal."""

    def __init__(self) -> None:
        """Draw an empty bar."""
        self.bar = click.progressbar(
            length=1, label="Looking", file=sys.stderr, show_eta=False, width=0
        )
        self.bar.length = 0
        self.bar.render_progress()

    def planned(self, area: str) -> None:  # noqa: ARG002 - one bar for all areas
        """Grow by one."""
        self.bar.length = (self.bar.length or 0) + 1

    def observed(self, area: str, failed: Failed | None) -> None:  # noqa: ARG002
        """Advance by one."""
        self.bar.update(1)

    def finish(self) -> None:
        """Leave the terminal clean."""
        self.bar.render_finish()


@contextmanager
def progress(*, quiet: bool) -> Iterator[Lines | Bar | None]:
    """Show progress in the way that suits here, and leave the terminal as it was."""
    if quiet:
        yield None
        return
    shown = Bar() if sys.stderr.isatty() and os.environ.get("TERM") != "dumb" else Lines()
    try:
        yield shown
    finally:
        shown.finish()
