"""Stored candles as a stream of prices, as fast as the engine follows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

from trading_mcp.adapters.replay.clock import ReplayClock
from trading_mcp.adapters.replay.past import Past
from trading_mcp.domain.candles import INTERVALS, Candles, interval_ms
from trading_mcp.domain.markets import Market
from trading_mcp.domain.quotes import (
    CandleClosed,
    ExchangeInfo,
    FundingRate,
    Liquidation,
    MarketEvent,
    NotOffered,
    OpenInterest,
    OrderBook,
    PriceMove,
    PublicTrade,
    Ticker,
)

NAMES = {length: name for name, length in INTERVALS.items()}
"""The names of intervals, by their length in ms."""
_TURNS, _PAUSE_S = 10, 0.0002
Quiet = Callable[[], bool]
"""Says whether all that has been told so far has been acted on."""


class ReplayMarketData:
    """The public side of an exchange whose prices are stored candles.

    A candle is one price move. Where it ends, the best quotes are what a market order would pay
    where the next candle opens; they stand in *opens*. Time goes on when all is *quiet*.
    """

    def __init__(
        self,
        pasts: Mapping[str, Past],
        opens: dict[str, float],
        clock: ReplayClock,
        quiet: Quiet,
    ):
        self._pasts, self._opens, self._clock, self._quiet = pasts, opens, clock, quiet
        self._coming = self._events()
        self.ended = asyncio.Event()

    async def markets(self) -> Sequence[Market]:
        """Return the markets that are played."""
        return [past.market for past in self._pasts.values()]

    async def info(self) -> ExchangeInfo:
        """Return the time at which the replay stands."""
        return ExchangeInfo(
            status="ok", at=self._clock.now(), offers=("ticker", "candles"), intervals=()
        )

    async def candles(
        self, symbol: str, interval: str, *, limit: int, end: int | None = None
    ) -> Candles:
        """Return the *limit* newest candles that have closed and opened before *end* (UTC ms)."""
        past = self._past(symbol, interval)
        now = self._clock.now()
        before = min(now - past.interval + 1, now if end is None else end)
        rows = int(past.candles.time.searchsorted(before))
        return past.candles[max(rows - limit, 0) : rows]

    async def ticker(self, symbol: str) -> Ticker:
        """Return the last price and the best quotes."""
        past, opens = self._pasts[symbol], self._opens[symbol]
        return Ticker(
            symbol=symbol,
            at=self._clock.now(),
            last=opens,
            bid=float(past.paid(-1, opens)),
            ask=float(past.paid(1, opens)),
            volume=0.0,
            open_24h=opens,
            high_24h=opens,
            low_24h=opens,
        )

    async def order_book(self, symbol: str, depth: int) -> OrderBook:
        """Raise NotOffered: candles have no book."""
        raise NotOffered("an order book")

    async def trades(self, symbol: str, limit: int) -> Sequence[PublicTrade]:
        """Raise NotOffered: candles have no trades."""
        raise NotOffered("trades")

    async def funding_rate(self, symbol: str) -> FundingRate:
        """Raise NotOffered: funding is not replayed."""
        raise NotOffered("funding")

    async def open_interest(self, symbol: str) -> OpenInterest:
        """Raise NotOffered: candles do not tell it."""
        raise NotOffered("open interest")

    async def liquidations(self, symbol: str, limit: int) -> Sequence[Liquidation]:
        """Raise NotOffered: candles do not tell them."""
        raise NotOffered("liquidations")

    def watch(self, symbol: str) -> None:
        """Do nothing: every market is told of."""

    def unwatch(self, symbol: str) -> None:
        """Do nothing: every market is told of."""

    def events(self, interval: str) -> AsyncIterator[MarketEvent]:
        """Yield each candle as a move, and as closed once the next one opens.

        Each is told when the one before has been acted on. After the last one nothing comes.
        """
        for symbol in self._pasts:
            self._past(symbol, interval)
        return self._coming

    async def _events(self) -> AsyncIterator[MarketEvent]:
        pasts = self._pasts.values()
        step = next(iter(pasts)).interval
        end = max(int(past.candles.time[-1]) for past in pasts) + step
        for at in range(min(past.begins for past in pasts), end, step):
            # Its last millisecond: what is hit inside a candle is left before the next one opens.
            self._clock.set(at + step - 1)
            for past, row in self._playing(at):
                yield self._move(past, row)
                await self._acted_on()
            self._clock.set(at + step)
            for past, row in self._playing(at):
                if row + 1 < len(past.candles):
                    yield self._closed(past, row)
                    await self._acted_on()
        self.ended.set()
        await asyncio.Event().wait()

    def _playing(self, at: int) -> Iterator[tuple[Past, int]]:
        for past in self._pasts.values():
            row = past.row_at(at)
            if row is not None:
                yield past, row

    def _move(self, past: Past, row: int) -> PriceMove:
        candle, opens = past.candle(row), past.after(row)
        self._opens[past.market.symbol] = opens
        return PriceMove(
            market=past.market.key,
            at=candle.opened_at + past.interval,
            open=candle.open,
            high=candle.high,
            low=candle.low,
            last=candle.close,
            bid=float(past.paid(-1, opens)),
            ask=float(past.paid(1, opens)),
        )

    def _closed(self, past: Past, row: int) -> CandleClosed:
        return CandleClosed(
            market=past.market.key, interval=NAMES[past.interval], candle=past.candle(row)
        )

    async def _acted_on(self) -> None:
        await asyncio.sleep(0)
        turns = 0
        while not self._quiet():  # what is waited for tells no event
            turns += 1
            # A strategy answers in a thread: to turn in a circle would only take its time.
            await asyncio.sleep(0 if turns < _TURNS else _PAUSE_S)

    def _past(self, symbol: str, interval: str) -> Past:
        if symbol not in self._pasts:
            raise ValueError(f"unknown symbol {symbol[:40]!r}")
        past = self._pasts[symbol]
        if interval_ms(interval) != past.interval:
            raise ValueError(f"{symbol} is played by candles of {past.interval} ms")
        return past
