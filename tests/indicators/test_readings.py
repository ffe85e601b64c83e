"""The words for an indicator's value mean what they are documented to mean."""

import pytest

from trading_mcp.indicators import readings


@pytest.mark.parametrize(
    ("rsi", "word"),
    [(70.1, "overbought"), (70, "neutral"), (30, "neutral"), (29.9, "oversold"), (50, "neutral")],
)
def test_rsi_is_extreme_beyond_70_and_30(rsi: float, word: str) -> None:
    assert readings.of_rsi(rsi) == word


@pytest.mark.parametrize(
    ("k", "word"),
    [(80.1, "overbought"), (80, "neutral"), (20, "neutral"), (19.9, "oversold"), (None, "neutral")],
)
def test_the_stochastic_is_extreme_beyond_80_and_20(k: float | None, word: str) -> None:
    assert readings.of_stochastic(k) == word


@pytest.mark.parametrize(
    ("close", "word"),
    [(100.1, "bullish"), (99.9, "bearish"), (100, "neutral"), (100 + 1e-9, "neutral")],
)
def test_a_price_is_on_one_side_of_its_average_or_on_it(close: float, word: str) -> None:
    assert readings.of_average(close, 100.0) == word


@pytest.mark.parametrize(
    ("histogram", "crossed", "word"),
    [
        (0.1, False, "bullish"),
        (0.1, True, "bullish_cross"),
        (-0.1, False, "bearish"),
        (-0.1, True, "bearish_cross"),
        (0.0, False, "neutral"),
    ],
)
def test_macd_is_on_one_side_of_its_signal_line(histogram, crossed, word) -> None:
    assert readings.of_macd(histogram, crossed=crossed) == word


@pytest.mark.parametrize(
    ("percent_b", "word"),
    [
        (-0.01, "below"),
        (0, "lower"),
        (0.33, "lower"),
        (0.34, "middle"),
        (0.66, "middle"),
        (0.67, "upper"),
        (1, "upper"),
        (1.01, "above"),
        (None, "middle"),
    ],
)
def test_between_the_bands_there_are_three_thirds(percent_b: float | None, word: str) -> None:
    assert readings.of_bands(percent_b) == word


@pytest.mark.parametrize(
    ("average_range", "word"), [(1.51, "high"), (1.5, "normal"), (0.67, "normal"), (0.66, "low")]
)
def test_a_range_is_high_or_low_by_half_of_the_usual_one(average_range: float, word: str) -> None:
    assert readings.of_range(average_range, 1.0) == word


def test_without_any_range_nothing_is_unusual() -> None:
    assert readings.of_range(0.0, 0.0) == "normal"
