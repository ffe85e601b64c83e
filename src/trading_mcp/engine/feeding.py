"""One exchange's market data on its way into the engine."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from typing import Any

import structlog

from trading_mcp.domain.candles import interval_ms
from trading_mcp.domain.markets import Market, MarketKey
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.positions import Position
from trading_mcp.domain.quotes import CandleClosed, MarketEvent, PriceMove, StreamLost
from trading_mcp.engine.core import Core
from trading_mcp.engine.deciding import Decider
from trading_mcp.engine.exchange import Exchange
from trading_mcp.engine.facts import PositionMarked
from trading_mcp.engine.hub import Hub
from trading_mcp.engine.ledger import Ledger
from trading_mcp.ports import CandleStore

log = structlog.get_logger(__name__)
RETRY_S = 1.0


class Feed:
    """Takes in an exchange's price moves and candles, in their order."""

    def __init__(
        self,
        core: Core,
        ledger: Ledger,
        decider: Decider,
        exchange: Exchange,
        hub: Hub,
        interval: str,
        store: CandleStore | None,
        monotonic: Callable[[], float],
    ):
        self._core, self._ledger, self._decider = core, ledger, decider
        self._exchange, self._hub = exchange, hub
        self._interval, self._store = interval, store
        self._closed: dict[MarketKey, int] = {}
        self._deciding = False
        self._monotonic = monotonic
        self._heard_at: dict[MarketKey, float] = {}

    @property
    def is_idle(self) -> bool:
        """Whether every candle that has closed has been decided on."""
        return not self._closed and not self._deciding

    def silent(self, limit_s: float) -> list[MarketKey]:
        """Return the watched markets of which nothing has been heard for *limit_s* seconds."""
        now = self._monotonic()
        return [key for key, heard in self._heard_at.items() if now - heard > limit_s]

    async def follow(self, market: Market) -> None:
        """Begin to watch *market*: candles so far, price now, then the stream."""
        data = self._exchange.data
        limit = self._decider.window_size
        candles = await data.candles(market.symbol, self._interval, limit=limit)
        self._decider.fill(market.key, candles)
        ticker = await data.ticker(market.symbol)
        move = PriceMove(
            market=market.key,
            at=ticker.at,
            open=ticker.last,
            high=ticker.last,
            low=ticker.last,
            last=ticker.last,
            bid=ticker.bid,
            ask=ticker.ask,
        )
        data.watch(market.symbol)
        self._heard_at[market.key] = self._monotonic()
        self._ledger.write(self._core.on_price(move))

    def leave(self, market: Market) -> None:
        """Stop watching *market*."""
        self._exchange.data.unwatch(market.symbol)
        self._decider.forget(market.key)
        self._heard_at.pop(market.key, None)
        # Nobody keeps its price up any more: it must not be traded on.
        self._core.standings.lose_price(market.key)

    async def run(self) -> None:
        """Take in events for ever; a stream that fails is opened anew."""
        while True:
            try:
                await self._run(self._exchange.data.events(self._interval))
            except Exception:  # whatever the adapter raised: prices are stale until it is back
                log.exception("market_stream_failed", exchange=self._exchange.name)
            self._core.on_stream_lost(self._exchange.name)
            await asyncio.sleep(RETRY_S)

    async def flush(self) -> None:
        """Write the candles that are not on disk yet."""
        if self._store is not None:
            await self._store.flush()

    async def _run(self, events: AsyncIterator[MarketEvent]) -> None:
        while True:
            coming: asyncio.Future[MarketEvent] = asyncio.ensure_future(_next(events))
            try:
                # All candles of one instant are decided on together, before any later event.
                await asyncio.sleep(0)
                if self._closed and not coming.done():
                    await self._decide()
                event = await coming
            except StopAsyncIteration:
                await self._decide()
                return
            finally:
                coming.cancel()
            if self._closed and not self._belongs(event):
                await self._decide()
            await self._take_in(event)

    def _belongs(self, event: MarketEvent) -> bool:
        opened_at = next(iter(self._closed.values()))
        return isinstance(event, CandleClosed) and event.candle.opened_at == opened_at

    async def _decide(self) -> None:
        closed, self._closed = list(self._closed), {}
        self._deciding = True
        try:
            await self._decider.decide(closed)
        finally:
            self._deciding = False

    async def _take_in(self, event: MarketEvent) -> None:
        match event:
            case PriceMove() if not _is_sane(event):
                log.warning("price_refused", market=event.market, last=event.last)
            case PriceMove():
                self._heard_at[event.market] = self._monotonic()
                self._ledger.write(self._core.on_price(event))
                self._mark(event)
            case CandleClosed():
                await self._add(event)
            case StreamLost():
                self._core.on_stream_lost(event.exchange)

    async def _add(self, event: CandleClosed) -> None:
        market = self._core.markets[event.market]
        added = self._decider.add(event.market, event.candle)
        if added == "gap":
            end = event.candle.opened_at + interval_ms(self._interval)
            limit = self._decider.window_size
            candles = await self._exchange.data.candles(
                market.symbol, self._interval, limit=limit, end=end
            )
            self._decider.fill(event.market, candles)
        newest = self._decider.newest(event.market) == event.candle.opened_at
        if added != "known" and newest:
            self._closed[event.market] = event.candle.opened_at
        if self._store is not None:
            await self._store.add(market.exchange, market.symbol, event.interval, [event.candle])

    def _mark(self, move: PriceMove) -> None:
        for position in self._core.standings.positions_in(move.market):
            self._hub.publish(_marked(position, move))


def _marked(position: Position, move: PriceMove) -> PositionMarked:
    return PositionMarked(
        position_id=position.id,
        symbol=position.symbol,
        unrealized_pnl=float(position.unrealized_pnl(exact(move.last))),
        current_price=move.last,
        at=move.at,
    )


async def _next(events: AsyncIterator[Any]) -> Any:
    return await anext(events)


def _is_sane(move: PriceMove) -> bool:
    prices = (move.open, move.high, move.low, move.last, move.bid, move.ask)
    return all(math.isfinite(price) and price > 0 for price in prices)
