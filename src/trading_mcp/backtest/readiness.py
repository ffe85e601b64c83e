"""The loop, ready to run: compiled if it has to be, before anything waits for it."""

from pathlib import Path

import numpy as np

from trading_mcp.backtest.compiling import Loop, compiled_loop
from trading_mcp.backtest.histories import History
from trading_mcp.backtest.simulation import simulate
from trading_mcp.backtest.terms import Terms
from trading_mcp.domain.candles import Candles
from trading_mcp.domain.signals import Signals


def ready_loop(cache_folder: Path) -> Loop:
    """Return the loop after it has run once, over nothing to speak of.

    It is compiled, or taken from *cache_folder*, at its first run: in here, for seconds the first
    time on a machine (`compiling.is_compiled`), and without a pause of another thread that matters.
    """
    loop = compiled_loop(cache_folder)
    level, never = np.ones(2), np.zeros(2, dtype=np.bool_)
    history = History(
        market="",
        interval=1,
        candles=Candles(np.arange(2), level, level, level, level, level),
        signals=Signals(never, never, never, never, np.zeros(2)),
    )
    simulate([history], Terms(capital=1.0, size_percent=100.0), loop)
    return loop
