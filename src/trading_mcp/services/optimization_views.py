"""Searches as callers see them: under way, in a sentence, in full."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from trading_mcp.domain.backtests import KeptRun
from trading_mcp.services.jobs import Job
from trading_mcp.services.kept_runs import standing
from trading_mcp.services.shapes.optimization import (
    CombinationResult,
    OptimizationAnswer,
    OptimizationResult,
    OutOfSample,
)

UNTESTED = "There is no test out of sample"
"""How a warning begins that must not be overlooked."""


def untested(place: int, tests: int) -> str:
    """Return why there is no walk-forward: the search before test *place* found nothing."""
    return (
        f"{UNTESTED}: before test {place} of {tests} no combination "
        "came to a score. Ask for fewer tests, or for more time"
    )


def under_way(job: Job, estimate: float | None) -> OptimizationAnswer:
    """Return the answer while there is no result."""
    takes = duration(estimate)
    return OptimizationAnswer(
        optimization_id=job.id,
        status=job.status,
        message=f"{job.words}; all of it takes about {takes}" if takes else job.words,
        estimated_time=takes,
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
        out_of_sample=_out_of_sample(report),
        best_parameters=report["best_parameters"],
        best_score=report["best_score"],
        warnings=report.get("warnings", []),
        findings=report.get("findings", []),
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
        out_of_sample=_out_of_sample(report),
        best_parameters=report.get("best_parameters", {}),
        best_score=report.get("best_score"),
        best_run=report.get("best_run", ""),
        warnings=report.get("warnings", []),
        findings=report.get("findings", []),
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


def _out_of_sample(report: Mapping[str, Any]) -> OutOfSample | None:
    return msgspec.convert(report.get("out_of_sample"), OutOfSample | None)


def _said(kept: KeptRun) -> str:
    inputs, report = kept.inputs, kept.report
    walk, summary, objective = _out_of_sample(report), report["summary"], inputs["objectives"][0]
    best = (
        "none has a score"
        if report["best_score"] is None
        else f"the best {objective} is {report['best_score']:.4g}"
    )
    # What no search had seen comes first: people trust the best of many too easily.
    whys = [why for why in report.get("warnings", ()) if why.startswith(UNTESTED)]
    first = "".join(f"{why}. " for why in whys)
    return (
        f"{first if walk is None else _tested(walk)}{summary['tried']} combinations of "
        f"{inputs['strategy']} on {inputs['symbol']} {inputs['interval']}, {inputs['start_date']} "
        f"to {inputs['end_date']}: {best}. The best of {summary['ever_tried']} attempts on these "
        f"candles is good by luck too{': run it on others' if walk is None else ''}"
    )


def _tested(walk: OutOfSample) -> str:
    tested, way = walk.metrics, "anchored" if walk.anchored else "rolling"
    sharpe, kept = tested["sharpe_ratio"], walk.kept
    left = "" if kept is None else f" ({100 * kept:.0f} % of the searches' is left)"
    return (
        f"Out of sample, {walk.tests} tests ({way}): {tested['total_return_pct']:+.2f} %, Sharpe "
        f"{'none' if sharpe is None else f'{sharpe:.2f}'}"
        f"{left}, "
        f"{tested['total_trades']} trades. In sample, "
    )
