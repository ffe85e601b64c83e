"""What one timeframe's indicators say together: a trend, a side, and how strongly."""

from typing import Literal

import msgspec

from trading_mcp.indicators.consensus import Direction
from trading_mcp.indicators.readings import RSI_OVERBOUGHT, RSI_OVERSOLD

Trend = Literal["up", "down", "sideways"]

TREND, MOMENTUM, RSI, BANDS = 0.3, 0.3, 0.2, 0.2
"""How much each of the four votes weighs; together 1."""
SPEAKS_FROM = 0.25
"""A score nearer to 0 than this is no side at all."""


class Macd(msgspec.Struct, frozen=True, kw_only=True):
    """MACD (12, 26, 9), in the price's unit."""

    macd: float
    signal: float
    histogram: float


class Bands(msgspec.Struct, frozen=True, kw_only=True):
    """Bollinger bands (20, 2), in the price's unit."""

    upper: float
    middle: float
    lower: float


class Indicators(msgspec.Struct, frozen=True, kw_only=True):
    """One timeframe after its last closed candle. RSI (14) is 0 to 100.

    None where there are too few candles: RSI needs 15, the bands 20, MACD 34.
    """

    close: float
    rsi: float | None = None
    macd: Macd | None = None
    bands: Bands | None = None


class Outlook(msgspec.Struct, frozen=True):
    """*trend* is None where it is not known; *strength*, 0 to 1, is 0 for "neutral"."""

    trend: Trend | None
    signal: Direction
    strength: float


def outlook(seen: Indicators) -> Outlook:
    """Return what the indicators of one timeframe say together.

    Four votes from -1 (down) to 1 (up) make a score; the formula is this project's own:

        trend     0.3   1 in an up trend, -1 in a down trend
        momentum  0.3   MACD histogram / an eighth of half the bands' width
        RSI       0.2   against the extreme: 0 from 40 to 60, 0.5 at 30, 1 at 20; -0.5 at 70
        bands     0.2   against the extreme: 0.5 on the lower band, 1 a quarter of the width below
                        it, 0 more than a quarter above it; the upper band likewise

    each held within -1 and 1. The trend is up when the price is above the middle band and the
    MACD above 0, down when both are below, else sideways. A vote that is not known is 0, so that
    little knowledge is little strength. From 0.25 on the score is long, from -0.25 on short; its
    size is the strength. Mirrored prices give the mirrored answer.
    """
    trend = _trend(seen)
    score = (
        TREND * _TREND_VOTES[trend]
        + MOMENTUM * _momentum(seen)
        + RSI * _against_extreme(seen.rsi, low=RSI_OVERSOLD, high=RSI_OVERBOUGHT, reach=10.0)
        + BANDS * _against_extreme(_place(seen), low=0.0, high=1.0, reach=0.25)
    )
    if abs(score) < SPEAKS_FROM:
        return Outlook(trend, "neutral", 0.0)
    return Outlook(trend, "long" if score > 0 else "short", min(abs(score), 1.0))


_TREND_VOTES: dict[Trend | None, int] = {"up": 1, "down": -1, "sideways": 0, None: 0}


def _trend(seen: Indicators) -> Trend | None:
    if seen.bands is None or seen.macd is None:
        return None
    if seen.close > seen.bands.middle and seen.macd.macd > 0:
        return "up"
    return "down" if seen.close < seen.bands.middle and seen.macd.macd < 0 else "sideways"


def _momentum(seen: Indicators) -> float:
    width = _width(seen.bands)
    return _held(seen.macd.histogram / (width / 16)) if seen.macd is not None and width else 0.0


def _against_extreme(value: float | None, *, low: float, high: float, reach: float) -> float:
    """Return 0.5 at *low* and 1 *reach* below it, fading to 0 as far above; negative at *high*."""
    if value is None:
        return 0.0
    up = _held((low + reach - value) / (2 * reach))
    down = _held((value - high + reach) / (2 * reach))
    return max(up, 0.0) - max(down, 0.0)


def _place(seen: Indicators) -> float | None:
    width = _width(seen.bands)
    return (seen.close - seen.bands.lower) / width if seen.bands is not None and width else None


def _width(bands: Bands | None) -> float:
    return max(bands.upper - bands.lower, 0.0) if bands is not None else 0.0


def _held(vote: float) -> float:
    return min(max(vote, -1.0), 1.0)
