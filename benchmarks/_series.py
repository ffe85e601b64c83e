"""The seeded minutes that every backtest here runs over, and the one strategy it runs.

RSI(14) crosses below 30: long at the next open, with all equity. Out at +0.8 %, at -0.4 %, the stop
first where a candle reaches both, or at the next open once the RSI crosses above 70. 0.1 % a side.
"""

from typing import Any

import numpy as np

SEED = 20_260_101
START, MINUTE = 1_767_225_600_000, 60_000
PERIOD, LOW, HIGH = 14, 30.0, 70.0
TAKE, STOP, FEE, CASH = 0.008, 0.004, 0.001, 100.0


def series(count: int) -> dict[str, Any]:
    """Return *count* candles as columns."""
    chance = np.random.default_rng(SEED)
    close = 100.0 * np.exp(np.cumsum(chance.normal(0.0, 0.001, count)))
    open_ = np.concatenate(([100.0], close[:-1]))
    up, down = np.abs(chance.normal(0.0, 0.0004, (2, count)))
    return {
        "time": START + MINUTE * np.arange(count),
        "open": open_,
        "high": np.maximum(open_, close) * (1.0 + up),
        "low": np.minimum(open_, close) * (1.0 - down),
        "close": close,
        "volume": np.ones(count),
    }
