"""How far the best of a search can be trusted: its neighbours, its luck, and a walk forward."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from trading_mcp.backtest.compiling import Loop
from trading_mcp.backtest.honesty.examining import Honesty, examined
from trading_mcp.backtest.honesty.plateaus import plateau
from trading_mcp.backtest.honesty.walking import Choice, Walk, walk_forward
from trading_mcp.backtest.honesty.windows import windows_of
from trading_mcp.backtest.runs import Data, Result, run_strategy
from trading_mcp.backtest.search.choosing import (
    NothingFound,
    choice_of,
    params_of_best,
    terms_with,
)
from trading_mcp.backtest.search.points import points_of
from trading_mcp.backtest.search.searches import Search, Searched
from trading_mcp.cli.backtest_words import result_json
from trading_mcp.domain.trials import Tried
from trading_mcp.services.backtest_rows import curve_of
from trading_mcp.services.optimization_views import untested
from trading_mcp.strategy.base import Strategy

SearchOver = Callable[[Sequence[Data]], Searched]


Best = tuple[Strategy, Result]
"""The strategy with the best parameters, and its run."""
_SECONDS = {"loading": 0.0, "compiling": 0.0}


def best_run(wanted: Search, data: Sequence[Data], found: Searched, loop: Loop) -> Best | None:
    """Run the best combination once more, for its trades; None: none has a score."""
    params = params_of_best(wanted, found)
    if params is None:
        return None
    strategy = wanted.space.strategy(params)
    return strategy, run_strategy(strategy, data, terms_with(wanted, params), loop)


def walked(
    arguments: argparse.Namespace,
    wanted: Search,
    data: Sequence[Data],
    over: SearchOver,
    loop: Loop,
) -> tuple[Walk | None, tuple[str, ...]]:
    """Walk forward with the same search in each window, if that was asked for.

    Return the walk, or why there is none: what was found before is not lost for it.
    """
    if arguments.walk_forward is None:
        return None, ()
    windows = windows_of(data, folds=arguments.walk_forward, anchored=arguments.anchored)
    place = 0

    def choose(window: Sequence[Data]) -> Choice:
        nonlocal place
        place += 1
        return choice_of(wanted, over(window))

    try:
        found = walk_forward(
            wanted.space.strategy,
            data,
            wanted.terms,
            windows,
            choose,
            loop,
            max_candles=wanted.max_candles,
        )
    except NothingFound:
        return None, (untested(place, len(windows)),)
    return found.walk, ()


def judged(wanted: Search, found: Searched, best: Best, tried: Tried, walk: Walk | None) -> Honesty:
    """Examine the best run with all that is known of the search."""
    strategy, result = best
    return examined(
        result.outcome,
        result.metrics,
        terms_with(wanted, strategy.params),
        tried,
        plateau=plateau(points_of(found, wanted.objectives[0])),
        walk=walk,
        seed=wanted.seed,
    )


def page_of_best(
    arguments: argparse.Namespace, wanted: Search, found: Any, best: Best
) -> dict[str, Any]:
    """Return the best run as `backtest` tells it, with its equity."""
    strategy, result = best
    told = result_json(arguments, strategy, found, wanted.terms, result, _SECONDS)
    return told | {"equity_curve": curve_of(result.outcome)}
