"""What strategies see in markets."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import Exchange, Interval, MarketTypeChoice, Pair


class OpportunityRequest(Request, frozen=True, kw_only=True):
    """One market on several timeframes."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None
    timeframes: Annotated[tuple[Interval, ...], Meta(min_length=1, max_length=8)] = (
        "1m",
        "3m",
        "5m",
    )


class IndicatorSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Indicators on the first timeframe; null where there are too few candles."""

    rsi_7: float | None
    rsi_14: float | None
    macd_histogram: float | None
    bollinger_position: Literal["below", "lower", "middle", "upper", "above"] | None


class OpportunityAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the installed strategies see now.

    *confidence* (0 to 1): the mean strength of the strategies on the winning side times the share
    of (strategy, timeframe) pairs that speak for it among those that speak at all.
    """

    exchange: str
    pair: str
    signal: Literal["long", "short", "neutral"]
    confidence: float
    entry_price: float
    stop_loss: float
    take_profit: float
    indicators: IndicatorSnapshot
    by_timeframe: dict[str, Literal["long", "short", "neutral"]]
    timestamp: str


class SignalsRequest(Request, frozen=True, kw_only=True):
    """Which markets; left out: all that the engine trades."""

    exchange: Exchange = None
    pairs: Annotated[list[Pair], Meta(max_length=50)] | None = None


class SignalView(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy's wish at the last closed candle; *action* "hold" means none."""

    pair: str
    strategy: str
    action: Literal["enter_long", "exit_long", "enter_short", "exit_short", "hold"]
    strength: float
    price: float
    candle_time: str


class SignalsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The active strategies' present wishes; *faults* says which could not answer, and why."""

    exchange: str
    interval: str
    signals: list[SignalView]
    faults: dict[str, str]
    timestamp: str
