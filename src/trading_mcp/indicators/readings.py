"""What an indicator's value says, in a word. Each word's meaning stands here and nowhere else."""

from typing import Literal

Side = Literal["bullish", "bearish", "neutral"]
Extreme = Literal["overbought", "oversold", "neutral"]
MacdReading = Literal["bullish_cross", "bullish", "bearish_cross", "bearish", "neutral"]
BandPosition = Literal["below", "lower", "middle", "upper", "above"]
Volatility = Literal["high", "normal", "low"]

RSI_OVERSOLD, RSI_OVERBOUGHT = 30.0, 70.0
STOCHASTIC_OVERSOLD, STOCHASTIC_OVERBOUGHT = 20.0, 80.0
UNUSUAL = 1.5
"""How many times the usual range is a high one; a low one is as many times smaller."""
_TIE = 1e-9


def of_rsi(rsi: float) -> Extreme:
    """Say whether the RSI is above 70 or below 30 (Wilder's levels)."""
    return _extreme(rsi, RSI_OVERSOLD, RSI_OVERBOUGHT)


def of_stochastic(k: float | None) -> Extreme:
    """Say whether %K is above 80 or below 20 (Lane's levels); None is neutral."""
    return "neutral" if k is None else _extreme(k, STOCHASTIC_OVERSOLD, STOCHASTIC_OVERBOUGHT)


def of_average(close: float, average: float) -> Side:
    """Say on which side of its average the price closed."""
    if abs(close - average) <= _TIE * abs(average):
        return "neutral"
    return "bullish" if close > average else "bearish"


def of_macd(histogram: float, *, crossed: bool) -> MacdReading:
    """Say on which side of its signal line the MACD is; *crossed*: since the last candle."""
    if histogram > 0:
        return "bullish_cross" if crossed else "bullish"
    if histogram < 0:
        return "bearish_cross" if crossed else "bearish"
    return "neutral"


def of_bands(percent_b: float | None) -> BandPosition:
    """Say where the price is: below or above the bands, or in which third between them.

    None, for bands without width, is the middle.
    """
    if percent_b is None:
        return "middle"
    if percent_b < 0:
        return "below"
    if percent_b > 1:
        return "above"
    return "lower" if percent_b < 1 / 3 else "upper" if percent_b > 2 / 3 else "middle"


def of_range(average_range: float, usual: float) -> Volatility:
    """Say whether the true range is far from the *usual* one: 1.5 times, or as much smaller."""
    if average_range > usual * UNUSUAL:
        return "high"
    return "low" if average_range < usual / UNUSUAL else "normal"


def _extreme(value: float, low: float, high: float) -> Extreme:
    if value > high:
        return "overbought"
    return "oversold" if value < low else "neutral"
