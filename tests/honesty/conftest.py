"""A market to run over."""

import numpy as np
import pytest

from trading_mcp.backtest.runs import Data
from trading_mcp.domain.candles import Candles
from trading_mcp.domain.times import HOUR_MS

START = 1_767_225_600_000  # 2026-01-01


@pytest.fixture
def market():
    """Return hourly candles of a random walk: *count* of them by *seed*."""

    def make(count=1500, seed=1, name="BTC-USDT"):
        steps = np.random.default_rng(seed).normal(0, 0.004, count)
        close = 100.0 * np.exp(np.cumsum(steps))
        open_ = np.concatenate(([100.0], close[:-1]))
        high, low = np.maximum(open_, close) * 1.001, np.minimum(open_, close) * 0.999
        time = START + HOUR_MS * np.arange(count, dtype=np.int64)
        candles = Candles(time, open_, high, low, close, np.ones(count))
        return Data(market=name, interval=HOUR_MS, candles=candles)

    return make
