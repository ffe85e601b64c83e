"""Waiting for a library that blocks, without being held up by it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """Runs one blocking call at a time under each name.

    A thread of its own, which nobody waits for at the end: a pool's would hold up the shutdown.
    """

    def __init__(self) -> None:
        self._running: set[str] = set()

    def is_busy(self, name: str) -> bool:
        """Say whether the last call under *name* still runs, though nobody waits for it."""
        return name in self._running

    async def run(self, name: str, call: Callable[[], T]) -> T:
        """Run *call* beside the loop. Cancelled or timed out, it runs on and is forgotten."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def finish(result: T | None, error: BaseException | None) -> None:
            if done.done():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)  # type: ignore[arg-type]  # no error: it is the result

        def work() -> None:
            result, error = None, None
            try:
                result = call()
            except BaseException as raised:  # handed on to whoever waits
                error = raised
            self._running.discard(name)
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(finish, result, error)

        self._running.add(name)
        threading.Thread(target=work, name=f"alerts-{name}", daemon=True).start()
        return await done
