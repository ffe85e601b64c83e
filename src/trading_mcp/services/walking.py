"""A walk forward over a past that has candles before it to warm up with."""

from collections.abc import Callable, Sequence

import numpy as np

from trading_mcp.backtest.compiling import Loop
from trading_mcp.backtest.honesty.walking import Choice, Walk, walk_forward
from trading_mcp.backtest.honesty.windows import Window, between, candles_before, windows_of
from trading_mcp.backtest.runs import Data
from trading_mcp.domain.errors import InternalError
from trading_mcp.services.optimizing import SearchPlan

Choose = Callable[[Data, int], Choice]
"""Searches candles of which so many first ones are for warming up, as they are before any run."""


def windows_for(plan: SearchPlan, data: Data, before: int) -> tuple[Window, ...]:
    """Return the plan's searches and tests in what comes after the first *before* candles.

    Raises:
        InvalidParameter: so few candles, that a test would tell nothing.
    """
    if plan.walk_forward is None:
        return ()
    times = data.candles.time
    asked = between(data, int(times[before]), int(times[-1]) + data.interval)
    return windows_of([asked], folds=plan.walk_forward, anchored=plan.anchored)


def walked(
    plan: SearchPlan, data: Data, windows: Sequence[Window], choose: Choose, loop: Loop
) -> Walk:
    """Walk forward through *windows*: what each search chooses is tested on what comes next.

    Raises:
        NothingFound: a search found nothing.
        InternalError: the strategy answers rubbish.
    """

    def warmed(shown: Sequence[Data]) -> Choice:
        first, last = (int(shown[0].candles.time[row]) for row in (0, -1))
        part = between(data, candles_before(data, first, plan.warmup), last + data.interval)
        return choose(part, int(np.searchsorted(part.candles.time, first)))

    try:
        return walk_forward(plan.strategy, [data], plan.terms, windows, warmed, loop).walk
    except ValueError as error:
        raise InternalError(f"{plan.strategy.name}: {error}") from error
