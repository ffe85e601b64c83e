"""Walk-forward: parameters are searched on one part of the past, and judged on the next.

What counts is the tests put together: nobody had seen them when the parameters were chosen.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from trading_mcp.backtest.compiling import Loop
from trading_mcp.backtest.honesty.attempts import Attempts
from trading_mcp.backtest.honesty.joining import joined
from trading_mcp.backtest.honesty.plateaus import Point
from trading_mcp.backtest.honesty.windows import Window, between, candles_before
from trading_mcp.backtest.metrics import Metrics, metrics_of
from trading_mcp.backtest.runs import Data, exits_of, wished
from trading_mcp.backtest.simulation import Outcome, simulate
from trading_mcp.backtest.terms import Terms
from trading_mcp.backtest.warmed import since
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.strategy.base import Params, Strategy
from trading_mcp.strategy.params import build_params


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The best parameters of a search, what they came to there, and all that was tried."""

    params: Params
    metrics: Metrics
    points: tuple[Point, ...] = ()


Choose = Callable[[Sequence[Data]], Choice]
"""Searches the candles that it is given, and no others. Raises InvalidParameter: nothing found."""


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """One search and its test. *params* were chosen on the first, *tested* is of the second."""

    window: Window
    params: dict[str, Any]
    tried: int
    searched: Metrics
    tested: Metrics


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """A walk: its headline is *tested*, the figures of all tests as one run.

    *kept* is what is left of the searches' mean yearly Sharpe ratio in the tests: 1 is all of it,
    and below 0 they lose; None: the searches found nothing that gained.
    """

    anchored: bool
    folds: tuple[Fold, ...]
    tested: Metrics
    searched_sharpe: float | None
    kept: float | None


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """A walk, and the run that its tests make together."""

    walk: Walk
    outcome: Outcome


def walk_forward(
    cls: type[Strategy],
    data: Sequence[Data],
    terms: Terms,
    windows: Sequence[Window],
    choose: Choose,
    loop: Loop,
    *,
    max_candles: int = 0,
) -> Walked:
    """Search and test *cls* in each of *windows*; each test goes on with what the last one left.

    A test is warmed up by the candles before it. What is held at its end is left at the last close.

    Raises:
        InvalidParameter: a search found nothing, or nothing is left to go on with.
        ValueError: the strategy answers rubbish.
    """
    folds: list[Fold] = []
    tests: list[Outcome] = []
    capital = terms.capital
    for window in windows:
        choice = choose([between(market, window.start, window.split) for market in data])
        exits = exits_of(choice.params, max_candles)
        held_to = msgspec.structs.replace(terms, exits=exits, capital=capital)
        outcome = run_between(cls(choice.params), data, held_to, window.split, window.end, loop)
        capital = float(outcome.equity[-1])
        folds.append(_fold(window, choice, outcome))
        tests.append(outcome)
        if capital <= 0:
            break
    whole = joined(tests)
    return Walked(walk=_walk(windows, folds, metrics_of(whole)), outcome=whole)


def run_between(
    strategy: Strategy, data: Sequence[Data], terms: Terms, start: int, end: int, loop: Loop
) -> Outcome:
    """Run *strategy* over [*start*, *end*), shown the candles before that it needs to warm up."""
    histories = []
    for market in data:
        warm = candles_before(market, start, strategy.warmup)
        shown = between(market, warm, end)
        before = int(np.searchsorted(shown.candles.time, start))
        if before == len(shown.candles):
            continue  # this market has no candles then, and the others go on
        cut = between(market, start, end)
        history = since(wished(strategy, shown, terms), before)
        histories.append(
            msgspec.structs.replace(history, finer=cut.finer, settlements=cut.settlements)
        )
    return simulate(histories, terms, loop)


def chosen_from(
    cls: type[Strategy],
    combinations: Sequence[Mapping[str, Any]],
    terms: Terms,
    loop: Loop,
    *,
    metric: str = "sharpe_ratio",
    attempts: Attempts | None = None,
    max_candles: int = 0,
) -> Choose:
    """Return a search that tries each of *combinations* and takes the one with the best *metric*.

    It is the plain one: each combination is run by itself. *attempts* notes what was tried.
    """

    def choose(data: Sequence[Data]) -> Choice:
        first = min(int(market.candles.time[0]) for market in data)
        end = max(int(market.candles.time[-1]) for market in data) + data[0].interval
        made, found = [], []
        for combination in combinations:
            params = build_params(cls, combination)
            held_to = msgspec.structs.replace(terms, exits=exits_of(params, max_candles))
            metrics = metrics_of(run_between(cls(params), data, held_to, first, end, loop))
            made.append((params, held_to, metrics.sharpe_ratio))
            found.append((params, metrics, Point(params={**combination}, score=_of(metrics))))
        if attempts is not None:
            attempts.note(data, made)
        return _best(found)

    def _of(metrics: Metrics) -> float | None:
        value = getattr(metrics, metric)
        return None if value is None else float(value)

    return choose


def _best(found: Sequence[tuple[Params, Metrics, Point]]) -> Choice:
    scored = [one for one in found if one[2].score is not None]
    if not scored:
        raise InvalidParameter("no combination came to anything that could be compared")
    params, metrics, _ = max(scored, key=lambda one: one[2].score or 0.0)
    return Choice(params=params, metrics=metrics, points=tuple(point for _, _, point in found))


def _fold(window: Window, choice: Choice, outcome: Outcome) -> Fold:
    return Fold(
        window=window,
        params=msgspec.to_builtins(choice.params),
        tried=len(choice.points),
        searched=choice.metrics,
        tested=metrics_of(outcome),
    )


def _walk(windows: Sequence[Window], folds: Sequence[Fold], tested: Metrics) -> Walk:
    sharpes = [fold.searched.sharpe_ratio or 0.0 for fold in folds]
    mean = sum(sharpes) / len(sharpes)
    # Tests with too few trades for a ratio neither keep nor lose what was found.
    is_known = mean > 0 and (tested.sharpe_ratio is not None or not tested.total_trades)
    return Walk(
        anchored=len(windows) > 1 and windows[0].start == windows[1].start,
        folds=tuple(folds),
        tested=tested,
        searched_sharpe=mean,
        kept=(tested.sharpe_ratio or 0.0) / mean if is_known else None,
    )
