"""The shape of the house: sizes, names, and which part may import which."""

from __future__ import annotations

import ast
import graphlib
import re
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PRODUCT = ("posture", "checks", "reports", "policies")
TREES = (*PRODUCT, "tests", "tools", "bench")
MAPPED = {"checks", "reports", "policies"}
WINDOWS_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)

# What a module may never import: the arrows of the architecture, as forbidden prefixes.
FORBIDDEN = {
    "posture": ("posture.checks", "posture.policies", "posture.reports", "tests"),
    "posture.model": ("posture.",),
    "posture.net": tuple(
        f"posture.{name}"
        for name in (
            *("client", "plan", "collect", "snapshot", "policy", "judge", "score", "audit"),
            *("history", "waivers", "attest", "render", "cli", "demo", "plugins"),
        )
    ),
    "posture.judge": ("posture.net", "posture.collect", "posture.render", "posture.cli"),
    "posture.score": ("posture.net", "posture.collect", "posture.render", "posture.cli"),
    "posture.policy": ("posture.net", "posture.collect", "posture.render", "posture.cli"),
    "posture.render": tuple(
        f"posture.{name}" for name in ("net", "client", "plan", "collect", "judge", "cli", "demo")
    ),
}
INSIDE = {"posture.model": "posture.model", "posture.net": "posture.net"}

# Judging is a function of evidence and policy: no clock, no network, no environment, no chance.
IMPURE = {
    *("asyncio", "dns.resolver", "http", "multiprocessing", "os", "random", "requests"),
    *("secrets", "select", "socket", "ssl", "subprocess", "tempfile", "threading", "time"),
    *("urllib.request", "uuid", "posture.net"),
}
PURE = re.compile(r"posture\.(judge|score)(\..+)?|posture\.checks\.\w+\.(?!collect_)\w+")

# What an area may know of the engine.
OPEN_TO_CHECKS = ("posture.model", "posture.net", "posture.secrets", "posture.attest")


@dataclass(frozen=True)
class Import:
    """One import statement: the absolute name it asks for, and whether it runs at import time."""

    name: str
    line: int
    at_import: bool


@dataclass(frozen=True)
class Module:
    """One Python file of the product, under the name it is installed by."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def package(self) -> str:
        is_package = self.path.name == "__init__.py"
        return self.name if is_package else self.name.rpartition(".")[0]

    def imports(self) -> Iterator[Import]:
        """Yield everything this module imports; `from x import y` as x.y."""
        top = {id(node) for node in self.tree.body}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(alias.name, node.lineno, id(node) in top)
            elif isinstance(node, ast.ImportFrom):
                source = self._source(node)
                for alias in node.names:
                    yield Import(f"{source}.{alias.name}", node.lineno, id(node) in top)

    def _source(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.package.split(".")
        base = parts[: len(parts) - node.level + 1]
        return ".".join([*base, *([node.module] if node.module else [])])


def python_files(*trees: str) -> list[Path]:
    return sorted(path for tree in trees for path in (ROOT / tree).rglob("*.py"))


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def installed_name(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[0] in MAPPED:
        parts.insert(0, "posture")
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    return [Module(installed_name(p), p, parse(p)) for p in python_files(*PRODUCT)]


def within(name: str, prefix: str) -> bool:
    return name == prefix.rstrip(".") or name.startswith(prefix.rstrip(".") + ".")


def function_lengths(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{node.name}:{node.lineno}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_the_product_is_found(modules: list[Module]) -> None:
    names = {module.name for module in modules}
    assert {"posture", "posture.net", "posture.checks.email", "posture.policies"} <= names


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {p: p.read_text(encoding="utf-8").count("\n") for p in python_files(*TREES)}
    assert {str(p.relative_to(ROOT)): n for p, n in lengths.items() if n > 400} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{name}": length
        for path in python_files(*TREES)
        for name, length in function_lengths(parse(path))
        if length > 60
    }
    assert long == {}


def test_half_of_the_functions_fit_in_10_lines(modules: list[Module]) -> None:
    lengths = [length for m in modules for _, length in function_lengths(m.tree)]
    assert not lengths or statistics.median(lengths) <= 10


@pytest.mark.parametrize("part", FORBIDDEN)
def test_imports_follow_the_arrows(modules: list[Module], part: str) -> None:
    wrong = [
        f"{module.name}:{found.line} imports {found.name}"
        for module in modules
        if within(module.name, part) and not within(module.name, "posture.checks")
        for found in module.imports()
        if any(within(found.name, prefix) for prefix in FORBIDDEN[part])
        and not within(found.name, INSIDE.get(part, "-"))
    ]
    assert wrong == []


def test_nothing_imports_the_command_line(modules: list[Module]) -> None:
    wrong = [
        f"{module.name}:{found.line}"
        for module in modules
        if not within(module.name, "posture.cli") and module.name != "posture.__main__"
        for found in module.imports()
        if within(found.name, "posture.cli")
    ]
    assert wrong == []


def module_of(name: str, modules: set[str]) -> str:
    """Return the module that holds an imported name, "" if it is none of ours."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name


def foreign_to(area: str, name: str) -> bool:
    """Whether an area may not import this name of ours."""
    if not within(name, "posture") or name == "posture":
        return False
    if within(name, "posture.checks"):
        parts = name.split(".")
        # Another area's facts are public; `from .. import` alone names no area.
        return len(parts) > 3 and parts[2] != area and parts[3] != "facts"
    return not any(within(name, prefix) for prefix in OPEN_TO_CHECKS)


def test_an_area_knows_the_vocabulary_the_network_and_others_facts(modules: list[Module]) -> None:
    wrong = [
        f"{module.name}:{found.line} imports {found.name}"
        for module in modules
        if within(module.name, "posture.checks") and module.name.count(".") >= 2
        for found in module.imports()
        if foreign_to(module.name.split(".")[2], found.name)
    ]
    assert wrong == []


def test_areas_import_one_another_relatively(modules: list[Module]) -> None:
    # Static tools know the folder as `checks`, so an absolute posture.checks is Any to them.
    wrong = [
        f"{module.name}:{node.lineno}"
        for module in modules
        if within(module.name, "posture.checks")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom)
        and not node.level
        and within(node.module or "", "posture.checks")
    ]
    assert wrong == []


def test_judging_is_pure(modules: list[Module]) -> None:
    wrong = [
        f"{module.name}:{found.line} imports {found.name}"
        for module in modules
        if PURE.fullmatch(module.name)
        for found in module.imports()
        if any(within(found.name, impure) for impure in IMPURE)
    ]
    assert wrong == []


def test_no_import_cycles(modules: list[Module]) -> None:
    names = {module.name for module in modules}
    graph = {
        module.name: {module_of(found.name, names) for found in module.imports() if found.at_import}
        for module in modules
    }
    ours = {name: {*wanted} - {"", name} for name, wanted in graph.items()}
    graphlib.TopologicalSorter(ours).prepare()


def test_every_name_can_be_checked_out_on_windows() -> None:
    trees = [*TREES, "docs", "requirements"]
    names = [path for tree in trees for path in (ROOT / tree).rglob("*")]
    wrong = [
        str(path.relative_to(ROOT))
        for path in names
        if re.search(r'[<>:"|?*\\]|[. ]$', path.name) or WINDOWS_DEVICES.fullmatch(path.name)
    ]
    assert wrong == []
    lowered = [str(path).lower() for path in names]
    assert len(lowered) == len(set(lowered))


def test_no_lock_names_a_registry() -> None:
    locks = sorted((ROOT / "requirements").glob("*.lock"))
    assert [lock.name for lock in locks] == ["build.lock", "run.lock", "test.lock"]
    assert [lock.name for lock in locks if "://" in lock.read_text(encoding="utf-8")] == []
