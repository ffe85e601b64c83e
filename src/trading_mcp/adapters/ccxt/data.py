"""The public side of one real exchange."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from trading_mcp.adapters.ccxt.candles import CandleQuestions
from trading_mcp.adapters.ccxt.intervals import intervals_of
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.polls import Polls
from trading_mcp.adapters.ccxt.prices import Prices
from trading_mcp.adapters.ccxt.questions import Questions, offers_of
from trading_mcp.adapters.ccxt.recalling import recall
from trading_mcp.adapters.ccxt.skew import ExchangeTime
from trading_mcp.adapters.ccxt.sources import Patience, Sources
from trading_mcp.adapters.ccxt.streams import Streams
from trading_mcp.adapters.ccxt.tape import Tape
from trading_mcp.adapters.ccxt.traits import Traits
from trading_mcp.domain.candles import Candles, interval_ms
from trading_mcp.domain.markets import Market
from trading_mcp.domain.quotes import (
    ExchangeInfo,
    FundingRate,
    Liquidation,
    MarketEvent,
    Move,
    NotOffered,
    OpenInterest,
    OrderBook,
    PublicTrade,
    Ticker,
)
from trading_mcp.ports import Clock

_STATUS: Mapping[Any, Any] = {"ok": "ok", "shutdown": "down"}


class CcxtMarketData:
    """Asks an exchange over REST and follows it over WebSocket, both through ccxt.

    Implements `ports.MarketData`, and `ports.Tape` of the watched markets; *quotes* implements
    `ports.Quotes` of them. *listing* holds its markets by our symbols; *client* needs no keys.
    """

    def __init__(
        self,
        exchange: str,
        client: Any,
        listing: Mapping[str, Listed],
        traits: Traits,
        clock: Clock,
        patience: Patience,
    ):
        self._client, self._listing, self._traits = client, listing, traits
        self.time, self._tape = ExchangeTime(client, clock), Tape()
        self._questions = Questions(client, traits, self.time.now)
        self._candles = CandleQuestions(
            client, traits, now=self.time.now, last_trade_at=self._last_trade_at
        )
        self._sources = Sources(
            exchange=exchange,
            client=client,
            traits=traits,
            time=self.time,
            clock=clock,
            questions=self._questions,
            candles=self._candles,
            tape=self._tape,
            patience=patience,
        )
        self._streams, self._polls = Streams(self._sources), Polls(self._sources)
        self.quotes = Prices(self._sources, self._streams, self._polls, self.listed)

    @property
    def loaded(self) -> Any:
        """ccxt's client, whose markets another one may take over."""
        return self._client

    def listed(self, symbol: str) -> Listed:
        """Return a market with ccxt's name for it.

        Raises:
            ValueError: unknown symbol.
        """
        if symbol not in self._listing:
            raise ValueError(f"unknown symbol {symbol[:40]!r}")
        return self._listing[symbol]

    async def markets(self) -> Sequence[Market]:
        """Return every market that can be traded."""
        return [listed.market for listed in self._listing.values()]

    async def info(self) -> ExchangeInfo:
        """Return the exchange's state, its time, and what it offers."""
        kinds = {listed.market.type for listed in self._listing.values()}
        told = await self._client.fetch_status() if self._client.has.get("fetchStatus") else None
        await self.time.measure()
        return ExchangeInfo(
            status=_STATUS.get(told.get("status"), "maintenance") if told else "ok",
            at=self.time.now(),
            offers=offers_of(self._client, perpetuals="perpetual" in kinds),
            intervals=intervals_of(self._client, self._traits, kinds),
            requests_per_minute=60_000 / self._client.rateLimit,
        )

    async def candles(
        self, symbol: str, interval: str, *, limit: int, end: int | None = None
    ) -> Candles:
        """Return the *limit* newest closed candles that opened before *end* (UTC ms; now)."""
        return await self._candles.window(self.listed(symbol), interval, limit, end)

    async def told_candles(self, symbol: str, interval: str, *, limit: int, end: int) -> Candles:
        """Return the closed candles of the *limit* intervals before *end*; none is made up."""
        step, listed = interval_ms(interval), self.listed(symbol)
        end = min(end, self.time.now() // step * step)
        start = max(end - limit * step, 0)
        return Candles.of(await self._candles.told(listed, interval, start, end))

    async def ticker(self, symbol: str) -> Ticker:
        """Return the last price and best quotes."""
        return await self._questions.ticker(self.listed(symbol))

    async def order_book(self, symbol: str, depth: int) -> OrderBook:
        """Return the best *depth* levels of each side."""
        return await self._questions.order_book(self.listed(symbol), depth)

    async def trades(self, symbol: str, limit: int) -> Sequence[PublicTrade]:
        """Return the *limit* newest trades of everybody, oldest first."""
        return await self._questions.trades(self.listed(symbol), limit)

    async def funding_rate(self, symbol: str) -> FundingRate:
        """Return a perpetual's funding."""
        return await self._questions.funding_rate(self.listed(symbol))

    async def open_interest(self, symbol: str) -> OpenInterest:
        """Return how much of a perpetual is held open."""
        return await self._questions.open_interest(self.listed(symbol))

    async def liquidations(self, symbol: str, limit: int) -> Sequence[Liquidation]:
        """Return the *limit* newest liquidations of a perpetual, oldest first."""
        return await self._questions.liquidations(self.listed(symbol), limit)

    def watch(self, symbol: str) -> None:
        """Add *symbol* to what `events` delivers."""
        listed = self.listed(symbol)
        self._streams.watch(listed)
        self._polls.begin(listed)

    def unwatch(self, symbol: str) -> None:
        """Take *symbol* out of what `events` delivers."""
        self._streams.unwatch(symbol)
        self._polls.end(symbol)

    def events(self, interval: str) -> AsyncIterator[MarketEvent]:
        """Yield price moves, and candles of *interval* as they close, of the watched symbols.

        Raises:
            ValueError: unknown interval.
        """
        interval_ms(interval)
        return self._streams.events(interval)

    def move(self, symbol: str, since: int, until: int) -> Move | None:
        """Return how the price went after *since* and up to *until*; None: unknown, or no trade."""
        return self._tape.move(symbol, since, until)

    async def recall(self, symbol: str, since: int, until: int) -> None:
        """Ask what the market did after *since* and up to *until*, so that `move` knows it.

        Of a perpetual also what it paid, so that *quotes* know it.
        """
        await self._polls.recall(self.listed(symbol), since)
        await recall(self.listed(symbol), since, until, self._sources)

    async def clock_skew_ms(self) -> float | None:
        """Return the exchange's time minus ours, None where it does not tell it."""
        return await self.time.measure()

    async def close(self) -> None:
        """Hang up."""
        await self._streams.stop()
        await self._polls.stop()
        await self._client.close()

    async def _last_trade_at(self, listed: Listed) -> int | None:
        try:
            trades = await self._questions.trades(listed, self._traits.trades_page)
        except NotOffered:
            return self.time.now()  # nobody can say that there was none
        return trades[-1].at if trades else None
