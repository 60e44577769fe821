"""``posture demo``: the whole product on a small office that exists only inside this process."""

from pathlib import Path

import click

from posture import codec, history
from posture.cli import common, outputs
from posture.cli.exits import Exit, worst
from posture.client import load_client
from posture.clock import SystemClock
from posture.run import Setup, audit, prepare, scan
from posture.snapshot import Snapshot


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-report"),
    show_default=True,
    help="Directory to write.",
)
@click.option("--no-pdf", is_flag=True, help="Write no PDF.")
def command(out: Path, no_pdf: bool) -> Exit:
    """Audit the embedded demo office: nothing outside this computer is touched.

    Findings are what it is for, so they are no error here.
    """
    common.begin()
    history.make_private(out)
    return _publish(*common.run_async(_visit()), out, pdf=not no_pdf)


def _publish(setup: Setup, taken: Snapshot, out: Path, *, pdf: bool) -> Exit:
    made = audit(setup, taken)
    history.write_atomically(out / history.SNAPSHOT, codec.encode(taken))
    outputs.write(_Folder(out), made, pdf=pdf)
    outputs.summarise(made, out, quiet=False)
    return worst([Exit.FINE if made.complete else Exit.INTERNAL, common.interrupted(taken)])


async def _visit() -> tuple[Setup, Snapshot]:
    import tempfile

    from posture.demo.office import DEMO_FAULTS, start_office

    clock, registry = SystemClock(), common.registry()
    with (
        common.progress(quiet=False) as progress,
        tempfile.TemporaryDirectory(prefix="posture-demo-") as directory,
    ):
        async with start_office(Path(directory), DEMO_FAULTS, clock.now()) as office:
            setup = prepare(load_client(office.client_file, registry), registry, clock.now())
            return setup, await scan(setup, clock, progress=progress, deadline=120)


class _Folder:
    """A directory that is written to as a run is."""

    def __init__(self, path: Path) -> None:
        self.part = path

    def write(self, name: str, data: bytes) -> None:
        history.write_atomically(self.part / name, data)
