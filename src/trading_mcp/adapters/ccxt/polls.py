"""What perpetuals are measured by and pay: mark prices and funding, asked for now and then."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

import structlog

from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.sources import Sources
from trading_mcp.domain.quotes import FundingRate, NoQuote, NotOffered

log = structlog.get_logger(__name__)
_MARK_OLD_S = 30.0
_NEAR_MS = 60_000
"""Exchanges pay some milliseconds off the hour."""
_REMEMBERED = 250
"""Payments: more than a week of them, were they hourly."""


class Polls:
    """Asks about the watched perpetuals, and remembers."""

    def __init__(self, sources: Sources):
        self._sources = sources
        self._tasks: dict[str, list[asyncio.Task[None]]] = {}
        self._marks: dict[str, tuple[float, float]] = {}
        self._rates: dict[str, dict[int, float]] = defaultdict(dict)
        self._newest: dict[str, FundingRate] = {}

    def begin(self, listed: Listed) -> None:
        """Ask about a perpetual from now on."""
        symbol = listed.market.symbol
        if listed.market.type == "perpetual" and symbol not in self._tasks:
            patience = self._sources.patience
            asked = [(patience.poll_s, self._ask_mark), (patience.funding_s, self._ask_funding)]
            self._tasks[symbol] = [
                asyncio.create_task(self._every(seconds, ask, listed)) for seconds, ask in asked
            ]

    def end(self, symbol: str) -> None:
        """Ask about it no longer; what is known stays."""
        for task in self._tasks.pop(symbol, []):
            task.cancel()

    async def stop(self) -> None:
        """Ask nothing any more."""
        tasks = [task for tasks in self._tasks.values() for task in tasks]
        for symbol in list(self._tasks):
            self.end(symbol)
        await asyncio.gather(*tasks, return_exceptions=True)

    def mark(self, symbol: str) -> float | None:
        """Return the mark price, None if the exchange has not told it of late."""
        told, at = self._marks.get(symbol, (0.0, 0.0))
        fresh = symbol in self._marks and self._sources.clock.monotonic() - at <= _MARK_OLD_S
        return told if fresh else None

    def rate(self, symbol: str, at: int) -> float:
        """Return the rate (a fraction) that was published for the payment at *at* (UTC ms).

        Raises:
            NoQuote: none was.
        """
        rates = self._rates.get(symbol, {})
        due = min(rates, key=lambda due: abs(due - at), default=None)
        if due is None or abs(due - at) > _NEAR_MS:
            raise NoQuote(f"no funding rate of {symbol} is known for {at}")
        return rates[due]

    def due_after(self, symbol: str, at: int) -> int:
        """Return when funding is paid next, after *at* (UTC ms).

        Raises:
            NoQuote: that is not known.
        """
        newest = self._newest.get(symbol)
        if newest is None:
            raise NoQuote(f"when {symbol} pays funding is not known")
        return newest.due_at + ((at - newest.due_at) // newest.interval_ms + 1) * newest.interval_ms

    async def recall(self, listed: Listed, since: int) -> None:
        """Ask what a perpetual is measured by now, and what it has paid since *since* (UTC ms).

        Raises whatever the exchange's trouble was; what it does not offer stays unknown.
        """
        if listed.market.type != "perpetual":
            return
        for ask in (self._ask_mark, self._ask_funding):
            with contextlib.suppress(NotOffered):
                await ask(listed)
        with contextlib.suppress(NotOffered):
            told = await self._sources.questions.past_funding(listed, since - _NEAR_MS)
            self._remember(listed.market.symbol, told)

    async def _every(
        self, seconds: float, ask: Callable[[Listed], Awaitable[None]], listed: Listed
    ) -> None:
        while True:
            try:
                await ask(listed)
            except NotOffered:
                return
            except Exception as error:  # whatever ccxt or the network raised: it is asked again
                words = f"{type(error).__name__}: {error}"[:100]
                log.info("poll_failed", market=listed.market.key, error=words)
            await self._sources.sleep(seconds)

    async def _ask_mark(self, listed: Listed) -> None:
        told = await self._sources.questions.mark_price(listed)
        if told is None:
            raise NotOffered("mark price")
        self._marks[listed.market.symbol] = (told, self._sources.clock.monotonic())

    async def _ask_funding(self, listed: Listed) -> None:
        newest = await self._sources.questions.funding_rate(listed)
        self._newest[listed.market.symbol] = newest
        self._remember(listed.market.symbol, {newest.due_at: newest.rate})

    def _remember(self, symbol: str, told: Mapping[int, float]) -> None:
        rates = self._rates[symbol]
        rates.update(told)
        while len(rates) > _REMEMBERED:
            del rates[min(rates)]
