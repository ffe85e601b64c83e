"""The seeded market as a stream: its candles, prices and books as time goes by."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import get_args

from trading_mcp.adapters.simulated.catalog import EXCHANGE
from trading_mcp.adapters.simulated.lines import FUNDING_MS
from trading_mcp.adapters.simulated.market import SeededMarket
from trading_mcp.adapters.simulated.mishaps import Mishaps
from trading_mcp.adapters.simulated.trades import LEAST
from trading_mcp.adapters.simulated.tree import LEAF
from trading_mcp.domain.candles import INTERVALS, Candles, interval_ms
from trading_mcp.domain.markets import Market
from trading_mcp.domain.quotes import (
    CandleClosed,
    ExchangeInfo,
    FundingRate,
    Liquidation,
    MarketEvent,
    NotOffered,
    Offer,
    OpenInterest,
    OrderBook,
    PriceMove,
    PublicTrade,
    StreamLost,
    Ticker,
)
from trading_mcp.domain.times import DAY_MS
from trading_mcp.ports import Clock

Sleep = Callable[[float], Awaitable[None]]
Advance = Callable[[int], Awaitable[None]]

_MANY = 500
_SIXTH_MS = DAY_MS // 6


class SimulatedMarketData:
    """The public side of the simulated exchange, at *clock*'s time.

    The stream looks every *interval_seconds* of wall time and spans all that happened since, so
    no high or low is lost however fast the clock runs. *on_advance* is called with each time
    (UTC ms) before anything of it is told: the exchange matches first.
    """

    def __init__(
        self,
        market: SeededMarket,
        clock: Clock,
        *,
        interval_seconds: float,
        mishaps: Mishaps,
        on_advance: Advance,
        sleep: Sleep = asyncio.sleep,
    ):
        self._market, self._clock = market, clock
        self._pause, self._mishaps = interval_seconds, mishaps
        self._on_advance, self._sleep = on_advance, sleep
        self._watched: dict[str, Market] = {}

    async def markets(self) -> Sequence[Market]:
        """Return every market that can be traded."""
        return self._market.markets()

    async def info(self) -> ExchangeInfo:
        """Return the exchange's state: it has everything, and knows no limits."""
        self._mishaps.before_answer()
        return ExchangeInfo(
            status="ok",
            at=self._clock.now(),
            offers=get_args(Offer),
            intervals=tuple(INTERVALS),
        )

    async def candles(
        self, symbol: str, interval: str, *, limit: int, end: int | None = None
    ) -> Candles:
        """Return the *limit* newest closed candles that opened before *end* (UTC ms; now)."""
        self._mishaps.before_answer()
        length, now = interval_ms(interval), self._clock.now()
        latest = now // length * length
        stop = latest if end is None else min(-(-end // length) * length, latest)
        start = stop - max(limit, 0) * length
        if limit < _MANY:
            return self._market.candles(symbol, interval, start, stop)
        # Milliseconds of arithmetic: not on the event loop.
        return await asyncio.to_thread(self._market.candles, symbol, interval, start, stop)

    async def ticker(self, symbol: str) -> Ticker:
        """Return the last price and best quotes."""
        self._mishaps.before_answer()
        now = self._clock.now()
        bid, ask = self._market.touch(symbol, now)
        average = self._market.average_price(symbol, now - DAY_MS, now)
        day = self._market.move(symbol, now - DAY_MS, now)
        return Ticker(
            symbol=symbol,
            at=now,
            last=day.last,
            bid=bid,
            ask=ask,
            volume=day.volume,
            open_24h=day.open,
            high_24h=day.high,
            low_24h=day.low,
            turnover=day.volume * min(max(average, day.low), day.high),
        )

    async def order_book(self, symbol: str, depth: int) -> OrderBook:
        """Return the best *depth* levels of each side."""
        self._mishaps.before_answer()
        return self._market.book(symbol, self._clock.now(), depth)

    async def trades(self, symbol: str, limit: int) -> Sequence[PublicTrade]:
        """Return the *limit* newest trades, oldest first."""
        self._mishaps.before_answer()
        now = self._clock.now()
        since = now - (limit // LEAST + 2) * LEAF
        return self._market.trades(symbol, since, now + 1)[-limit:]

    async def funding_rate(self, symbol: str) -> FundingRate:
        """Return a perpetual's funding: what will be paid, and what the premium so far says of
        the time after."""
        self._must_be_perpetual(symbol, "funding")
        now = self._clock.now()
        due = (now // FUNDING_MS + 1) * FUNDING_MS
        return FundingRate(
            symbol=symbol,
            at=now,
            rate=self._market.funding_rate(symbol, due),
            due_at=due,
            interval_ms=FUNDING_MS,
            next_rate=self._market.funding_estimate(symbol, now),
            mark_price=self._market.price(symbol, now),
        )

    async def open_interest(self, symbol: str) -> OpenInterest:
        """Return how much of a perpetual is held open."""
        self._must_be_perpetual(symbol, "open interest")
        now = self._clock.now()
        amount = self._market.open_interest(symbol, now)
        value = amount * self._market.price(symbol, now)
        return OpenInterest(symbol=symbol, at=now, amount=amount, value=value)

    async def liquidations(self, symbol: str, limit: int) -> Sequence[Liquidation]:
        """Return the *limit* newest liquidations of the last day, oldest first."""
        self._must_be_perpetual(symbol, "liquidations")
        now, found = self._clock.now() + 1, list[Liquidation]()
        for end in range(now, now - DAY_MS, -_SIXTH_MS):
            # A tenth of a second of arithmetic in a wild market: not on the event loop.
            part = await asyncio.to_thread(self._market.liquidations, symbol, end - _SIXTH_MS, end)
            found = part + found
            if len(found) >= limit:
                break
        return found[-limit:]

    def watch(self, symbol: str) -> None:
        """Add *symbol* to what `events` delivers."""
        self._watched[symbol] = self._market.market(symbol)

    def unwatch(self, symbol: str) -> None:
        """Take *symbol* out of what `events` delivers."""
        self._watched.pop(symbol, None)

    async def events(self, interval: str) -> AsyncIterator[MarketEvent]:
        """Yield price moves, and candles of *interval* as they close, of the watched symbols."""
        length, since = interval_ms(interval), self._clock.now()
        while True:
            await self._sleep(self._pause)
            if self._mishaps.loses_prices():
                yield StreamLost(exchange=EXCHANGE, at=since)
                continue
            now = self._clock.now()
            while since < now:
                # Cut where candles close, so that each is told right after its last price.
                until = min(now, (since // length + 1) * length)
                if not await self._is_matched(until):
                    yield StreamLost(exchange=EXCHANGE, at=since)
                    break
                for event in self._between(since, until, interval):
                    yield event
                since = until

    def _must_be_perpetual(self, symbol: str, what: str) -> None:
        self._mishaps.before_answer()
        if self._market.market(symbol).type == "spot":
            raise NotOffered(f"{what} of a spot market")

    async def _is_matched(self, until: int) -> bool:
        try:
            await self._on_advance(until)
        except Exception:
            # An exchange that cannot keep its books shows no prices: whatever the disk's trouble,
            # the stream goes on from here as soon as it is over.
            return False
        return True

    def _between(self, since: int, until: int, interval: str) -> Iterator[MarketEvent]:
        watched = list(self._watched.items())
        for symbol, market in watched:
            yield self._move(symbol, market, since, until)
        length = interval_ms(interval)
        for symbol, market in watched if until % length == 0 else ():
            candle = self._market.candle(symbol, interval, until - length)
            yield CandleClosed(market=market.key, interval=interval, candle=candle)

    def _move(self, symbol: str, market: Market, since: int, until: int) -> PriceMove:
        move = self._market.move(symbol, since, until)
        bid, ask = self._market.touch(symbol, until)
        return PriceMove(
            market=market.key,
            at=until,
            open=move.open,
            high=move.high,
            low=move.low,
            last=move.last,
            bid=bid,
            ask=ask,
        )
