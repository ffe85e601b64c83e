"""stochastic_scalping keeps the contract and trades the turns at the ends of the scale."""

import numpy as np
import pytest

from trading_mcp.sdk import Candles, assert_conforms, walk
from trading_mcp_stochastic import StochasticParams, StochasticScalping


@pytest.mark.parametrize(
    "params",
    [StochasticParams(), StochasticParams(stochastic_k=100, stochastic_smoothing=1)],
)
def test_it_conforms(params: StochasticParams) -> None:
    assert_conforms(StochasticScalping, params)


def test_it_trades_the_turns_at_the_ends_of_the_scale() -> None:
    candles = walk(2_000)
    k, d = slow_stochastic(candles)
    rises = [i for i in range(18, 2_000) if k[i] > d[i] and k[i - 1] <= d[i - 1] and d[i] < 20]
    falls = [i for i in range(18, 2_000) if k[i] < d[i] and k[i - 1] >= d[i - 1] and d[i] > 80]

    signals = StochasticScalping(StochasticParams()).signals(candles)

    assert np.flatnonzero(signals.enter_long).tolist() == rises
    assert np.flatnonzero(signals.exit_short).tolist() == rises
    assert np.flatnonzero(signals.enter_short).tolist() == falls
    assert np.flatnonzero(signals.exit_long).tolist() == falls
    assert rises
    assert falls


def test_further_out_is_a_stronger_signal() -> None:
    candles = walk(2_000)
    _, d = slow_stochastic(candles)

    signals = StochasticScalping(StochasticParams()).signals(candles)

    bought = signals.enter_long
    assert signals.strength[bought] == pytest.approx(0.5 + (20 - d[bought]) / 40)


def test_the_levels_must_not_change_places() -> None:
    with pytest.raises(ValueError, match="stochastic_oversold must be below"):
        StochasticParams(stochastic_oversold=80, stochastic_overbought=20)


def slow_stochastic(candles: Candles) -> tuple[np.ndarray, np.ndarray]:
    low = moving(candles.low, 14, np.min)
    high = moving(candles.high, 14, np.max)
    k = moving(100 * (candles.close - low) / (high - low), 3, np.mean)
    return k, moving(k, 3, np.mean)


def moving(column: np.ndarray, period: int, function) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(column, period)
    return np.concatenate((np.full(period - 1, np.nan), function(windows, axis=1)))
