from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from posture.net import limits
from posture.net.limits import Limits, Pace
from tests.net.peers import run

if TYPE_CHECKING:
    from collections.abc import Callable


async def entered(made: Limits, hosts: list[str], *, mail: bool = False) -> int:
    """How many of those who ask at once get a slot."""
    waiting = [asyncio.create_task(made.acquire(host, mail=mail)) for host in hosts]
    for _ in range(10):  # a free slot is taken without waiting for anything
        await asyncio.sleep(0)
    done = [task for task in waiting if task.done()]
    pending = [task for task in waiting if not task.done()]
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()()
    return len(done)


def made(**changed: Any) -> Limits:
    given: dict[str, Any] = {"connections": 6, "per_host": 4, "per_mail_server": 2, "rate": None}
    return Limits(**given | changed)


def test_one_host_gets_four_a_mail_server_two_and_the_run_six() -> None:
    async def scene() -> list[int]:
        slots = made()
        return [
            await entered(slots, ["a"] * 9),
            await entered(slots, ["a"] * 9, mail=True),
            await entered(slots, list("abcdefghi")),
        ]

    assert run(scene()) == [4, 2, 6]


def test_a_slot_given_back_lets_the_next_in() -> None:
    async def scene() -> None:
        slots = made(per_host=1)
        release = await slots.acquire("a", mail=False)
        waiting = asyncio.create_task(slots.acquire("a", mail=False))
        await asyncio.sleep(0)
        assert not waiting.done()
        release()
        (await waiting)()

    run(scene())


def test_nothing_is_kept_of_a_host_nobody_talks_to() -> None:
    async def scene() -> None:
        slots = made()
        await entered(slots, ["a"] * 9 + ["b"])
        assert not slots._hosts._gates
        assert not slots._hosts._users

    run(scene())


def test_the_run_stays_below_the_limit_of_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "open_file_limit", lambda: 67)
    assert run(entered(made(), list("abcdefghi"))) == 3
    monkeypatch.setattr(limits, "open_file_limit", lambda: 10)
    assert run(entered(made(), list("abcdefghi"))) == 1
    monkeypatch.setattr(limits, "open_file_limit", lambda: None)
    assert run(entered(made(), list("abcdefghi"))) == 6


@pytest.mark.parametrize(("rate", "expected"), [(None, []), (10.0, [0.0, 0.1, 0.2, 0.3])])
def test_new_connections_are_spaced(
    monkeypatch: pytest.MonkeyPatch, rate: float | None, expected: list[float]
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def scene(turn: Callable[[], Any]) -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: 1000.0)
        monkeypatch.setattr(asyncio, "sleep", sleep)
        for _ in range(4):
            await turn()

    asyncio.run(scene(Pace(rate).turn))
    assert waits == pytest.approx(expected)
