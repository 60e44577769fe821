"""A list of domains in one command: a line for each as it is done, each once, whatever befalls."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.lab.customers import Customers, bulk, customer
from tests.lab.daemons import Loopback, Started, program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.lab

COUNT, BULK = 40, 20
LINE = re.compile(r"posture client=(\S+) grade=\S+ score=\S+ crit=\d+ new=-")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Customers]:
    missing = [name for name in ("nsd", "unbound") if program(name) is None]
    if missing:
        pytest.skip(f"no lab: not installed: {', '.join(missing)}")
    with ExitStack() as running:
        place = Loopback()
        running.callback(place.close)
        folder = tmp_path_factory.mktemp("list")
        made = Customers(folder=folder, place=place, count=COUNT, bulk=BULK)
        for daemon in made.daemons():
            running.enter_context(Started(daemon)).wait()
        yield made


@pytest.fixture
def command(town: Customers, tmp_path: Path) -> list[str]:
    """Scan all of them, from a list that was written on Windows."""
    names = [*town.names, *(bulk(number) for number in range(BULK))]
    lines = ["# customers", "", *names, customer(0).upper(), f" {customer(1)}.  # again"]
    path = tmp_path / "domains.txt"
    path.write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    resolver = "{}:{}".format(*town.resolver)
    argv = [sys.executable, "-m", "posture", "scan", "--domains-from", str(path)]
    return [*argv, "--authorised-by", "the lab", "--resolver", resolver]


def clients(lines: list[str]) -> list[str]:
    found = [LINE.fullmatch(line) for line in lines]
    return [match[1] for match in found if match]


def test_each_domain_has_one_line(town: Customers, command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    expected = {*town.names, *(bulk(number) for number in range(BULK))}
    lines = done.stdout.splitlines()
    assert done.stderr == ""
    assert done.returncode in {1, 3}
    assert len(lines) == len(expected)
    assert set(clients(lines)) == expected


def test_ctrl_c_leaves_the_lines_of_what_was_done(command: list[str]) -> None:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        first = running.stdout.readline()
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read().splitlines()
    names = clients([first.rstrip("\n"), *rest])
    assert running.returncode == 130
    assert len(names) == len(set(names)) == len(rest) + 1
    assert len(names) <= COUNT + BULK
