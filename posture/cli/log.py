"""The log on stderr."""

import logging

from posture.sanitise import for_terminal


class _Harmless(logging.Formatter):
    """What a scanned party wrote may stand in a message, or in the error behind it."""

    def format(self, record: logging.LogRecord) -> str:
        return for_terminal(super().format(record))


def to_stderr(*, verbose: bool) -> None:
    """Print our own log when verbose, else nothing: what matters is said in other ways."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Harmless("%(name)s: %(message)s"))
    ours = logging.getLogger("posture")
    ours.handlers = [handler]
    ours.setLevel(logging.DEBUG if verbose else logging.CRITICAL)
    # Without any handler Python would print the warnings of libraries, as they are.
    if not (root := logging.getLogger()).handlers:
        root.addHandler(logging.NullHandler())
