"""What is to be searched, and what that takes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from trading_mcp.ports import Executor, TrialLedger
from trading_mcp.services.planned import Planned
from trading_mcp.strategy.base import Strategy

if TYPE_CHECKING:
    from trading_mcp.backtest.runs import Data
    from trading_mcp.backtest.search.objectives import Objective
    from trading_mcp.backtest.search.searches import Method
    from trading_mcp.backtest.search.spaces import Space

Read = Callable[[str], "Sequence[Data]"]
Write = Callable[[Path, "Sequence[Data]"], None]


class SearchRoom(msgspec.Struct, frozen=True, kw_only=True):
    """What searches need: who does the work of going over so many candles, data sets by their path,
    the compiled loop's folder, and who counts what was tried."""

    folder: Path
    compiled: Path
    ledger: TrialLedger
    executor: Callable[[int], Executor]
    read: Read
    write: Write


class SearchPlan(Planned, frozen=True, kw_only=True):
    """What is to be searched. *warmup* is the most candles that any combination needs before the
    span, *walk_forward* the number of tests out of sample, if there are to be any."""

    space: "Space"
    method: "Method"
    objectives: "tuple[Objective, ...]"
    trials: int
    seed: int
    warmup: int
    asked: dict[str, Any]
    walk_forward: int | None = None
    anchored: bool = False

    @property
    def strategy(self) -> type[Strategy]:
        """Whose parameters are searched."""
        return self.space.strategy

    def candles_of(self, candles: int) -> int:
        """Return how many candles all runs go over at most, over a past of so many *candles*."""
        grid = self.space.size if self.method == "grid" else None
        runs = self.trials if grid is None else grid
        return candles * runs * (1 + (self.walk_forward or 0))

    @property
    def inputs(self) -> dict[str, Any]:
        """What was asked for."""
        return {
            **super().inputs,
            "strategy": self.strategy.name,
            "parameters": self.asked,
            "config": self.space.fixed,
            "method": self.method,
            "objectives": [f"{o.metric}{':min' if o.is_cost else ''}" for o in self.objectives],
            "trials": self.trials,
            "seed": self.seed,
            "walk_forward": self.walk_forward,
            "anchored": self.anchored,
        }
