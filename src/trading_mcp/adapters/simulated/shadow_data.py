"""A real exchange's public side, in front of an account that hears of each price first."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import structlog

from trading_mcp.adapters.simulated.shadow_venue import ShadowVenue
from trading_mcp.domain.candles import Candles, interval_ms
from trading_mcp.domain.markets import Market
from trading_mcp.domain.quotes import (
    CandleClosed,
    ExchangeInfo,
    FundingRate,
    Liquidation,
    MarketEvent,
    OpenInterest,
    OrderBook,
    PriceMove,
    PublicTrade,
    StreamLost,
    Ticker,
)
from trading_mcp.ports import MarketData

log = structlog.get_logger(__name__)
_BEAT_S = 0.1


class ShadowMarketData:
    """*data*, save that *venue* has acted on a price before anybody is told of it.

    Markets in which the account has something at stake are watched for it, whoever else looks.
    """

    def __init__(self, data: MarketData, venue: ShadowVenue):
        self._data, self._venue = data, venue
        self._wanted, self._watched = set[str](), set[str]()

    async def markets(self) -> Sequence[Market]:
        """Return every market that can be traded, and those that are gone but still held."""
        listed = await self._data.markets()
        symbols = {market.symbol for market in listed}
        return [*listed, *(m for m in self._venue.delisted if m.symbol not in symbols)]

    async def info(self) -> ExchangeInfo:
        """Return the exchange's state, its time, and what it offers."""
        return await self._data.info()

    async def candles(
        self, symbol: str, interval: str, *, limit: int, end: int | None = None
    ) -> Candles:
        """Return the *limit* newest closed candles that opened before *end* (UTC ms; now)."""
        return await self._data.candles(symbol, interval, limit=limit, end=end)

    async def ticker(self, symbol: str) -> Ticker:
        """Return the last price and best quotes."""
        return await self._data.ticker(symbol)

    async def order_book(self, symbol: str, depth: int) -> OrderBook:
        """Return the best *depth* levels of each side."""
        return await self._data.order_book(symbol, depth)

    async def trades(self, symbol: str, limit: int) -> Sequence[PublicTrade]:
        """Return the *limit* newest trades of everybody, oldest first."""
        return await self._data.trades(symbol, limit)

    async def funding_rate(self, symbol: str) -> FundingRate:
        """Return a perpetual's funding."""
        return await self._data.funding_rate(symbol)

    async def open_interest(self, symbol: str) -> OpenInterest:
        """Return how much of a perpetual is held open."""
        return await self._data.open_interest(symbol)

    async def liquidations(self, symbol: str, limit: int) -> Sequence[Liquidation]:
        """Return the *limit* newest liquidations of a perpetual, oldest first."""
        return await self._data.liquidations(symbol, limit)

    def watch(self, symbol: str) -> None:
        """Add *symbol* to what `events` delivers."""
        self._wanted.add(symbol)
        self._follow()

    def unwatch(self, symbol: str) -> None:
        """Take *symbol* out of what `events` delivers."""
        self._wanted.discard(symbol)
        self._follow()

    async def events(self, interval: str) -> AsyncIterator[MarketEvent]:
        """Yield what the watched symbols do, after what it made of the account."""
        self._follow()
        async for event in self._beating(self._data.events(interval)):
            if isinstance(event, StreamLost):
                yield event
            elif (told := await self._acted_on(event)) is not None:
                yield told

    async def _beating(self, events: AsyncIterator[MarketEvent]) -> AsyncIterator[MarketEvent]:
        """Yield *events*; while there are none the account goes on: its time passes too."""
        coming = asyncio.ensure_future(_next(events))
        try:
            while True:
                await asyncio.wait({coming}, timeout=_BEAT_S)
                if not coming.done():
                    await self._catch_up(None)
                    continue
                if (event := coming.result()) is None:
                    return
                yield event
                coming = asyncio.ensure_future(_next(events))
        finally:
            coming.cancel()

    async def _acted_on(self, event: PriceMove | CandleClosed) -> MarketEvent | None:
        exchange, _, symbol = event.market.partition(":")
        if not await self._catch_up(symbol):
            return StreamLost(exchange=exchange, at=_at(event))
        if symbol in self._wanted:
            return event
        self._follow()
        return None

    async def _catch_up(self, symbol: str | None) -> bool:
        try:
            await self._venue.catch_up(symbol)
        except Exception:
            # An exchange that cannot keep its books shows no prices, until the disk allows.
            log.exception("shadow_account_stuck", symbol=symbol)
            return False
        return True

    def _follow(self) -> None:
        """Watch what is wanted or at stake, and nothing else."""
        needed = self._wanted | set(self._venue.exposed)
        for symbol in needed - self._watched:
            self._data.watch(symbol)
        for symbol in self._watched - needed:
            self._data.unwatch(symbol)
        self._watched = needed


def _at(event: PriceMove | CandleClosed) -> int:
    if isinstance(event, PriceMove):
        return event.at
    return event.candle.opened_at + interval_ms(event.interval)


async def _next(events: AsyncIterator[MarketEvent]) -> MarketEvent | None:
    return await anext(events, None)
