"""rsi_scalping keeps the contract and trades the crossings of Wilder's RSI."""

import numpy as np
import pytest

from trading_mcp.sdk import Candles, assert_conforms, walk
from trading_mcp_rsi import RsiParams, RsiScalping


@pytest.mark.parametrize("params", [RsiParams(), RsiParams(rsi_period=2), RsiParams(rsi_period=50)])
def test_it_conforms(params: RsiParams) -> None:
    assert_conforms(RsiScalping, params)


def test_it_trades_the_crossings_of_both_levels() -> None:
    candles = walk(2_000)
    index = wilders_rsi(candles.close, 14)
    falls = [i for i in range(15, 2_000) if index[i] < 30 <= index[i - 1]]
    rises = [i for i in range(15, 2_000) if index[i] > 70 >= index[i - 1]]

    signals = RsiScalping(RsiParams()).signals(candles)

    assert np.flatnonzero(signals.enter_long).tolist() == falls
    assert np.flatnonzero(signals.exit_short).tolist() == falls
    assert np.flatnonzero(signals.enter_short).tolist() == rises
    assert np.flatnonzero(signals.exit_long).tolist() == rises
    assert falls
    assert rises


def test_the_strength_grows_with_the_distance_from_the_level() -> None:
    candles = walk(2_000)
    index = wilders_rsi(candles.close, 14)

    signals = RsiScalping(RsiParams()).signals(candles)

    bought = signals.enter_long
    expected = np.minimum(0.5 + (30 - index[bought]) / 20, 1)
    assert signals.strength[bought] == pytest.approx(expected)
    assert signals.strength[bought].min() >= 0.5


def test_a_market_that_stands_still_and_starts_again_is_left_alone_while_it_stands() -> None:
    candles = walk(2_000)
    halted = np.where(np.arange(2_000) < 500, candles.close, candles.close[500])
    market = Candles(candles.time, halted, halted, halted, halted, candles.volume)

    signals = RsiScalping(RsiParams()).signals(market)

    assert signals.strength[:500].any()
    assert not signals.strength[501:].any()


def test_the_levels_must_not_change_places() -> None:
    with pytest.raises(ValueError, match="rsi_oversold must be below rsi_overbought"):
        RsiParams(rsi_oversold=70, rsi_overbought=30)


def wilders_rsi(close: np.ndarray, period: int) -> np.ndarray:
    """Work it out as Wilder wrote it down, one candle at a time."""
    index = np.full(len(close), np.nan)
    changes = np.diff(close)
    gain, loss = changes[:period].clip(0).mean(), (-changes[:period]).clip(0).mean()
    index[period] = 100 * gain / (gain + loss)
    for i, change in enumerate(changes[period:], start=period + 1):
        gain = (gain * (period - 1) + max(change, 0)) / period
        loss = (loss * (period - 1) + max(-change, 0)) / period
        index[i] = 100 * gain / (gain + loss)
    return index
