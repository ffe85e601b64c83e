"""Asking strategies: each in a thread of its own, within a time budget."""

import asyncio
import math
import queue
import threading
from collections.abc import Callable, Sequence

import msgspec

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.markets import MarketKey
from trading_mcp.domain.signals import WISHES, Signal
from trading_mcp.strategy.answers import validate
from trading_mcp.strategy.base import Strategy

Views = Sequence[tuple[MarketKey, Candles]]
Answer = Callable[[], None]
ATR_PERIOD = 14


class Fault(msgspec.Struct, frozen=True):
    """Why a strategy gave no answer that can be used."""

    reason: str


class Evaluator:
    """Asks strategies for their wishes at the newest candle of markets."""

    def __init__(self, budget_ms: int, monotonic: Callable[[], float]):
        self._budget = budget_ms / 1000
        self._monotonic = monotonic
        self._threads: dict[str, _Thread] = {}

    async def ask(
        self, strategies: Sequence[Strategy], views: Views
    ) -> dict[str, list[Signal] | Fault]:
        """Return each strategy's wishes (by its name), in the order of *views*, or its fault."""
        pending = {s.name: self._thread(s.name).put(s, views) for s in strategies}
        while left := [f for f in pending.values() if not f.done()]:
            await asyncio.wait(left, timeout=self._budget)
            for name, future in pending.items():
                if not future.done() and self._threads[name].busy_for() > self._budget:
                    future.cancel()
                    # A thread can't be stopped; it is left to itself and never asked again.
                    self._threads.pop(name).leave()
        return {
            name: Fault(f"gave no answer within {self._budget * 1000:.0f} ms")
            if future.cancelled()
            else future.result()
            for name, future in pending.items()
        }

    def close(self) -> None:
        """Let all threads end."""
        for thread in self._threads.values():
            thread.leave()
        self._threads.clear()

    def _thread(self, name: str) -> "_Thread":
        if name not in self._threads:
            self._threads[name] = _Thread(name, self._monotonic)
        return self._threads[name]


class _Thread:
    def __init__(self, name: str, monotonic: Callable[[], float]):
        self._jobs: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
        self._monotonic = monotonic
        self._started: float | None = None
        # A daemon: a strategy that never returns must not keep the process from ending.
        threading.Thread(target=self._run, name=f"strategy-{name}", daemon=True).start()

    def put(self, strategy: Strategy, views: Views) -> "asyncio.Future[list[Signal] | Fault]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Signal] | Fault] = loop.create_future()

        def settle(result: list[Signal] | Fault) -> None:
            if not future.done():
                future.set_result(result)

        def answer() -> None:
            result = self._answer(strategy, views)
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, result)

        self._jobs.put(answer)
        return future

    def busy_for(self) -> float:
        """Return for how many seconds the present answer has been waited for."""
        started = self._started
        return self._monotonic() - started if started is not None else 0.0

    def leave(self) -> None:
        """End after what is running now."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (answer := self._jobs.get()) is not None:
            answer()

    def _answer(self, strategy: Strategy, views: Views) -> list[Signal] | Fault:
        signals = []
        try:
            for key, candles in views:
                self._started = self._monotonic()
                signals.append(wishes(strategy, key, candles))
        except Exception as error:  # a plugin may raise anything at all
            return Fault(f"{type(error).__name__}: {error}"[:300])
        finally:
            self._started = None
        return signals


def wishes(strategy: Strategy, key: MarketKey, candles: Candles) -> Signal:
    """Return what *strategy* wishes for at the newest of *candles*.

    Raises ValueError for an answer that breaks the contract, and whatever the strategy raises.
    """
    answer = strategy.signals(candles)
    validate(answer, len(candles))
    wished = tuple(wish for wish in WISHES if getattr(answer, wish)[-1])
    return Signal(
        strategy=strategy.name,
        market=key,
        at=int(candles.time[-1]),
        close=float(candles.close[-1]),
        strength=float(answer.strength[-1]) if wished else 0.0,
        wishes=wished,
        atr=_atr(candles) if any(wish.startswith("enter") for wish in wished) else 0.0,
    )


def _atr(candles: Candles) -> float:
    from trading_mcp.indicators.series import atr  # TA-Lib is heavy: not before it is needed

    recent = candles[-10 * ATR_PERIOD :]
    value = float(atr(recent.high, recent.low, recent.close, ATR_PERIOD)[-1])
    return value if math.isfinite(value) else 0.0
