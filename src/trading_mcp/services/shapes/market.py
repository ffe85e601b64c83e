"""Market data."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from trading_mcp.domain.markets import MarketType
from trading_mcp.domain.orders import Side
from trading_mcp.domain.positions import PositionSide
from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import (
    Cursor,
    Exchange,
    Interval,
    MarketTypeChoice,
    OfExchange,
    OfMarket,
    OfWholeExchange,
    Pair,
)


class MarketRequest(Request, frozen=True, kw_only=True):
    """One market."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None


class PerpetualRequest(Request, frozen=True, kw_only=True):
    """The perpetual of one pair, whether *pair* is written with `-PERP` or without."""

    exchange: Exchange = None
    pair: Pair


class TickerAnswer(OfMarket, frozen=True, kw_only=True):
    """Prices in quote per base; *volume* in base over 24 hours."""

    last: float
    bid: float
    ask: float
    volume: float
    high_24h: float
    low_24h: float
    change_24h_percent: float


class StatsAnswer(OfMarket, frozen=True, kw_only=True):
    """The last 24 hours: prices in quote per base, *volume* in base, *quote_volume* in quote.

    *average_price* is weighted by volume. The last two are null where the exchange does not tell.
    """

    open: float
    high: float
    low: float
    last: float
    change: float
    change_percent: float
    volume: float
    quote_volume: float | None
    average_price: float | None


class OrderBookRequest(MarketRequest, frozen=True, kw_only=True):
    """The best levels of one market."""

    depth: Annotated[int, Meta(ge=1, le=100)] = 20


class OrderBookAnswer(OfMarket, frozen=True, kw_only=True):
    """Levels as [price, amount], the best first; *bid_amount* and *ask_amount* are their sums in
    base. The spread is null where a side is empty."""

    bids: list[list[float]]
    asks: list[list[float]]
    bid_amount: float
    ask_amount: float
    spread: float | None
    spread_percent: float | None


class TradesRequest(MarketRequest, frozen=True, kw_only=True):
    """The newest trades of one market."""

    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class TradeView(msgspec.Struct, frozen=True, kw_only=True):
    """One trade of anybody's; *side* is the taker's."""

    id: str
    timestamp: str
    side: Side
    price: float
    amount: float


class TradesAnswer(OfMarket, frozen=True, kw_only=True):
    """Trades, the newest first."""

    trades: list[TradeView]
    count: int


class CandlesRequest(MarketRequest, frozen=True, kw_only=True):
    """The newest closed candles of one market that opened before *end*."""

    interval: Interval = "1m"
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    end: Annotated[str | None, Meta(description="ISO time: candles opened before it")] = None


class CandleView(msgspec.Struct, frozen=True, kw_only=True):
    """One candle; *timestamp* is its opening."""

    timestamp: str
    open: float
    high: float
    low: float
    close: float
    volume: float


class CandlesAnswer(OfMarket, frozen=True, kw_only=True):
    """Candles, oldest first; the last one is complete."""

    interval: str
    candles: list[CandleView]
    count: int
    last_is_complete: bool


class MarketsRequest(OfExchange, frozen=True, kw_only=True):
    """An exchange's markets, by name."""

    market_type: MarketType | None = None
    quote: Annotated[str, Meta(max_length=15, description="like USDT")] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Cursor | None = None


class MarketView(msgspec.Struct, frozen=True, kw_only=True):
    """One market. Prices are multiples of *tick_size* (quote per base), amounts of *step_size*
    (base); an order's value is at least *min_notional* (quote)."""

    pair: str
    market_type: MarketType
    base: str
    quote: str
    tick_size: float
    step_size: float
    min_amount: float
    min_notional: float
    maker_fee_percent: float
    taker_fee_percent: float
    max_leverage: int


class MarketsAnswer(OfWholeExchange, frozen=True, kw_only=True):
    """A page of markets, by name; *total* are on all pages. Without *next_cursor* it is the last
    one."""

    markets: list[MarketView]
    count: int
    total: int
    next_cursor: str | None


class MarketTypeView(msgspec.Struct, frozen=True, kw_only=True):
    """All markets of one type: how many, and the highest fees and leverage of any."""

    market_type: MarketType
    markets: int
    maker_fee_percent: float
    taker_fee_percent: float
    max_leverage: int


class ExchangeInfoAnswer(OfWholeExchange, frozen=True, kw_only=True):
    """What an exchange is, has and takes. *requests_per_minute* is null without a limit."""

    status: Literal["ok", "maintenance", "down"]
    server_time: str
    offers: list[str]
    intervals: list[str]
    quotes: list[str]
    market_types: list[MarketTypeView]
    requests_per_minute: float | None


class FundingRateAnswer(OfMarket, frozen=True, kw_only=True):
    """*rate_percent* of a position's value goes from longs to shorts (negative: the other way) at
    *next_funding_time*; *next_rate_percent* is the estimate for the time after."""

    rate_percent: float
    next_rate_percent: float | None
    next_funding_time: str
    interval_hours: float
    mark_price: float | None


class OpenInterestAnswer(OfMarket, frozen=True, kw_only=True):
    """Contracts held open, in base and in quote; null: the exchange does not tell."""

    open_interest: float | None
    open_interest_quote: float | None


class LiquidationsRequest(PerpetualRequest, frozen=True, kw_only=True):
    """The newest liquidations of one pair's perpetual."""

    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class LiquidationView(msgspec.Struct, frozen=True, kw_only=True):
    """One position closed by force; *side* is the position's."""

    id: str
    timestamp: str
    side: PositionSide
    price: float
    amount: float
    value: float


class LiquidationsAnswer(OfMarket, frozen=True, kw_only=True):
    """Liquidations, the newest first; *value* is in quote. None means that there were none."""

    liquidations: list[LiquidationView]
    count: int
