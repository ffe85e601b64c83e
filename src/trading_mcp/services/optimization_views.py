"""Searches as callers see them: under way, in a sentence, in full."""

from collections.abc import Mapping, Sequence
from typing import Any

from trading_mcp.domain.backtests import KeptRun
from trading_mcp.services.jobs import Job
from trading_mcp.services.kept_runs import standing
from trading_mcp.services.shapes.optimization import (
    CombinationResult,
    OptimizationAnswer,
    OptimizationResult,
)


def under_way(job: Job, estimate: float | None) -> OptimizationAnswer:
    """Return the answer while there is no result."""
    return OptimizationAnswer(
        optimization_id=job.id,
        status=job.status,
        message=job.words,
        estimated_time=duration(estimate),
        progress=job.progress,
    )


def completed(kept: KeptRun, rows: Sequence[Mapping[str, Any]]) -> OptimizationAnswer:
    """Return the answer once there is one, with the best of all combinations."""
    report = kept.report
    return OptimizationAnswer(
        optimization_id=kept.id,
        status="completed",
        message=_said(kept),
        estimated_time=duration(report["estimated_seconds"]),
        progress=1.0,
        best_parameters=report["best_parameters"],
        best_score=report["best_score"],
        all_results=[dict(row) for row in rows],
    )


def result_view(
    kept: KeptRun,
    job: Job | None,
    estimate: float | None,
    rows: list[CombinationResult],
    further: str | None,
) -> OptimizationResult:
    """Return everything that is kept of a search, or how far it is."""
    report = kept.report
    return OptimizationResult(
        optimization_id=kept.id,
        **standing(kept, job),
        estimated_time=duration(report.get("estimated_seconds", estimate)),
        best_parameters=report.get("best_parameters", {}),
        best_score=report.get("best_score"),
        front=report.get("front", []),
        summary=report.get("summary", {}),
        all_results=rows,
        next_cursor=further,
    )


def duration(seconds: float | None) -> str:
    """Return a time as people say it, such as 45s, 5m or 1h 20m; "": it is not known."""
    if seconds is None:
        return ""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole}s"
    minutes = round(whole / 60)
    return f"{minutes}m" if minutes < 60 else f"{minutes // 60}h {minutes % 60}m"


def _said(kept: KeptRun) -> str:
    inputs, report = kept.inputs, kept.report
    summary, objective = report["summary"], inputs["objectives"][0]
    found = (
        "none has a score"
        if report["best_score"] is None
        else f"the best {objective} is {report['best_score']:.4g}"
    )
    # People trust the best of many too easily.
    return (
        f"{summary['tried']} combinations of {inputs['strategy']} on {inputs['symbol']} "
        f"{inputs['interval']}, {inputs['start_date']} to {inputs['end_date']}: {found}. The best "
        f"of {summary['ever_tried']} attempts on these candles is good by luck too: run it on "
        "others"
    )
