"""Technical analysis."""

from typing import Annotated, Literal

from msgspec import Meta

from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import Exchange, Interval, MarketTypeChoice, OfMarket, Pair


class RsiRequest(Request, frozen=True, kw_only=True):
    """Wilder's RSI of closing prices."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None
    interval: Interval = "1m"
    period: Annotated[int, Meta(ge=2, le=200)] = 14
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class RsiAnswer(OfMarket, frozen=True, kw_only=True):
    """RSI after each of the last candles; *rsi* is the newest. Above 70 overbought, below 30
    oversold."""

    interval: str
    period: int
    rsi: float
    values: list[float]
    signal: Literal["overbought", "oversold", "neutral"]
