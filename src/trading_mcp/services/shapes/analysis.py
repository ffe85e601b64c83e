"""Technical analysis."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from trading_mcp.indicators.consensus import Direction
from trading_mcp.indicators.outlook import Bands, Macd, Trend
from trading_mcp.indicators.readings import BandPosition, Extreme, MacdReading, Side, Volatility
from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import Exchange, Interval, MarketTypeChoice, OfMarket, Pair

Period = Annotated[int, Meta(ge=2, le=200)]
Smoothing = Annotated[int, Meta(ge=1, le=50)]
Share = Annotated[float, Meta(ge=0, le=1)]


class ChartRequest(Request, frozen=True, kw_only=True):
    """The newest closed candles of one market; the answer shows the last *limit* of them."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None
    interval: Interval = "1m"
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class ChartAnswer(OfMarket, frozen=True, kw_only=True):
    """The base of every answer about a market's candles; *timestamp* is the last one's close.

    *missing_candles* is how many the exchange left out among those looked at, as some do when
    nothing traded. They are not made up: a period counts candles, not time.
    """

    interval: str
    missing_candles: int


class RsiRequest(ChartRequest, frozen=True, kw_only=True):
    """Wilder's RSI of closing prices."""

    period: Period = 14


class RsiAnswer(ChartAnswer, frozen=True, kw_only=True):
    """RSI after each of the last candles; *rsi* is the newest. Above 70 overbought, below 30
    oversold. A market that never moved has 50."""

    period: int
    rsi: float
    values: list[float]
    signal: Extreme


class MacdRequest(ChartRequest, frozen=True, kw_only=True):
    """MACD of closing prices."""

    fast_period: Period = 12
    slow_period: Period = 26
    signal_period: Period = 9


class MacdValues(msgspec.Struct, frozen=True, kw_only=True):
    """Oldest first, all of one length."""

    macd: list[float]
    signal_line: list[float]
    histogram: list[float]


class MacdAnswer(ChartAnswer, frozen=True, kw_only=True):
    """In the price's unit. *signal* is "bullish" with the MACD above its signal line, with
    "_cross" if it got there at the last candle; likewise "bearish"; "neutral" when on it."""

    fast_period: int
    slow_period: int
    signal_period: int
    macd: float
    signal_line: float
    histogram: float
    values: MacdValues
    signal: MacdReading


class BollingerRequest(ChartRequest, frozen=True, kw_only=True):
    """Bollinger bands of closing prices."""

    period: Period = 20
    std_dev: Annotated[float, Meta(ge=0.1, le=10)] = 2.0


class BollingerValues(msgspec.Struct, frozen=True, kw_only=True):
    """Oldest first, all of one length."""

    upper: list[float]
    middle: list[float]
    lower: list[float]
    percent_b: list[float | None]
    bandwidth: list[float]


class BollingerAnswer(ChartAnswer, frozen=True, kw_only=True):
    """Bands in the price's unit, by the population's standard deviation.

    *percent_b* is 0 on the lower and 1 on the upper band, null where the market stood still and
    the bands lie on one another; *bandwidth* is their distance as a share of the middle. *signal*
    is where the last close is: below or above the bands, or in which third between them.
    """

    period: int
    std_dev: float
    upper: float
    middle: float
    lower: float
    percent_b: float | None
    bandwidth: float
    values: BollingerValues
    signal: BandPosition


class AverageRequest(ChartRequest, frozen=True, kw_only=True):
    """A moving average of closing prices."""

    period: Period = 20


class EmaAnswer(ChartAnswer, frozen=True, kw_only=True):
    """*signal* is "bullish" if the last candle closed above its average, "bearish" if below."""

    period: int
    ema: float
    price: float
    values: list[float]
    signal: Side


class SmaAnswer(ChartAnswer, frozen=True, kw_only=True):
    """*signal* is "bullish" if the last candle closed above its average, "bearish" if below."""

    period: int
    sma: float
    price: float
    values: list[float]
    signal: Side


class AtrRequest(ChartRequest, frozen=True, kw_only=True):
    """Wilder's average true range."""

    period: Period = 14


class AtrAnswer(ChartAnswer, frozen=True, kw_only=True):
    """In the price's unit, and as percent of the last close. *signal* is "high" from 1.5 times
    the median of the last 100 candles' ATR on, "low" when as much smaller."""

    period: int
    atr: float
    atr_percent: float
    values: list[float]
    signal: Volatility


class StochasticRequest(ChartRequest, frozen=True, kw_only=True):
    """The slow stochastic; a smoothing of 1 makes it the fast one."""

    k_period: Period = 14
    d_period: Smoothing = 3
    smoothing: Smoothing = 3


class StochasticValues(msgspec.Struct, frozen=True, kw_only=True):
    """Oldest first, both of one length."""

    k: list[float | None]
    d: list[float | None]


class StochasticAnswer(ChartAnswer, frozen=True, kw_only=True):
    """%K: the place of the close between the lowest low and the highest high of *k_period*
    candles, 0 to 100, averaged over *smoothing* candles; %D: that averaged over *d_period*.

    Both are null where the market had no height to have a place in. *signal* is by %K: above 80
    overbought, below 20 oversold, null neutral.
    """

    k_period: int
    d_period: int
    smoothing: int
    k: float | None
    d: float | None
    values: StochasticValues
    signal: Extreme


class PatternsRequest(ChartRequest, frozen=True, kw_only=True):
    """Patterns that end within the last *limit* candles."""

    patterns: (
        Annotated[
            list[Annotated[str, Meta(min_length=1, max_length=40)]],
            Meta(min_length=1, max_length=61, description="like hammer; left out: all 61"),
        ]
        | None
    ) = None
    min_strength: Share = 0.0


class PatternView(msgspec.Struct, frozen=True, kw_only=True):
    """A pattern; *candle_time* is the opening of the candle it ends with, *candles_ago* 0 for the
    last closed one. *strength* is 0 to 1."""

    pattern: str
    direction: Literal["bullish", "bearish", "indecision", "neutral"]
    kind: Literal["reversal", "continuation"]
    strength: float
    candle_time: str
    candles_ago: int


class PatternsAnswer(ChartAnswer, frozen=True, kw_only=True):
    """The newest first and of one candle the strongest, at most 100; *count* of *found* are told.
    *says* has a phrase on each pattern that is told."""

    patterns: list[PatternView]
    says: dict[str, str]
    count: int
    found: int


class TimeframesRequest(Request, frozen=True, kw_only=True):
    """One market on 1 to 8 timeframes; one that is named twice counts once."""

    exchange: Exchange = None
    symbol: Pair
    timeframes: Annotated[tuple[Interval, ...], Meta(min_length=1, max_length=8)] = (
        "1m",
        "3m",
        "5m",
        "15m",
    )


class TimeframeView(msgspec.Struct, frozen=True, kw_only=True):
    """A timeframe after its last closed candle; null where it has too few candles.

    RSI needs 15, Bollinger 20, MACD 34, and the trend the last two. *strength* is 0 to 1, and 0
    for "neutral".
    """

    rsi: float | None
    macd: Macd | None
    bollinger: Bands | None
    trend: Trend | None
    signal: Direction
    strength: float


class ConsensusView(msgspec.Struct, frozen=True, kw_only=True):
    """What the timeframes agree on. *strength* and *confidence* are 0 to 1, and 0 for "neutral".

    *confirming_timeframes* have the same signal, *conflicting_timeframes* another one that is
    not "neutral".
    """

    direction: Direction
    strength: float
    confidence: float
    confirming_timeframes: list[str]
    conflicting_timeframes: list[str]


class TimeframesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What each timeframe says, and what they agree on."""

    exchange: str
    symbol: str
    timestamp: str
    source: str
    age_ms: float
    timeframes: dict[str, TimeframeView]
    consensus: ConsensusView
