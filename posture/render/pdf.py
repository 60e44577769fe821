"""Prints the report's HTML as PDF, in a child process: WeasyPrint, else an installed browser.

A child, because its memory goes back when it ends and because it can be killed when it hangs.
Nothing is fetched: the report carries everything, and both printers are told so.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from posture.platforms import kill_group, own_group, sync_directory

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMEOUT = 60.0
"""Seconds for one attempt to print."""
_BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("microsoft-edge", "microsoft-edge-stable", "msedge"),
)
_BROWSER_FILES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    r"C:\Program Files\Microsoft\Edge\Application\msedge.exe",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
)
# The sandbox stays on: where a browser cannot have it, there is no PDF from that browser.
_BROWSER_OPTIONS = (
    *("--headless", "--disable-gpu", "--no-first-run", "--no-default-browser-check"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-extensions", "--no-pdf-header-footer", "--generate-pdf-document-outline"),
)
_NOT_INSTALLED = 3
"""Exit code of the child when WeasyPrint or its libraries are missing."""


class Engine(StrEnum):
    """What can print."""

    WEASYPRINT = "weasyprint"
    BROWSER = "browser"


class PdfUnavailable(Exception):  # noqa: N818 - the state of a machine, not a mistake
    """No PDF could be made; says what was tried and what to do. The HTML is unharmed."""


def pdf(html_text: str, out: Path, engine: str = "auto", *, timeout: float = TIMEOUT) -> Engine:
    """Write ``out`` whole or not at all, readable by its owner only; return what printed it.

    ``engine`` is ``auto``, ``weasyprint`` or ``browser``; ``timeout`` is in seconds for each.
    Raises PdfUnavailable, and OSError when ``out`` cannot be written.
    """
    engines = tuple(Engine) if engine == "auto" else (Engine(engine),)
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.", suffix=".tmp")
    os.close(handle)
    part = Path(name)
    try:
        used = _first_that_prints(engines, html_text, part, timeout)
        _keep(part, out)
    finally:
        part.unlink(missing_ok=True)
    return used


def available(*, timeout: float = TIMEOUT) -> tuple[Engine, ...]:
    """What would be tried here, best first; starts WeasyPrint once to see whether it can."""
    found = []
    try:
        _run([*_child(), "--check"], b"", timeout)
        found.append(Engine.WEASYPRINT)
    except PdfUnavailable:
        pass
    return (*found, *([Engine.BROWSER] if browser() else []))


def browser() -> str | None:
    """Path of an installed browser that can print, None without one."""
    # An empty or relative entry of PATH would run what happens to lie in the current folder.
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if Path(folder).is_absolute())
    named = (shutil.which(name, path=path) for name in _BROWSERS)
    found = [place for place in named if place and Path(place).is_absolute()]
    return next(iter([*found, *filter(os.path.isfile, _BROWSER_FILES)]), None)


def _first_that_prints(
    engines: Sequence[Engine], html_text: str, part: Path, timeout: float
) -> Engine:
    tried = []
    for engine in engines:
        try:
            if engine is Engine.WEASYPRINT:
                _run([*_child(), str(part)], html_text.encode(), timeout)
            else:
                _with_browser(html_text, part, timeout)
            with part.open("rb") as made:
                if made.read(5) == b"%PDF-":
                    return engine
            tried.append(f"{engine} ended without a PDF")
        except PdfUnavailable as error:
            tried.append(f"{engine}: {error}")
    raise PdfUnavailable(
        f"no PDF was made ({'; '.join(tried)}). "
        "Install WeasyPrint with its Pango libraries, or Chromium, Chrome or Edge, and run "
        "`posture report` again; report.html holds the same and any browser prints it"
    )


def _child() -> list[str]:
    # -P: the current folder may hold a module of the same name as one of ours.
    return [sys.executable, "-P", "-m", "posture.render.pdf"]


def _with_browser(html_text: str, part: Path, timeout: float) -> None:
    program = browser()
    if program is None:
        raise PdfUnavailable("no Chromium, Chrome or Edge was found")
    with tempfile.TemporaryDirectory(prefix="posture-pdf-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        page = folder / "report.html"
        page.write_text(html_text, encoding="utf-8")
        profile = f"--user-data-dir={folder / 'profile'}"
        target = f"--print-to-pdf={part.resolve()}"
        _run([program, *_BROWSER_OPTIONS, profile, target, page.as_uri()], b"", timeout)


def _run(command: Sequence[str], stdin: bytes, timeout: float) -> None:
    """Run a printer to its end; kill it and all it started when that takes too long."""
    try:
        child = subprocess.Popen(  # noqa: S603 - a fixed argument list; paths of our own making
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            **own_group(),
        )
    except OSError as error:
        raise PdfUnavailable(f"{command[0]} cannot be started: {error.strerror}") from None
    with child:
        try:
            _, said = child.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            raise PdfUnavailable(f"it did not end within {timeout:g} s") from None
        finally:
            if child.returncode is None:
                kill_group(child.pid)
    if child.returncode:
        raise PdfUnavailable(_why(child.returncode, said))


def _why(code: int, said: bytes) -> str:
    if code == _NOT_INSTALLED:
        return said.decode(errors="replace").strip() or "it is not installed"
    lines = said.decode(errors="replace").strip().splitlines()
    return f"it failed with code {code}" + (f" ({lines[-1].strip()[:200]})" if lines else "")


def _keep(part: Path, out: Path) -> None:
    with part.open("r+b") as made:
        os.fsync(made.fileno())
    part.replace(out)
    sync_directory(out.parent)


def main(arguments: Sequence[str]) -> int:
    """The child: read HTML on standard input and print it to the file named, or ``--check``."""
    try:
        import weasyprint
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:  # OSError: Pango's libraries are missing
        sys.stderr.write(f"WeasyPrint cannot be used here ({str(error).splitlines()[0]})")
        return _NOT_INSTALLED
    if arguments[0] != "--check":
        # It would fetch whatever the HTML names, whatever the page's own policy says.
        document = weasyprint.HTML(
            string=sys.stdin.buffer.read().decode(),
            url_fetcher=URLFetcher(allowed_protocols=("data",)),
        )
        document.write_pdf(arguments[0], pdf_variant="pdf/ua-1")
    return 0


if __name__ == "__main__":
    gc.disable()  # a document is all garbage or none: looking for some takes a fifth of the time
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # freeing a printed document box by box would take a third of a second
