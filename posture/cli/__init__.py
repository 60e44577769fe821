"""The command line. Each command is a module that is imported only when it is asked for."""

import importlib
import signal
import sys
from collections.abc import Sequence

import click

from posture.cli import streams
from posture.cli.exits import HELP, Exit

COMMANDS = {
    "init": "Write a client.toml, asking on a terminal.",
    "doctor": "Say what is installed, reachable and readable here.",
    "scan": "Audit a client and write its report.",
    "judge": "Judge stored evidence again, offline.",
    "report": "Draw a stored audit again, offline.",
    "explain": "Print a check's page, settings and mappings.",
    "probe": "Look at one target in one area, without a client file.",
    "checks": "List the checks.",
    "policy": "List, show or lint policies.",
    "plugins": "List the installed areas and where they come from.",
    "demo": "Audit the embedded demo office.",
}


class LazyGroup(click.Group):
    """Knows its commands by name and imports one when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name all commands, in the order of their use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command's module and return its ``command``."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"posture.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest name for one that does not exist."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"There is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from posture.version import VERSION

    click.echo(f"posture {VERSION}")
    ctx.exit()


@click.group(
    cls=LazyGroup,
    epilog=HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the version.",
)
@click.option("--verbose", is_flag=True, help="Print the log to stderr.")
def command(verbose: bool) -> None:
    """Audit the security posture of a small business, and say what to do about it."""
    from posture.cli import log

    log.to_stderr(verbose=verbose)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with one of the documented exit codes."""
    streams.steady()
    code = run(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C has nothing left to stop
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; every error is a plain sentence."""
    try:
        result = command.main(args=arguments, prog_name="posture", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped.", err=True)
        return Exit.INTERRUPTED
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the last handler: no bare traceback
        return _explain(error)
    return int(result) if isinstance(result, int) else Exit.FINE


def _explain(error: BaseException) -> Exit:
    try:
        from posture.cli.errors import explain
    except ImportError as missing:
        click.echo(f"The installation is broken: {missing}. Install posture again.", err=True)
        return Exit.INTERNAL
    return explain(error)
