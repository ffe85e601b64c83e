"""A search as it is kept: what it found, what the tests of its walk came to, and a row for each
combination."""

from collections.abc import Sequence
from typing import Any

import msgspec

from trading_mcp.backtest.honesty.plateaus import Plateau
from trading_mcp.backtest.honesty.walking import Fold, Walk
from trading_mcp.backtest.search.searches import Ranked, Searched
from trading_mcp.domain.backtests import KeptRun
from trading_mcp.domain.times import iso
from trading_mcp.domain.trials import Tried
from trading_mcp.services.optimizing import SearchPlan
from trading_mcp.services.shapes.optimization import FoldRow, OutOfSample


class Hunted(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a search: *tried* is all that was ever tried on its candles, *around* what lies
    around the best, *walk* its walk-forward and *warnings* why there is none, *estimated* the
    seconds that were expected."""

    found: Searched
    tried: Tried
    around: Plateau | None
    walk: Walk | None
    warnings: tuple[str, ...]
    estimated: float | None


def kept_search(
    plan: SearchPlan, hunted: Hunted, digests: dict[str, str], best_run: KeptRun | None
) -> KeptRun:
    """Return what is kept of a search; *best_run* is the run of the best, if any has a score."""
    found, best = hunted.found, hunted.found.best_one
    walk = None if hunted.walk is None else out_of_sample(hunted.walk)
    return KeptRun(
        id=plan.id,
        at=plan.at,
        status="completed",
        inputs={**plan.inputs, **digests},
        report={
            "out_of_sample": msgspec.to_builtins(walk),
            "warnings": [*hunted.warnings, *_of_the_best(best_run)],
            "best_parameters": {} if best is None else best.tried.parameters,
            "best_score": None if best is None else best.scores[0],
            "best_run": "" if best_run is None else best_run.id,
            "findings": [] if best_run is None else best_run.report["honesty"]["findings"],
            "front": [
                {"parameters": one.tried.parameters, "scores": list(one.scores)}
                for one in (found.all[place] for place in found.front)
            ],
            "summary": {
                "tried": len(found.all),
                "refused": found.refused,
                "repeated": found.repeated,
                "failed": sum(one.tried.metrics is None for one in found.all),
                "ever_tried": hunted.tried.count,
                "plateau": msgspec.to_builtins(hunted.around),
                "seconds": found.seconds,
            },
            "estimated_seconds": hunted.estimated,
        },
    )


def _of_the_best(best_run: KeptRun | None) -> list[str]:
    """Return what the run of the best was warned of: mostly it holds for all combinations."""
    return [] if best_run is None else [f"the best: {w}" for w in best_run.report["warnings"]]


def rows_of(plan: SearchPlan, found: Searched) -> Sequence[dict[str, Any]]:
    """Return a row for each combination, the best first."""
    merit = plan.objectives[0].merit
    return [row_of(one) for one in sorted(found.all, key=lambda ranked: -merit(ranked.scores[0]))]


def row_of(ranked: Ranked) -> dict[str, Any]:
    """Return what is told of one combination."""
    metrics = ranked.tried.metrics
    return {
        "parameters": ranked.tried.parameters,
        "scores": list(ranked.scores),
        "total_trades": None if metrics is None else metrics.total_trades,
        "metrics": {} if metrics is None else msgspec.to_builtins(metrics),
        "error": ranked.tried.error,
    }


def out_of_sample(walk: Walk) -> OutOfSample:
    """Return what a walk-forward came to, as it is told."""
    return OutOfSample(
        tests=len(walk.folds),
        anchored=walk.anchored,
        metrics=msgspec.to_builtins(walk.tested),
        searched_sharpe=walk.searched_sharpe,
        kept=walk.kept,
        folds=[_test(fold) for fold in walk.folds],
    )


def _test(fold: Fold) -> FoldRow:
    return FoldRow(
        searched_from=iso(fold.window.start),
        tested_from=iso(fold.window.split),
        tested_until=iso(fold.window.end),
        tried=fold.tried,
        parameters=fold.params,
        searched_sharpe=fold.searched.sharpe_ratio,
        sharpe_ratio=fold.tested.sharpe_ratio,
        total_return_pct=fold.tested.total_return_pct,
        max_drawdown_pct=fold.tested.max_drawdown_pct,
        total_trades=fold.tested.total_trades,
    )
