"""Asking strategies: in a thread beside the loop, each within a time budget."""

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
ATR_PERIOD = 14


class Fault(msgspec.Struct, frozen=True):
    """Why a strategy gave no answer that can be used."""

    reason: str


Answers = dict[str, list[Signal] | Fault]


class Evaluator:
    """Asks strategies for their wishes at the newest candle of markets.

    They are asked in turn, in one thread: Python runs one thread at a time, so a thread for each
    would bring no answer sooner, and each would be timed while the others run.
    """

    def __init__(self, budget_ms: int, monotonic: Callable[[], float]):
        self._budget = budget_ms / 1000
        self._monotonic = monotonic
        self._thread: _Thread | None = None

    async def ask(self, strategies: Sequence[Strategy], views: Views) -> Answers:
        """Return each strategy's wishes (by its name), in the order of *views*, or its fault.

        A view with fewer candles than a strategy's warm-up is not put before it.
        """
        answers: Answers = {}
        while left := [s for s in strategies if s.name not in answers]:
            answers |= await self._asked(left, views)
        return answers

    def close(self) -> None:
        """Let the thread end."""
        if self._thread is not None:
            self._thread.leave()
        self._thread = None

    async def _asked(self, strategies: Sequence[Strategy], views: Views) -> Answers:
        """Ask until all have answered or one has taken too long; return the answers so far."""
        if self._thread is None or self._thread.left:
            self._thread = _Thread(self._monotonic)
        thread, job = self._thread, _Job(strategies, views)
        thread.put(job)
        while not job.done.done() and not thread.left:
            await asyncio.wait([job.done], timeout=self._budget)
            if (late := job.late(self._monotonic() - self._budget)) is not None:
                # A thread can't be stopped; it is left to itself and never asked again.
                thread.leave()
                reason = f"gave no answer within {self._budget * 1000:.0f} ms"
                return {**job.answers, late: Fault(reason)}
        return dict(job.answers)


class _Job:
    """Strategies to ask about markets, and what they have answered so far."""

    def __init__(self, strategies: Sequence[Strategy], views: Views):
        self.strategies, self.views = strategies, views
        self.answers: Answers = {}
        self.asking: tuple[str, float] | None = None
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()

    def late(self, since: float) -> str | None:
        """Return the strategy whose present answer has been waited for since before *since*."""
        asking = self.asking
        return asking[0] if asking is not None and asking[1] < since else None

    def end(self) -> None:
        """Tell who waits, from the other thread, that all have answered."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


class _Thread:
    def __init__(self, monotonic: Callable[[], float]):
        self.left = False
        self._monotonic = monotonic
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        # A daemon: a strategy that never returns must not keep the process from ending.
        threading.Thread(target=self._run, name="strategies", daemon=True).start()

    def put(self, job: _Job) -> None:
        """Ask what *job* asks, after all that was put before."""
        self._jobs.put(job)

    def leave(self) -> None:
        """Ask nothing more, and end once the present answer has come."""
        self.left = True
        self._jobs.put(None)

    def _run(self) -> None:
        # TA-Lib takes longer to import than a strategy may take to answer: before the first one.
        from trading_mcp.indicators import series  # noqa: F401  # for `_atr`

        while (job := self._jobs.get()) is not None:
            for strategy in job.strategies:
                if self.left:
                    return
                job.answers[strategy.name] = self._answer(strategy, job)
            job.end()

    def _answer(self, strategy: Strategy, job: _Job) -> list[Signal] | Fault:
        signals = []
        try:
            for key, candles in job.views:
                job.asking = (strategy.name, self._monotonic())
                if len(candles) >= max(strategy.warmup, 1):
                    signals.append(wishes(strategy, key, candles))
        except BaseException as error:  # a plugin may raise anything at all, SystemExit too
            return Fault(f"{type(error).__name__}: {error}"[:300])
        finally:
            job.asking = None
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

    value = float(atr(candles.high, candles.low, candles.close, ATR_PERIOD)[-1])
    return value if math.isfinite(value) else 0.0
