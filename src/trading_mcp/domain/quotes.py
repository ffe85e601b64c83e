"""What a market shows at one moment: prices, tickers, order books."""

import msgspec

from trading_mcp.domain.candles import Candle
from trading_mcp.domain.markets import MarketKey


class PriceMove(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to one market's price since the last move.

    A tick is a candle without height: *open*, *high* and *low* span the move, *last* is where it
    ended, at *at* (UTC ms). All in quote per base.
    """

    market: MarketKey
    at: int
    open: float
    high: float
    low: float
    last: float
    bid: float
    ask: float


class CandleClosed(msgspec.Struct, frozen=True, kw_only=True):
    """A candle that will not change any more."""

    market: MarketKey
    interval: str
    candle: Candle


class StreamLost(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's stream broke at *at*; until the next move its prices are stale."""

    exchange: str
    at: int


MarketEvent = PriceMove | CandleClosed | StreamLost


class Ticker(msgspec.Struct, frozen=True, kw_only=True):
    """The last price and the best quotes. *volume* is the last 24 hours', in base."""

    symbol: str
    at: int
    last: float
    bid: float
    ask: float
    volume: float
    open_24h: float
    high_24h: float
    low_24h: float


class Level(msgspec.Struct, frozen=True):
    """One price level: quote per base, and the base offered there."""

    price: float
    amount: float


class OrderBook(msgspec.Struct, frozen=True, kw_only=True):
    """Bids from the highest, asks from the lowest."""

    symbol: str
    at: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
