"""Forgotten files are found on a real server, and nothing of what is in them is kept anywhere."""

from __future__ import annotations

import base64
import io
import shutil
import subprocess
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from posture import cli
from posture.model import Status
from tests.lab import leaks
from tests.lab.conftest import Scanned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.opening import Lab

pytestmark = pytest.mark.lab

CHECKS = ("web.files.private", "web.files.contents")
VISITS = {f"{host}/{path}" for host in leaks.SITES for path in ("", ".well-known/security.txt")}
"""What any visit asks for."""
CLIENT = """
[company]
id = "lab"
name = "Lab Bakery"
[authorisation]
by = "the lab's owner"
covers = ["domains"]
active_tests = true
valid_until = 2099-12-31
[network]
ca_file = "{folder}/ca.pem"
[network.connect]
{routes}
[[sites]]
host = "{open}"
owned = true
[[sites]]
host = "{sealed}"
owned = true
"""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A scan with the log printed and the PDF made, and what the server saw of it."""

    scanned: Scanned
    printed: str
    requests: list[str]


@pytest.fixture(scope="module")
def visit(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    out = tmp_path_factory.mktemp("leaks")
    routes = "\n".join(f'"{where}" = "{to}"' for where, to in leaks.connect(lab.place))
    client = out / "client.toml"
    client.write_text(
        CLIENT.format(folder=lab.folder, routes=routes, open=leaks.OPEN, sealed=leaks.SEALED)
    )
    with redirect_stdout(io.StringIO()) as printed, redirect_stderr(printed):
        code = cli.run(["--verbose", "scan", str(client), "--out", str(out / "out")])
    (folder,) = (out / "out").glob("runs/*")
    requests = lab.log(leaks.VISITS).splitlines()
    scanned = Scanned(code=code, folder=folder)
    return Visit(scanned=scanned, printed=printed.getvalue(), requests=requests)


def test_the_open_site_is_found_out(visit: Visit) -> None:
    found = visit.scanned.about(f"website:{leaks.OPEN}")
    assert [found[check].status for check in CHECKS] == [Status.FAIL, Status.FAIL]
    seen = visit.scanned.fact(f"website:{leaks.OPEN}", "web.files")
    assert {file["path"] for file in seen["found"]} == {
        "/.git/HEAD",
        "/.env",
        "/backup.sql",
        "/wp-config.php.bak",
        f"/{leaks.OPEN}.zip",
        "/.DS_Store",
        "/uploads/",
    }


def test_the_printed_advice_closes_it(visit: Visit) -> None:
    found = visit.scanned.about(f"website:{leaks.SEALED}")
    assert [found[check].status for check in CHECKS] == [Status.PASS, Status.PASS]


def test_few_requests(visit: Visit) -> None:
    asked = [line.split()[1] for line in visit.requests]
    counted = Counter(host.partition("/")[0] for host in asked if host not in VISITS)
    assert set(counted) == set(leaks.SITES)
    assert max(counted.values()) <= 20


def test_nothing_of_their_content_is_anywhere(visit: Visit) -> None:
    folder = visit.scanned.folder.parents[1]
    canary = leaks.CANARY.encode()
    forms = {
        canary,
        canary[::-1],
        canary.hex().encode(),
        *(base64.b64encode(b"x" * shift + canary)[4:-4] for shift in range(3)),
    }
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"snapshot.json", "audit.json", "report.html", "report.pdf"} <= {f.name for f in files}
    assert visit.printed
    content = [visit.printed.encode(), *_texts(files), *(path.read_bytes() for path in files)]
    assert not [form for form in forms if any(form in data for data in content)]


def _texts(files: list[Path]) -> Iterator[bytes]:
    """What can be read in the PDFs, whose pages are compressed."""
    for path in files:
        if path.suffix == ".pdf" and shutil.which("pdftotext"):
            command = ("pdftotext", "-raw", str(path), "-")
            yield subprocess.run(command, capture_output=True, check=True).stdout
