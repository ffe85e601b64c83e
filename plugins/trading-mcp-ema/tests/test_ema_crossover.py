"""ema_crossover keeps the contract and trades where its averages cross."""

import numpy as np
import pytest

from trading_mcp.sdk import assert_conforms, walk
from trading_mcp_ema import EmaCrossover, EmaParams


@pytest.mark.parametrize("params", [EmaParams(), EmaParams(ema_fast=50, ema_slow=200)])
def test_it_conforms(params: EmaParams) -> None:
    assert_conforms(EmaCrossover, params)


def test_it_trades_where_the_averages_cross() -> None:
    candles = walk(2_000)
    strategy = EmaCrossover(EmaParams())
    above = average(candles.close, 9) > average(candles.close, 21)
    settled = range(strategy.warmup, 2_000)

    signals = strategy.signals(candles)

    assert [i for i in settled if signals.enter_long[i]] == [
        i for i in settled if above[i] and not above[i - 1]
    ]
    assert [i for i in settled if signals.enter_short[i]] == [
        i for i in settled if above[i - 1] and not above[i]
    ]
    assert np.array_equal(signals.exit_long, signals.enter_short)
    assert np.array_equal(signals.exit_short, signals.enter_long)


def test_a_sharper_crossing_is_a_stronger_signal() -> None:
    signals = EmaCrossover(EmaParams()).signals(walk(2_000))

    strength = signals.strength[signals.enter_long]

    assert strength.min() >= 0.5
    assert 0.6 < np.median(strength) < 0.9


def test_the_fast_average_must_be_the_faster_one() -> None:
    with pytest.raises(ValueError, match="ema_fast must be below ema_slow"):
        EmaParams(ema_fast=21, ema_slow=21)


def average(column: np.ndarray, period: int) -> np.ndarray:
    """Average exponentially; once it has settled, how it began makes no difference."""
    averages = [column[0]]
    for value in column[1:]:
        averages.append(averages[-1] + (value - averages[-1]) * 2 / (period + 1))
    return np.array(averages)
