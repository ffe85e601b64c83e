"""What an exchange shows to everybody: prices, books, trades, funding, and what it offers."""

from typing import Literal, NamedTuple

import msgspec

from trading_mcp.domain.candles import Candle
from trading_mcp.domain.markets import MarketKey
from trading_mcp.domain.orders import Side
from trading_mcp.domain.positions import PositionSide

Offer = Literal[
    "ticker",
    "order_book",
    "candles",
    "trades",
    "funding_rate",
    "open_interest",
    "liquidations",
]
"""A kind of market data that an exchange may have or not."""


class NotOffered(Exception):
    """The exchange has no such data: asking again will not help. *what* names it in words."""

    def __init__(self, what: str):
        super().__init__(what)
        self.what = what


class NoQuote(Exception):
    """There is no price to go by now: the stream is down or out of step, or was never watched."""


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


class Move(NamedTuple):
    """The way of a price from one time to another: quote per base, and the base traded on it."""

    open: float
    high: float
    low: float
    last: float
    volume: float


CandleOrigin = Literal["stream", "repaired", "empty"]


class CandleClosed(msgspec.Struct, frozen=True, kw_only=True):
    """A candle that will not change any more.

    *origin* says how it is known: as the stream told it, asked for anew because the stream had
    a gap, or made up flat at the last close because nobody traded.
    """

    market: MarketKey
    interval: str
    candle: Candle
    origin: CandleOrigin = "stream"


class StreamLost(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's stream broke at *at*; until the next move its prices are stale."""

    exchange: str
    at: int


MarketEvent = PriceMove | CandleClosed | StreamLost


class Ticker(msgspec.Struct, frozen=True, kw_only=True):
    """The last price and the best quotes. *volume* is the last 24 hours', in base.

    *turnover* is the last 24 hours' volume in quote, None where the exchange does not tell it.
    """

    symbol: str
    at: int
    last: float
    bid: float
    ask: float
    volume: float
    open_24h: float
    high_24h: float
    low_24h: float
    turnover: float | None = None


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


class PublicTrade(msgspec.Struct, frozen=True, kw_only=True):
    """One trade, as everybody sees it.

    *id* is the exchange's, unique in its market. *side* is the taker's: a "buy" took what was
    offered. *price* is quote per base, *amount* base, *at* UTC ms.
    """

    id: str
    at: int
    side: Side
    price: float
    amount: float


class FundingRate(msgspec.Struct, frozen=True, kw_only=True):
    """What a perpetual's longs pay its shorts (negative: the other way).

    *rate* (a fraction of the position's value) is due at *due_at* (UTC ms), and again each
    *interval_ms*; *next_rate* is the exchange's estimate for the time after, None if it makes
    none. *mark_price* is quote per base.
    """

    symbol: str
    at: int
    rate: float
    due_at: int
    interval_ms: int
    next_rate: float | None = None
    mark_price: float | None = None


class OpenInterest(msgspec.Struct, frozen=True, kw_only=True):
    """All open contracts of a perpetual: *amount* in base, *value* in quote. None: not told."""

    symbol: str
    at: int
    amount: float | None
    value: float | None


class Liquidation(msgspec.Struct, frozen=True, kw_only=True):
    """A position that the exchange closed by force, whoever's it was.

    *side* is the position's: a fall liquidates longs. *price* is quote per base, *amount* base.
    """

    id: str
    at: int
    side: PositionSide
    price: float
    amount: float


class ExchangeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange as such. *at* is its clock's time, UTC ms.

    *status* is "ok", or what keeps it from trading; *offers* and *intervals* are the market data
    and the candles it has; *requests_per_minute* is what it lets us ask, None if unlimited.
    """

    status: Literal["ok", "maintenance", "down"]
    at: int
    offers: tuple[Offer, ...]
    intervals: tuple[str, ...]
    requests_per_minute: float | None = None
