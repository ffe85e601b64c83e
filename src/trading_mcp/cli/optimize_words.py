"""What came of a search: as JSON, and for people."""

from collections.abc import Mapping
from typing import Any

import msgspec

from trading_mcp.backtest.search.searches import Ranked, Search, Searched
from trading_mcp.cli.tables import print_table
from trading_mcp.domain.times import iso


def search_json(wanted: Search, found: Any, result: Searched, ever: int | None) -> dict[str, Any]:
    """Return everything that a search is and came to."""
    best, first = result.best_one, found.data[0]
    return {
        "strategy": wanted.space.strategy.name,
        "pairs": [market.market for market in found.data],
        "interval": found.interval,
        "from": iso(int(first.candles.time[0])),
        "to": iso(int(first.candles.time[-1]) + first.interval),
        "candles": sum(len(market.candles) for market in found.data),
        "method": wanted.method,
        "objectives": [f"{o.metric}{':min' if o.is_cost else ''}" for o in wanted.objectives],
        "seed": wanted.seed,
        "terms": msgspec.to_builtins(wanted.terms),
        "best_parameters": {} if best is None else best.tried.parameters,
        "best_score": None if best is None else best.scores[0],
        "front": [_row(result.all[place]) for place in result.front],
        "tried": len(result.all),
        "refused": result.refused,
        "repeated": result.repeated,
        "ever_tried": ever,
        "all_results": [_row(ranked) for ranked in result.all],
        "estimated_seconds": result.estimated,
        "seconds": result.seconds,
    }


def print_search(told: Mapping[str, Any], top: int) -> None:
    """Print the best, and what to think of it."""
    print(f"{told['strategy']} on {', '.join(told['pairs'])} {told['interval']}, ", end="")
    print(f"{told['from']} to {told['to']}, {told['candles']:,} candles")
    print(f"{told['tried']:,} combinations by {told['method']} in {told['seconds']:.2f} s", end="")
    print(f"; {told['refused']:,} refused by the strategy\n" if told["refused"] else "\n")
    names = list(told["all_results"][0]["parameters"])
    heads = [*told["objectives"], "trades", "return %", "fall %", *names]
    print_table([tuple(head.upper() for head in heads), *_rows(told, names, top)])
    if failed := [row for row in told["all_results"] if row["error"]]:
        print(f"\n{len(failed):,} failed, the first by {failed[0]['error']}")
    count = told["ever_tried"] or told["tried"]
    print(f"\nThe best of {count:,} attempts is good by luck too: look at it on other candles.")


def _rows(told: Mapping[str, Any], names: list[str], top: int) -> list[tuple[str, ...]]:
    cost = told["objectives"][0].endswith(":min")
    scored = [row for row in told["all_results"] if row["scores"][0] is not None]
    scored.sort(key=lambda row: row["scores"][0] * (1 if cost else -1))
    return [
        (
            *("-" if score is None else f"{score:.4g}" for score in row["scores"]),
            f"{row['total_trades']:,}",
            f"{row['metrics']['total_return_pct']:+.2f}",
            f"{row['metrics']['max_drawdown_pct']:.2f}",
            *(str(row["parameters"][name]) for name in names),
        )
        for row in scored[:top]
    ]


def _row(ranked: Ranked) -> dict[str, Any]:
    metrics = ranked.tried.metrics
    return {
        "parameters": ranked.tried.parameters,
        "scores": list(ranked.scores),
        "total_trades": None if metrics is None else metrics.total_trades,
        "metrics": {} if metrics is None else msgspec.to_builtins(metrics),
        "error": ranked.tried.error,
    }
