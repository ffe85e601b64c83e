"""What strategies see in markets."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from trading_mcp.indicators.consensus import Direction
from trading_mcp.indicators.readings import BandPosition
from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import Exchange, Interval, MarketTypeChoice, OfMarket, Pair

Action = Literal["enter_long", "exit_long", "enter_short", "exit_short", "hold"]


class OpportunityRequest(Request, frozen=True, kw_only=True):
    """One market on 1 to 8 timeframes; one that is named twice counts once."""

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
    bollinger_position: BandPosition | None


class OpportunityAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the active strategies see now.

    A strategy's opinion on a timeframe is its newest wish within the last five candles, if that
    is to enter. *confidence* (0 to 1) is how sure those are who speak for *signal*, times their
    share of all who speak; longer timeframes weigh more.
    """

    exchange: str
    pair: str
    signal: Direction
    confidence: float
    entry_price: float
    stop_loss: float
    take_profit: float
    indicators: IndicatorSnapshot
    by_timeframe: dict[str, Direction]
    faults: dict[str, str]
    timestamp: str


class SignalsRequest(Request, frozen=True, kw_only=True):
    """Which markets; left out: all that the engine trades."""

    exchange: Exchange = None
    pairs: Annotated[list[Pair], Meta(max_length=50)] | None = None


class SignalView(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy's wish at the last closed candle; *action* "hold" means none. One that would
    leave one side and enter the other is told as the entry."""

    pair: str
    strategy: str
    action: Action
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


class GenerateRequest(Request, frozen=True, kw_only=True):
    """Which strategies to ask about one market, active or not."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None
    interval: Interval = "1m"
    strategies: (
        Annotated[
            list[Annotated[str, Meta(min_length=1, max_length=64)]],
            Meta(min_length=1, max_length=50, description="left out: the active ones"),
        ]
        | None
    ) = None
    look_back: Annotated[int, Meta(ge=1, le=20)] = 5


class GeneratedSignal(msgspec.Struct, frozen=True, kw_only=True):
    """What one strategy wishes for at the last closed candle; *action* "hold" means nothing.

    *recent_action* is its newest wish within the last *look_back* candles, *candles_ago* of them
    ago (0: the last one); both null if there is none. If that is to enter, *stop_loss* and
    *take_profit* are where the strategy's exits would lie from the last close: what the engine
    would set. A target is null if the strategy has none.
    """

    strategy: str
    active: bool
    action: Action
    strength: float
    recent_action: Action | None
    recent_strength: float
    candles_ago: int | None
    stop_loss: float | None
    take_profit: float | None


class GeneratedSignals(OfMarket, frozen=True, kw_only=True):
    """*direction*, *strength* and *confidence* are what the recent entries agree on, by the same
    arithmetic as analyze_multi_timeframe; a strategy without one does not speak. *faults* says
    which strategies could not answer, and why."""

    interval: str
    price: float
    signals: list[GeneratedSignal]
    direction: Direction
    strength: float
    confidence: float
    faults: dict[str, str]
