"""Following one market: what its subscriptions tell, and what REST says when they do not."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

import structlog

from trading_mcp.adapters.ccxt import readings
from trading_mcp.adapters.ccxt.catching_up import catch_up
from trading_mcp.adapters.ccxt.forming import Forming
from trading_mcp.adapters.ccxt.intervals import source_interval
from trading_mcp.adapters.ccxt.lines import Line, Touch, touch_of
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.readings import Nonsense
from trading_mcp.adapters.ccxt.sources import Sources
from trading_mcp.adapters.ccxt.tape import move_of
from trading_mcp.adapters.ccxt.watching import (
    Recess,
    is_of_connection,
    keep_watching,
    unsubscribe,
)
from trading_mcp.domain.candles import interval_ms
from trading_mcp.domain.quotes import Move, PriceMove, PublicTrade

log = structlog.get_logger(__name__)
_SETTLE_S = 0.3
"""After a line is back, until all its subscriptions are: from then on nothing is missed."""
_UNTOLD_S = 0.7
"""Between two questions about trades that are not streamed yet."""
_OLD_MS = 300_000
"""A streamed trade that is older is refused: it is of no use, or not of this time at all."""
_DOUBTS = 2
"""So often REST may contradict a silent stream before its line is cut."""


class Following:
    """Keeps one market's line up to date.

    *on_loss* hears when prices are not to be relied on; *on_doubt*, when the stream says nothing
    although the market moves.
    """

    def __init__(
        self,
        listed: Listed,
        interval: str,
        sources: Sources,
        recess: Recess,
        *,
        on_loss: Callable[[], None],
        on_doubt: Callable[[], object],
        after: asyncio.Task[None] | None = None,
    ):
        client, traits = sources.client, sources.traits
        told = source_interval(client, traits, listed, interval) == interval
        self._told_candles = told and bool(client.has.get("watchOHLCV"))
        self._interval, self._length, self._recess = interval, interval_ms(interval), recess
        self.listed, self._sources, self._client = listed, sources, client
        forming = Forming(self._length, is_told=self._told_candles)
        self.line = Line(listed, forming, sources.time.now())
        self._on_loss, self._on_doubt, self._after = on_loss, on_doubt, after
        self._fresh_at = sources.clock.monotonic() - sources.patience.quiet_s
        # Heard of since it was lost; nothing missed since then; good enough to be told.
        self._heard, self._sound, self._told = False, False, False
        self._has_book, self._is_first, self._doubts, self._breaks = False, True, 0, 0
        self._asked_touch: Touch | None = None
        self._tasks = set[asyncio.Task[None]]()
        self._asking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Subscribe."""
        client, name, interval = self._client, self.listed.name, self._interval
        self._keep(lambda: client.watch_trades(name), self._take_trades, self._lose)
        self._keep(lambda: client.watch_order_book(name), self._take_book, self._lose_book)
        if self._told_candles:
            ask = lambda: client.watch_ohlcv(name, interval)  # noqa: E731 - beside its brothers
            self._keep(ask, self._take_candles, self._lose_candles)

    async def stop(self) -> None:
        """Follow no longer."""
        tasks = [*self._tasks, *([self._asking] if self._asking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def leave(self) -> None:
        """Follow no longer, and tell the exchange so."""
        await self.stop()
        await unsubscribe(self._client, self.listed.name, self._interval)

    def look(self) -> None:
        """Read the best prices off the book, and ask REST where nothing is heard of them."""
        touch = self._book_touch() or self._asked_touch
        if touch is None:
            self.line.lose_touch()
        else:
            self.line.touch(touch)
        if self.line.is_doubted:
            self.line.is_doubted = False
            self._doubt()
        quiet = self._sources.clock.monotonic() - self._fresh_at > self._sources.patience.quiet_s
        if (quiet or (self._heard and not self._sound)) and self._asking is None:
            self._asking = asyncio.create_task(self._ask(quiet=quiet))

    def move(self, at: int) -> PriceMove | None:
        """Return what is news at *at*, once what was missed is known."""
        return self.line.move(at) if self._told else None

    @property
    def has_whole_book(self) -> bool:
        """Whether the local book may be used."""
        return self._has_book and bool(self._client.is_whole(self.listed.name))

    def _keep(
        self,
        ask: Callable[[], Coroutine[Any, Any, Any]],
        take: Callable[[Any], None],
        lose: Callable[[Exception], None],
    ) -> None:
        self._tasks.add(asyncio.create_task(self._watch(ask, take, lose)))

    async def _watch(
        self,
        ask: Callable[[], Coroutine[Any, Any, Any]],
        take: Callable[[Any], None],
        lose: Callable[[Exception], None],
    ) -> None:
        if self._after is not None:
            await asyncio.wait([self._after])
        await keep_watching(ask, take, lose, self._recess, self._sources.sleep)

    def _take_trades(self, raws: Iterable[Mapping[str, Any]]) -> None:
        self._note_heard()
        trades = [trade for raw in raws if (trade := self._trade(raw)) is not None]
        # Some exchanges begin with trades from before: they are no news.
        begun_at = self.line.begun_at
        new = [trade for trade in trades if trade.at >= begun_at and self.line.trade(trade)]
        if new:
            self._doubts = 0
            now = self._sources.clock.now()
            self._sources.tape.add(self.listed.market.symbol, now, move_of(new))

    def _trade(self, raw: Mapping[str, Any]) -> PublicTrade | None:
        now, field = self._sources.time.now(), self._sources.traits.trade_id_field
        try:
            trade = readings.trade(raw, self.listed, now, field)
            if trade.at < now - _OLD_MS:
                raise Nonsense(f"a trade of long ago: {trade.at}")
        except Nonsense as fault:
            self._client.note_refused(fault)
            return None
        return trade

    def _take_book(self, book: Any) -> None:
        self._has_book = True
        self._note_heard()

    def _take_candles(self, rows: Iterable[readings.Row]) -> None:
        self._note_heard()
        for row in rows:
            try:
                self.line.forming.tell(readings.candle(row, self.listed, self._length))
            except Nonsense as fault:
                self._client.note_refused(fault)

    def _note_heard(self) -> None:
        self._heard, self._told = True, self._told or self._sound
        if self.has_whole_book:
            self._fresh_at, self._asked_touch = self._sources.clock.monotonic(), None

    def _lose(self, error: Exception) -> None:
        log.debug("stream_broke", market=self.listed.market.key, error=str(error)[:100])
        self.line.lose()
        self._breaks += 1
        is_news = self._heard or self._is_first
        self._heard, self._sound, self._told, self._is_first = False, False, False, False
        if is_of_connection(error):
            self._has_book = False
            if is_news:
                self._on_loss()

    def _lose_book(self, error: Exception) -> None:
        self._has_book = False
        self._lose_candles(error)

    def _lose_candles(self, error: Exception) -> None:
        if is_of_connection(error):
            self._lose(error)

    def _doubt(self) -> None:
        self.line.lose()
        self._sound = False
        self._doubts += 1
        if self._doubts >= _DOUBTS:
            self._doubts = 0
            self._on_doubt()

    def _book_touch(self) -> Touch | None:
        return touch_of(self._client.orderbooks[self.listed.name]) if self.has_whole_book else None

    async def _ask(self, *, quiet: bool) -> None:
        try:
            await self._ask_what_is_not_known(quiet)
        except Exception as error:  # whatever ccxt or the network raised
            words = f"{type(error).__name__}: {error}"[:100]
            log.info("quiet_market_unknown", market=self.listed.market.key, error=words)
            self._fresh_at = self._sources.clock.monotonic()
            # Neither the stream nor REST speaks: what is remembered must not be told as news.
            self._asked_touch, self._told = None, False
            self._on_loss()
        finally:
            self._asking = None

    async def _ask_what_is_not_known(self, quiet: bool) -> None:
        if not self._heard:
            await catch_up(self.line, self._sources, tries=1)
        elif not self._sound:
            await self._settle()
        if quiet and not self.has_whole_book:
            self._client.want_book(self.listed.name)
        if quiet or self.line.last is None or self._book_touch() is None:
            await self._ask_price()
        self._told = True

    async def _settle(self) -> None:
        await self._sources.sleep(_SETTLE_S)
        if self._client.tells_trades(self.listed.name):
            await self._catch_up()
            return
        # Books and candles may be told earlier than trades: until those are, REST tells them.
        await catch_up(self.line, self._sources, tries=1)
        self._told = True
        await self._sources.sleep(_UNTOLD_S)

    async def _catch_up(self) -> None:
        resumed_at, breaks = self._sources.time.now(), self._breaks
        await catch_up(self.line, self._sources)
        if breaks == self._breaks:
            self.line.trust(resumed_at)
            self._sound = True

    async def _ask_price(self) -> None:
        """Ask for the price of a quiet market, which is not a dead one, and tell it anew."""
        async with asyncio.timeout(self._sources.patience.quiet_s):
            last, bid, ask = await self._sources.questions.quotes(self.listed)
        self._asked_touch = Touch(bid, ask)
        self.line.touch(self._book_touch() or self._asked_touch)
        self.line.refresh()
        before = self.line.last
        if last != before:
            self._take_asked(last)
            if before is not None and self._sound:
                self._doubt()
        self._fresh_at = self._sources.clock.monotonic()

    def _take_asked(self, last: float) -> None:
        self.line.price(last)
        now, move = self._sources.clock.now(), Move(last, last, last, last, 0.0)
        self._sources.tape.add(self.listed.market.symbol, now, move)
