"""One backtest from its plan to what is kept of it. It computes: it belongs in a thread."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from trading_mcp.backtest.terms import Terms
from trading_mcp.domain.backtests import KeptRun
from trading_mcp.domain.candles import interval_ms
from trading_mcp.domain.errors import InternalError
from trading_mcp.ports import TrialLedger
from trading_mcp.services.loading import Note, loaded_loop
from trading_mcp.services.pasts import Past, data_of
from trading_mcp.services.planned import Planned
from trading_mcp.strategy.base import Strategy

if TYPE_CHECKING:
    from trading_mcp.backtest.compiling import Loop
    from trading_mcp.backtest.honesty.examining import Honesty
    from trading_mcp.backtest.runs import Data, Result

SEED = 0
"""Nothing in a run is drawn at random."""


class Plan(Planned, frozen=True, kw_only=True):
    """What is to be run."""

    strategy: Strategy

    @property
    def inputs(self) -> dict[str, Any]:
        """What was asked for."""
        return {
            **super().inputs,
            "strategy": self.strategy.name,
            "config": msgspec.to_builtins(self.strategy.params),
            "seed": SEED,
        }


class Workshop(msgspec.Struct, frozen=True, kw_only=True):
    """What runs need: where the compiled loop is kept, and who counts what was tried."""

    folder: Path
    ledger: TrialLedger


def carried_out(
    plan: Plan, past: Past, workshop: Workshop, note: Note
) -> tuple[KeptRun, Sequence[dict[str, Any]]]:
    """Prove the strategy, run it over *past*; return what is kept of the run, and its trades.

    Raises:
        InvalidParameter: the strategy fails the proof.
        InternalError: it answers rubbish.
    """
    loop = loaded_loop(workshop.folder, note, 0.4)
    from trading_mcp.backtest.honesty.attempts import Attempts
    from trading_mcp.backtest.honesty.examining import examined
    from trading_mcp.backtest.honesty.proof import prove
    from trading_mcp.backtest.runs import exits_of

    note("proving the strategy", 0.5)
    params, data = plan.strategy.params, data_of(past)
    source = prove(type(plan.strategy), workshop.ledger, params)
    terms = msgspec.structs.replace(plan.terms, exits=exits_of(params))
    result = _ran(plan.strategy, data, past.before, terms, loop, note)
    attempts = Attempts(workshop.ledger, type(plan.strategy), source, plan.market.exchange)
    tried = attempts.note([data], [(params, terms, result.metrics.sharpe_ratio)])
    honesty = examined(result.outcome, result.metrics, terms, tried)
    note("keeping the result", 0.95)
    return recorded(plan, past, Ran(result=result, terms=terms, source=source, honesty=honesty))


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is over: what it was held to, exits and all, the digest of the strategy's source,
    and how far the result can be trusted."""

    result: "Result"
    terms: Terms
    source: str
    honesty: "Honesty"


def recorded(plan: Plan, past: Past, ran: Ran) -> tuple[KeptRun, Sequence[dict[str, Any]]]:
    """Return what is kept of a run over *past*, and its trades."""
    from trading_mcp.backtest.compiling import PARTS, digest_of
    from trading_mcp.backtest.honesty.digests import past_of
    from trading_mcp.services.backtest_rows import trades_of

    decided = {
        "terms": msgspec.to_builtins(ran.terms),
        "candles": len(past.candles) - past.before,
        "warmup_candles": past.before,
        "strategy_hash": ran.source,
        "data_hash": past_of([data_of(past)], plan.market.exchange).data,
        "kernel": digest_of(PARTS),
    }
    kept = _kept(plan, past, ran.result, decided, msgspec.to_builtins(ran.honesty))
    return kept, trades_of(ran.result.outcome)


def _ran(
    strategy: Strategy, data: "Data", before: int, terms: Terms, loop: "Loop", note: Note
) -> "Result":
    from trading_mcp.backtest.warmed import run_warmed

    def later(what: str, share: float) -> None:
        note(what, 0.6 + 0.3 * share)

    try:
        return run_warmed(strategy, data, before, terms, loop, later)
    except ValueError as error:
        raise InternalError(f"{strategy.name}: {error}") from error


def _kept(
    plan: Plan,
    past: Past,
    result: "Result",
    decided: dict[str, Any],
    honesty: dict[str, Any],
) -> KeptRun:
    from trading_mcp.services.backtest_rows import curve_of, entries_not_made

    metrics = msgspec.to_builtins(result.metrics)
    tables = {name: msgspec.to_builtins(getattr(result, name)) for name in _TABLES}
    return KeptRun(
        id=plan.id,
        at=plan.at,
        status="completed",
        inputs={**plan.inputs, **decided},
        report={
            "metrics": metrics,
            "warnings": [*_warnings(plan, past), *entries_not_made(result.outcome)],
            **tables,
            "result_hash": _digest(result, metrics),
            "honesty": honesty,
            "equity_curve": curve_of(result.outcome),
        },
    )


_TABLES = ("pairs", "months", "reasons", "seconds")


def _warnings(plan: Plan, past: Past) -> list[str]:
    found = []
    if past.missing:
        found.append(
            f"nobody traded in {past.missing:,} of "
            f"{past.span.length // interval_ms(past.interval):,} intervals: as live, candles at "
            "the last close stand there, without height and volume"
        )
    if past.before < plan.strategy.warmup:
        found.append(
            f"the strategy needs {plan.strategy.warmup} candles before the first wish, and "
            f"{past.before} are known before start_date: its first wishes may be missing"
        )
    if plan.market.type == "perpetual" and past.settlements is None:
        found.append("past funding of this exchange is not known: it is left out")
    return found


def _digest(result: "Result", metrics: dict[str, Any]) -> str:
    """Return what tells this answer, to the last bit, from any other."""
    outcome = result.outcome
    said = hashlib.sha256(msgspec.json.encode(metrics))
    for part in (outcome.time, outcome.equity, outcome.trades):
        said.update(np.ascontiguousarray(part).tobytes())
    return said.hexdigest()
