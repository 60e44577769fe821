"""Blocking work beside the event loop, in daemon threads of our own.

``asyncio.to_thread`` shares a pool of a few workers and joins them at exit, so one call that hangs
holds up both the audit and its end. Here a hung call costs one slot and nothing waits for it.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from posture.model import CollectError, Reason

T = TypeVar("T")


async def in_thread(function: Callable[..., T], /, *args: object) -> T:
    """Run ``function(*args)`` in a new daemon thread and await its result.

    When the awaiting task is cancelled the thread is abandoned, not joined.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = function(*args)
        except Exception as caught:  # noqa: BLE001 - handed over to the awaiting task whole
            error = caught
        except BaseException as caught:  # noqa: BLE001 - it would end the event loop
            error = RuntimeError(type(caught).__name__)
        if isinstance(error, StopIteration):  # no future takes it, and the caller would wait
            error = RuntimeError("StopIteration")
        # The loop may be closed by now: the run has ended and nobody asks any more.
        if not loop.is_closed():
            try:
                loop.call_soon_threadsafe(settle, result, error)
            except RuntimeError:
                return

    threading.Thread(target=work, daemon=True, name=f"posture-{function.__name__}").start()
    return await future


def on_loop(
    loop: asyncio.AbstractEventLoop,
    make: Callable[[], Coroutine[Any, Any, T]],
    discard: Callable[[T], object],
) -> Future[T]:
    """Run a coroutine on the loop, for a thread that waits for the future.

    ``make`` is called on the loop, so that a run that ends first leaves no coroutine behind.
    Cancelling the future cancels the work; what still comes out of it goes to ``discard``.
    Raises ``CollectError(INTERRUPTED)`` when the loop is closed.
    """
    future: Future[T] = Future()

    def settle(task: asyncio.Task[T]) -> None:
        if not future.set_running_or_notify_cancel():
            if not task.cancelled() and task.exception() is None:
                discard(task.result())
        elif task.cancelled():
            future.set_exception(CollectError(Reason.INTERRUPTED))
        elif (error := task.exception()) is not None:
            future.set_exception(error)
        else:
            future.set_result(task.result())

    def start() -> None:
        if future.cancelled():
            return
        task = loop.create_task(make())
        task.add_done_callback(settle)
        future.add_done_callback(lambda _: _quietly(loop, task.cancel))

    if not _quietly(loop, start):
        raise CollectError(Reason.INTERRUPTED)
    return future


def _quietly(loop: asyncio.AbstractEventLoop, act: Callable[[], object]) -> bool:
    """Have the loop do something; False when it is closed."""
    try:
        loop.call_soon_threadsafe(act)
    except RuntimeError:
        return False
    return True
