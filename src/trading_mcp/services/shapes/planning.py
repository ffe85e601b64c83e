"""Planning a trade: its size, its stop, its target."""

from typing import Annotated

from msgspec import Meta

from trading_mcp.domain.orders import Side
from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import (
    Exchange,
    Interval,
    MarketTypeChoice,
    OfMarket,
    Pair,
    Price,
)

RiskPercent = Annotated[float, Meta(ge=0.001, le=10)]
StopPercent = Annotated[float, Meta(ge=0.001, lt=100)]


class SizeRequest(Request, frozen=True, kw_only=True):
    """How much may be lost at the stop, and how far away it is. Left out: the risk parameters'
    own (times the risk mode's factor), the present price, no leverage."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None
    risk_percent: Annotated[RiskPercent | None, Meta(description="of the equity")] = None
    stop_loss_percent: Annotated[StopPercent | None, Meta(description="of the entry")] = None
    entry_price: Price | None = None
    leverage: Annotated[int, Meta(ge=1, le=100)] = 1


class SizeAnswer(OfMarket, frozen=True, kw_only=True):
    """How much to trade: *amount* in base on the market's step, the rest in quote.

        wanted_notional = equity * risk_percent / stop_loss_percent

    *capped_by* names the rule of check_risk_limits that made it smaller, or is empty.
    *risk_amount* is lost if the price moves from the entry to the stop, before fees;
    *margin* is what the trade ties up, fee included.
    """

    entry_price: float
    amount: float
    notional: float
    margin: float
    risk_amount: float
    risk_percent: float
    stop_loss_percent: float
    wanted_notional: float
    capped_by: str
    equity: float


class StopRequest(Request, frozen=True, kw_only=True):
    """An entry and how many average true ranges away its stop lies."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None
    side: Side
    entry_price: Annotated[Price | None, Meta(description="left out: now")] = None
    atr_multiplier: Annotated[float, Meta(ge=0.01, le=100)] = 2.0
    interval: Interval = "1m"
    period: Annotated[int, Meta(ge=1, le=500)] = 14


class StopAnswer(OfMarket, frozen=True, kw_only=True):
    """A stop on the market's tick: entry_price - atr_multiplier * atr for a buy, + for a sell.

    *atr* is Wilder's, over closed candles; *timestamp* is when the last one closed.
    """

    side: Side
    entry_price: float
    stop_loss: float
    distance: float
    distance_percent: float
    atr: float
    atr_multiplier: float
    interval: str
    period: int


class TargetRequest(Request, frozen=True, kw_only=True):
    """An entry, what is risked, and how much more is to be won."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None
    side: Side
    entry_price: Annotated[Price | None, Meta(description="left out: now")] = None
    risk_reward_ratio: Annotated[float, Meta(ge=0.01, le=1000)] = 2.0
    stop_loss: Annotated[Price | None, Meta(description="left out: the default stop")] = None


class TargetAnswer(OfMarket, frozen=True, kw_only=True):
    """A target on the market's tick: entry_price + risk_reward_ratio * (entry_price - stop_loss).

    *risk* and *reward* are in quote per base, before fees. *risk_reward_ratio* is what is left of
    the one that was asked for once both prices are on the tick.
    """

    side: Side
    entry_price: float
    stop_loss: float
    take_profit: float
    risk: float
    reward: float
    risk_percent: float
    reward_percent: float
    risk_reward_ratio: float
