"""Following markets over WebSocket: what all of them do becomes one row of events."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, get_args

import structlog

from trading_mcp.adapters.ccxt.closing import closed_candles
from trading_mcp.adapters.ccxt.following import Following
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.outbox import Outbox
from trading_mcp.adapters.ccxt.sources import Sources
from trading_mcp.adapters.ccxt.watching import Recess
from trading_mcp.domain.candles import interval_ms
from trading_mcp.domain.markets import MarketType
from trading_mcp.domain.quotes import MarketEvent, PriceMove, StreamLost

log = structlog.get_logger(__name__)
_HANG_UP_S = 120.0


class Streams:
    """Follows the watched markets and tells what they do.

    Candles close by time: *patience.grace_ms* after their end by the exchange's clock. No price
    waits for them.
    """

    def __init__(self, sources: Sources):
        self._sources = sources
        self._watched: dict[str, Listed] = {}
        self._following: dict[str, Following] = {}
        self._interval = ""
        self._edge, self._hung_up_at = 0, float("-inf")
        # Spot and perpetuals come by different lines on many exchanges.
        self._recesses = {kind: Recess(sources.clock.monotonic) for kind in get_args(MarketType)}
        self._outbox = Outbox()
        self._is_lost = False
        self._closing: asyncio.Task[None] | None = None
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._working = set[asyncio.Task[None]]()

    def watch(self, listed: Listed) -> None:
        """Follow a market from now on."""
        self._watched[listed.market.symbol] = listed
        if self._interval:
            self._begin(listed)

    def unwatch(self, symbol: str) -> None:
        """Follow a market no longer."""
        self._watched.pop(symbol, None)
        following = self._following.pop(symbol, None)
        if following is not None:
            self._leaving[symbol] = self._do(following.leave())

    def following(self, symbol: str) -> Following | None:
        """Return the following of a market, if it is followed now."""
        return self._following.get(symbol)

    async def events(self, interval: str) -> AsyncIterator[MarketEvent]:
        """Yield what the watched markets do; one reader at a time."""
        self._begin_all(interval)
        beating = asyncio.create_task(self._beat())
        getting: asyncio.Task[MarketEvent] | None = None
        try:
            while True:
                getting = asyncio.create_task(self._outbox.get())
                await asyncio.wait({beating, getting}, return_when=asyncio.FIRST_COMPLETED)
                if beating.done():
                    beating.result()  # a fault of our own: it is told where events are read
                yield await getting
        finally:
            tasks = [task for task in (beating, getting, self._closing) if task is not None]
            for task in tasks:
                task.cancel()
            await self.stop()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Follow nothing any more."""
        followed, self._following, self._interval = [*self._following.values()], {}, ""
        for task in self._working:
            task.cancel()
        await asyncio.gather(*(following.stop() for following in followed))

    def _begin_all(self, interval: str) -> None:
        length = interval_ms(interval)
        self._interval, self._outbox, self._closing = interval, Outbox(), None
        self._edge = (self._sources.time.now() // length + 1) * length
        for listed in self._watched.values():
            self._begin(listed)

    def _begin(self, listed: Listed) -> None:
        if listed.market.symbol in self._following:
            return
        following = Following(
            listed,
            self._interval,
            self._sources,
            self._recesses[listed.market.type],
            on_loss=self._tell_loss,
            on_doubt=lambda: self._do(self._hang_up()),
            # Whoever comes back too soon would be taken for somebody who is there still.
            after=self._leaving.pop(listed.market.symbol, None),
        )
        self._following[listed.market.symbol] = following
        following.start()

    async def _beat(self) -> None:
        while True:
            await self._sources.sleep(self._sources.patience.beat_s)
            for following in self._following.values():
                following.look()
            self._tell_moves(self._sources.clock.now())
            if self._closing is not None and self._closing.done():
                self._closing.result()
                self._closing = None
            if self._closing is None and self._is_over():
                self._closing = asyncio.create_task(self._close())

    def _now(self) -> int:
        # Both clocks must agree that a candle is over: prices go by ours, candles by theirs.
        return min(self._sources.time.now(), self._sources.clock.now())

    def _is_over(self) -> bool:
        return self._now() >= self._edge + self._sources.patience.grace_ms

    async def _close(self) -> None:
        length = interval_ms(self._interval)
        late = self._now() - self._sources.patience.grace_ms
        # After a long sleep only the newest candles: the gap is asked for by whoever sees it.
        edge = max(self._edge, late // length * length)
        lines = [following.line for following in self._following.values()]
        candles = await closed_candles(lines, self._interval, edge, self._sources)
        self._outbox.put(candles)
        self._edge = edge + length

    def _tell_moves(self, at: int) -> None:
        for following in self._following.values():
            move = following.move(at)
            if move is not None:
                self._tell(move)

    def _tell(self, move: PriceMove) -> None:
        self._is_lost = False
        self._outbox.put_move(move)

    def _tell_loss(self) -> None:
        """Say once that the stream is lost; what is still known is told anew at once."""
        if self._is_lost:
            return
        self._is_lost = True
        at = self._sources.clock.now()
        log.warning("market_stream_lost", exchange=self._sources.exchange)
        self._outbox.put([StreamLost(exchange=self._sources.exchange, at=at)])
        for following in self._following.values():
            following.line.refresh()

    async def _hang_up(self) -> None:
        """Cut every line: they say nothing although the markets move. Not too often: REST and
        stream may disagree for other reasons."""
        now = self._sources.clock.monotonic()
        if now - self._hung_up_at < _HANG_UP_S:
            return
        self._hung_up_at = now
        log.warning("market_stream_silent", exchange=self._sources.exchange)
        await self._sources.client.close_ws_clients()

    def _do(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        return task
