import asyncio
from concurrent.futures import CancelledError

import pytest

from posture.model import CollectError, Reason
from posture.net.threads import in_thread, on_loop


async def three() -> int:
    return 3


async def breaks() -> int:
    raise KeyError("x")


def test_a_thread_has_work_done_on_the_loop() -> None:
    async def go() -> None:
        loop = asyncio.get_running_loop()
        assert await in_thread(lambda: on_loop(loop, three, print).result(5)) == 3
        with pytest.raises(KeyError):
            await in_thread(lambda: on_loop(loop, breaks, print).result(5))

    asyncio.run(go())


def test_a_closed_loop_is_an_interruption() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    with pytest.raises(CollectError) as caught:
        on_loop(loop, three, print)
    assert caught.value.reason is Reason.INTERRUPTED


def test_work_that_was_cancelled_is_an_interruption() -> None:
    async def cancels_itself() -> int:
        raise asyncio.CancelledError

    async def go() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(CollectError):
            await in_thread(lambda: on_loop(loop, cancels_itself, print).result(5))

    asyncio.run(go())


def test_a_future_cancelled_before_its_start_starts_nothing() -> None:
    started: list[int] = []

    async def starts() -> int:
        started.append(1)
        return 3

    async def go() -> None:
        future = on_loop(asyncio.get_running_loop(), starts, print)
        future.cancel()
        await asyncio.sleep(0)
        with pytest.raises(CancelledError):
            future.result(0)

    asyncio.run(go())
    assert started == []


def test_what_comes_too_late_is_discarded() -> None:
    kept: list[int] = []

    async def go() -> None:
        gate = asyncio.Event()

        async def stubborn() -> int:
            try:
                await gate.wait()
            except asyncio.CancelledError:
                return 7
            return 8

        future = on_loop(asyncio.get_running_loop(), stubborn, kept.append)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        future.cancel()
        for _ in range(4):
            await asyncio.sleep(0)

    asyncio.run(go())
    assert kept == [7]


@pytest.mark.parametrize("error", [StopIteration(), SystemExit(0), KeyboardInterrupt()])
def test_what_no_future_can_carry_is_an_error_all_the_same(error: BaseException) -> None:
    def work() -> None:
        raise error

    with pytest.raises(RuntimeError, match=type(error).__name__):
        asyncio.run(in_thread(work))
