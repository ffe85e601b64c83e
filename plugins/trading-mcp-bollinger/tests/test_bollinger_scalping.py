"""bollinger_scalping keeps the contract and trades the way back into the bands."""

import numpy as np
import pytest

from trading_mcp.sdk import assert_conforms, walk
from trading_mcp_bollinger import BollingerParams, BollingerScalping


@pytest.mark.parametrize(
    "params", [BollingerParams(), BollingerParams(bollinger_period=200, bollinger_deviations=1)]
)
def test_it_conforms(params: BollingerParams) -> None:
    assert_conforms(BollingerScalping, params)


def test_it_enters_outside_the_bands_and_leaves_at_the_average() -> None:
    candles = walk(2_000)
    windows = np.lib.stride_tricks.sliding_window_view(candles.close, 20)
    away = (candles.close[19:] - windows.mean(axis=1)) / windows.std(axis=1)

    signals = BollingerScalping(BollingerParams()).signals(candles)

    assert_same(signals.enter_long, away[1:] < -2, away[:-1] < -2)
    assert_same(signals.enter_short, away[1:] > 2, away[:-1] > 2)
    assert_same(signals.exit_long, away[1:] > 0, away[:-1] > 0)
    assert_same(signals.exit_short, away[1:] < 0, away[:-1] < 0)


def test_the_strength_counts_the_deviations_beyond_the_band() -> None:
    candles = walk(2_000)
    windows = np.lib.stride_tricks.sliding_window_view(candles.close, 20)
    away = np.abs(candles.close[19:] - windows.mean(axis=1)) / windows.std(axis=1)

    signals = BollingerScalping(BollingerParams()).signals(candles)

    entered = (signals.enter_long | signals.enter_short)[19:]
    expected = 0.5 + np.clip(away[entered] - 2, 0, 1) / 2
    assert signals.strength[19:][entered] == pytest.approx(expected)


def assert_same(flags: np.ndarray, now: np.ndarray, before: np.ndarray) -> None:
    assert flags[20:].tolist() == (now & ~before).tolist()
    assert flags.any()
