"""A loopback KuCoin that real ccxt follows, with a clock that jumps from one candle to the next."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from trading_mcp.adapters.ccxt.build import open_market_data
from trading_mcp.adapters.ccxt.data import CcxtMarketData
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.ccxt.sources import Patience
from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.domain.quotes import CandleClosed, MarketEvent, PriceMove, StreamLost
from trading_mcp.testkit.kucoin import Loopback, LoopbackSettings, loopback_kucoin

MINUTE = 60_000
QUICK = Patience(grace_ms=400, hold_ms=3000, quiet_s=1.0, poll_s=0.5, beat_s=0.05)
EventT = TypeVar("EventT")


class JumpingClock:
    """The system's clock, and how far ahead of it the stage is."""

    def __init__(self) -> None:
        self._system, self.ahead_ms = SystemClock(), 0

    def now(self) -> int:
        return self._system.wall() + self.ahead_ms

    def wall(self) -> int:
        return self.now()

    def monotonic(self) -> float:
        return self._system.monotonic()


class Stage:
    """What is told of the loopback's markets, and the means to bring things about."""

    def __init__(self, loopback: Loopback, data: CcxtMarketData, clock: JumpingClock):
        self.loopback, self.data, self.clock = loopback, data, clock
        self.events = list[MarketEvent]()
        self._news = asyncio.Event()

    async def listen(self) -> None:
        async for event in self.data.events("1m"):
            self.events.append(event)
            self._news.set()

    async def until(self, condition: Callable[[], Any], seconds: float = 20.0) -> None:
        """Wait until something is so of what has been told."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), 0.1)

    def told(self, kind: type[EventT], symbol: str = "") -> list[EventT]:
        """Return the events of one kind, and of one market."""
        key = f"kucoin:{symbol}"
        return [
            event
            for event in self.events
            if isinstance(event, kind) and (not symbol or getattr(event, "market", "") == key)
        ]

    def moves(self, symbol: str) -> list[PriceMove]:
        return self.told(PriceMove, symbol)

    def candles(self, symbol: str) -> list[CandleClosed]:
        return self.told(CandleClosed, symbol)

    def losses(self) -> list[StreamLost]:
        return self.told(StreamLost)

    def jump_to_end_of_minute(self, before_ms: int = 700) -> int:
        """Let both clocks show *before_ms* before the minute ends; return when it began."""
        now = self.clock.now()
        opened_at = now // MINUTE * MINUTE
        jump = max(opened_at + MINUTE - before_ms - now, 0)
        self.clock.ahead_ms += jump
        self.loopback.clock.skew_ms += jump
        return opened_at

    def truth(self, symbol: str, opened_at: int) -> Any:
        """Return a candle as the exchange itself has it."""
        return self.loopback.prices.candle(symbol, MINUTE, opened_at)


@contextlib.asynccontextmanager
async def staged(
    symbols: tuple[str, ...], *, patience: Patience = QUICK, watch: bool = True, **settings: Any
) -> AsyncIterator[Stage]:
    """Follow *symbols* of a loopback KuCoin while inside."""
    settings = {"tick_ms": 50, "symbols": symbols} | settings
    prices = settings.get("prices", {})
    settings["prices"] = {symbol: prices[symbol] for symbol in symbols if symbol in prices}
    async with loopback_kucoin(LoopbackSettings(**settings)) as loopback:
        clock = JumpingClock()
        data = await open_market_data(
            "kucoin",
            ExchangeSettings(base_url=loopback.base_url),
            clock=clock,
            patience=patience,
        )
        stage = Stage(loopback, data, clock)
        for symbol in symbols if watch else ():
            data.watch(symbol)
        listening = asyncio.create_task(stage.listen())
        try:
            yield stage
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await data.close()
