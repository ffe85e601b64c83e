"""One search from its plan to what is kept of it. It computes: it belongs in a thread."""

import shutil
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
from trading_mcp.services.pasts import Past, data_of
from trading_mcp.strategy.base import Strategy

if TYPE_CHECKING:
    from trading_mcp.backtest.runs import Data
    from trading_mcp.backtest.search.objectives import Objective
    from trading_mcp.backtest.search.searches import Method, Progress, Ranked, Searched
    from trading_mcp.backtest.search.spaces import Space

Note = Callable[[str, float], None]
Estimate = Callable[[float], None]
"""Hears how many seconds the whole search is going to take."""
_FROM_PROOF = 0.5
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
    from; *warmup* is the most candles that any combination needs before the span."""

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
            "terms": msgspec.to_builtins(self.terms),
        }


def searched(
    plan: SearchPlan, past: Past, room: SearchRoom, note: Note, estimate: Estimate
) -> tuple[KeptRun, Sequence[dict[str, Any]]]:
    """Prove the strategy and search; return what is kept, and a row for each combination.

    What *note* raises ends the search.

    Raises:
        InvalidParameter: the strategy fails the proof, or accepts none of the combinations.
    """
    from trading_mcp.backtest.honesty.attempts import Attempts
    from trading_mcp.backtest.honesty.digests import past_of
    from trading_mcp.backtest.honesty.proof import prove
    from trading_mcp.backtest.search.searches import attempts_of

    note("proving the strategy", _FROM_PROOF)
    source = prove(plan.strategy, room.ledger)
    data = data_of(past)
    known = past_of([data], plan.market.exchange)
    found = _found(plan, past, data, room, note, estimate)
    attempts = Attempts(room.ledger, plan.strategy, source, plan.market.exchange)
    tried = attempts.note([data], attempts_of(found, plan.space, plan.terms))
    rows = [_row(ranked) for ranked in _best_first(plan, found)]
    decided = {"strategy_hash": source, "data_hash": known.data}
    return _kept(plan, found, decided, tried.count), rows


def _found(
    plan: SearchPlan, past: Past, data: "Data", room: SearchRoom, note: Note, estimate: Estimate
) -> "Searched":
    from trading_mcp.backtest.search.batches import Dataset, forget
    from trading_mcp.backtest.search.searches import Search, search

    def hear(progress: "Progress") -> None:
        share = progress.done / max(progress.of, 1)
        if progress.seconds_left is not None and share < 1:
            estimate(progress.seconds_left / (1 - share))
        note("combinations", _FROM_PROOF + (0.95 - _FROM_PROOF) * share)

    note("compiling the loop, once for this machine", _FROM_PROOF)
    folder = room.folder / plan.id
    dataset = Dataset(
        path=str(folder), read=room.read, compiled=str(room.compiled), before=past.before
    )
    executor = room.executor()
    try:
        room.write(folder, [data])
        wanted = Search(
            space=plan.space,
            method=plan.method,
            objectives=plan.objectives,
            terms=plan.terms,
            trials=plan.trials,
            seed=plan.seed,
        )
        return search(wanted, dataset, executor, hear)
    finally:
        executor.close()
        forget(dataset)
        shutil.rmtree(folder, ignore_errors=True)


def _best_first(plan: SearchPlan, found: "Searched") -> "list[Ranked]":
    merit = plan.objectives[0].merit
    return sorted(found.all, key=lambda ranked: -merit(ranked.scores[0]))


def _row(ranked: "Ranked") -> dict[str, Any]:
    metrics = ranked.tried.metrics
    return {
        "parameters": ranked.tried.parameters,
        "scores": list(ranked.scores),
        "total_trades": None if metrics is None else metrics.total_trades,
        "metrics": {} if metrics is None else msgspec.to_builtins(metrics),
        "error": ranked.tried.error,
    }


def _kept(plan: SearchPlan, found: "Searched", decided: dict[str, str], ever: int) -> KeptRun:
    from trading_mcp.backtest.honesty.plateaus import plateau
    from trading_mcp.backtest.search.points import points_of

    best = found.best_one
    around = plateau(points_of(found, plan.objectives[0]))
    return KeptRun(
        id=plan.id,
        at=plan.at,
        status="completed",
        inputs={**plan.inputs, **decided},
        report={
            "best_parameters": {} if best is None else best.tried.parameters,
            "best_score": None if best is None else best.scores[0],
            "front": [
                {"parameters": one.tried.parameters, "scores": list(one.scores)}
                for one in (found.all[place] for place in found.front)
            ],
            "summary": {
                "tried": len(found.all),
                "refused": found.refused,
                "repeated": found.repeated,
                "failed": sum(one.tried.metrics is None for one in found.all),
                "ever_tried": ever,
                "plateau": msgspec.to_builtins(around),
                "seconds": found.seconds,
            },
            "estimated_seconds": found.estimated,
        },
    )
