"""rsi_macd_bollinger keeps the contract and trades only what two of three agree on."""

import numpy as np
import pytest

from trading_mcp.sdk import (
    Candles,
    assert_conforms,
    bollinger,
    crosses_above,
    crosses_below,
    macd,
    rsi,
    walk,
)
from trading_mcp_rsi_macd_bollinger import RsiMacdBollinger, RsiMacdBollingerParams


@pytest.mark.parametrize(
    "params",
    [
        RsiMacdBollingerParams(),
        RsiMacdBollingerParams(rsi_period=30, macd_slow=60, agreement_candles=20),
    ],
)
def test_it_conforms(params: RsiMacdBollingerParams) -> None:
    assert_conforms(RsiMacdBollinger, params)


def test_it_enters_where_a_second_or_third_voice_comes_in() -> None:
    candles = walk(2_000)
    rise, fall = voices(candles)
    expected = [
        i
        for i in range(5, 2_000)
        if heard(rise, i) >= 2 and heard(rise, i) > max(heard(rise, i - 1), heard(fall, i))
    ]

    signals = RsiMacdBollinger(RsiMacdBollingerParams()).signals(candles)

    assert np.flatnonzero(signals.enter_long).tolist() == expected
    assert np.array_equal(signals.enter_long, signals.exit_short)
    assert np.array_equal(signals.enter_short, signals.exit_long)
    assert expected


def test_the_strength_tells_how_many_agree() -> None:
    candles = walk(2_000)
    rise, _ = voices(candles)

    signals = RsiMacdBollinger(RsiMacdBollingerParams()).signals(candles)

    for i in np.flatnonzero(signals.enter_long):
        assert signals.strength[i] == {2: 0.75, 3: 1.0}[heard(rise, i)]


def test_the_levels_and_the_averages_must_not_change_places() -> None:
    with pytest.raises(ValueError, match="rsi_oversold must be below rsi_overbought"):
        RsiMacdBollingerParams(rsi_oversold=70, rsi_overbought=30)
    with pytest.raises(ValueError, match="macd_fast must be below macd_slow"):
        RsiMacdBollingerParams(macd_fast=26, macd_slow=12)


def voices(candles: Candles) -> tuple[list[np.ndarray], list[np.ndarray]]:
    close = candles.close
    index, bands, (line, signal, _) = rsi(close), bollinger(close), macd(close)
    rise = [crosses_below(index, 30), crosses_above(line, signal), crosses_below(close, bands[2])]
    fall = [crosses_above(index, 70), crosses_below(line, signal), crosses_above(close, bands[0])]
    return rise, fall


def heard(voices: list[np.ndarray], row: int) -> int:
    return sum(bool(voice[row - 4 : row + 1].any()) for voice in voices)
