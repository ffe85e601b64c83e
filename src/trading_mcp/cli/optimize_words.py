"""What came of a search: as JSON, and for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from trading_mcp.backtest.honesty.walking import Walk
from trading_mcp.backtest.search.searches import Search, Searched
from trading_mcp.cli.data_words import counted
from trading_mcp.cli.tables import print_table
from trading_mcp.cli.walk_words import print_walk
from trading_mcp.domain.times import iso
from trading_mcp.services.search_rows import out_of_sample, row_of


def search_json(
    wanted: Search,
    found: Any,
    result: Searched,
    ever: int | None,
    walk: Walk | None,
    warnings: Sequence[str],
) -> dict[str, Any]:
    """Return everything that a search is and came to; what no search had seen comes first.

    *warnings* say why there is no *walk* where one was asked for.
    """
    best, first = result.best_one, found.data[0]
    return {
        "out_of_sample": None if walk is None else msgspec.to_builtins(out_of_sample(walk)),
        "warnings": list(warnings),
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
        "front": [row_of(result.all[place]) for place in result.front],
        "tried": len(result.all),
        "refused": result.refused,
        "repeated": result.repeated,
        "ever_tried": ever,
        "all_results": [row_of(ranked) for ranked in result.all],
        "estimated_seconds": result.estimated,
        "seconds": result.seconds,
    }


def print_search(told: Mapping[str, Any], top: int) -> None:
    """Print what no search had seen, then the best, and what to think of it."""
    print(f"{told['strategy']} on {', '.join(told['pairs'])} {told['interval']}, ", end="")
    print(f"{told['from']} to {told['to']}, {told['candles']:,} candles")
    print(f"{counted(told['tried'], 'combination')} by {told['method']} in ", end="")
    print("; ".join([f"{told['seconds']:.2f} s", *_untried(told)]))
    print()
    for why in told["warnings"]:
        print(f"{why}\n")
    if told["out_of_sample"] is not None:
        print_walk(told["out_of_sample"], list(told["all_results"][0]["parameters"]))
        print(
            "\nIn sample, over the whole time. The best of it was chosen by what it shows here:\n"
        )
    _print_best(told, top)


def _untried(told: Mapping[str, Any]) -> Iterator[str]:
    if told["refused"]:
        yield f"{told['refused']:,} refused by the strategy"
    if told["repeated"]:
        yield f"{told['repeated']:,} asked for again, and not run twice"


def _print_best(told: Mapping[str, Any], top: int) -> None:
    names = list(told["all_results"][0]["parameters"])
    rows = _rows(told, names, top)
    if rows:
        heads = [*told["objectives"], "trades", "return %", "fall %", *names]
        print_table([tuple(head.upper() for head in heads), *rows])
    else:
        print(f"None has a score: no run has a figure for {told['objectives'][0]}.")
    if failed := [row for row in told["all_results"] if row["error"]]:
        print(f"\n{len(failed):,} failed, the first by {failed[0]['error']}")
    count = told["ever_tried"] or told["tried"]
    if rows and count > 1:
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
