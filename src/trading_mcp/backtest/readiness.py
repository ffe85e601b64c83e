"""What runs histories, ready to run: compiled if it has to be, before anything waits for it."""

from pathlib import Path

import numpy as np

from trading_mcp.backtest.compiling import Loop, Many, compiled_loop, compiled_many, is_compiled
from trading_mcp.backtest.histories import History
from trading_mcp.backtest.merging import bars_of, wishes_of
from trading_mcp.backtest.side_by_side import reach_of, run_all
from trading_mcp.backtest.simulation import memory_of, simulate
from trading_mcp.backtest.terms import Exits, Terms
from trading_mcp.domain.candles import Candles
from trading_mcp.domain.signals import Signals

_TERMS = Terms(capital=1.0, size_percent=100.0)


def ready_loop(cache_folder: Path) -> Loop:
    """Return the loop after it has run once, over nothing to speak of.

    It is compiled, or taken from *cache_folder*, at its first run: in here, for seconds the first
    time on a machine (`compiling.is_compiled`), and without a pause of another thread that matters.
    What a search needs besides is then compiled too.
    """
    was_compiled = is_compiled(cache_folder)
    loop = compiled_loop(cache_folder)
    simulate([_nothing()], _TERMS, loop)
    if not was_compiled:
        ready_many(cache_folder)
    return loop


def ready_many(cache_folder: Path) -> Many:
    """Return what makes many runs, after it has made one over nothing to speak of."""
    many, history = compiled_many(cache_folder), _nothing()
    bars, wishes = bars_of([history], None), wishes_of([history], None)
    memory = memory_of([history], _TERMS, bars, wishes, np.empty(0))
    run_all(many, bars, wishes, reach_of(bars), memory, [Exits()])
    return many


def _nothing() -> History:
    level, never = np.ones(2), np.zeros(2, dtype=np.bool_)
    return History(
        market="",
        interval=1,
        candles=Candles(np.arange(2), level, level, level, level, level),
        signals=Signals(never, never, never, never, np.zeros(2)),
    )
