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
from trading_mcp.engine.failures import failure
from trading_mcp.engine.hub import Hub
from trading_mcp.engine.ledger import Ledger
from trading_mcp.ports import CandleStore

log = structlog.get_logger(__name__)
RETRY_S = 1.0


class Feed:
    """Takes in an exchange's price moves and candles, in their order.

    No price waits for candles that are asked for: stops are watched by it.
    """

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
        self._filling: dict[MarketKey, tuple[int, asyncio.Task[None]]] = {}
        self._deciding = False
        self._monotonic = monotonic
        self._heard_at: dict[MarketKey, float] = {}

    @property
    def is_idle(self) -> bool:
        """Whether every candle that has closed has been decided on."""
        return not self._closed and not self._deciding and not self._filling

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
        if (filling := self._filling.pop(market.key, None)) is not None:
            filling[1].cancel()
        self._decider.forget(market.key)
        self._heard_at.pop(market.key, None)
        # Nobody keeps its price up any more: it must not be traded on.
        self._core.standings.lose_price(market.key)

    async def run(self) -> None:
        """Take in events for ever; a stream that fails is opened anew."""
        while True:
            try:
                await self._run(self._exchange.data.events(self._interval))
            except Exception as error:  # whatever the adapter raised: prices are stale until then
                name = self._exchange.name
                log.error("market_stream_failed", exchange=name, **failure(error))
            self._core.on_stream_lost(self._exchange.name)
            await asyncio.sleep(RETRY_S)

    async def flush(self) -> None:
        """Write the candles that are not on disk yet."""
        if self._store is not None:
            await self._store.flush()

    async def _run(self, events: AsyncIterator[MarketEvent]) -> None:
        coming = asyncio.ensure_future(_next(events))
        try:
            while True:
                # All candles of one instant are decided on together, before any later event; where
                # one has left a gap, as soon as that is filled.
                await asyncio.sleep(0)
                if self._closed and not self._filling and not coming.done():
                    await self._decide()
                asked = (task for _, task in self._filling.values())
                await asyncio.wait({coming, *asked}, return_when=asyncio.FIRST_COMPLETED)
                self._take_filled()
                if coming.done():
                    await self._take(coming.result())
                    coming = asyncio.ensure_future(_next(events))
        except StopAsyncIteration:
            await self._decide()
        finally:
            coming.cancel()
            for _, task in self._filling.values():
                task.cancel()
            self._filling.clear()

    async def _take(self, event: MarketEvent) -> None:
        waits = self._filling and not isinstance(event, CandleClosed)
        if self._closed and not self._belongs(event) and not waits:
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
        market, opened_at = self._core.markets[event.market], event.candle.opened_at
        added = self._decider.add(event.market, event.candle)
        if added == "gap":
            self._fill(market, opened_at)
        elif added == "added":
            self._closed[event.market] = opened_at
        if self._store is not None:
            await self._store.add(market.exchange, market.symbol, event.interval, [event.candle])

    def _fill(self, market: Market, opened_at: int) -> None:
        """Ask for a market's candles up to the one that opened then, and go on meanwhile."""
        if (earlier := self._filling.pop(market.key, None)) is not None:
            earlier[1].cancel()
        asked = asyncio.create_task(self._ask(market, opened_at))
        self._filling[market.key] = (opened_at, asked)

    async def _ask(self, market: Market, opened_at: int) -> None:
        end, limit = opened_at + interval_ms(self._interval), self._decider.window_size
        data = self._exchange.data
        candles = await data.candles(market.symbol, self._interval, limit=limit, end=end)
        self._decider.fill(market.key, candles)

    def _take_filled(self) -> None:
        for key, (opened_at, asked) in list(self._filling.items()):
            if not asked.done():
                continue
            del self._filling[key]
            if (error := asked.exception()) is not None:
                # Whatever the adapter raised: its next candle leaves a gap again.
                log.warning("candles_not_filled", market=key, error=f"{error}"[:100])
            elif self._decider.newest(key) == opened_at:
                self._closed[key] = opened_at

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
