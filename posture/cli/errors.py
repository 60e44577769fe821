"""Turns every error into a sentence on stderr and an exit code."""

import errno
import logging
from pathlib import Path

import click

from posture.cli.exits import Exit
from posture.client import AuthorisationError
from posture.codec import DocumentError
from posture.history import LockedError
from posture.plugins import PluginError
from posture.sanitise import for_terminal
from posture.tomlfile import ConfigErrors
from posture.words import PageError

log = logging.getLogger(__name__)

_PACKAGE = Path(__file__).parents[1]
_FULL = {errno.ENOSPC, errno.EDQUOT}
_WRONG_PATH = {
    *(errno.EACCES, errno.EPERM, errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.EEXIST),
    *(errno.EROFS, errno.ELOOP, errno.ENAMETOOLONG),
}


def explain(error: BaseException) -> Exit:
    """Print what went wrong, why and the next step; return the exit code."""
    code, text = _meaning(error)
    click.echo(for_terminal(text), err=True)
    return code


def _meaning(error: BaseException) -> tuple[Exit, str]:
    if isinstance(error, ConfigErrors | DocumentError | AuthorisationError):
        return Exit.USAGE, str(error)
    if isinstance(error, LockedError):
        return Exit.LOCKED, str(error)
    if isinstance(error, PluginError | PageError | ImportError) or _is_ours(error):
        return Exit.INTERNAL, f"The installation is broken: {error}. Install posture again."
    if isinstance(error, OSError):
        return _file_error(error)
    log.error("internal error", exc_info=error)
    return Exit.INTERNAL, (
        f"Internal error: {type(error).__name__}: {error}. "
        "This is a mistake in posture, or in a plugin: run `posture --verbose …` and report what "
        "it prints."
    )


def _is_ours(error: BaseException) -> bool:
    """Whether a file of our own package could not be read."""
    name = error.filename if isinstance(error, OSError) else None
    return isinstance(name, str) and Path(name).is_relative_to(_PACKAGE)


def _file_error(error: OSError) -> tuple[Exit, str]:
    where = error.filename or "Output"
    why = error.strerror or type(error).__name__
    if error.errno in _FULL:
        return Exit.INTERNAL, f"{where}: {why}. Free some space and run again; nothing old is lost."
    if error.errno in _WRONG_PATH:
        return Exit.USAGE, f"{where}: {why}. Check the path and who may use it."
    return Exit.INTERNAL, f"{where}: {why}."
