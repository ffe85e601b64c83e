"""What is to be searched, and what that takes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from trading_mcp.backtest.terms import Terms
from trading_mcp.domain.backtests import KeptRun
from trading_mcp.domain.markets import Market
from trading_mcp.domain.spans import Span
from trading_mcp.domain.times import iso
from trading_mcp.ports import Executor, TrialLedger
from trading_mcp.strategy.base import Strategy

if TYPE_CHECKING:
    from trading_mcp.backtest.runs import Data
    from trading_mcp.backtest.search.objectives import Objective
    from trading_mcp.backtest.search.searches import Method
    from trading_mcp.backtest.search.spaces import Space

Read = Callable[[str], "Sequence[Data]"]
Write = Callable[[Path, "Sequence[Data]"], None]


class SearchRoom(msgspec.Struct, frozen=True, kw_only=True):
    """What searches need: who does the work, data sets by their path, the compiled loop's folder,
    and who counts what was tried."""

    folder: Path
    compiled: Path
    ledger: TrialLedger
    executor: Callable[[], Executor]
    read: Read
    write: Write


class SearchPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be searched. *source* says what the exchange is, *plugin* where the strategy is
    from; *warmup* is the most candles that any combination needs before the span.

    *walk_forward* is the number of tests out of sample, if there are to be any.
    """

    id: str
    at: int
    market: Market
    source: str
    interval: str
    span: Span
    space: "Space"
    method: "Method"
    objectives: "tuple[Objective, ...]"
    trials: int
    seed: int
    plugin: str
    terms: Terms
    warmup: int
    asked: dict[str, Any]
    walk_forward: int | None = None
    anchored: bool = False

    @property
    def strategy(self) -> type[Strategy]:
        """Whose parameters are searched."""
        return self.space.strategy

    @property
    def queued(self) -> KeptRun:
        """What is kept of it before it has run."""
        return KeptRun(id=self.id, at=self.at, status="queued", inputs=self.inputs)

    @property
    def inputs(self) -> dict[str, Any]:
        """What was asked for."""
        return {
            "exchange": self.market.exchange,
            "symbol": self.market.symbol,
            "source": self.source,
            "interval": self.interval,
            "start_date": iso(self.span.start),
            "end_date": iso(self.span.end),
            "strategy": self.strategy.name,
            "plugin": self.plugin,
            "parameters": self.asked,
            "config": self.space.fixed,
            "method": self.method,
            "objectives": [f"{o.metric}{':min' if o.is_cost else ''}" for o in self.objectives],
            "trials": self.trials,
            "seed": self.seed,
            "walk_forward": self.walk_forward,
            "anchored": self.anchored,
            "terms": msgspec.to_builtins(self.terms),
        }
