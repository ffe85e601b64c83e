"""What an exchange tells everybody: its markets, prices, books and past."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Protocol

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.markets import Market
from trading_mcp.domain.quotes import (
    ExchangeInfo,
    FundingRate,
    Liquidation,
    MarketEvent,
    Move,
    OpenInterest,
    OrderBook,
    PublicTrade,
    Ticker,
)


class MarketData(Protocol):
    """One exchange's public side.

    Each question raises ValueError for an unknown symbol or interval, NotOffered for what the
    exchange does not have, and anything else when it failed or did not answer.
    """

    async def markets(self) -> Sequence[Market]:
        """Return every market that can be traded."""
        ...

    async def info(self) -> ExchangeInfo:
        """Return the exchange's state, its time, and what it offers."""
        ...

    async def candles(
        self, symbol: str, interval: str, *, limit: int, end: int | None = None
    ) -> Candles:
        """Return the *limit* newest closed candles that opened before *end* (UTC ms; now)."""
        ...

    async def ticker(self, symbol: str) -> Ticker:
        """Return the last price and best quotes."""
        ...

    async def order_book(self, symbol: str, depth: int) -> OrderBook:
        """Return the best *depth* levels of each side."""
        ...

    async def trades(self, symbol: str, limit: int) -> Sequence[PublicTrade]:
        """Return the *limit* newest trades of everybody, oldest first."""
        ...

    async def funding_rate(self, symbol: str) -> FundingRate:
        """Return a perpetual's funding."""
        ...

    async def open_interest(self, symbol: str) -> OpenInterest:
        """Return how much of a perpetual is held open."""
        ...

    async def liquidations(self, symbol: str, limit: int) -> Sequence[Liquidation]:
        """Return the *limit* newest liquidations of a perpetual, oldest first: as far back as
        the exchange remembers, which may be not at all."""
        ...

    def watch(self, symbol: str) -> None:
        """Add *symbol* to what `events` delivers."""
        ...

    def unwatch(self, symbol: str) -> None:
        """Take *symbol* out of what `events` delivers."""
        ...

    def events(self, interval: str) -> AsyncIterator[MarketEvent]:
        """Yield price moves, and candles of *interval* as they close, of the watched symbols.

        Candles that close at the same instant come one after the other, before any that close
        later. No price move waits for them: an exchange may take seconds to tell its candles, and
        what is watched must act meanwhile. A lost stream is an event, not an exception.
        """
        ...


class PastCandles(Protocol):
    """What an exchange tells of its past, for whoever stores it.

    Raises as MarketData does.
    """

    async def candles(self, symbol: str, interval: str, *, limit: int, end: int) -> Candles:
        """Return closed candles that opened before *end* (UTC ms), the newest last.

        At most the *limit* newest, or those of the *limit* intervals before *end*. None is made
        up for a time in which the exchange has none.
        """
        ...


class Quotes(Protocol):
    """Prices at this instant, for whoever fills orders against them.

    Each question raises NoQuote where the answer is not known now.
    """

    def depth(self, symbol: str) -> OrderBook:
        """Return the book now, as deep as it is known."""
        ...

    def mark(self, symbol: str) -> Decimal:
        """Return the price that margin is measured by, in quote per base."""
        ...

    def funding_rate(self, symbol: str, at: int) -> float:
        """Return the funding rate (a fraction) that is paid at *at*."""
        ...

    def funding_after(self, symbol: str, at: int) -> int:
        """Return when a perpetual pays funding next, after *at* (both UTC ms)."""
        ...


class Tape(Protocol):
    """Remembers, or can work out, every move of a market: what resting orders are matched with.

    A streamed trade has the time at which it was heard of, so that none turns up in a time that
    has been asked about already, save in its last millisecond.
    """

    def move(self, symbol: str, since: int, until: int) -> Move | None:
        """Return how the price went after *since* and up to *until* (UTC ms, included).

        None if that is not known, or nobody traded.
        """
        ...
