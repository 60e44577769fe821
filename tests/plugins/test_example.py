"""The example of docs/writing-a-check.md, installed as anyone's package would be."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "installed"
DOCS = Path(__file__).parents[2] / "docs" / "writing-a-check.md"
PACKAGE = HERE / "posture_ups" / "__init__.py"


def posture(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "posture", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def client(tmp_path: Path) -> Path:
    (tmp_path / "ups.status").write_text("STATUS   : ONLINE\nBCHARGE  : 41.0 Percent\n")
    (tmp_path / "acme.toml").write_bytes((HERE / "acme.toml").read_bytes())
    path = tmp_path / "client.toml"
    path.write_text(
        """
[company]
id = "acme"
name = "Acme"
[authorisation]
by = "J. Doe"
covers = ["plugins"]
[policy]
file = "acme.toml"
profile = "full"
[[plugin.ups]]
kind = "ups"
name = "rack"
status_file = "ups.status"
"""
    )
    return path


def test_the_walk_through_is_the_package() -> None:
    blocks = re.findall(r"```(\w+)\n(.*?)```", DOCS.read_text(), re.DOTALL)
    texts = [text for _, text in blocks]
    assert PACKAGE.read_text() in texts
    assert (PACKAGE.parent / "docs" / "ups.battery.charged.md").read_text() in texts
    assert (HERE / "acme.toml").read_text() in texts


def test_it_is_short() -> None:
    code = [line for line in PACKAGE.read_text().splitlines() if line.strip()]
    assert len([line for line in code if not line.lstrip().startswith('"""')]) <= 40


def test_it_is_listed_and_explained(tmp_path: Path) -> None:
    assert re.search(r"ups +posture-ups 1\.0", posture("plugins", cwd=tmp_path).stdout)
    assert "ups.battery.charged" in posture("checks", "list", cwd=tmp_path).stdout
    page = posture(
        "explain", "ups.battery.charged", "--policy", str(HERE / "acme.toml"), cwd=tmp_path
    )
    assert "worn out" in page.stdout
    assert "least = 80.0" in page.stdout


def test_it_is_scanned_and_reported(client: Path) -> None:
    ended = posture("scan", "client.toml", "--no-pdf", cwd=client.parent)
    assert ended.returncode == 1, ended.stderr
    (report,) = client.parent.glob("runs/*/report.html")
    assert "holds 41.0 % of its charge, less than 80.0 %" in report.read_text()
