"""Blocking work beside the event loop, in daemon threads of our own.

``asyncio.to_thread`` shares a pool of a few workers and joins them at exit, so one call that hangs
holds up both the audit and its end. Here a hung call costs one slot and nothing waits for it.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

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
        except BaseException as caught:  # noqa: BLE001 - handed over to the awaiting task whole
            error = caught
        # The loop may be closed by now: the run has ended and nobody asks any more.
        if not loop.is_closed():
            try:
                loop.call_soon_threadsafe(settle, result, error)
            except RuntimeError:
                return

    threading.Thread(target=work, daemon=True, name=f"posture-{function.__name__}").start()
    return await future
