"""Runs as callers see them: under way, in a sentence, in full, in a list."""

from typing import Any

import msgspec

from trading_mcp.domain.backtests import KeptRun
from trading_mcp.domain.times import iso
from trading_mcp.services.jobs import Job
from trading_mcp.services.kept_runs import standing
from trading_mcp.services.shapes.backtests import (
    BacktestAnswer,
    BacktestResult,
    BacktestRow,
    EquityPoint,
    TradeRow,
)


def under_way(job: Job) -> BacktestAnswer:
    """Return the answer while there is no result."""
    return BacktestAnswer(id=job.id, status=job.status, message=job.words, progress=job.progress)


def said(kept: KeptRun) -> str:
    """Return a completed run in a sentence."""
    inputs, metrics = kept.inputs, kept.report["metrics"]
    return (
        f"{inputs['strategy']} on {inputs['exchange']} {inputs['symbol']} {inputs['interval']}, "
        f"{inputs['start_date']} to {inputs['end_date']}: {metrics['total_trades']} trades, "
        f"{metrics['total_return_pct']:.2f} %, buying and holding "
        f"{metrics['buy_and_hold_return_pct']:.2f} %"
    )


def result_view(
    kept: KeptRun, job: Job | None, trades: list[dict[str, Any]], further: str | None
) -> BacktestResult:
    """Return everything that is kept of a run, or how far it is."""
    report = kept.report
    return BacktestResult(
        id=kept.id,
        **standing(kept, job),
        metrics=report.get("metrics", {}),
        warnings=report.get("warnings", []),
        pairs=report.get("pairs", []),
        months=report.get("months", []),
        reasons=report.get("reasons", []),
        seconds=report.get("seconds", {}),
        result_hash=report.get("result_hash", ""),
        honesty=report.get("honesty", {}),
        trades=msgspec.convert(trades, list[TradeRow]),
        next_cursor=further,
        equity_curve=msgspec.convert(report.get("equity_curve", []), list[EquityPoint]),
    )


def row_view(kept: KeptRun, job: Job | None) -> BacktestRow:
    """Return a run as one of a list."""
    inputs, metrics = kept.inputs, kept.report.get("metrics", {})
    present = job is not None and kept.status == "queued"
    return BacktestRow(
        id=kept.id,
        status=job.status if job is not None and present else kept.status,
        created_at=iso(kept.at),
        **{name: inputs[name] for name in _LISTED},
        **{name: metrics.get(name) for name in _FIGURES},
    )


_LISTED = ("exchange", "symbol", "strategy", "interval", "start_date", "end_date")
_FIGURES = ("total_trades", "total_pnl", "sharpe_ratio", "max_drawdown_pct")
