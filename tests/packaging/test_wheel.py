"""The wheel is complete, and works from where there is no repository."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).parents[2]
TREES = ("posture", "checks", "reports", "policies")
BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE", "LICENSE.exception")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# The environment of a user: nothing that leads Python back to this repository.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV_"))}


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def files_of(root: Path) -> list[Path]:
    found = (path.relative_to(root) for tree in TREES for path in (root / tree).rglob("*"))
    return sorted(path for path in found if (root / path).is_file() and not compiled(path))


def compiled(path: Path) -> bool:
    return "__pycache__" in path.parts


def installed(path: Path) -> str:
    mapped = path.parts[0] != "posture"
    return (Path("posture") / path if mapped else path).as_posix()


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the wheel is built from: building leaves traces in its tree."""
    copy = tmp_path_factory.mktemp("source")
    for tree in TREES:
        shutil.copytree(ROOT / tree, copy / tree, ignore=shutil.ignore_patterns("__pycache__"))
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="session")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built with the locked tools."""
    out = tmp_path_factory.mktemp("dist")
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", out)
    run(sys.executable, "-m", "pip", "wheel", *options, source, cwd=out)
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    """The names of everything in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@dataclass(frozen=True)
class Installation:
    """A virtual environment that holds the wheel, and a directory to stand in."""

    python: Path
    command: Path
    cwd: Path


@pytest.fixture(scope="session")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel and the locked dependencies in a clean environment elsewhere."""
    home = tmp_path_factory.mktemp("user")
    run(sys.executable, "-m", "venv", "venv", cwd=home)
    scripts = home / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip = (scripts / "python", "-m", "pip", "install", "--quiet", "--no-build-isolation")
    for lock in ("build", "run"):
        run(*pip, "--require-hashes", "-r", ROOT / f"requirements/{lock}.lock", cwd=home)
    run(*pip, "--no-deps", wheel, cwd=home)
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    return Installation(scripts / "python", scripts / "posture", elsewhere)


def test_listed_packages_are_the_packages_of_the_tree() -> None:
    homes = {path.parent for path in files_of(ROOT) if path.suffix == ".py"}
    in_tree = sorted(installed(home).replace("/", ".") for home in homes)
    assert sorted(SETTINGS["tool"]["setuptools"]["packages"]) == in_tree
    assert [str(home) for home in homes if not (ROOT / home / "__init__.py").is_file()] == []


def test_every_area_has_an_entry_point() -> None:
    areas = {init.parent.name for init in (ROOT / "checks").glob("*/__init__.py")}
    declared = SETTINGS["project"]["entry-points"]["posture.areas"]
    assert declared == {area: f"posture.checks.{area}:AREA" for area in areas}


def test_wheel_holds_every_file_of_the_tree(names: set[str], source: Path) -> None:
    expected = {installed(path) for path in files_of(source)}
    assert {name for name in names if ".dist-info/" not in name} == expected


def test_wheel_holds_every_page_of_a_check(names: set[str], source: Path) -> None:
    pages = sorted((source / "checks").glob("*/docs/*.md"))
    assert pages, "no check has a page"
    assert [p.name for p in pages if installed(p.relative_to(source)) not in names] == []


def test_wheel_has_one_top_level_name_and_its_licence(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    (information,) = (top for top in tops if top.endswith(".dist-info"))
    assert tops == {"posture", information}
    assert f"{information}/licenses/LICENSE" in names
    assert f"{information}/licenses/LICENSE.exception" in names


def test_wheel_declares_the_command_and_the_areas(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("entry_points.txt"))
        points = configparser.ConfigParser()
        points.read_string(archive.read(name).decode())
    assert dict(points["console_scripts"]) == {"posture": "posture.__main__:main"}
    assert dict(points["posture.areas"]) == SETTINGS["project"]["entry-points"]["posture.areas"]


def test_installed_from_the_wheel_the_only_new_import_is_posture(
    installation: Installation,
) -> None:
    asked = (
        "import importlib.metadata as m;"
        "files = m.files('smb-posture');"
        "tops = {f.parts[0] for f in files if f.suffix == '.py'};"
        "import posture, posture.checks.email, posture.policies, posture.reports;"
        "print(sorted(tops), posture.__file__)"
    )
    said = run(installation.python, "-P", "-c", asked, cwd=installation.cwd)
    assert said.startswith("['posture'] ")
    assert str(ROOT) + os.sep not in said


def test_demo_runs_from_the_wheel(installation: Installation) -> None:
    command = (installation.python, "-P", installation.command, "demo", "--out", "report")
    run(*command, cwd=installation.cwd)
    made = {path.name for path in (installation.cwd / "report").iterdir()}
    assert made >= {"snapshot.json", "audit.json", "report.html", "report.pdf", "findings.csv"}
