"""Long work in a thread of its own, beside the event loop."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def beside(work: Callable[[], T], name: str) -> T:
    """Run *work* in a new thread; return what it returns, raise what it raises.

    Whoever no longer waits leaves the thread to itself: it can't be stopped. The process ends
    without it.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(settled: Callable[[], None]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: None if future.done() else settled())

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # a plugin may raise anything at all, SystemExit too
            reason = error if isinstance(error, Exception) else RuntimeError(repr(error))
            settle(lambda: future.set_exception(reason))
        else:
            settle(lambda: future.set_result(result))

    # A daemon: work that never ends must not keep the process from ending.
    threading.Thread(target=run, name=name, daemon=True).start()
    return await future
