"""From closed candles to decisions: windows, strategies, the core."""

from collections.abc import Iterable
from itertools import groupby

import structlog

from trading_mcp.domain import entries as e
from trading_mcp.domain.candles import Candle, Candles, interval_ms
from trading_mcp.domain.markets import MarketKey
from trading_mcp.engine.core import Core
from trading_mcp.engine.evaluator import Answers, Evaluator, Fault
from trading_mcp.engine.ledger import Ledger
from trading_mcp.engine.roster import Roster
from trading_mcp.engine.settings import ScalpingSettings
from trading_mcp.engine.windows import Added, Window
from trading_mcp.ports import Clock
from trading_mcp.strategy.base import ENGINE_WINDOW, Strategy

log = structlog.get_logger(__name__)


class Decider:
    """Asks the strategies about each batch of closed candles, and passes their wishes on."""

    def __init__(
        self,
        core: Core,
        roster: Roster,
        ledger: Ledger,
        clock: Clock,
        settings: ScalpingSettings,
    ):
        self._core, self._roster, self._ledger = core, roster, ledger
        self._step = interval_ms(settings.interval)
        self._evaluator = Evaluator(settings.strategy_budget_ms, clock.monotonic)
        # Callers who only look are answered beside the engine's own decisions, not before them.
        self._onlookers = Evaluator(settings.strategy_budget_ms, clock.monotonic)
        self._windows: dict[MarketKey, Window] = {}

    @property
    def window_size(self) -> int:
        """How many candles the most demanding strategy looks at."""
        needs = (strategy.warmup for strategy in self._roster.active())
        return max(ENGINE_WINDOW, *needs, 0)

    def fill(self, key: MarketKey, candles: Candles) -> None:
        """Give a market its candles so far."""
        window = self._windows[key] = Window(self.window_size, self._step)
        window.fill(candles)

    def too_short(self) -> list[MarketKey]:
        """Return the markets whose window holds fewer candles than strategies now need."""
        return [key for key, window in self._windows.items() if window.size < self.window_size]

    def forget(self, key: MarketKey) -> None:
        """Drop a market's candles."""
        self._windows.pop(key, None)

    def add(self, key: MarketKey, candle: Candle) -> Added:
        """Add a closed candle; after a gap the market's candles must be filled anew."""
        window = self._windows.get(key)
        return window.add(candle) if window is not None else "gap"

    def newest(self, key: MarketKey) -> int | None:
        """Return when a market's newest candle opened (UTC ms)."""
        window = self._windows.get(key)
        return window.newest if window is not None else None

    async def decide(self, closed: Iterable[MarketKey]) -> None:
        """Ask the active strategies about the markets whose candle has closed.

        All answers are waited for, and taken in one fixed order, so that the same candles give
        the same journal however the threads ran.
        """
        keys = [key for key in closed if key in self._core.state.pairs]
        if not self._core.state.running or not keys:
            return
        answers = await self._ask(keys)
        for name, answer in answers.items():
            if isinstance(answer, Fault):
                self.stop(name, answer.reason)
        signals = [s for a in answers.values() if not isinstance(a, Fault) for s in a]
        signals.sort(key=lambda s: (s.market, s.strategy))
        for _, wished in groupby(signals, key=lambda s: s.market):
            # Together: orders of one market wait for one commit, not each for the one before.
            self._ledger.write(self._core.on_signal(*wished))

    async def wishes_on(
        self, strategies: list[Strategy], views: list[tuple[MarketKey, Candles]]
    ) -> Answers:
        """Return what *strategies* wish for at the end of other candles than the engine's."""
        return await self._onlookers.ask(strategies, views)

    def stop(self, name: str, reason: str) -> None:
        """Stop a strategy for a fault: it alone."""
        log.error("strategy_stopped", strategy=name, reason=reason)
        state = self._core.state
        settings = state.strategies[name]
        stopped = e.StrategyChanged(
            at=state.now,
            name=name,
            active=False,
            weight=settings.weight,
            params=settings.params,
            why=reason,
            principal="engine",
        )
        self._ledger.write(self._core.record(stopped))
        message = f"Strategy {name} was stopped: {reason}"
        self._ledger.write(self._core.alert("strategy_broken", "warning", message, subject=name))

    def close(self) -> None:
        """Let the strategies' threads end."""
        self._evaluator.close()
        self._onlookers.close()

    async def _ask(self, keys: list[MarketKey]) -> Answers:
        views = [(key, self._windows[key].candles()) for key in keys if key in self._windows]
        strategies = self._roster.active()
        return await self._evaluator.ask(strategies, views) if strategies and views else {}
