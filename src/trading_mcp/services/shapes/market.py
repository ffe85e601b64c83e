"""Market data."""

from typing import Annotated

import msgspec
from msgspec import Meta

from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import Exchange, Interval, MarketTypeChoice, OfMarket, Pair


class MarketRequest(Request, frozen=True, kw_only=True):
    """One market."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None


class TickerAnswer(OfMarket, frozen=True, kw_only=True):
    """Prices in quote per base; *volume* in base over 24 hours."""

    last: float
    bid: float
    ask: float
    volume: float
    high_24h: float
    low_24h: float
    change_24h_percent: float


class CandlesRequest(Request, frozen=True, kw_only=True):
    """The newest closed candles of one market."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None
    interval: Interval = "1m"
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


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
