"""The history loop and what belongs to it, loaded so that who trades meanwhile does not feel it.

All of it together takes a second or two of a thread, once in a process, and seconds more in another
process where the loop has not been compiled yet.
"""

import asyncio
import contextlib
import functools
import gc
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trading_mcp.backtest.compiling import Loop

Note = Callable[[str, float], None]
_ONE_AT_A_TIME = threading.Lock()
"""A search and a backtest may ask at the same time; the second finds it done."""
COMPILING = "compiling the loop, once for this machine"


def loaded_loop(folder: Path, note: Note, share: float) -> "Loop":
    """Return the loop, ready to run. If it has to be compiled, *note* hears of it, with *share* of
    all work done; the compiler has a process of its own then."""
    from trading_mcp.backtest.apart import compile_apart
    from trading_mcp.backtest.compiling import is_compiled

    with _ONE_AT_A_TIME:
        if not is_compiled(folder):
            note(COMPILING, share)
            compile_apart(folder)
        # Where it could not be kept it is compiled in here: that takes long and leaves much behind.
        return _loaded(folder) if is_compiled(folder) else _ready(folder)


async def planning_loaded() -> None:
    """Load what searches are planned with, so that the plan itself takes the event loop no time."""
    await asyncio.to_thread(_planning)


@functools.cache
def _planning() -> None:
    with _uncollected():
        from trading_mcp.backtest.search import drawing, objectives, spaces  # noqa: F401


@functools.cache
def _loaded(folder: Path) -> "Loop":
    with _uncollected():
        return _ready(folder)


def _ready(folder: Path) -> "Loop":
    # TA-Lib and the compiler: what only those pay for who run something.
    from trading_mcp.backtest import warmed  # noqa: F401
    from trading_mcp.backtest.honesty import examining, proof  # noqa: F401
    from trading_mcp.backtest.readiness import ready_loop
    from trading_mcp.backtest.search import searches  # noqa: F401

    return ready_loop(folder)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Hold off full garbage collections, which go through all that there is, while much is loaded.

    One takes 50 to 150 ms in which nothing else runs, and two or three would be due. What was
    loaded stays as long as the process, so that none need look at it again.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
