"""Standard streams that always exist, can write any character, and outlive their readers."""

import io
import os
import sys
from pathlib import Path
from typing import Any, TextIO


class Outlet(io.FileIO):
    """A descriptor to write to. What nobody reads any more is dropped, as ``| head`` wants it."""

    lost = False

    def write(self, data: Any) -> int:
        """Write ``data``, or pretend to when the reader is gone; any other error is raised once.

        More often would only be a second error, at the interpreter's end, with a code of its own.
        """
        if self.lost:
            return len(data)
        try:
            return super().write(data)
        except BrokenPipeError:
            self.lost = True
            return len(data)
        except OSError:
            self.lost = True
            raise


def steady() -> None:
    """Put such streams in the place of this process's own."""
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - for good
    sys.stdout = _steady(sys.stdout)
    sys.stderr = _steady(sys.stderr)


def _steady(stream: TextIO | None) -> TextIO:
    """None is a stream that was closed before we began (``>&-``)."""
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    # A name in a report must not end the report because the terminal's alphabet lacks a letter.
    if stream.isatty() and isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
        return stream
    raw = Outlet(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=stream.encoding, errors="backslashreplace"
    )
